"""Real commands of the demo agent: in a process group of their own, with a time limit, and never left behind."""

import asyncio
import os
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

KEPT_BYTES = 32 * 1024
LINGER_SECONDS = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """How a command ended. output: its last 32 KB, both streams together. code: None when it ran out of time."""

    code: int | None
    output: str

    @property
    def ok(self) -> bool:
        return self.code == 0


def python_name() -> str:
    """Return what our own interpreter is called on the PATH that commands get."""
    return Path(sys.executable).name


async def run(
    argv: tuple[str, ...],
    *,
    cwd: Path,
    timeout: float = 60.0,  # noqa: ASYNC109 - what was printed until then is part of the result
    on_output: Callable[[str], None] = lambda _output: None,
) -> Finished:
    """Run a command to its end. timeout: seconds. on_output gets everything kept so far, each time there is more.

    A command runs as long as anything it started holds its output, as in a shell's `$(…)`. Its standard input is a
    pipe that ends when we do, however we end. Raises OSError when it cannot be started.
    """
    process = await asyncio.create_subprocess_exec(
        *argv,
        cwd=cwd,
        env=environment(),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        start_new_session=True,
    )
    output = bytearray()
    reading = asyncio.create_task(_read(process, output, on_output))
    code: int | None = None
    try:
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout):
                code = await process.wait()
    finally:
        await _end(process, reading)
    return Finished(code=code, output=_text(output))


async def _read(process: asyncio.subprocess.Process, output: bytearray, on_output: Callable[[str], None]) -> None:
    assert process.stdout is not None
    while chunk := await process.stdout.read(4096):
        output += chunk
        del output[:-KEPT_BYTES]
        on_output(_text(output))


async def _end(process: asyncio.subprocess.Process, reading: asyncio.Task[None]) -> None:
    """Kill the whole group, for a command that ended may have left children behind; then take in what was printed."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    assert process.stdin is not None
    process.stdin.close()
    try:
        async with asyncio.timeout(LINGER_SECONDS):
            await reading
            await process.wait()
    except TimeoutError:
        # A child that left the group holds the pipe open; asyncio has no other way to let go of it (3.11 to 3.13).
        process._transport.close()  # type: ignore[attr-defined]


def environment() -> dict[str, str]:
    """Nothing of ours but where programs are: no secret reaches a command, and no one's git settings do."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    kept = {name: os.environ[name] for name in ("HOME", "TMPDIR", "LANG") if name in os.environ}
    return kept | {
        "PATH": path,
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONIOENCODING": "utf-8",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_TERMINAL_PROMPT": "0",
    }


def _text(output: bytearray) -> str:
    return output.decode("utf-8", errors="replace")
