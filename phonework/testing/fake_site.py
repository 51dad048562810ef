"""A site on loopback that answers as a test says, down to the byte."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

Answer = Callable[[str, asyncio.StreamWriter], Awaitable[None]]


@dataclass
class Site:
    """A server that answers each path with what the test says. requests: their heads. open_connections: now. asked: something came."""

    answers: dict[str, Answer] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)
    open_connections: int = 0
    port: int = 0
    closed: asyncio.Event = field(default_factory=asyncio.Event)
    asked: asyncio.Event = field(default_factory=asyncio.Event)
    unended: set[str] = field(default_factory=set)

    def says(
        self, path: str, body: bytes, kind: str = "text/html; charset=utf-8", *, status: int = 200, **more: str
    ) -> None:
        head = [f"HTTP/1.1 {status} X", f"Content-Length: {len(body)}", "Connection: close"]
        head += [f"Content-Type: {kind}"] if kind else []
        head += [f"{name.replace('_', '-')}: {value}" for name, value in more.items()]
        self.sends(path, "\r\n".join([*head, "", ""]).encode() + body)

    def sends(self, path: str, raw: bytes) -> None:
        async def answer(_head: str, writer: asyncio.StreamWriter) -> None:
            writer.write(raw)

        self.answers[path] = answer

    def begins(self, path: str, raw: bytes = b"") -> None:
        """Say this, and nothing more until the other side goes away."""
        self.sends(path, raw)
        self.unended.add(path)

    def redirects(self, path: str, location: str, status: int = 302) -> None:
        self.says(path, b"", status=status, Location=location)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.open_connections += 1
        self.closed.clear()
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            self.requests.append(head)
            self.asked.set()
            path = head.split(" ")[1]
            await self.answers[path](head, writer)
            await writer.drain()
            if path in self.unended:
                await reader.read()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.transport.abort() if writer.transport.is_closing() else writer.close()
            self.open_connections -= 1
            self.closed.set()


@contextlib.asynccontextmanager
async def served(tls: ssl.SSLContext | None = None) -> AsyncIterator[Site]:
    site = Site()
    tasks: set[asyncio.Task[Any]] = set()

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        with contextlib.suppress(asyncio.CancelledError):
            await site.serve(reader, writer)
        tasks.discard(task)

    server = await asyncio.start_server(accept, "127.0.0.1", 0, ssl=tls)
    site.port = server.sockets[0].getsockname()[1]
    try:
        yield site
    finally:
        server.close()
        for task in list(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
