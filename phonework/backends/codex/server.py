"""The one app-server of a data directory: started when first needed, watched, connected to again, and started anew when it dies."""

import asyncio
import contextlib
import os
import signal
from collections import deque
from collections.abc import Awaitable, Mapping, Sequence
from pathlib import Path
from time import monotonic
from typing import Any, Final, Protocol

import structlog
from filelock import FileLock, Timeout
from websockets.exceptions import WebSocketException

from phonework import __version__, processes
from phonework.backends.codex import program
from phonework.backends.codex.frames import Call, Note
from phonework.backends.codex.rpc import Connection, DisconnectedError, RpcError
from phonework.backends.codex.settings import CodexSettings
from phonework.errors import BackendError

log = structlog.get_logger(__name__)

UP_WITHIN: Final = 20.0  # seconds; 0.05 to 0.3 as a rule
LOOKS_EVERY: Final = 0.02  # seconds between looks whether it listens already
RECONNECTS_WITHIN: Final = 5.0  # seconds; then a server that lives but does not answer is ended
ENDS_WITHIN: Final = 1.0  # seconds after it was asked to end
PAUSES: Final = (0.0, 0.5, 2.0, 8.0, 20.0)
"""Seconds before the next start, by how often it has died early."""
EARLY: Final = 60.0  # seconds of life
_DEFAULTS: Final = "using defaults"  # what a configWarning says when the configuration was not taken


class Listener(Protocol):
    """Who hears of the server."""

    async def frame(self, frame: Call | Note) -> None:
        """A request or notification, in order."""

    async def died(self, reason: BackendError) -> None:
        """It is gone, with everything that ran in it."""

    async def again(self) -> None:
        """The connection had broken and there is a new one; nothing is known of what was said meanwhile."""


