"""The frame of a person's companions: backends whose turns are tasks of this process, one at a time for each session."""

import asyncio
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import structlog

from phonework.backends.base import Liveness, Sink, TurnStart
from phonework.errors import BackendError, StoreError
from phonework.fsm.events import AgentEvent, AgentLost, TurnStarted
from phonework.fsm.types import Prompt, Sentence, SessionId
from phonework.texts import text

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class LiveTurn:
    """A turn at work. task: sees it to its end."""

    start: TurnStart
    task: asyncio.Task[None] | None = None

    @property
    def tasks(self) -> tuple[asyncio.Task[Any], ...]:
        """All that end with it."""
        return (self.task,) if self.task else ()


Live = TypeVar("Live", bound=LiveTurn)


class Companion(ABC, Generic[Live]):
    """Begins, watches and ends turns. A turn that was killed or closed reports nothing itself."""

    name: str
    """Also the section of its sentences: `killed` and `no_steering`."""
    end_within: float
    """Seconds a turn that is to end is waited for; one that does not let go is left behind."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._live: dict[SessionId, Live] = {}

    @abstractmethod
    def _begin(self, start: TurnStart) -> Live:
        """What is known of a turn that begins."""

    @abstractmethod
    async def _ended(self, live: Live) -> AgentEvent:
        """Do what the turn is for, and tell how it ended. Raises StoreError and nothing else."""

    async def start_turn(self, start: TurnStart) -> None:
        """Return at once; the turn's first commit tells that it began."""
        await self._finish(start.session_id)
        live = self._live[start.session_id] = self._begin(start)
        live.task = asyncio.create_task(self._watch(live), name=f"{self.name} {start.session_id}:{start.turn}")

    async def steer(self, session_id: SessionId, turn: int, prompt: Prompt, images: tuple[str, ...]) -> None:
        raise BackendError(f"{self.name}.no_steering")

    async def kill(self, session_id: SessionId) -> None:
        """End the turn without waiting for what it is in the middle of."""
        live = self._live.get(session_id)
        if live is None:
            return
        await self._finish(session_id)
        reason = Sentence(key=f"{self.name}.killed")
        await self._emit(live, AgentLost(turn=live.start.turn, reason=text("en", reason.key), problem=reason))

    async def close(self, session_id: SessionId) -> None:
        await self._finish(session_id)

    async def liveness(self, session_id: SessionId) -> Liveness:
        return Liveness.ALIVE if session_id in self._live else Liveness.DEAD

    async def aclose(self) -> None:
        """End every turn without a report: the next start goes on with them, or tells that they broke off."""
        await asyncio.gather(*(self._finish(session_id) for session_id in list(self._live)))

    async def _watch(self, live: Live) -> None:
        """See a turn to its end and report it; nothing else reports a turn that was not killed."""
        start = live.start
        try:
            await self._emit(live, TurnStarted(turn=start.turn, agent_session_id=start.session_id))
            event = await self._ended(live)
            self._forget(live)
            await self._emit(live, event)
        except StoreError as error:
            log.error("a turn ended with the store", backend=self.name, session_id=start.session_id, error=str(error))
        finally:
            self._forget(live)

    async def _emit(self, live: Live, event: AgentEvent, *, of: str = "") -> None:
        """Under a key that the same turn has again after a restart: what was reported once is not reported twice."""
        key = f"{self.name}:{live.start.turn}:{of or type(event).__name__}"
        await self._sink.emit(live.start.session_id, event, key=key)

    def _forget(self, live: Live) -> None:
        if self._live.get(live.start.session_id) is live:
            del self._live[live.start.session_id]

    async def _finish(self, session_id: SessionId) -> None:
        """End a turn's tasks and say nothing; what they had started ends with them."""
        live = self._live.pop(session_id, None)
        tasks = live.tasks if live else ()
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=self.end_within)
