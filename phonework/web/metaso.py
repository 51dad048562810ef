"""Metaso AI Search: search, read a page, ask with sources.

Source: Metaso's open API: `POST /api/v1/search`, `/api/v1/reader`, `/api/v1/chat/completions`; `Authorization: Bearer mk-…`.
"""

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Final

import msgspec

from phonework.errors import RefusedError
from phonework.one_line import one_line
from phonework.web.metaso_answers import Answered, Found, Scope, answer_of, page_of, problem_of, results_of
from phonework.web.pages import Page

if TYPE_CHECKING:
    import httpx2

SEARCH_WITHIN: Final = timedelta(seconds=20)
ANSWER_WITHIN: Final = timedelta(seconds=90)
MOST_BYTES: Final = 4 * 1024 * 1024
MODEL: Final = "fast"
_REFUSED_KEY: Final = frozenset({401, 403})


class Metaso:
    """One account. url: where the API is. The operator's proxies hold here: the server is known and the operator's choice."""

    def __init__(
        self, url: str, key: str, *, search_within: timedelta = SEARCH_WITHIN, answer_within: timedelta = ANSWER_WITHIN
    ) -> None:
        self._url, self._key = url.rstrip("/"), key
        self._search_within, self._answer_within = search_within, answer_within

    async def search(self, question: str, scope: Scope, count: int) -> tuple[Found, ...]:
        """The best results. Raises RefusedError with a sentence on what went wrong."""
        body = {"q": question, "scope": scope.wire, "size": count, "includeSummary": True, "includeRowContent": False}
        return results_of(await self._asked("search", body, self._search_within))[:count]

    async def read(self, url: str) -> Page:
        """A page as Metaso reads it. Raises RefusedError."""
        title, text = page_of(await self._asked("reader", {"url": url}, self._search_within))
        if not text.strip():
            raise RefusedError("web_metaso", problem="no text")
        return Page(url=url, title=title, text=text)

    async def ask(self, question: str, scope: Scope) -> Answered:
        """An answer with its sources. Raises RefusedError."""
        body = {
            "model": MODEL,
            "stream": False,
            "scope": scope.wire,
            "messages": [{"role": "user", "content": question}],
        }
        answered = answer_of(await self._asked("chat/completions", body, self._answer_within))
        if not answered.text:
            raise RefusedError("web_metaso", problem="no answer")
        return answered

    async def _asked(self, call: str, body: Mapping[str, object], within: timedelta) -> object:
        import httpx2

        try:
            async with asyncio.timeout(within.total_seconds()):
                status, raw = await self._sent(call, body, within)
        except TimeoutError as error:
            raise RefusedError("web_metaso_slow", seconds=f"{within.total_seconds():g}") from error
        except (httpx2.HTTPError, httpx2.StreamError, httpx2.InvalidURL, ValueError) as error:
            raise RefusedError("web_metaso_unreachable") from error
        return _understood(status, raw)

    async def _sent(self, call: str, body: Mapping[str, object], within: timedelta) -> tuple[int, bytes]:
        import httpx2

        headers = {"Authorization": f"Bearer {self._key}", "Accept": "application/json"}
        timeout = httpx2.Timeout(within.total_seconds(), connect=10)
        async with (
            httpx2.AsyncClient(timeout=timeout, headers=headers) as client,
            client.stream("POST", f"{self._url}/api/v1/{call}", json=dict(body)) as response,
        ):
            return response.status_code, await _body(response)


async def _body(response: "httpx2.Response") -> bytes:
    found = bytearray()
    async for part in response.aiter_bytes():
        found += part
        if len(found) > MOST_BYTES:
            raise RefusedError("web_metaso", problem=f"more than {MOST_BYTES // 1024**2} MB")
    return bytes(found)


def _understood(status: int, raw: bytes) -> object:
    """The answer. Raises RefusedError for a failure, however it is told."""
    try:
        answer: object = msgspec.json.decode(raw)
    except (msgspec.DecodeError, RecursionError):
        answer = None
    code, words = problem_of(answer) or ("", "")
    if status in _REFUSED_KEY or code in ("401", "403"):
        raise RefusedError("web_metaso_key")
    if status >= 400 or code or answer is None:
        problem = " ".join(part for part in (f"HTTP {status}" if status >= 400 else "", code, words) if part)
        raise RefusedError("web_metaso", problem=one_line(problem, 200) or "?")
    return answer
