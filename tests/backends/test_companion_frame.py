"""The frame of companions: what it keeps apart while turns begin and end."""

import asyncio

from phonework.backends.base import Liveness, Progress, TurnStart
from phonework.backends.companion import Companion, LiveTurn
from phonework.fsm.events import AgentEvent, TurnFinished
from phonework.fsm.types import SessionId

FIZZ = SessionId("fizz-top")


class Deaf:
    """Hears what is reported and needs none of it."""

    async def emit(self, session_id: SessionId, event: AgentEvent, *, key: str) -> None:
        await asyncio.sleep(0)

    def progress(self, session_id: SessionId, turn: int, progress: Progress) -> None:
        raise AssertionError


class Stubborn(Companion[LiveTurn]):
    """Its turns let go only when they are told to, not when they are ended."""

    name = "stubborn"
    end_within = 0.0

    def __init__(self) -> None:
        super().__init__(Deaf())
        self.begun, self.lets_go = asyncio.Event(), asyncio.Event()

    def _begin(self, start: TurnStart) -> LiveTurn:
        return LiveTurn(start)

    async def _ended(self, live: LiveTurn) -> AgentEvent:
        self.begun.set()
        while not self.lets_go.is_set():
            try:
                await self.lets_go.wait()
            except asyncio.CancelledError:
                continue
        await asyncio.Event().wait() if live.start.turn > 1 else None
        return TurnFinished(turn=live.start.turn)


async def test_a_turn_left_behind_takes_no_newer_one_with_it() -> None:
    backend = Stubborn()
    await backend.start_turn(TurnStart(session_id=FIZZ, turn=1, cwd="/", prompts=()))
    await backend.begun.wait()
    (left_behind,) = (live.task for live in backend._live.values())
    assert left_behind is not None
    await backend.start_turn(TurnStart(session_id=FIZZ, turn=2, cwd="/", prompts=()))
    backend.lets_go.set()
    await asyncio.wait([left_behind])

    assert await backend.liveness(FIZZ) is Liveness.ALIVE
    backend.end_within = 1.0
    await backend.aclose()
