"""The real Claude Code at hand for tests: own directories, a fake API, a backend, and a person who writes and answers."""

import asyncio
import json
import os
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from phonework.backends.base import TurnStart
from phonework.backends.claude import ClaudeBackend, transcript
from phonework.fsm.events import AgentAsked, AgentEvent, AgentLost, TurnFailed, TurnFinished, TurnStarted
from phonework.fsm.types import Answer, Ask, Carry, Prompt, Sentence, SessionId, Verdict
from phonework.testing.fake_anthropic import FakeAnthropic
from phonework.testing.fake_replies import MARK, Block
from phonework.testing.messages import message
from phonework.testing.sink import RecordingSink
from phonework.texts import text

ONE = SessionId("fizz-top")
End = TurnFinished | TurnFailed | AgentLost
E = TypeVar("E", bound=AgentEvent)


def script(*replies: list[Block], text: str = "Do it.") -> str:
    """A message that makes the fake API give these replies, one after another."""
    return f"{text}\n{MARK}{json.dumps(list(replies))}"


def say(text: str) -> Block:
    """The model says this."""
    return {"text": text}


def use(tool: str, **tool_input: Any) -> Block:
    """The model calls this tool."""
    return {"tool": tool, "input": tool_input}


def in_english(note: str | Sentence) -> str:
    """A progress note as somebody reads it who speaks English."""
    return text("en", note.key, **note.params) if isinstance(note, Sentence) else note


@contextmanager
def clean_environment() -> Iterator[None]:
    """Without the ANTHROPIC_* and CLAUDE_* of whoever runs the tests: their key and settings would reach the agent."""
    taken = {key: value for key, value in os.environ.items() if key.startswith(("ANTHROPIC_", "CLAUDE"))}
    for key in taken:
        del os.environ[key]
    try:
        yield
    finally:
        os.environ.update(taken)


def git_init(directory: Path) -> Path:
    """Make the directory a repository of its own: "for this project" rules go to the nearest one above."""
    directory.mkdir(parents=True, exist_ok=True)
    subprocess.run(["git", "init", "-q", str(directory)], check=True)
    return directory


@dataclass(frozen=True)
class WaitingCommand:
    """up, go: what the command writes to and waits for, open at our side."""

    up: int
    go: int

    @property
    def call(self) -> Block:
        command = "python3 -c \"open('up', 'w').write('1'); open('go').readline()\""
        return use("Bash", command=command, description="Wait")

    async def running(self) -> None:
        """Return when the command runs."""
        await asyncio.to_thread(os.read, self.up, 1)

    def let_go(self) -> None:
        os.write(self.go, b"\n")


@contextmanager
def waiting_command(cwd: Path) -> Iterator[WaitingCommand]:
    """A command for this directory that says when it runs, and then waits until it is let go."""
    for name in ("up", "go"):
        os.mkfifo(cwd / name)
    handles = [os.open(cwd / name, os.O_RDWR) for name in ("up", "go")]
    try:
        yield WaitingCommand(*handles)
    finally:
        for handle in handles:
            os.close(handle)


@dataclass
class ClaudeBench:
    """One person with one session. more: further settings of the backend; env: further environment of the agent."""

    api: FakeAnthropic
    directory: Path
    more: Mapping[str, object] = field(default_factory=dict)
    env: dict[str, str] = field(default_factory=dict)
    sink: RecordingSink = field(default_factory=RecordingSink)
    backends: list[ClaudeBackend] = field(default_factory=list)
    turn: int = 0
    agent: str = ""
    start: TurnStart | None = None

    def __post_init__(self) -> None:
        self.cwd = git_init(self.directory / "project")
        self.restart()

    @property
    def backend(self) -> ClaudeBackend:
        return self.backends[-1]

    @property
    def home(self) -> Path:
        return self.directory / "home"

    @property
    def config(self) -> Path:
        """The agent's own directory."""
        return self.home / "claude-config"

    def restart(self) -> None:
        """A new backend on the same data, as after a restart of the server."""
        settings = {"env": {**self.api.cli_env(self.home), **self.env}, **self.more}
        self.backends.append(ClaudeBackend(sink=self.sink, settings=settings, data_dir=self.directory / "data"))

    async def write(
        self,
        *replies: list[Block],
        text: str = "Do it.",
        verbatim: bool = True,
        carry: Carry | None = None,
        model: str = "",
        mode: str = "",
        images: tuple[str, ...] = (),
    ) -> Prompt:
        """Begin a turn with a message; replies: what the model does."""
        self.turn += 1
        prompt = message(script(*replies, text=text) if replies else text, verbatim=verbatim)
        self.start = TurnStart(
            session_id=ONE,
            turn=self.turn,
            cwd=str(self.cwd),
            prompts=(prompt,),
            agent_session_id=self.agent,
            carry=carry,
            model=model,
            mode=mode,
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

        def found() -> list[str]:
            notes = [in_english(progress.note) for _, _, progress in self.sink.progressed]
            return [note for note in notes if words in note]

        await self.sink.wait_for(lambda: bool(found()))
        return found()[0]

    @contextmanager
    def waiting_command(self) -> Iterator["WaitingCommand"]:
        with waiting_command(self.cwd) as command:
            yield command

    async def result_held(self) -> None:
        """Wait until the agent itself is done, and the turn only waits for something still asked."""
        live = self.backend._live[ONE]
        async with asyncio.timeout(20):
            while live.turn is None or live.turn.held is None:  # noqa: ASYNC110  # it is nobody's event
                await asyncio.sleep(0)

    async def recorded_ask(self) -> None:
        """Wait until what the agent asks stands in its own record, which it writes a moment later."""
        await self._recorded(lambda record: bool(transcript.unanswered(record)))

    async def recorded(self, prompt: Prompt) -> None:
        """Wait until the prompt stands in the agent's own record."""
        await self._recorded(lambda record: transcript.has_prompt(record, prompt.prompt_id))

    async def _recorded(self, true: Callable[[Path], bool]) -> None:
        async with asyncio.timeout(20):
            while (record := transcript.find(self.config, self.agent)) is None or not true(record):  # noqa: ASYNC110
                await asyncio.sleep(0)  # nobody says when it is written

    async def aclose(self) -> None:
        for backend in self.backends:
            await backend.aclose()

    def _ends(self) -> list[End]:
        return [one for one in self.sink.events(ONE) if isinstance(one, End) and one.turn == self.turn]
