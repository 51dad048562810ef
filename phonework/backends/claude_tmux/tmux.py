"""tmux, as far as it is needed: terminals made, typed into, looked at and closed. Seen with tmux 3.3a."""

import asyncio
import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from phonework.errors import BackendError

WITHIN: Final = 5.0  # seconds; it answers in milliseconds
SIZE: Final = ("-x", "160", "-y", "50")
SETTLES: Final = (
    0.3  # seconds until a program that was pasted to takes Enter for itself, and not for a part of the text
)
_CONF: Final = Path(__file__).with_name("tmux.conf")
_UNTYPED: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def typed(text: str) -> str:
    """The text as it can be pasted: without what ends a paste or moves a cursor, and never a command of the agent's.

    A leading `!` would run it as a shell command, unasked; `/` a command. With a space before they are words (2.1.329).
    """
    plain = _UNTYPED.sub("", text.replace("\r\n", "\n").replace("\r", "\n")).strip()
    return f" {plain}" if plain[:1] in ("!", "/", "#", "&") else plain


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """One tmux server. socket: a path, of somebody's own server; or a name, of ours."""

    program: str
    socket: str

    @property
    def words(self) -> tuple[str, ...]:
        if "/" in self.socket:
            return (self.program, "-S", self.socket)
        return (self.program, "-f", str(_CONF), "-L", self.socket)

    async def begin(self, name: str, cwd: str, words: Sequence[str]) -> int:
        """Run the words in a terminal of that name; the number of the process. Raises BackendError."""
        said = await self.run("new-session", "-d", "-P", "-F", "#{pane_pid}", "-s", name, *SIZE, "-c", cwd, *words)
        return int(said)

    async def paste(self, target: str, text: str) -> None:
        """Put the text where the cursor is, as one paste."""
        buffer = f"phonework-{os.urandom(4).hex()}"
        await self.run("load-buffer", "-b", buffer, "-", given=text.encode("utf-8", "replace"))
        await self.run("paste-buffer", "-d", "-p", "-b", buffer, "-t", target)

    async def press(self, target: str, *keys: str) -> None:
        await self.run("send-keys", "-t", target, *keys)

    async def at_hand(self, target: str, pid: int) -> bool:
        """Whether what is typed reaches this process: it is in front in the terminal, and not the shell it was put aside in.

        A terminal that somebody scrolls back in is brought to its end, where keys mean what they say.
        """
        try:
            tty, _, scrolled = (
                await self.run("display-message", "-p", "-t", target, "#{pane_tty} #{pane_in_mode}")
            ).partition(" ")
            if scrolled not in ("", "0"):
                await self.run("send-keys", "-t", target, "-X", "cancel")
        except BackendError:
            return False
        return await asyncio.to_thread(_in_front, tty, pid)

    async def screen(self, target: str) -> str:
        """What stands in the terminal; empty when there is none."""
        try:
            return await self.run("capture-pane", "-p", "-t", target)
        except BackendError:
            return ""

    async def around_cursor(self, target: str) -> tuple[list[str], int]:
        """The line with the cursor between its neighbours, with colours, and the cursor's column. Raises BackendError."""
        said = await self.run("display-message", "-p", "-t", target, "#{cursor_x} #{cursor_y}")
        column, row = map(int, said.split())
        rows = ("-S", str(max(row - 1, 0)), "-E", str(row + 1))
        return (await self.run("capture-pane", "-p", "-e", *rows, "-t", target)).splitlines(), column

    async def names(self, ending: str) -> list[str]:
        """Of the terminals that are called so at the end; none when there is no such server."""
        try:
            said = await self.run("list-sessions", "-F", "#{session_name}")
        except BackendError:
            return []
        return [name for name in said.splitlines() if name.endswith(ending)]

    async def close(self, name: str) -> None:
        """Close the terminal, if it is there: what runs in it is told, and ends."""
        try:
            await self.run("kill-session", "-t", f"={name}")
        except BackendError:
            return

    async def run(self, *words: str, given: bytes = b"") -> str:
        """What tmux said. Raises BackendError with its complaint."""
        try:
            process = await asyncio.create_subprocess_exec(
                *self.words,
                *words,
                env={name: value for name, value in os.environ.items() if name not in ("TMUX", "TMUX_PANE")},
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
            )
        except OSError as error:
            raise BackendError("claude_tmux.no_tmux") from error
        try:
            async with asyncio.timeout(WITHIN):
                out, err = await process.communicate(given)
        except TimeoutError:
            process.kill()
            raise BackendError("claude_tmux.tmux", problem=f"no answer within {WITHIN:.0f} s") from None
        if process.returncode:
            raise BackendError("claude_tmux.tmux", problem=" ".join(err.decode("utf-8", "replace").split())[:300])
        return out.decode("utf-8", "replace").strip()


def _in_front(tty: str, pid: int) -> bool:
    """Whether the process is in the foreground of that terminal, and not stopped. Source: ps(1), of Linux and macOS alike."""
    words = ["ps", "-o", "pgid=,tpgid=,tty=,stat=", "-p", str(pid)]
    try:
        said = subprocess.run(words, capture_output=True, text=True, timeout=WITHIN, check=False).stdout.split()
    except (OSError, subprocess.TimeoutExpired):
        return False
    match said:
        case [group, front, place, state]:
            return group == front and not state.startswith("T") and f"/dev/{place.removeprefix('/dev/')}" == tty
        case _:
            return False


def found(program: str) -> str:
    """The program. Raises BackendError when it is not there."""
    if path := shutil.which(program):
        return path
    raise BackendError("claude_tmux.no_tmux")
