"""What is known of a running turn: what was said, done and used in it."""

import asyncio
from dataclasses import dataclass, field

from phonework.backends.base import Progress, Step, end_of
from phonework.errors import BackendError
from phonework.fsm.types import Sentence, Usage

LONGEST_GLIMPSE = 4000  # characters of streamed text in a progress report
MOST_STEPS = 30
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


class Glimpse:
    """What a person sees of the turn while it runs."""

    def __init__(self) -> None:
        self.note: str | Sentence = ""
        self.usage = Usage()
        self._text = ""
        self._steps: dict[str, Step] = {}

    def stream(self, text: str) -> None:
        self._text = end_of(self._text + text, LONGEST_GLIMPSE)
        self.note = ""

    def paragraph(self) -> None:
        if self._text:
            self._text += "\n\n"

    def begin(self, item_id: str, title: str) -> None:
        self._steps[item_id] = Step(title=title)
        self.note = ""
        while len(self._steps) > MOST_STEPS:
            del self._steps[next(iter(self._steps))]

    def finish(self, item_id: str, title: str, *, ok: bool, output: str = "") -> None:
        known = self._steps.get(item_id)
        self._steps[item_id] = Step(
            title=known.title if known else title, state="ok" if ok else "failed", output=output
        )

    def progress(self) -> Progress:
        return Progress(text=self._text.strip(), steps=tuple(self._steps.values()), usage=self.usage, note=self.note)


class Meter:
    """Turns the conversation's totals into what one turn used. What a command left behind uses is of no turn."""

    def __init__(self) -> None:
        self._base: Tokens = (0, 0, 0, 0)
        self._last: Tokens = (0, 0, 0, 0)

    def begin(self) -> None:
        """A turn begins."""
        self._base = self._last

    def take(self, total: Tokens, *, ours: bool) -> Usage:
        """What the turn has used. ours: the report is of the turn that runs. A total that went back counts as a new beginning."""
        if not ours:
            grown = tuple(max(0, now - before) for now, before in zip(total, self._last, strict=True))
            self._base = tuple(a + b for a, b in zip(self._base, grown, strict=True))  # type: ignore[assignment]
        self._last = total
        if any(now < before for now, before in zip(total, self._base, strict=True)):
            self._base = (0, 0, 0, 0)
        given, cached, written, made = (a - b for a, b in zip(total, self._base, strict=True))
        fresh = max(0, given - cached - written)
        return Usage(input_tokens=fresh, output_tokens=made, cache_read_tokens=cached, cache_write_tokens=written)
