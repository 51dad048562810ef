"""Runs one program to its end, and ends it with all it started when we stop waiting for it."""

import asyncio
import contextlib
import os
import signal
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from phonework import sandboxing
from phonework.backends import keeper
from phonework.errors import BackendError
from phonework.sandbox import Sandbox
from phonework.shell.environment import of_command

KEPT_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class Ended:
    """output: its last 64 KB, both streams together. code: negative for the signal that ended it."""

    output: str
    code: int


async def run(
    words: Sequence[str], *, cwd: Path, sandbox: Sandbox | None, on_output: Callable[[str], None] = lambda _all: None
) -> Ended:
    """Run it. on_output gets all that is kept so far. Raises BackendError when it cannot be started: nothing was run."""
    inside = [] if sandbox is None else await sandboxing.words(sandbox, directory=str(cwd))
    try:
        process = await asyncio.create_subprocess_exec(
            *keeper.dies_with_us(), *inside, *words,
            cwd=cwd, env=of_command(os.environ, unattended=False),  # without our secrets
            stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,
        )  # fmt: skip
    except OSError as error:
        raise BackendError("runner.cannot_run", program=words[0], problem=error.strerror or str(error)) from error
    output = bytearray()
    try:
        assert process.stdout is not None
        while chunk := await process.stdout.read(4096):
            output += chunk
            del output[:-KEPT_BYTES]
            on_output(_text(output))
        return Ended(_text(output), await process.wait())
    finally:
        await _end(process)


async def _end(process: asyncio.subprocess.Process) -> None:
    """The keeper ends the whole tree when it is told so; where there is none, the group is what can be ended."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        if process.returncode is None and keeper.dies_with_us():
            process.send_signal(keeper.DIED)
        else:
            os.killpg(process.pid, signal.SIGKILL)
    await process.wait()


def _text(output: bytearray) -> str:
    return output.decode("utf-8", errors="replace")
