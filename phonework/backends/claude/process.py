"""The agent's process, as the SDK's transport: lines of JSON in both directions, and the end of it and all it started.

The SDK's own transport gives up a session at the first byte that is not UTF-8, hides frames we need, waits longer than we may
at the end, and knows only the process itself, not those that the tools started; hence this one.
"""

import asyncio
import contextlib
import json
import os
import signal
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import psutil  # type: ignore[import-untyped]
from claude_agent_sdk import CLIConnectionError, Transport

from phonework import processes
from phonework.backends.claude.launcher import MARK
from phonework.errors import BackendError

LONGEST_LINE = 64 * 1024 * 1024  # bytes of one frame; a longer one ends the session
MOST_UNREAD = 1000  # frames; beyond it the agent waits for us
CONTROL = ("control_request", "control_response", "control_cancel_request")
Frame = dict[str, Any]


class CliProcess(Transport):
    """One running Claude Code. on_frame gets every frame but those of the control protocol, which the SDK handles.

    on_written is told after each line that was written, in the task that wrote it; on_end once, after the last frame.
    end_container: ends the container it is in, whose processes need not be below ours. `exit_code` is None while it runs.
    """

    def __init__(
        self,
        words: list[str],
        *,
        cwd: str,
        env: dict[str, str],
        on_frame: Callable[[Frame], Awaitable[None]],
        on_written: Callable[[], None],
        on_end: Callable[[], None],
        end_container: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        self._words, self._cwd, self._env = words, cwd, env
        self._on_frame, self._on_written, self._on_end = on_frame, on_written, on_end
        self._end_container = end_container
        self._wire = _Wire()
        self._transport: asyncio.SubprocessTransport | None = None
        self.trouble: BackendError | None = None  # why we gave the process up, when it is not its own end

    async def connect(self) -> None:
        loop = asyncio.get_running_loop()
        transport, _ = await loop.subprocess_exec(
            lambda: self._wire,
            *self._words,
            cwd=self._cwd,
            env=self._env,
            start_new_session=True,  # a Ctrl-C at our terminal is ours to handle; and the group can be killed as one
        )
        self._transport = transport

    @property
    def exit_code(self) -> int | None:
        return self._transport.get_returncode() if self._transport else None

    @property
    def pid(self) -> int:
        return self._transport.get_pid() if self._transport else 0

    @property
    def stderr(self) -> str:
        """The last lines the process wrote to its standard error."""
        return self._wire.stderr_tail()

    def is_ready(self) -> bool:
        return self._transport is not None and not self._wire.gone.is_set()

    async def write(self, data: str) -> None:
        if not self.is_ready() or self._transport is None:
            raise CLIConnectionError("Claude Code has ended")
        pipe = self._transport.get_pipe_transport(0)
        if not isinstance(pipe, asyncio.WriteTransport) or pipe.is_closing():
            raise CLIConnectionError("Claude Code takes no more input")
        pipe.write(data.encode("utf-8", "backslashreplace"))
        self._on_written()

    async def read_messages(self) -> AsyncIterator[Frame]:
        try:
            async for line in self._wire.lines():
                frame = self._parse(line)
                if frame is None:
                    continue
                if frame.get("type") in CONTROL:
                    yield frame
                else:
                    await self._on_frame(frame)
            if self._wire.overflow:
                self.trouble = BackendError("claude.too_big", megabytes=str(LONGEST_LINE // 1024 // 1024))
        finally:
            self._on_end()

    def _parse(self, line: bytes) -> Frame | None:
        """A frame; None for other output. A damaged byte is replaced; a damaged frame may be the result, so it is fatal."""
        text = line.decode("utf-8", "replace").strip()
        if not text.startswith("{"):
            return None
        try:
            frame = json.loads(text)
        except (ValueError, RecursionError):
            self.trouble = BackendError("claude.unreadable")
            self._wire.stop()
            return None
        return frame if isinstance(frame, dict) else None

    async def end_input(self) -> None:
        pipe = self._transport.get_pipe_transport(0) if self._transport else None
        if isinstance(pipe, asyncio.WriteTransport):
            pipe.close()

    async def close(self, *, patience: float = 1.5) -> None:
        """End the process: end of input, which lets an idle one write its record, then SIGTERM, then kill.

        It takes 3 s at most, or 9 where the engine of its container does not answer.
        """
        if self._transport is None:
            return
        await self.end_input()
        if not await self._exited(patience):
            with contextlib.suppress(ProcessLookupError):
                self._transport.send_signal(signal.SIGTERM)
            if not await self._exited(0.75):
                await self.kill()
        self._wire.stop()
        self._transport.close()
        await self._wire.released()

    async def kill(self) -> None:
        """End the process and everything it started, at once."""
        if self._transport is None:
            return
        if self._end_container is not None:  # first: an engine does not hear of what is killed behind its back
            await self._end_container()
        if self.exit_code is None:
            family = await asyncio.to_thread(processes.family, self.pid)
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.pid, signal.SIGKILL)
            processes.end(family)
            await self._exited(2.0)
        await asyncio.to_thread(processes.end_marked, MARK, self._env[MARK])
        self._wire.stop()

    async def gone(self) -> None:
        """Return when the process has exited or was given up."""
        await self._wire.gone.wait()

    async def _exited(self, patience: float) -> bool:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._wire.exited.wait(), patience)
        return self._wire.exited.is_set()


class _Wire(asyncio.SubprocessProtocol):
    """Cuts the output into lines and notices the end."""

    def __init__(self) -> None:
        self.exited, self.gone, self._released = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self.overflow = False
        self._pending: list[bytes] = []
        self._pending_size = 0
        self._ready: deque[bytes] = deque()
        self._news = asyncio.Event()
        self._stderr: deque[bytes] = deque(maxlen=64)
        self._stdout: asyncio.ReadTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.SubprocessTransport)
        out = transport.get_pipe_transport(1)
        self._stdout = out if isinstance(out, asyncio.ReadTransport) else None

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        if fd == 2:
            self._stderr.append(data[-4096:])
            return
        *lines, rest = data.split(b"\n")
        for line in lines:
            self._ready.append(b"".join([*self._pending, line]))
            self._pending.clear()
            self._pending_size = 0
        self._pending.append(rest)
        self._pending_size += len(rest)
        if self._pending_size > LONGEST_LINE or any(len(line) > LONGEST_LINE for line in self._ready):
            self.overflow = True
            self.stop()
        if len(self._ready) > MOST_UNREAD and self._stdout is not None:
            self._stdout.pause_reading()
        self._news.set()

    def pipe_connection_lost(self, fd: int, exc: Exception | None) -> None:
        if fd == 1:
            self._stdout = None
            if self.exited.is_set():
                self.stop()

    def process_exited(self) -> None:
        self.exited.set()
        if self._stdout is None:
            self.stop()
            return
        # What it wrote last is still in the pipe. A child that keeps the pipe open must not hold us.
        asyncio.get_running_loop().call_later(0.2, self.stop)

    def connection_lost(self, exc: Exception | None) -> None:
        self.stop()
        self._released.set()

    def stop(self) -> None:
        """No more lines will be handed out after those already there."""
        self.gone.set()
        self._news.set()

    async def released(self) -> None:
        """Return when the loop holds nothing of the process any more."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._released.wait(), 0.5)

    async def lines(self) -> AsyncIterator[bytes]:
        while True:
            while self._ready and not self.overflow:
                yield self._ready.popleft()
                if self._stdout is not None and len(self._ready) == MOST_UNREAD // 2:
                    self._stdout.resume_reading()
            if self.gone.is_set():
                return
            self._news.clear()
            await self._news.wait()

    def stderr_tail(self) -> str:
        lines = b"".join(self._stderr).decode("utf-8", "replace").splitlines()
        return "\n".join(line[:300] for line in lines[-5:] if line.strip())


def marked(mark: str) -> list[psutil.Process]:
    """Every process that carries the mark of an agent. Reads all of them: call it from a thread."""
    return processes.marked(MARK, mark)


def end_orphans(mark: str) -> int:
    """Kill agents that outlived the server that started them, with their tools. Returns how many agents there were.

    What an agent that is gone has left running, such as a development server, is left alone.
    """
    found = {one.pid: one for one in marked(mark) if _is_agent(one)}
    agents = [one for one in found.values() if _parent(one) not in found]  # in the sandbox, bwrap's two look like it
    for agent in agents:
        processes.end([agent, *processes.family(agent.pid)])
    return len(agents)


def end_left(mark: str) -> int:
    """Kill what a turn left behind that was cut off by the end of the server: its agent, and every command it had begun.

    Returns how many processes there were.
    """
    found = marked(mark)
    processes.end([*found, *(child for one in found for child in processes.family(one.pid))])
    return len(found)


def _parent(process: psutil.Process) -> int:
    with contextlib.suppress(psutil.Error):
        return int(process.ppid())
    return 0


def _is_agent(process: psutil.Process) -> bool:
    with contextlib.suppress(psutil.Error):
        return "stream-json" in process.cmdline()
    return False
