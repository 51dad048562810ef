"""Somebody at a terminal: the real Claude Code as people start it, typed to key by key in a tmux of its own."""

import asyncio
import contextlib
import json
import os
import shutil
import subprocess
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import psutil  # type: ignore[import-untyped]

from phonework import processes
from phonework.backends.claude.launcher import find_cli
from phonework.testing.claude_bench import script
from phonework.testing.fake_anthropic import FakeAnthropic
from phonework.testing.fake_replies import Block

HAS_TMUX: Final = shutil.which("tmux") is not None
_WITHIN_S: Final = 20.0
_TAKEN_WITHIN_S: Final = 3.0
_LOOKS_EVERY_S: Final = 0.05
"""Each look at a screen is a process: without a pause they take the time of what is waited for."""
_SESSION: Final = "desk"
_ASKS: Final = "Do you want to proceed?"


@dataclass(slots=True)
class Terminal:
    """One conversation in one terminal, open as long as this lives. place: has the terminal's socket.

    process: the one in it; record: what Claude Code keeps of the conversation.
    """

    place: Path
    cwd: Path
    env: dict[str, str]
    agent_session_id: str = field(default_factory=lambda: str(uuid4()))
    process: psutil.Process | None = None

    async def says(self, text: str, *replies: list[Block]) -> None:
        """Type it, press Enter, and return when the turn has ended."""
        answers = self._answers()
        await self.types(script(*replies, text=text))
        await self._until(lambda: self._answers() > answers and self._status() == "idle", "the turn's end")

    async def types(self, text: str) -> None:
        """Type it, and press Enter."""
        line = text.replace("\n", " ")
        begins = "".join(line[:6].split())
        await self._tmux("send-keys", "-t", _SESSION, "-l", line)
        await self._until(lambda: self._typed().startswith(begins), f"{line[:6]!r} where it is typed")
        await self.press("Enter")

    async def half_types(self, text: str) -> None:
        """Type it, and leave it there."""
        await self._tmux("send-keys", "-t", _SESSION, "-l", text)
        await self._until(lambda: self._typed() == "".join(text.split()), f"{text!r} where it is typed")

    async def clears(self) -> None:
        """Take away what is half typed: the words, then the mark of a shell command."""
        await self.press("C-u")
        await self.press("C-u")
        await self._until(lambda: not self._typed(), "an empty prompt")

    async def is_free(self) -> bool:
        """Whether somebody else could go on here: it lives, does nothing, and nothing is typed."""
        if self.process is None or not self.process.is_running():
            return False
        with contextlib.suppress(AssertionError):
            await self._until(lambda: self._status() == "idle" and not self._typed(), "the prompt", _TAKEN_WITHIN_S)
            return True
        return False

    async def has(self, text: str) -> bool:
        """Whether it stands on the screen now."""
        return text in await asyncio.to_thread(self._screen)

    async def press(self, key: str) -> None:
        await self._tmux("send-keys", "-t", _SESSION, key)

    async def chooses(self, key: str) -> None:
        """Answer the question on the screen. Keys that come too soon after it are not taken (2.1.329).

        What it says of itself counts: its screen is later, and keys for a question that is gone mean something else.
        """
        await self._until(lambda: _ASKS in self._screen() and self._status() == "waiting", "the question")
        while self._status() == "waiting":
            await self.press(key)
            with contextlib.suppress(AssertionError):
                await self._until(lambda: self._status() != "waiting", "the answer", within=_TAKEN_WITHIN_S)

    async def idle(self) -> None:
        """Return when its turn is over."""
        await self._until(lambda: self._status() == "idle", "the turn's end")

    async def shows(self, text: str) -> None:
        """Return when it stands on the screen."""
        await self._until(lambda: text in self._screen(), f"{text!r} on the screen")

    @property
    def record(self) -> Path:
        (found,) = self._records()
        return found

    async def begin(self) -> None:
        """Return when it waits for the first words."""
        pass_the_questions(self._config / ".claude.json", self.cwd, self.env["ANTHROPIC_API_KEY"])
        words = [find_cli(""), "--session-id", self.agent_session_id, "--permission-mode", "default"]
        size = ("-x", "200", "-y", "50")
        await self._tmux("-f", "/dev/null", "new-session", "-d", "-s", _SESSION, *size, "-c", str(self.cwd), *words)
        await self._until(lambda: self._status() == "idle", "the prompt")
        self.process = psutil.Process((self._told() or {})["pid"])

    async def end(self) -> None:
        """Close the terminal; what runs in it is told, and ends."""
        await self._tmux("kill-server")
        if self.process is not None:
            await asyncio.to_thread(psutil.wait_procs, [self.process], 10)

    async def kill(self) -> None:
        """End it at once with all it started, and tell it nothing."""
        if self.process is not None:
            with contextlib.suppress(psutil.NoSuchProcess):
                processes.end([self.process, *self.process.children(recursive=True)])
        await self._tmux("kill-server")

    @property
    def _config(self) -> Path:
        return Path(self.env["CLAUDE_CONFIG_DIR"])

    def _records(self) -> list[Path]:
        return list((self._config / "projects").glob(f"*/{self.agent_session_id}.jsonl"))

    def _answers(self) -> int:
        return sum(path.read_text().count('"type":"assistant"') for path in self._records())

    def _status(self) -> str:
        return str((self._told() or {}).get("status", ""))

    def _told(self) -> dict[str, Any] | None:
        """What the program says of itself: `<config>/sessions/<pid>.json` (2.1.329, not documented)."""
        for path in (self._config / "sessions").glob("*.json"):
            try:
                told = json.loads(path.read_text())
            except (OSError, ValueError):  # it is just written, or gone
                continue
            if told.get("sessionId") == self.agent_session_id:
                return dict(told)
        return None

    def _screen(self) -> str:
        return self._run("capture-pane", "-p", "-t", _SESSION).stdout

    def _typed(self) -> str:
        """What stands where words are typed, without spaces: in the last line with that mark."""
        marked = [line for line in self._screen().splitlines() if line[:1] in ("❯", "!")]
        return _left(marked[-1]) if marked else ""

    async def _tmux(self, *words: str) -> None:
        await asyncio.to_thread(self._run, *words)

    def _run(self, *words: str) -> subprocess.CompletedProcess[str]:
        command = ["tmux", "-S", str(self.place / "tmux"), *words]
        return subprocess.run(command, env=self.env, capture_output=True, text=True, timeout=_WITHIN_S, check=False)

    async def _until(self, true: Callable[[], bool], what: str, within: float = _WITHIN_S) -> None:
        try:
            async with asyncio.timeout(within):
                while not await asyncio.to_thread(true):  # noqa: ASYNC110  # a screen tells nobody that it changed
                    await asyncio.sleep(_LOOKS_EVERY_S)
        except TimeoutError as error:
            raise AssertionError(f"{what} did not come; the terminal shows:\n{self._screen()}") from error


