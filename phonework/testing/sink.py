"""A sink for tests of backends: remembers what was reported and waits for it without sleeping."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from phonework.backends.base import Progress
from phonework.fsm.events import AgentEvent
from phonework.fsm.types import SessionId

E = TypeVar("E")


@dataclass(frozen=True, slots=True)
class Reported:
    """One event that was committed."""

    session_id: SessionId
    event: AgentEvent
    key: str


@dataclass(slots=True)
class RecordingSink:
    """Keeps every event in order. error: raised instead of committing as long as it is set; refused: how often."""

    reported: list[Reported] = field(default_factory=list)
    progressed: list[tuple[SessionId, int, Progress]] = field(default_factory=list)
    error: Exception | None = None
    refused: int = 0
    _waiting: list[tuple[Callable[[], bool], asyncio.Future[None]]] = field(default_factory=list)

    async def emit(self, session_id: SessionId, event: AgentEvent, *, key: str) -> None:
        """Remember the event, as if committed; raises `error` when that is set."""
        await asyncio.sleep(0)  # a commit takes a moment, and everything else may happen in it
        if self.error is not None:
            self.refused += 1
            self._look()
            raise self.error
        self.reported.append(Reported(session_id, event, key))
        self._look()

    def progress(self, session_id: SessionId, turn: int, progress: Progress) -> None:
        """Remember the glimpse."""
        self.progressed.append((session_id, turn, progress))
        self._look()

    def events(self, session_id: SessionId) -> list[AgentEvent]:
        """Return a session's events in order."""
        return [reported.event for reported in self.reported if reported.session_id == session_id]

    async def wait_for(self, predicate: Callable[[], bool], *, within: float = 20.0) -> None:
        """Return once the predicate holds; it is looked at after each report. within: seconds, then TimeoutError."""
        if predicate():
            return
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((predicate, future))
        async with asyncio.timeout(within):
            await future

    async def wait_event(
        self,
        session_id: SessionId,
        kind: type[E],
        *,
        where: Callable[[E], bool] = lambda _event: True,
        within: float = 20.0,
    ) -> E:
        """Return the first event of a kind for which `where` holds, as soon as it is there."""

        def found() -> list[E]:
            return [event for event in self.events(session_id) if isinstance(event, kind) and where(event)]

        try:
            await self.wait_for(lambda: bool(found()), within=within)
        except TimeoutError as error:
            seen = [type(event).__name__ for event in self.events(session_id)]
            raise TimeoutError(f"no {kind.__name__} from {session_id} within {within} s; seen: {seen}") from error
        return found()[0]

    def _look(self) -> None:
        """Wake whoever has seen enough; those who gave up are forgotten."""
        still = []
        for predicate, future in self._waiting:
            if future.done():
                continue
            if predicate():
                future.set_result(None)
            else:
                still.append((predicate, future))
        self._waiting[:] = still
