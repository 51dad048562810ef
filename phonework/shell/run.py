"""Running one shell command: bounded in time and output, alone with nobody's secrets, and nothing of it left afterwards."""

import asyncio
import contextlib
import json
import os
import shutil
import signal
import socket
import sys
import time
import uuid
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final

from phonework import processes, sandboxing
from phonework.sandbox import Sandbox
from phonework.shell import keeper
from phonework.shell.output import Output

MARK: Final = "SHELL_OF_PHONEWORK"
"""In the environment of a command and all it starts, so that they can be found again; not PHONEWORK_…, which are settings."""
LONGEST: Final = timedelta(seconds=120)
GRACE_SECONDS: Final = 1.0  # between being asked to end and being killed
READY_SECONDS: Final = 30.0  # until the keeper is up: the machine may be busy
KEEPER_SECONDS: Final = 10.0  # for everything that the keeper does besides waiting
NEWS_SECONDS: Final = 0.25  # between two calls of on_output, at least
CHUNK: Final = 64 * 1024
PAUSE_SECONDS: Final = (
    0.002  # after each chunk once more came than is kept: an endless output must not keep the loop busy
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """How a command ended: with an exit code, by a signal, because its time was over, or because it was stopped.

    output: both streams in the order they were written; bytes that are not UTF-8 are replaced. When truncated, it has the
    beginning and the end, and between them how many bytes are missing. The shell gives 128 + n for a program ended by signal n.
    """

    output: str
    seconds: float
    exit_code: int | None = None
    signal: int | None = None
    timed_out: bool = False
    stopped: bool = False
    truncated: bool = False


async def run(
    command: str,
    *,
    cwd: Path,
    timeout: timedelta,  # noqa: ASYNC109 - what was printed until then is part of the result
    limit_bytes: int,
    environment: Mapping[str, str],
    on_output: Callable[[str], None] = lambda _output: None,
    stop: asyncio.Event | None = None,
    sandbox: Sandbox | None = None,
) -> Finished:
    """Run a command in bash, or in sh where there is none, to its end, and end whatever it left running.

    cwd: a real path. timeout: 120 s at most; longer is shortened. environment: all of it, see `environment.of_command`.
    on_output gets everything kept so far, when there is more, four times a second at most. Setting `stop` ends it; so does
    cancelling, which raises. sandbox: what it is confined to; None: it may do what we may.
    Raises OSError when it cannot be started, and SandboxError with the remedy when the sandbox cannot be set up: nothing was run.
    """
    began = time.monotonic()
    seconds = min(timeout, LONGEST).total_seconds()
    words = await _words(command, cwd, environment, sandbox)
    output = Output(limit_bytes)
    async with _kept(words, cwd, environment, seconds) as (process, control):
        reading = asyncio.create_task(_read(process, output, on_output))
        try:
            report = await _report(control, seconds, stop or asyncio.Event())
            await asyncio.wait({reading}, timeout=GRACE_SECONDS)
        finally:
            reading.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await reading
    if not report and not (stop and stop.is_set()):
        raise OSError(f"the command cannot be started: {output.text.strip()[-300:] or 'it took too long'}")
    return _finished(report, output, time.monotonic() - began)


async def _words(command: str, cwd: Path, environment: Mapping[str, str], sandbox: Sandbox | None) -> list[str]:
    shell = shutil.which("bash", path=environment.get("PATH")) or "/bin/sh"
    start = ["--noprofile", "--norc"] if shell.endswith("bash") else []
    inside = [] if sandbox is None else await sandboxing.words(sandbox, directory=str(cwd), program=shell)
    # A command that begins with a dash is no option of the shell.
    return [*inside, shell, *start, "-c", "--", command]


@contextlib.asynccontextmanager
async def _kept(
    words: list[str], cwd: Path, environment: Mapping[str, str], seconds: float
) -> AsyncIterator[tuple[asyncio.subprocess.Process, socket.socket]]:
    """The keeper of a command, and our end of the sockets. When this is left, however, nothing of the command runs any more."""
    mark = uuid.uuid4().hex
    ours, theirs = socket.socketpair()
    with ours:
        ours.setblocking(False)
        with theirs:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-E", "-P", "-m", "phonework.shell.keeper"),
                *(str(theirs.fileno()), str(seconds), str(GRACE_SECONDS)),
                *words,
                cwd=cwd,
                env={**environment, MARK: mark},
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT,
                pass_fds=(theirs.fileno(),),
                start_new_session=True,
            )
        try:
            yield process, ours
        finally:
            ours.close()
            await asyncio.shield(_gone(process, mark))


async def _gone(process: asyncio.subprocess.Process, mark: str) -> None:
    """Wait until the keeper has done its work; whoever killed it, we do it then."""
    try:
        async with asyncio.timeout(KEEPER_SECONDS):
            orderly = await process.wait() == 0
    except TimeoutError:
        orderly = False
        with contextlib.suppress(ProcessLookupError):
            process.kill()
    if not orderly:
        await asyncio.to_thread(processes.end_marked, MARK, mark)
        await process.wait()
    process._transport.close()  # type: ignore[attr-defined]  # asyncio has no other way to let go of a pipe still open


async def _read(process: asyncio.subprocess.Process, output: Output, on_output: Callable[[str], None]) -> None:
    assert process.stdout is not None
    told = -NEWS_SECONDS
    while chunk := await process.stdout.read(CHUNK):
        output.add(chunk)
        if (now := time.monotonic()) - told >= NEWS_SECONDS:
            told = now
            on_output(output.text)
        if output.truncated:
            await asyncio.sleep(PAUSE_SECONDS)


async def _report(control: socket.socket, seconds: float, stop: asyncio.Event) -> dict[str, object]:
    """What the keeper says: that it is ready, whereupon it may begin, and how the command ended. Empty: it did not begin."""
    report: dict[str, object] = {}
    stopping: asyncio.Task[None] | None = None
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(READY_SECONDS) as bound:
            async for line in _lines(control):
                report |= json.loads(line)
                if stopping is not None:
                    continue
                if stop.is_set():
                    return {}
                bound.reschedule(loop.time() + seconds + GRACE_SECONDS + KEEPER_SECONDS)
                await loop.sock_sendall(control, keeper.GO)
                stopping = asyncio.create_task(_stop(control, stop))
    except TimeoutError:
        report |= {"ended": "timeout"} if report else {}
    except OSError:
        pass
    finally:
        if stopping is not None:
            stopping.cancel()
    return report


async def _lines(control: socket.socket) -> AsyncIterator[bytes]:
    said = b""
    while chunk := await asyncio.get_running_loop().sock_recv(control, CHUNK):
        *lines, said = (said + chunk).split(b"\n")
        for line in lines:
            yield line


async def _stop(control: socket.socket, stop: asyncio.Event) -> None:
    await stop.wait()
    with contextlib.suppress(OSError):
        await asyncio.get_running_loop().sock_sendall(control, b"stop")


def _finished(report: dict[str, object], output: Output, seconds: float) -> Finished:
    if error := report.get("error"):
        raise OSError(f"the command cannot be started: {error}")
    status, ended = report.get("status"), report.get("ended")
    code = os.waitstatus_to_exitcode(status) if isinstance(status, int) and ended == "exit" else None
    if report.keys() == {"ready"}:
        code = -signal.SIGKILL  # somebody killed the keeper, and thereby the command
    return Finished(
        output=output.text,
        seconds=seconds,
        exit_code=code if code is not None and code >= 0 else None,
        signal=-code if code is not None and code < 0 else None,
        timed_out=ended == "timeout",
        stopped=ended == "stop" or not report,
        truncated=output.truncated,
    )
