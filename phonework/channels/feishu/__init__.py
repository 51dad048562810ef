"""The Feishu channel, on the official SDK. Importing it does not import the SDK."""

from phonework.channels.feishu.channel import FEISHU, FeishuChannel
from phonework.channels.feishu.connection import OnGap
from phonework.channels.feishu.socket import Periods

__all__ = ["FEISHU", "FeishuChannel", "OnGap", "Periods"]
