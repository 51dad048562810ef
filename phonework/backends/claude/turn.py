"""What is known of a running turn: its prompts, what was said and done, what it has used."""

import asyncio
from collections import deque
from dataclasses import dataclass, field
from typing import Any

from phonework.backends.claude.messages import Result
from phonework.backends.claude.transcript import Totals
from phonework.errors import BackendError
from phonework.fsm.types import Usage


@dataclass(slots=True)
class Turn:
    """One turn until its end event.

    waiting: prompts handed over and not yet in a result. unsent: messages still to be handed over, one after another.
    started: done when the agent has the first prompt. interrupted: a person wants it to stop. running: the CLI works on it.
    failure: why it is being stopped by us. held: its last result, kept back while something asked in it is still open.
    """

    number: int
    waiting: set[str]
    unsent: deque[dict[str, Any]]
    started: asyncio.Future[None]
    own: set[str]
    taken: set[str] = field(default_factory=set)
    texts: list[str] = field(default_factory=list)
    usage: Usage = field(default_factory=Usage)
    announced: bool = False
    running: bool = False
    interrupted: bool = False
    failure: BackendError | None = None
    held: Result | None = None


class Words:
    """The agent's own words since its last tool call; what it says before a call is about the call."""

    def __init__(self) -> None:
        self._said: list[str] = []
        self._before = self._local = self._begun = ""

    def begin(self) -> None:
        """A reply begins; what was heard of one that broke off comes again."""
        self._begun = ""

    def stream(self, text: str) -> None:
        self._begun += text

    def say(self, text: str) -> None:
        self._begun = ""
        if text.strip():
            self._said.append(text)

    def say_locally(self, text: str) -> None:
        self._local = text

    def act(self) -> None:
        self._before = "\n\n".join(self._said) or self._before
        self._said.clear()

    def take(self, otherwise: str) -> str:
        """The last words, verbatim, and forget them. otherwise: what the result says, when nothing was said since."""
        text = "\n\n".join(self._said) or self._local or otherwise or self._before
        self._said.clear()
        self._before = self._local = self._begun = ""
        return text

    def so_far(self) -> str:
        """The same of an agent that died in the middle, with the paragraph it had begun."""
        return "\n\n".join(one for one in (*self._said, self._begun.rstrip()) if one) or self._before


class Meter:
    """Turns the conversation's cumulative figures into what each result added."""

    def __init__(self, before: Totals) -> None:
        self._cost, self._tokens = before.cost_usd, before.tokens

    def reset(self) -> None:
        """A new conversation counts from zero."""
        self._cost, self._tokens = 0.0, (0, 0, 0, 0)

    def take(self, result: Result) -> Usage:
        """What was used since the last result; a figure that went back counts as a new beginning."""
        cost = None
        if result.cost_usd is not None:
            cost = result.cost_usd - self._cost if result.cost_usd >= self._cost else result.cost_usd
            self._cost = result.cost_usd
        if result.tokens is None:
            return Usage(cost_usd=cost or None)
        before = self._tokens if all(a >= b for a, b in zip(result.tokens, self._tokens, strict=True)) else (0, 0, 0, 0)
        self._tokens = result.tokens
        given, made, read, written = (a - b for a, b in zip(result.tokens, before, strict=True))
        if not cost and not any((given, made, read, written)):
            return Usage()  # a command that needed no model: it has no price, not a price of nothing
        return Usage(
            input_tokens=given,
            output_tokens=made,
            cache_read_tokens=read,
            cache_write_tokens=written,
            cost_usd=round(cost, 10) if cost is not None else None,
        )


def add(first: Usage, second: Usage) -> Usage:
    """The sum of what two results used."""
    costs = [one.cost_usd for one in (first, second) if one.cost_usd is not None]
    return Usage(
        input_tokens=first.input_tokens + second.input_tokens,
        output_tokens=first.output_tokens + second.output_tokens,
        cache_read_tokens=first.cache_read_tokens + second.cache_read_tokens,
        cache_write_tokens=first.cache_write_tokens + second.cache_write_tokens,
        cost_usd=sum(costs) if costs else None,
    )
