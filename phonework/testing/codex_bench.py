"""The real Codex at hand for tests: its own directories, a fake API, a backend, and a person who writes and answers."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil  # type: ignore[import-untyped]

from phonework.backends.codex import CodexBackend
from phonework.backends.codex.server import AppServer
from phonework.fsm.types import Carry, Prompt
from phonework.testing.backend_bench import BackendBench
from phonework.testing.fake_replies import Block, script
from phonework.testing.fake_responses import FakeResponses


def command(line: str, *, asks: bool = False, why: str = "It is needed.") -> Block:
    """The model runs this. asks: outside the sandbox, for which a person must be asked."""
    given: dict[str, Any] = {"cmd": line}
    if asks:
        given |= {"sandbox_permissions": "require_escalated", "justification": why}
    return {"tool": "exec_command", "input": given}


def patch(*lines: str) -> Block:
    """The model changes files; lines: of the patch, without its first and last."""
    return {"patch": "\n".join(["*** Begin Patch", *lines, "*** End Patch"])}


def crashing_program(home: Path) -> str:
    """A program that Codex runs unasked and outside its sandbox, and that ends it: as if it had crashed. Returns its path."""
    program = home / "crash"
    program.write_text(
        "#!/bin/sh\n"
        "pid=$$\n"
        'while [ "$pid" -gt 1 ]; do\n'
        '  case "$(tr "\\0" " " < /proc/$pid/cmdline)" in *"codex app-server"*keeper.py*) ;; *"codex app-server"*)\n'
        '    kill -9 "$pid"; exit;;\n'
        "  esac\n"
        "  pid=$(awk '/^PPid:/ {print $2}' /proc/$pid/status)\n"
        "done\n"
    )
    program.chmod(0o755)
    rules = home / "rules"
    rules.mkdir(exist_ok=True)
    (rules / "default.rules").write_text(f'prefix_rule(pattern=["{program}"], decision="allow")\n')
    return str(program)


@contextmanager
def clean_environment() -> Iterator[None]:
    """Without the OPENAI_* and CODEX_* of whoever runs the tests: their key and settings would reach the agent."""
    taken = {key: value for key, value in os.environ.items() if key.startswith(("OPENAI_", "CODEX_"))}
    for key in taken:
        del os.environ[key]
    try:
        yield
    finally:
        os.environ.update(taken)


@dataclass
class CodexBench(BackendBench):
    """One person with one session. more: further settings of the backend; config: further lines of Codex's own config.toml."""

    api: FakeResponses
    directory: Path
    more: Mapping[str, object] = field(default_factory=dict)
    config: str = ""
    retries: int = 0
    backends: list[CodexBackend] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.cwd = self.directory / "project"
        self.cwd.mkdir()
        self.env = self.api.write_config(self.home, more=self.config, retries=self.retries)
        self.restart()

    @property
    def backend(self) -> CodexBackend:
        return self.backends[-1]

    @property
    def home(self) -> Path:
        """What is Codex's own."""
        return self.directory / "home"

    @property
    def server(self) -> AppServer:
        return self.backend._server

    def restart(self) -> None:
        """A new backend on the same data, as after a restart of the program."""
        settings = {"env": self.env, **self.more}
        self.backends.append(CodexBackend(sink=self.sink, settings=settings, data_dir=self.directory / "data"))

    async def write(
        self,
        *replies: list[Block],
        text: str = "Do it.",
        carry: Carry | None = None,
        model: str = "",
        mode: str = "",
        images: tuple[str, ...] = (),
        fork_of: str = "",
    ) -> Prompt:
        """Begin a turn with a message; replies: what the model does."""
        words = script(*replies, text=text) if replies else text
        return await self.say(words, carry=carry, model=model, mode=mode, images=images, fork_of=fork_of)

    async def cut(self) -> None:
        """Break the connection to the server, which goes on; return when that is noticed."""
        connection = self.server.connection
        assert connection is not None
        connection._socket.transport.abort()
        await connection.closed.wait()

    def processes(self) -> list[psutil.Process]:
        """The server itself, with the one that keeps it, and all they have started."""
        keeper = psutil.Process(self.server.pid)
        return [keeper, *keeper.children(recursive=True)]

    async def aclose(self) -> None:
        for backend in self.backends:
            await backend.aclose()
