"""All tools of the assistant: one line makes one more known."""

from pathlib import Path
from typing import Any

from phonework.assistant.tools import Tool, files
from phonework.assistant.tools.sessions import (
    CloseSession,
    CreateSession,
    ListSessions,
    Office,
    SendToSession,
    ShowSession,
)


def tools(office: Office, *, hidden: tuple[Path, ...] = ()) -> dict[str, Tool[Any]]:
    """By name. hidden: what is nobody's business, even inside the working root."""
    found: tuple[Tool[Any], ...] = (
        ListSessions(office),
        SendToSession(office),
        CreateSession(office),
        CloseSession(office),
        ShowSession(office),
        *files.tools(hidden=hidden),
    )
    return {one.name: one for one in found}
