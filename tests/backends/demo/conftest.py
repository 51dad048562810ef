"""A demo agent at hand."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from phonework.backends.base import TurnStart
from phonework.backends.demo import DemoBackend
from phonework.fsm.events import AgentAsked, AgentLost, TurnFailed, TurnFinished, TurnStarted
from phonework.fsm.types import Answer, Ask, Carry, SessionId, Verdict
from phonework.testing.messages import message
from phonework.testing.sink import RecordingSink

ONE = SessionId("fizz-top")
End = TurnFinished | TurnFailed | AgentLost


@dataclass
class Person:
    """Writes to one session of the demo agent and answers it."""

    data_dir: Path
    cwd: Path
    pace: Callable[[float], Awaitable[object]]
    sink: RecordingSink = field(default_factory=RecordingSink)
    turn: int = 0
    agent: str = ""
    backends: list[DemoBackend] = field(default_factory=list)

    @property
    def backend(self) -> DemoBackend:
        return self.backends[-1]

    def restart(self, delay: float = 0) -> None:
        """A new backend on the same data."""
        settings = {"delay": delay}
        self.backends.append(DemoBackend(sink=self.sink, settings=settings, data_dir=self.data_dir, pace=self.pace))

    async def write(self, text: str, *, verbatim: bool = True, carry: Carry | None = None, mode: str = "") -> None:
        """Begin a turn with a message."""
        self.turn += 1
        prompt = message(text, verbatim=verbatim)
        start = TurnStart(
            session_id=ONE,
            turn=self.turn,
            cwd=str(self.cwd),
            prompts=(prompt,),
            agent_session_id=self.agent,
            carry=carry,
            mode=mode,
        )
        await self.backend.start_turn(start)
        started = await self.sink.wait_event(ONE, TurnStarted, where=lambda event: event.turn == self.turn)
        self.agent = started.agent_session_id

    async def asked(self, number: int = 1) -> Ask:
        """Wait for this turn's request of that number, from 1."""
        await self.sink.wait_for(lambda: len(self._asks()) >= number)
        return self._asks()[number - 1]

    async def answer(self, ask: Ask, verdict: Verdict, text: str = "", *picks: tuple[str, ...]) -> None:
        """Decide."""
        await self.backend.answer(ONE, ask, Answer(verdict=verdict, text=text, picks=picks))

    async def end(self) -> End:
        """Wait for this turn's end, with nothing more to be asked."""
        await self.sink.wait_for(lambda: bool(self._ends()))
        return self._ends()[0]

    async def step(self, title: str) -> None:
        """Wait until the agent shows that it does this."""

        def shown() -> bool:
            return any(step.title == title for _, _, progress in self.sink.progressed for step in progress.steps)

        await self.sink.wait_for(shown)

    async def signs_of_life(self, count: int) -> None:
        """Wait until the agent has shown itself so often in all, or asks, or has ended."""
        await self.sink.wait_for(lambda: len(self.sink.progressed) >= count or bool(self._asks() or self._ends()))

    async def said_nothing(self) -> None:
        """Let everything that is due happen, and see that the turn has not ended."""
        for _ in range(20):
            await asyncio.sleep(0)
        assert not self._ends()

    async def said(self, text: str, *, verbatim: bool = True) -> str:
        """Write and return the agent's last words."""
        await self.write(text, verbatim=verbatim)
        return await self.last_words()

    async def last_words(self) -> str:
        """Wait for a good end and return its text."""
        end = await self.end()
        assert isinstance(end, TurnFinished), end
        return end.text

    def _asks(self) -> list[Ask]:
        events = self.sink.events(ONE)
        return [event.ask for event in events if isinstance(event, AgentAsked) and event.turn == self.turn]

    def _ends(self) -> list[End]:
        return [event for event in self.sink.events(ONE) if isinstance(event, End) and event.turn == self.turn]


@pytest.fixture
async def person(tmp_path: Path) -> AsyncIterator[Person]:
    cwd = tmp_path / "work"
    cwd.mkdir()
    person = Person(tmp_path / "data", cwd, pace=lambda _seconds: asyncio.sleep(0))
    person.restart()
    yield person
    for backend in person.backends:
        await backend.aclose()
