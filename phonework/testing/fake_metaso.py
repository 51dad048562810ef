"""A Metaso on loopback, so that the web tools run without a network or an account.

In a test: `async with FakeMetaso() as api`, and give the client `api.url` and `KEY`. `api.will(...)` says what the next answers
are; otherwise it finds a few made-up pages that repeat the question. As a program it prints one line of JSON with its address:
`python -m phonework.testing.fake_metaso --port 0`. The shapes of its answers are those the real one was seen to give.
"""

import asyncio
import json
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from phonework.testing.loopback import LoopbackServer, Request, finish, run

KEY: Final = "mk-0123456789ABCDEF0123456789ABCDEF"
MADE_UP: Final = "【演示内容，并非真实结果 / made up, no real result】"
"""Begins what it says to a person who tries PhoneWork out: they must not take it for what the web says."""
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


class FakeMetaso(LoopbackServer):
    """The server. asked: all that came, in order. label: what its made-up words begin with."""

    largest_body = 1024 * 1024

    def __init__(self, *, port: int = 0, label: str = "") -> None:
        super().__init__(port=port)
        self._label = f"{label} " if label else ""
        self.asked: list[Asked] = []
        self._answers: deque[Told] = deque()

    def will(self, *answers: Told) -> None:
        """Answer the next requests with these."""
        self._answers.extend(answers)

    async def respond(self, request: Request, writer: asyncio.StreamWriter) -> None:
        body = json.loads(request.raw) if request.raw else {}
        asked = Asked(call=request.path.removeprefix("/api/v1/"), headers=request.headers, body=body)
        self.asked.append(asked)
        await _tell(writer, self._answer(asked) if request.method == "POST" else Told(status=404, body=b"not found"))

    def _answer(self, asked: Asked) -> Told:
        if self._answers:
            return self._answers.popleft()
        if asked.headers.get("authorization") != f"Bearer {KEY}":
            return Told(status=401, body={"errCode": 2005, "errMsg": "Unauthorized"})
        match asked.call:
            case "search":
                return Told(
                    body=found(
                        str(asked.body.get("q")), str(asked.body.get("scope")), asked.body.get("size", 10), self._label
                    )
                )
            case "reader":
                return Told(body=page(str(asked.body.get("url")), self._label))
            case "chat/completions":
                return Told(body=answer(str(asked.body["messages"][-1]["content"]), self._label))
            case _:
                return Told(status=404, body=b"404 page not found")


def found(question: str, scope: str, size: int, label: str = "") -> dict[str, Any]:
    """What a search finds: three pages about anything."""
    results = [
        {
            "title": f"{question}: {what}",
            "link": f"https://example.org/{scope}/{number}",
            "score": "high",
            "snippet": f"{label}A short piece of page {number}.",
            "summary": f"{label}Page {number} says what is known of {question}.",
            "position": number,
            "date": f"2026-01-0{number}",
            "authors": ["Ada Example"],
        }
        for number, what in enumerate(("an introduction", "the details", "what people ask"), start=1)
    ]
    return {"credits": 3, "searchParameters": {"q": question, "scope": scope}, _LISTS.get(scope, "webpages"): results[:size], "total": 3}  # fmt: skip


def page(url: str, label: str = "") -> dict[str, Any]:
    return {"url": url, "title": "A page", "author": "Ada Example", "date": "2026-01-01", "markdown": f"# A page\n\n{label}From {url}."}  # fmt: skip


def answer(question: str, label: str = "") -> dict[str, Any]:
    message = {
        "role": "assistant",
        "content": f"{label}This is known of “{question}” [[1]].",
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
    await finish(writer)


def main() -> None:
    """Serve until interrupted."""
    run(
        "A fake Metaso on loopback that finds made-up pages.",
        lambda port: FakeMetaso(port=port),
        lambda api: {"url": api.url, "key": KEY},
    )


if __name__ == "__main__":
    main()
