"""Real servers on loopback, and a fetcher that may reach them; only these two edges differ from the product."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from ipaddress import ip_address
from typing import Any

import pytest
import trustme

from phonework.web.addresses import IP, Reach, is_public
from phonework.web.fetching import Fetcher

Answer = Callable[[str, asyncio.StreamWriter], Awaitable[None]]


@dataclass
class Site:
    """A server that answers each path with what the test says. requests: their heads. open_connections: now."""

    answers: dict[str, Answer] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)
    open_connections: int = 0
    port: int = 0
    closed: asyncio.Event = field(default_factory=asyncio.Event)

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

    def redirects(self, path: str, location: str, status: int = 302) -> None:
        self.says(path, b"", status=status, Location=location)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.open_connections += 1
        self.closed.clear()
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            self.requests.append(head)
            path = head.split(" ")[1]
            await self.answers[path](head, writer)
            await writer.drain()
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


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    async with served() as site:
        yield site


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    return trustme.CA()


LOOPBACK = Reach(addresses=lambda ip: is_public(ip) or ip == ip_address("127.0.0.1"), ports=lambda _port: True)


class Names:
    """A resolver that answers as the test says, each time with the next answer; the last one stays."""

    def __init__(self, **numbers: Sequence[Sequence[str]]) -> None:
        self.numbers = {name.replace("_", "."): list(answers) for name, answers in numbers.items()}
        self.asked: list[str] = []

    async def __call__(self, host: str, port: int) -> Sequence[IP]:
        self.asked.append(host)
        answers = self.numbers.get(host)
        if not answers:
            raise OSError("no such host")
        return tuple(map(ip_address, answers.pop(0) if len(answers) > 1 else answers[0]))


def fetcher(names: Names | None = None, *, reach: Reach = LOOPBACK, within: float = 10, **more: Any) -> Fetcher:
    names = names or Names(pages_example=[["127.0.0.1"]])
    return Fetcher(reach=reach, resolve=names, within=timedelta(seconds=within), **more)
