"""The real Claude Code at hand for tests: own directories, a fake API, a backend, and a person who writes and answers."""

import asyncio
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from phonework.backends.claude import ClaudeBackend, transcript
from phonework.fsm.types import Carry, Prompt
from phonework.testing.backend_bench import ONE as ONE
from phonework.testing.backend_bench import BackendBench
from phonework.testing.backend_bench import git_init as git_init
from phonework.testing.backend_bench import in_english as in_english
from phonework.testing.fake_anthropic import FakeAnthropic
from phonework.testing.fake_replies import Block
from phonework.testing.fake_replies import say as say
from phonework.testing.fake_replies import script as script


def use(tool: str, **tool_input: Any) -> Block:
    """The model calls this tool."""
    return {"tool": tool, "input": tool_input}


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
class ClaudeBench(BackendBench):
    """One person with one session. more: further settings of the backend; env: further environment of the agent."""

    api: FakeAnthropic
    directory: Path
    more: Mapping[str, object] = field(default_factory=dict)
    env: dict[str, str] = field(default_factory=dict)
    backends: list[ClaudeBackend] = field(default_factory=list)

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
        words = script(*replies, text=text) if replies else text
        return await self.say(words, verbatim=verbatim, carry=carry, model=model, mode=mode, images=images)

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
