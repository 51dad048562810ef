"""`/remind` and `/reminders`."""

from dataclasses import dataclass

from phonework.commands.base import Wrong, missing
from phonework.commands.looking import Look


@dataclass(frozen=True, slots=True, kw_only=True)
class Remind:
    """Remind me. words: when and of what, as typed."""

    words: str


def remind(rest: str) -> Remind | Wrong:
    return Remind(words=rest.strip()) if rest.strip() else missing("remind")


def reminders(_rest: str) -> Look:
    return Look(report="reminders")