def _left(line: str) -> str:
    """What is typed in this line of the screen, the mark of a shell command with it."""
    return "".join(line.removeprefix("❯").split()) if line[:1] in ("❯", "!") else ""


def pass_the_questions(config: Path, cwd: Path, key: str) -> None:
    """What it asks whoever starts it for the first time: a way to sign in, the directory, the key (2.1.329)."""
    config.parent.mkdir(parents=True, exist_ok=True)
    known = json.loads(config.read_text()) if config.exists() else {}
    trusted = {str(cwd.resolve()): {"hasTrustDialogAccepted": True}}
    config.write_text(
        json.dumps(
            {
                **known,
                "hasCompletedOnboarding": True,
                "hasSeenAutoDefaultNotice": True,
                "customApiKeyResponses": {"approved": [key[-20:]], "rejected": []},
                "projects": {**known.get("projects", {}), **trusted},
            }
        )
    )


@asynccontextmanager
async def at_terminal(api: FakeAnthropic, home: Path, cwd: Path, place: Path) -> AsyncIterator[Terminal]:
    """A conversation that begins here. place: a directory for the terminal's socket; at the end the terminal is closed."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "TMPDIR") if name in os.environ}
    terminal = Terminal(place, cwd, {**kept, "TERM": "xterm-256color", "LC_ALL": "C.UTF-8", **api.cli_env(home)})
    try:
        await terminal.begin()
        yield terminal
    finally:
        await terminal.kill()
