"""All tools of the assistant: one line makes one more known."""

from typing import Any

from phonework.assistant.tools import Tool
from phonework.assistant.tools.sessions import (
    CloseSession,
    CreateSession,
    ListSessions,
    Office,
    SendToSession,
    ShowSession,
)


def tools(office: Office) -> dict[str, Tool[Any]]:
    """By name."""
    found: tuple[Tool[Any], ...] = (
        ListSessions(office),
        SendToSession(office),
        CreateSession(office),
        CloseSession(office),
        ShowSession(office),
    )
    return {one.name: one for one in found}
