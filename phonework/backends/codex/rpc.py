"""One connection to Codex's app-server: a WebSocket over its private socket, on which both sides make requests."""

import asyncio
import contextlib
import itertools
import os
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

import structlog
from websockets.asyncio.client import ClientConnection, unix_connect
from websockets.exceptions import WebSocketException

from phonework.backends.codex import frames
from phonework.backends.codex.frames import Call, Id, Note, Reply

log = structlog.get_logger(__name__)

LONGEST_FRAME = (
    64 * 1024 * 1024
)  # bytes; a longer one ends the connection, and what it said is looked up after the next
WITHIN = 15.0  # seconds for an answer; most come within 0.05, a first thread takes 0.2
TRIES_AGAIN_AFTER = (0.05, 0.2, 0.8, 2.0)  # seconds, when the server says that it has too much to do


class RpcError(Exception):
    """The server refused a request, in these words."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


class DisconnectedError(Exception):
    """The connection ended before there was an answer; whether the request was carried out is not known."""


def _our_own(path: Path) -> Path:
    """Where the link leads. Raises OSError when anybody else could listen there: Codex puts its sockets below /tmp (0.163.0)."""
    real = path.resolve(strict=True)
    if any(one.stat().st_uid != os.geteuid() for one in (real, real.parent)) or real.parent.stat().st_mode & 0o022:
        raise PermissionError(f"{real} is not ours alone")
    return real


class Connection:
    """on_frame gets every request and notification of the server, in order. `closed` is set when nothing more comes."""

    def __init__(self, socket: ClientConnection, on_frame: Callable[[Call | Note], Awaitable[None]]) -> None:
        self._socket, self._on_frame = socket, on_frame
        self._numbers = itertools.count(1)
        self._asked: dict[Id, asyncio.Future[Reply]] = {}
        self.closed = asyncio.Event()
        self._reading = asyncio.create_task(self._read(), name="codex connection")

    @classmethod
    async def open(cls, path: Path, on_frame: Callable[[Call | Note], Awaitable[None]]) -> "Connection":
        """Raises OSError or WebSocketException when nobody answers there."""
        # Codex puts a link where it was told to listen, so that its own path is always short enough for a socket's.
        real = await asyncio.to_thread(_our_own, path)
        socket = await unix_connect(
            str(real),
            "ws://localhost/",
            max_size=LONGEST_FRAME,
            compression=None,
            proxy=None,
            ping_interval=None,  # the process is watched; a busy loop of ours must not look like a dead peer
            open_timeout=5,
            close_timeout=0.5,
        )
        return cls(socket, on_frame)

    async def request(self, method: str, params: Mapping[str, Any], *, within: float = WITHIN) -> Mapping[str, Any]:
        """What the server says. Raises RpcError when it refuses, DisconnectedError, and TimeoutError."""
        for pause in TRIES_AGAIN_AFTER:
            reply = await self._ask(method, params, within)
            if reply.code != frames.OVERLOADED:
                break
            await asyncio.sleep(pause)
        if reply.code:
            raise RpcError(reply.code, reply.message)
        return reply.result

    async def _ask(self, method: str, params: Mapping[str, Any], within: float) -> Reply:
        number = next(self._numbers)
        asked: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        self._asked[number] = asked
        try:
            async with asyncio.timeout(within):
                await self._send(frames.request(number, method, params))
                return await asked
        finally:
            self._asked.pop(number, None)

    async def notify(self, method: str) -> None:
        await self._send(frames.notification(method))

    async def answer(self, identity: Id, result: Mapping[str, Any]) -> None:
        """Raises DisconnectedError."""
        await self._send(frames.answer(identity, result))

    async def refuse(self, identity: Id, message: str) -> None:
        """For requests nobody here can answer: silence would hold the turn for ever. Raises DisconnectedError."""
        await self._send(frames.refusal(identity, message))

    async def close(self) -> None:
        with contextlib.suppress(WebSocketException, OSError):
            await self._socket.close()
        self._reading.cancel()
        await asyncio.wait({self._reading})

    async def _send(self, text: str) -> None:
        if self.closed.is_set():
            raise DisconnectedError("the connection has ended")
        try:
            await self._socket.send(text)
        except (WebSocketException, OSError) as error:
            raise DisconnectedError(str(error)) from error

    async def _read(self) -> None:
        try:
            async for message in self._socket:
                await self._take(message)
        except (WebSocketException, OSError) as error:
            log.info("the connection to Codex ended", why=str(error))
        finally:
            self.closed.set()
            for asked in self._asked.values():
                if not asked.done():
                    asked.set_exception(DisconnectedError("the connection ended"))

    async def _take(self, message: str | bytes) -> None:
        match frames.parse(message):
            case Reply() as reply:
                asked = self._asked.get(reply.id)
                if asked is not None and not asked.done():
                    asked.set_result(reply)
            case Call() | Note() as frame:
                await self._on_frame(frame)
            case None:
                log.warning("Codex said something that is no frame", size=len(message))
