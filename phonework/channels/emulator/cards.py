"""Checking cards as the platform does, with its codes."""

from __future__ import annotations

from typing import Any

from phonework.channels.emulator.settings import Settings
from phonework.channels.emulator.world import Json


class CardError(Exception):
    """A card the platform would refuse; `code` is the inner code (ErrCode)."""

    def __init__(self, code: int, reason: str, path: str = "") -> None:
        super().__init__(reason)
        self.code, self.reason, self.path = code, reason, path


def schema_of(card: Json) -> str:
    return "2.0" if card.get("schema") == "2.0" else "1.0"


def check_card(card: Json, settings: Settings, image_keys: set[str], people: set[str]) -> None:
    """Raise CardError unless the card would be shown."""


def plain_text(card: Json) -> tuple[str, list[str]]:
    """The title and the texts of a card, in reading order."""
    header = card.get("header")
    title = header.get("title") if isinstance(header, dict) else None
    texts: list[str] = []
    body = card.get("body")
    _collect(body if isinstance(body, dict) else card.get("elements"), texts)
    return (str(title.get("content", "")) if isinstance(title, dict) else "", texts)


def _collect(node: Any, texts: list[str]) -> None:
    if isinstance(node, list):
        for each in node:
            _collect(each, texts)
    elif isinstance(node, dict):
        content = node.get("content")
        if isinstance(content, str) and node.get("tag") in {"markdown", "plain_text", "lark_md"}:
            texts.append(content)
        for key, value in node.items():
            if key != "behaviors" and isinstance(value, dict | list):
                _collect(value, texts)
