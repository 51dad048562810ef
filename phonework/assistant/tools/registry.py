"""All tools of the assistant: one line makes one more known."""

from pathlib import Path
from typing import Any

from phonework.assistant.tools import Tool, files, reminders, sessions, web
from phonework.assistant.tools.sessions import Office
from phonework.web.service import Web


def tools(office: Office, pages: Web, *, hidden: tuple[Path, ...] = ()) -> dict[str, Tool[Any]]:
    """By name. hidden: what is nobody's business, even inside the working root."""
    found = (
        *sessions.tools(office),
        *reminders.tools(office),
        *files.tools(hidden=hidden),
        *web.tools(pages),
    )
    return {one.name: one for one in found}
