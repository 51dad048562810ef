"""Commands about sessions: which there are, which one is meant, and how its turn goes on."""

from dataclasses import dataclass

from phonework.commands.base import Wrong, missing
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


def switch(rest: str) -> Switch | Wrong:
    named = target(rest)
    return Switch(target=named) if named else missing("switch")


def close(rest: str) -> Close:
    return Close(target=target(rest))
