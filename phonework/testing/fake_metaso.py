"""A Metaso on loopback, so that the web tools run without a network or an account.

In a test: `async with FakeMetaso() as api`, and give the client `api.url` and `KEY`. `api.will(...)` says what the next answers
are; otherwise it finds a few made-up pages that repeat the question. As a program it prints one line of JSON with its address:
`python -m phonework.testing.fake_metaso --port 0`. The shapes of its answers are those the real one was seen to give.
"""

import argparse
import asyncio
import contextlib
import json
import sys
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Self

KEY: Final = "mk-0123456789ABCDEF0123456789ABCDEF"
LARGEST_BODY: Final = 1024 * 1024  # bytes
_LISTS: Final = {
    "webpage": "webpages", "scholar": "scholars", "document": "documents", "video": "videos", "podcast": "podcasts",
    "image": "images",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One request as it came. call: `search`, `reader` or `chat/completions`."""

    call: str
    headers: Mapping[str, str]
    body: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One answer. body: JSON, or bytes as they are. hangs: nothing comes. endless: the body is repeated for ever."""

    status: int = 200
    body: Any = field(default_factory=dict)
    hangs: bool = False
    endless: bool = False

    @property
    def raw(self) -> bytes:
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()


def failure(code: int, words: str) -> Told:
    """A failure the way Metaso tells it: HTTP says that all is well."""
    return Told(body={"errCode": code, "errMsg": words})


class FakeMetaso:
    """The server. asked: all that came, in order."""

    def __init__(self, *, port: int = 0) -> None:
        self.asked: list[Asked] = []
        self._answers: deque[Told] = deque()
        self._port = port
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    def will(self, *answers: Told) -> None:
        """Answer the next requests with these."""
        self._answers.extend(answers)

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", self._port)
        self._port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._server.wait_closed()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            await self._serve(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError, ValueError, asyncio.CancelledError):
            pass  # the client went away, sent what is no request, or we are being stopped
        finally:
            self._tasks.discard(task)
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        method, target, _ = first.split(" ", 2)
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines if line)}
        size = int(headers.get("content-length", "0"))
        body = json.loads(await reader.readexactly(size)) if 0 < size <= LARGEST_BODY else {}
        asked = Asked(call=target.removeprefix("/api/v1/"), headers=headers, body=body)
        self.asked.append(asked)
        await _tell(writer, self._answer(asked) if method == "POST" else Told(status=404, body=b"not found"))

    def _answer(self, asked: Asked) -> Told:
        if self._answers:
            return self._answers.popleft()
        if asked.headers.get("authorization") != f"Bearer {KEY}":
            return Told(status=401, body={"errCode": 2005, "errMsg": "Unauthorized"})
        match asked.call:
            case "search":
                return Told(
                    body=found(str(asked.body.get("q")), str(asked.body.get("scope")), asked.body.get("size", 10))
                )
            case "reader":
                return Told(body=page(str(asked.body.get("url"))))
            case "chat/completions":
                return Told(body=answer(str(asked.body["messages"][-1]["content"])))
            case _:
                return Told(status=404, body=b"404 page not found")


def found(question: str, scope: str, size: int) -> dict[str, Any]:
    """What a search finds: three pages about anything."""
    results = [
        {
            "title": f"{question}: {what}",
            "link": f"https://example.org/{scope}/{number}",
            "score": "high",
            "snippet": f"A short piece of page {number}.",
            "summary": f"Page {number} says what is known of {question}.",
            "position": number,
            "date": f"2026-01-0{number}",
            "authors": ["Ada Example"],
        }
        for number, what in enumerate(("an introduction", "the details", "what people ask"), start=1)
    ]
    return {"credits": 3, "searchParameters": {"q": question, "scope": scope}, _LISTS.get(scope, "webpages"): results[:size], "total": 3}  # fmt: skip


def page(url: str) -> dict[str, Any]:
    return {"url": url, "title": "A page", "author": "Ada Example", "date": "2026-01-01", "markdown": f"# A page\n\nFrom {url}."}  # fmt: skip


def answer(question: str) -> dict[str, Any]:
    message = {
        "role": "assistant",
        "content": f"This is known of “{question}” [[1]].",
        "citations": [{"title": "A source", "link": "https://example.org/source", "date": "2026-01-01"}],
    }
    return {"id": "1", "model": "fast", "choices": [{"index": 0, "message": message, "finish_reason": "stop"}]}


async def _tell(writer: asyncio.StreamWriter, told: Told) -> None:
    if told.hangs:
        await asyncio.Event().wait()
    length = [] if told.endless else [f"Content-Length: {len(told.raw)}"]
    head = [f"HTTP/1.1 {told.status} X", "Content-Type: application/json", "Connection: close", *length, "", ""]
    writer.write("\r\n".join(head).encode() + told.raw)
    while told.endless:
        await writer.drain()
        writer.write(told.raw)
    await writer.drain()
    writer.close()
    await writer.wait_closed()


async def _serve_for_ever(port: int) -> None:
    async with FakeMetaso(port=port) as api:
        sys.stdout.write(json.dumps({"url": api.url, "key": KEY}) + "\n")
        sys.stdout.flush()
        await asyncio.Event().wait()


def main() -> None:
    """Serve until interrupted."""
    parser = argparse.ArgumentParser(description="A fake Metaso on loopback that finds made-up pages.")
    parser.add_argument("--port", type=int, default=0, help="0: any free port (default)")
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_serve_for_ever(parser.parse_args().port))


if __name__ == "__main__":
    main()
