"""Commands that only look: each is a report."""

import unicodedata
from dataclasses import dataclass, field
from typing import Final

from phonework.commands.base import Wrong
from phonework.commands.words import target

LOGGED: Final = 5
MOST_LOGGED: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """Show a report. params: what was asked for, as typed."""

    report: str
    params: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What fills the agent's context: asked of the agent itself when it is free."""


def diff(_rest: str) -> Look:
    return Look(report="diff")


def cost(_rest: str) -> Look:
    return Look(report="cost")


def tasks(_rest: str) -> Look:
    return Look(report="tasks")


def log(rest: str) -> Look | Wrong:
    """How many turns; without a number a few."""
    typed = unicodedata.normalize("NFKC", target(rest)) or str(LOGGED)
    if not typed.isdecimal() or len(typed) > 6 or not int(typed):
        return Wrong(command="log", text="say.bad_count", params={"count": typed[:40]}, usage="usage.log")
    return Look(report="log", params={"count": str(min(int(typed), MOST_LOGGED))})
