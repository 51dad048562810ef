"""A person at a backend: writes, is asked, answers, and waits for what comes, with one session and the turns in it counted."""

import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from phonework.backends.base import Backend, TurnStart
from phonework.fsm.events import AgentAsked, AgentEvent, AgentLost, TurnFailed, TurnFinished, TurnStarted
from phonework.fsm.types import Answer, Ask, Carry, Prompt, Sentence, SessionId, Verdict
from phonework.testing.messages import message
from phonework.testing.sink import RecordingSink
from phonework.texts import text

ONE = SessionId("fizz-top")
End = TurnFinished | TurnFailed | AgentLost
E = TypeVar("E", bound=AgentEvent)


def in_english(note: str | Sentence) -> str:
    """A progress note as somebody reads it who speaks English."""
    return text("en", note.key, **note.params) if isinstance(note, Sentence) else note


def git_init(directory: Path) -> Path:
    """Make the directory a repository of its own: "for this project" rules go to the nearest one above."""
    directory.mkdir(parents=True, exist_ok=True)
    subprocess.run(["git", "init", "-q", str(directory)], check=True)
    return directory


@dataclass
class BackendBench:
    """One person with one session. cwd: its directory. agent: the agent's own id of it, once it is known.

    container: the engine it runs in; empty: in none.
    """

    cwd: Path = field(init=False)
    sink: RecordingSink = field(default_factory=RecordingSink, kw_only=True)
    turn: int = field(default=0, kw_only=True)
    agent: str = field(default="", kw_only=True)
    container: str = field(default="", kw_only=True)
    start: TurnStart | None = field(default=None, kw_only=True)

    @property
    def backend(self) -> Backend:
        raise NotImplementedError

    async def say(
        self,
        text: str,
        *,
        verbatim: bool = True,
        carry: Carry | None = None,
        model: str = "",
        mode: str = "",
        images: tuple[str, ...] = (),
        fork_of: str = "",
    ) -> Prompt:
        """Begin a turn with a message. fork_of: the conversation that a new one begins as a copy of."""
        self.turn += 1
        prompt = message(text, verbatim=verbatim)
        self.start = TurnStart(
            session_id=ONE,
            turn=self.turn,
            cwd=str(self.cwd),
            prompts=(prompt,),
            agent_session_id="" if fork_of else self.agent,
            fork_of=fork_of,
            carry=carry,
            model=model,
            mode=mode,
            container=self.container,
            images={prompt.prompt_id: images} if images else {},
        )
        await self.backend.start_turn(self.start)
        started = await self.sink.wait_event(ONE, TurnStarted, where=lambda event: event.turn == self.turn)
        self.agent = started.agent_session_id
        return prompt

    async def steer(self, text: str) -> Prompt:
        """One more message into the running turn."""
        prompt = message(text)
        await self.backend.steer(ONE, self.turn, prompt, ())
        return prompt

    async def asked(self, number: int = 1) -> Ask:
        """This turn's request of that number, from 1."""
        await self.sink.wait_for(lambda: len(self.asks()) >= number)
        return self.asks()[number - 1]

    def asks(self) -> list[Ask]:
        """What was asked in this turn so far."""
        return [event.ask for event in self.of(AgentAsked) if event.turn == self.turn]

    async def answer(self, ask: Ask, verdict: Verdict, text: str = "", *picks: tuple[str, ...]) -> None:
        """Decide."""
        await self.backend.answer(ONE, ask, Answer(verdict=verdict, text=text, picks=picks))

    async def interrupt(self) -> None:
        await self.backend.interrupt(ONE, self.turn)

    async def end(self) -> End:
        """This turn's one end."""
        await self.sink.wait_for(lambda: bool(self._ends()))
        assert len(self._ends()) == 1
        return self._ends()[0]

    async def finished(self) -> TurnFinished:
        """This turn's end, which must be a good one."""
        end = await self.end()
        assert isinstance(end, TurnFinished), end
        return end

    async def words(self) -> str:
        """The agent's last words of this turn."""
        return (await self.finished()).text

    def of(self, kind: type[E]) -> list[E]:
        """All events of a kind so far."""
        return [event for event in self.sink.events(ONE) if isinstance(event, kind)]

    async def one(self, kind: type[E], number: int = 1) -> E:
        """The event of a kind with that number, from 1."""
        await self.sink.wait_for(lambda: len(self.of(kind)) >= number)
        return self.of(kind)[number - 1]

    async def note(self, words: str) -> str:
        """A progress note with these words."""
        found: Callable[[], list[str]] = lambda: [one for one in self._notes() if words in one]  # noqa: E731
        await self.sink.wait_for(lambda: bool(found()))
        return found()[0]

    def _notes(self) -> list[str]:
        return [in_english(progress.note) for _, _, progress in self.sink.progressed]

    def _ends(self) -> list[End]:
        return [one for one in self.sink.events(ONE) if isinstance(one, End) and one.turn == self.turn]
