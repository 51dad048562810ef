"""What the fake servers share: one request a connection on loopback, replies that wait at gates, and running as a program."""

import argparse
import asyncio
import contextlib
import json
import sys
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, Self, TypeVar

T = TypeVar("T")
Server = TypeVar("Server", bound="LoopbackServer")


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request as it came. path: without the query, target: with it. headers: names in lower case."""

    method: str
    path: str
    target: str
    headers: dict[str, str]
    raw: bytes


class LoopbackServer(ABC):
    """Listens on loopback; `async with` starts and stops it. What is no request, or too large a one, gets no answer."""

    largest_body: ClassVar[int] = 64 * 1024 * 1024  # bytes

    def __init__(self, *, port: int = 0) -> None:
        self._port = port
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    @abstractmethod
    async def respond(self, request: Request, writer: asyncio.StreamWriter) -> None:
        """Answer one request, with `answer` or piece by piece and `finish`. Raises ValueError for what it cannot read."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", self._port)
        self._port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._server is not None:
            await self._server.wait_closed()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            if request := await self._read(reader):
                await self.respond(request, writer)
        except (ConnectionError, asyncio.IncompleteReadError, ValueError, asyncio.CancelledError):
            pass  # the client went away, sent something that is no request, or we are being stopped
        finally:
            self._tasks.discard(task)
            if not writer.is_closing():
                writer.transport.abort()

    async def _read(self, reader: asyncio.StreamReader) -> Request | None:
        first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        method, target, _ = first.split(" ", 2)
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines if line)}
        size = int(headers.get("content-length", "0"))
        if size > self.largest_body:
            return None
        raw = await reader.readexactly(size)
        return Request(method=method, path=target.partition("?")[0], target=target, headers=headers, raw=raw)


class ScriptedServer(LoopbackServer, Generic[T]):
    """One that remembers what it was asked, and whose replies can be held back. requests: all that came."""

    def __init__(self, *, port: int = 0) -> None:
        super().__init__(port=port)
        self.requests: list[T] = []
        self._gates: dict[str, asyncio.Event] = {}
        self._reached: dict[str, asyncio.Event] = {}
        self._news = asyncio.Condition()

    async def remember(self, request: T) -> None:
        async with self._news:
            self.requests.append(request)
            self._news.notify_all()

    async def requested(self, count: int = 1) -> T:
        """The request with this number, waiting for it."""
        async with self._news:
            await self._news.wait_for(lambda: len(self.requests) >= count)
        return self.requests[count - 1]

    def open(self, name: str) -> None:
        """Let the replies at this gate go on."""
        self._gates.setdefault(name, asyncio.Event()).set()

    async def reached(self, name: str) -> None:
        """Return when a reply waits at this gate."""
        await self._reached.setdefault(name, asyncio.Event()).wait()

    async def pause(self, block: Mapping[str, Any], writer: asyncio.StreamWriter) -> bool:
        """Wait where a block of a reply says so, with {"gate"} or {"hang"}; True when the connection is dropped here."""
        if "disconnect" in block:
            await writer.drain()
            writer.transport.abort()
            return True
        if "hang" in block or "gate" in block:
            await writer.drain()
            name = str(block.get("gate", "hang"))
            self._reached.setdefault(name, asyncio.Event()).set()
            await self._gates.setdefault(name, asyncio.Event()).wait()
        return False

    async def serve_control(self, request: Request, told: object, writer: asyncio.StreamWriter) -> None:
        """What other processes ask of the fake itself: open a gate, or tell what it was asked; anything else is not here."""
        if request.method == "POST" and request.path.startswith("/_fake/open/"):
            self.open(request.path.removeprefix("/_fake/open/"))
            await answer(writer, 200, b"{}")
        elif request.path == "/_fake/requests":
            await answer(writer, 200, json.dumps(told).encode())
        else:
            await answer(writer, 404, b"404 page not found", "text/plain")


async def answer(
    writer: asyncio.StreamWriter,
    status: int,
    body: bytes,
    kind: str = "application/json",
    extra: Mapping[str, str] | None = None,
) -> None:
    """A whole answer. extra: more headers."""
    lines = [f"HTTP/1.1 {status} fake", f"Content-Type: {kind}", f"Content-Length: {len(body)}", "Connection: close"]
    lines += [f"{name}: {value}" for name, value in (extra or {}).items()]
    writer.write("\r\n".join([*lines, "", ""]).encode() + body)
    await finish(writer)


async def finish(writer: asyncio.StreamWriter, last: bytes = b"") -> None:
    """Close once everything is sent."""
    writer.write(last)
    await writer.drain()
    writer.close()
    await writer.wait_closed()


def run(description: str, make: Callable[[int], Server], told: Callable[[Server], Mapping[str, str]]) -> None:
    """As a program: serve until interrupted, after one line of JSON on stdout. told: what stands in it, like the address."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--port", type=int, default=0, help="0: any free port (default)")

    async def serve(port: int) -> None:
        async with make(port) as server:
            sys.stdout.write(json.dumps(told(server)) + "\n")
            sys.stdout.flush()
            await asyncio.Event().wait()

    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve(parser.parse_args().port))
