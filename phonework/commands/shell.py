"""The command that is another program's."""

from dataclasses import dataclass

from phonework.commands.base import Wrong, missing


@dataclass(frozen=True, slots=True, kw_only=True)
class Shell:
    """Run a command line, as it was typed."""

    line: str


def shell(rest: str) -> Shell | Wrong:
    return Shell(line=rest.strip()) if rest.strip() else missing("shell")