class AppServer:
    """`alive`: its process runs. `connection` is None while there is none."""

    def __init__(self, settings: CodexSettings, data_dir: Path, listener: Listener) -> None:
        self._settings, self._data_dir, self._listener = settings, data_dir, listener
        self._socket = data_dir / "app-server.sock"
        self._lock = FileLock(str(data_dir / "app-server.lock"), thread_local=False)
        self._once = asyncio.Lock()
        self._process: _Process | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._early_deaths = 0
        self._refused = ""  # what the server says of a configuration it did not take
        self._ending = False
        self.connection: Connection | None = None

    @property
    def alive(self) -> bool:
        return self._process is not None and self._process.returncode is None

    @property
    def pid(self) -> int:
        """Of the program that keeps the server; 0 when there is none."""
        return self._process.pid if self._process is not None and self.alive else 0

    async def request(self, method: str, params: Mapping[str, Any], **more: float) -> Mapping[str, Any]:
        """Ask a server that runs, after starting one if need be. Raises BackendError, RpcError, DisconnectedError."""
        try:
            return await (await self.connected()).request(method, params, **more)
        except TimeoutError:
            raise BackendError("codex.no_reaction") from None

    async def connected(self) -> Connection:
        """A connection that is open. Raises BackendError with the reason why there is none."""
        async with self._once:
            if self.connection is not None and not self.connection.closed.is_set():
                return self.connection
            if self._ending:
                raise BackendError("codex.ended")
            if self.alive:
                try:
                    return await self._connect(UP_WITHIN)
                except BackendError:
                    if self.alive or self.connection is None:
                        raise  # it is there, or never was up; else it was just about to die when its connection broke
            if self._process is not None:
                await self._bury(self._process)
            await self._start()
            return await self._connect(UP_WITHIN)

    # Starting

    async def _start(self) -> None:
        await asyncio.to_thread(self._own)
        if left := await asyncio.to_thread(self.end_left):
            log.warning("what an earlier Codex had left running was ended", count=left)
        await asyncio.sleep(PAUSES[min(self._early_deaths, len(PAUSES) - 1)])
        self._refused = ""
        words = program.server_words(program.find(self._settings.cli_path), self._socket)
        try:
            process = await _Process.start(
                words, cwd=self._data_dir, env=program.environment(self._settings, self.mark)
            )
        except OSError as error:
            raise BackendError("codex.not_started", problem=error.strerror or str(error)) from error
        self._process = process
        self._soon(self._watch(process))

    def _own(self) -> None:
        """Make the directory ours alone, and be the only ones who run a server for it."""
        self._data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._data_dir.chmod(0o700)
        if not self._lock.is_locked:
            try:
                self._lock.acquire(blocking=False)
            except Timeout:
                raise BackendError("codex.other_server", directory=str(self._data_dir)) from None
        self._socket.unlink(missing_ok=True)

    @property
    def mark(self) -> str:
        """What is in the environment of the server and all it starts."""
        return f"{self._data_dir}:server"

    def end_left(self) -> int:
        """End a server of this directory that outlived its PhoneWork, with all it had started. Blocks; 0 while ours runs."""
        return 0 if self.alive else processes.end_marked(program.MARK, self.mark)

    async def _connect(self, within: float) -> Connection:
        """Raises BackendError when the server ends, or does not answer in time."""
        try:
            async with asyncio.timeout(within):
                self.connection = await self._introduced()
        except TimeoutError:
            await self.kill()
            raise BackendError("codex.not_up", seconds=f"{within:.0f}") from None
        except (RpcError, DisconnectedError) as error:
            await self.kill()
            raise BackendError("codex.not_started", problem=program.detail(str(error))) from error
        self._soon(self._lose(self.connection))
        return self.connection

    async def _introduced(self) -> Connection:
        connection = await self._opened()
        client = {"name": "phonework", "title": "PhoneWork", "version": __version__}
        try:
            await connection.request(
                "initialize", {"clientInfo": client, "capabilities": {"experimentalApi": True}}, within=UP_WITHIN
            )
            await connection.notify("initialized")
            # An answer to a further request comes after every warning about the configuration.
            await connection.request("thread/loaded/list", {})
        except BaseException:
            await connection.close()
            raise
        if self._refused:
            await connection.close()
            await self.kill()
            raise BackendError("codex.configuration", said=self._refused)
        return connection

    async def _opened(self) -> Connection:
        while True:
            try:
                return await Connection.open(self._socket, self._take)
            except (OSError, WebSocketException):
                if not self.alive:
                    raise self._why_gone() from None
            await asyncio.sleep(LOOKS_EVERY)

    async def _take(self, frame: Call | Note) -> None:
        if frame.method == "configWarning":
            self._warned(frame.params)
        await self._listener.frame(frame)

    def _warned(self, params: Mapping[str, Any]) -> None:
        said = program.detail(" ".join(str(params.get(key) or "") for key in ("summary", "details")))
        log.info("Codex warns of its configuration", said=said)
        if _DEFAULTS in said:
            self._refused = said

    # Watching

    async def _watch(self, process: "_Process") -> None:
        await process.exited.wait()
        async with self._once:
            await self._bury(process)

    async def _bury(self, process: "_Process") -> None:
        """Tell, once, that it is gone: before another one is started, of which nothing must be ended or told then."""
        if process.buried or self._ending:
            return
        process.buried, self.connection = True, None
        self._early_deaths = self._early_deaths + 1 if monotonic() - process.begun < EARLY else 0
        await process.close()
        await asyncio.to_thread(self.end_left)  # what it ran without a sandbox goes on without it
        log.warning("Codex has ended", code=process.returncode)
        await self._listener.died(self._why_gone())

    async def _lose(self, connection: Connection) -> None:
        """When the connection breaks and the server lives: connect again, and if that cannot be done, end it."""
        process = self._process
        await connection.closed.wait()
        await connection.close()
        if self._ending or not await self._outlives():
            return
        async with self._once:
            if self._process is not process:
                return  # it died all the same, and of its successor's connection nothing is lost
            try:
                if self.connection is connection:  # else somebody needed another one before us
                    await self._connect(RECONNECTS_WITHIN)
            except BackendError as error:
                log.warning("Codex cannot be reached any more", why=str(error))
                await self.kill()
                return
        await self._listener.again()

    async def _outlives(self) -> bool:
        """Whether the process is still there a moment after its connection broke."""
        process = self._process
        if process is None:
            return False
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(process.exited.wait(), 0.3)
        return process.returncode is None

    def _why_gone(self) -> BackendError:
        code = self._process.returncode if self._process is not None else None
        said = program.why(self._process.complaints if self._process is not None else "")
        if code == 1 and said.startswith("Error"):
            return BackendError("codex.configuration", said=said)
        if code is not None and code < 0:
            return BackendError("codex.signal", signal=signal.Signals(-code).name, said=said)
        return BackendError("codex.exit", code=str(code), said=said)

    # Ending

    async def kill(self) -> None:
        """End it and all it started, at once; `died` is told of it."""
        process = self._process
        if process is None or process.returncode is not None:
            return
        family = await asyncio.to_thread(processes.family, process.pid)
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        processes.end(family)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(process.exited.wait(), ENDS_WITHIN)

    async def aclose(self) -> None:
        """End it without telling anybody: what became of its turns is looked up at the next start."""
        self._ending = True
        if self.connection is not None:
            await self.connection.close()
        if self._process is not None:
            # It would wait for running turns, and for ever for one that asks; told twice it ends at once and in good order.
            await self._told_to_end(self._process)
            await self.kill()
            await self._process.close()
        await asyncio.to_thread(self._cleared)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _told_to_end(self, process: "_Process") -> None:
        for patience in (0.15, ENDS_WITHIN):
            process.terminate()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(process.exited.wait(), patience)
                return

    def _cleared(self) -> None:
        processes.end_marked(program.MARK, self.mark)
        if self._lock.is_locked:
            self._socket.unlink(missing_ok=True)
            self._lock.release()

    def _soon(self, work: Awaitable[None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


class _Process(asyncio.SubprocessProtocol):
    """A running server. complaints: the end of what it wrote to its standard error. buried: its end was told."""

    def __init__(self) -> None:
        self.exited, self._released = asyncio.Event(), asyncio.Event()
        self.begun, self.buried = monotonic(), False
        self._said: deque[bytes] = deque(maxlen=40)
        self._transport: asyncio.SubprocessTransport | None = None

    @classmethod
    async def start(cls, words: Sequence[str], *, cwd: Path, env: Mapping[str, str]) -> "_Process":
        """Raises OSError."""
        nothing = asyncio.subprocess.DEVNULL
        transport, process = await asyncio.get_running_loop().subprocess_exec(
            cls,
            *words,
            cwd=cwd,
            env=env,
            stdin=nothing,
            stdout=nothing,
            start_new_session=True,  # a Ctrl-C at our terminal is ours to handle
        )
        process._transport = transport
        return process

    @property
    def pid(self) -> int:
        return self._transport.get_pid() if self._transport is not None else 0

    @property
    def returncode(self) -> int | None:
        return self._transport.get_returncode() if self._transport is not None else None

    @property
    def complaints(self) -> str:
        return b"".join(self._said).decode("utf-8", "replace")

    def terminate(self) -> None:
        if self._transport is not None:
            with contextlib.suppress(ProcessLookupError):
                self._transport.terminate()

    async def close(self) -> None:
        """Let go of it once it has ended; what it started may hold its pipe open, and must not hold us."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._released.wait(), 0.2)
        if self._transport is not None:
            self._transport.close()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._released.wait(), 0.2)

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        self._said.append(data[-4000:])

    def process_exited(self) -> None:
        self.exited.set()

    def connection_lost(self, exc: Exception | None) -> None:
        self._released.set()
