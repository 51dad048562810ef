"""All tools of the assistant: one line makes one more known."""

from pathlib import Path
from typing import Any

from phonework.assistant.tools import Tool, files, reminders, sessions, shell, web
from phonework.assistant.tools.office import Office
from phonework.shell.runner import Runner
from phonework.web.service import Web


def tools(
    office: Office, pages: Web, *, hidden: tuple[Path, ...] = (), runner: Runner | None = None
) -> dict[str, Tool[Any]]:
    """By name. hidden: what is nobody's business, even inside the working root. runner: of commands, if there may be any."""
    of_shell = shell.tools(runner) if runner is not None else ()
    found = (
        *sessions.tools(office),
        *reminders.tools(office),
        *files.tools(hidden=hidden),
        *web.tools(pages),
        *of_shell,
    )
    return {one.name: one for one in found}
