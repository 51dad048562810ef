"""What is known of a running turn: what was said, done and used in it."""

import asyncio
from dataclasses import dataclass, field

from phonework.errors import BackendError
from phonework.fsm.types import Usage

Tokens = tuple[int, int, int, int]
"""Input, cached input, written to the cache, output; the first counts the next two."""


class Words:
    """The agent's own words since the last thing it did; what it says before is about that."""

    def __init__(self) -> None:
        self._said: list[str] = []
        self._before = self._begun = ""

    def stream(self, text: str) -> None:
        self._begun += text

    def say(self, text: str) -> None:
        self._begun = ""
        if text.strip():
            self._said.append(text)

    def act(self) -> None:
        self._before = "\n\n".join(self._said) or self._before
        self._said.clear()

    def replace(self, text: str) -> None:
        """What was really said, when not all of it was heard."""
        self._said, self._begun = [text] if text else self._said, ""

    def so_far(self) -> str:
        """With the paragraph it had begun."""
        return "\n\n".join(one for one in (*self._said, self._begun.rstrip()) if one) or self._before


@dataclass(slots=True)
class Turn:
    """One turn until its end event.

    turn_id: Codex's own; empty until it is known. own: ids of the prompts it began with. started: done when it has begun.
    used: of this conversation when the turn began, and at the last report. failure: why it is being ended by us.
    lost: it is killed, so its end is no end of its own. dangerous: in it nothing is asked and nothing forbidden.
    """

    number: int
    own: frozenset[str]
    dangerous: bool
    started: asyncio.Future[None]
    turn_id: str = ""
    announced: bool = False
    interrupted: bool = False
    failure: BackendError | None = None
    lost: BackendError | None = None
    taken: set[str] = field(default_factory=set)
    words: Words = field(default_factory=Words)
    usage: Usage = field(default_factory=Usage)


class Meter:
    """Turns the conversation's totals into what one turn used. What a command left behind uses is of no turn."""

    def __init__(self) -> None:
        self._base: Tokens = (0, 0, 0, 0)
        self._newest: Tokens | None = None  # the last total that was told

    def begin(self) -> None:
        """A turn begins."""
        self._base = self._newest or self._base

    def take(self, total: Tokens, last: Tokens, *, ours: bool) -> Usage:
        """What the turn has used. last: of the newest reply. ours: it is of the turn that runs.

        The total of a copied conversation is told with its first own reply only; one that went back counts as a new beginning.
        """
        before = self._newest if self._newest is not None else _minus(total, last)
        if self._newest is None:
            self._base = before
        if not ours:
            self._base = _minus(self._base, _minus(before, total))
        self._newest = total
        if any(now < then for now, then in zip(total, self._base, strict=True)):
            self._base = (0, 0, 0, 0)
        given, cached, written, made = _minus(total, self._base)
        fresh = max(0, given - cached - written)
        return Usage(input_tokens=fresh, output_tokens=made, cache_read_tokens=cached, cache_write_tokens=written)


def _minus(first: Tokens, second: Tokens) -> Tokens:
    return first[0] - second[0], first[1] - second[1], first[2] - second[2], first[3] - second[3]
