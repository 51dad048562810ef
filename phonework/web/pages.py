"""A fetched page as text: HTML through a program of its own, other text as it is, anything else described and refused."""

import asyncio
import contextlib
import os
import re
import sys
from dataclasses import dataclass
from datetime import timedelta
from importlib.util import find_spec
from typing import Final

import msgspec

from phonework.files.content import is_binary
from phonework.files.reading import in_words
from phonework.pipes import gone
from phonework.web.addresses import refused
from phonework.web.charsets import decode
from phonework.web.fetching import Fetched

WITHIN: Final = timedelta(seconds=15)
_HTML: Final = frozenset({"text/html", "application/xhtml+xml"})
_TEXT: Final = re.compile(
    r"text/[\w.+-]+|application/(?:[\w.-]+\+)?(?:json|xml|yaml|toml|javascript|x-ndjson|x-yaml|rss|atom)"
)
_LOOKS_LIKE_HTML: Final = re.compile(
    r"\s*(?:<!--.{0,500}?-->\s*)?<(?:!doctype\s+html|html|head|body)\b", re.IGNORECASE | re.DOTALL
)
_CHUNK: Final = 64 * 1024
_MOST_SAID: Final = 4 * 1024 * 1024  # bytes of the program's answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What a page says. cut: there was more of it than we take."""

    url: str
    text: str
    title: str = ""
    cut: bool = False


class _Said(msgspec.Struct):
    title: str
    text: str
    cut: bool


def knows_main_text() -> bool:
    """Whether what a page is about can be told from what surrounds it: the extra `web` is installed."""
    return find_spec("trafilatura") is not None


def is_html(fetched: Fetched) -> bool:
    if fetched.kind in _HTML:
        return True
    return not fetched.kind and bool(_LOOKS_LIKE_HTML.match(fetched.body[:2000].decode("latin-1")))


async def text_of(fetched: Fetched, *, within: timedelta = WITHIN) -> Page:
    """The page as text. Raises RefusedError: web_not_text, web_empty, web_unreadable."""
    if is_html(fetched):
        page = await _extracted(fetched, within)
    else:
        page = Page(url=fetched.url, text=_plain(fetched), cut=fetched.cut)
    if not page.text.strip():
        raise refused("web_empty", fetched.url)
    return page


def _plain(fetched: Fetched) -> str:
    if (fetched.kind and not _TEXT.fullmatch(fetched.kind)) or is_binary(fetched.body):
        size = f"> {in_words(len(fetched.body))}" if fetched.cut else in_words(len(fetched.body))
        raise refused("web_not_text", fetched.url, kind=fetched.kind or "?", size=size)
    return decode(fetched.body, fetched.charset)


async def _extracted(fetched: Fetched, within: timedelta) -> Page:
    """In the best way that can be had; where that fails on this page, in the plain one."""
    page = decode(fetched.body, fetched.charset).encode("utf-8", "replace")
    for how in ("best", "plain") if knows_main_text() else ("plain",):
        said = await _asked(how, fetched.url, page, within)
        if said is not None:
            return Page(url=fetched.url, title=said.title[:300], text=said.text, cut=fetched.cut or said.cut)
    raise refused("web_unreadable", fetched.url)


async def _asked(how: str, url: str, page: bytes, within: timedelta) -> _Said | None:
    """What the program says of the page; None when it failed or took too long. It does not outlive the call."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-P", "-m", "phonework.web.extract", url, how,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env={"PATH": os.environ.get("PATH", os.defpath), "PYTHONIOENCODING": "utf-8"},  # our secrets are not its business
        cwd="/",
    )  # fmt: skip
    try:
        async with asyncio.timeout(within.total_seconds()):
            return msgspec.json.decode(await _answer(process, page), type=_Said)
    except (TimeoutError, msgspec.DecodeError, OSError):
        return None
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await asyncio.shield(gone(process))


async def _answer(process: asyncio.subprocess.Process, page: bytes) -> bytes:
    """All it says, up to a limit. It reads the whole page before it says anything."""
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(page)
    await process.stdin.drain()
    process.stdin.close()
    said = bytearray()
    while len(said) <= _MOST_SAID and (part := await process.stdout.read(_CHUNK)):
        said += part
    return bytes(said[:_MOST_SAID])
