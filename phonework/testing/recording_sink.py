"""A `Sink` that keeps what a backend reports, for tests that wait for it."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

from phonework.backends.base import Progress
from phonework.fsm.events import AgentAsked, AgentEvent, AgentLost, TurnFailed, TurnFinished
from phonework.fsm.types import Ask, SessionId

E = TypeVar("E")
END = (TurnFinished, TurnFailed, AgentLost)


class RecordingSink:
    """events, keys: of all sessions, in order; an event under a known key is dropped, as the engine does."""

    def __init__(self, *, patience: float = 20.0) -> None:
        self.events: list[AgentEvent] = []
        self.keys: list[tuple[SessionId, str]] = []
        self.glimpses: list[Progress] = []
        self._news = asyncio.Condition()
        self._patience = patience

    async def emit(self, session_id: SessionId, event: AgentEvent, *, key: str) -> None:
        async with self._news:
            if (session_id, key) not in self.keys:
                self.keys.append((session_id, key))
                self.events.append(event)
            self._news.notify_all()

    def progress(self, session_id: SessionId, turn: int, progress: Progress) -> None:
        self.glimpses.append(progress)
        asyncio.get_running_loop().create_task(self._notify())

    async def _notify(self) -> None:
        async with self._news:
            self._news.notify_all()

    def of(self, kind: type[E]) -> list[E]:
        """All events of a kind so far."""
        return [one for one in self.events if isinstance(one, kind)]

    async def until(self, kind: type[E], count: int = 1) -> E:
        """The event of this kind with this number, counted from 1, waiting for it."""
        await self.when(lambda: len(self.of(kind)) >= count, kind.__name__)
        return self.of(kind)[count - 1]

    async def asked(self, count: int = 1) -> Ask:
        """What the agent asked as number `count`."""
        return (await self.until(AgentAsked, count)).ask

    async def ended(self, turn: int = 1) -> AgentEvent:
        """The one event that ended the turn."""
        await self.when(lambda: bool(self._ends(turn)), f"the end of turn {turn}")
        ends = self._ends(turn)
        assert len(ends) == 1, ends
        return ends[0]

    async def when(self, true: Callable[[], bool], what: str = "the condition") -> None:
        """Return as soon as the condition holds; it is looked at after each report."""
        try:
            async with asyncio.timeout(self._patience), self._news:
                await self._news.wait_for(true)
        except TimeoutError:
            raise AssertionError(f"{what} did not come within {self._patience} s; seen: {self.events}") from None

    def _ends(self, turn: int) -> list[AgentEvent]:
        return [one for one in self.events if isinstance(one, END) and one.turn == turn]
