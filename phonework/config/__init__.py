"""Settings: flag > environment > config.toml > default, each value with the place it came from."""

from phonework.config.load import load, origins
from phonework.config.model import Config

__all__ = ["Config", "load", "origins"]
