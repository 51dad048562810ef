"""Commands about sessions: which there are, which one is meant, and how its turn goes on."""

from dataclasses import dataclass

from phonework.commands.base import Wrong, missing
from phonework.commands.looking import Look
from phonework.commands.words import target


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """Show my sessions."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Switch:
    """Make another session the active one. target: its number or id, as typed."""

    target: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Close:
    """Close a session. target: its number or id; empty: the active one."""

    target: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Retry:
    """Run the last message again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """Interrupt the turn."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Help:
    """Say what there is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resume:
    """Go on with a conversation begun at the desk. number: on the list that `/resume` shows."""

    number: int


def resume(rest: str) -> Resume | Look | Wrong:
    """Without a number: show them."""
    named = target(rest)
    if not named:
        return Look(report="resume")
    if not named.isdecimal() or len(named) > 5 or not int(named):
        return Wrong(command="resume", text="say.bad_count", params={"count": named[:40]}, usage="usage.resume")
    return Resume(number=int(named))


def switch(rest: str) -> Switch | Wrong:
    named = target(rest)
    return Switch(target=named) if named else missing("switch")


def close(rest: str) -> Close:
    return Close(target=target(rest))
