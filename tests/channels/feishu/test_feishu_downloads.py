"""Fetching what came with a message from a Feishu that sends too much, too long, or nothing."""

import asyncio
import gzip
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from pydantic import SecretStr

from phonework.channels.feishu import api
from phonework.channels.feishu.api import Api
from phonework.channels.feishu.resources import fetch
from phonework.errors import ChannelError, TooLargeError
from phonework.fsm.types import Attachment

LIMIT = 1024 * 1024
FILE = Attachment(kind="file", key="file_v3_../1", message_id="om_1", name="a.bin")
Serve = Callable[[asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def feishu(serve: Serve) -> AsyncIterator[tuple[Api, list[str]]]:
    """A Feishu that answers one file like this. Yields the paths that were asked for, too."""
    asked: list[str] = []

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            line, *head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
            path = line.split(" ")[1]
            size = next((int(each.split(":")[1]) for each in head if each.lower().startswith("content-length")), 0)
            await reader.readexactly(size)
            if "tenant_access_token" in path:
                body = json.dumps({"code": 0, "msg": "ok", "tenant_access_token": "t", "expire": 7200}).encode()
                writer.write(_head("200 OK", f"Content-Length: {len(body)}") + body)
            else:
                asked.append(path)
                await serve(writer)
            await writer.drain()
        except ConnectionError:
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    try:
        yield Api("cli_downloads", SecretStr("secret"), f"http://127.0.0.1:{port}"), asked
    finally:
        server.close()


def _head(status: str, *lines: str) -> bytes:
    return "\r\n".join([f"HTTP/1.1 {status}", *lines, "Connection: close", "", ""]).encode()


async def test_a_file_that_says_it_is_too_large_is_not_read() -> None:
    async def serve(writer: asyncio.StreamWriter) -> None:
        writer.write(_head("200 OK", f"Content-Length: {200 * 1024 * 1024}"))
        await writer.drain()

    async with feishu(serve) as (calls, _):
        with pytest.raises(TooLargeError, match="1 MB"):
            await fetch(calls, FILE, LIMIT)


async def test_a_file_that_never_ends_is_read_up_to_the_limit() -> None:
    sent = 0

    async def serve(writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        writer.write(_head("200 OK", "Transfer-Encoding: chunked"))
        while True:
            writer.write(b"10000\r\n" + bytes(0x10000) + b"\r\n")
            sent += 0x10000
            await writer.drain()

    async with feishu(serve) as (calls, _):
        with pytest.raises(TooLargeError):
            await fetch(calls, FILE, LIMIT)
    assert sent < 64 * LIMIT


async def test_a_small_answer_that_unpacks_to_a_huge_file_is_stopped_too() -> None:
    packed = gzip.compress(bytes(64 * LIMIT))

    async def serve(writer: asyncio.StreamWriter) -> None:
        writer.write(_head("200 OK", "Content-Encoding: gzip", f"Content-Length: {len(packed)}") + packed)

    async with feishu(serve) as (calls, _):
        with pytest.raises(TooLargeError):
            await fetch(calls, FILE, LIMIT)


async def test_a_file_that_takes_for_ever_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api, "_DOWNLOAD_LIMIT_S", -1.0)

    async def serve(writer: asyncio.StreamWriter) -> None:
        writer.write(_head("200 OK", "Content-Length: 3") + b"abc")

    async with feishu(serve) as (calls, _):
        with pytest.raises(ChannelError, match="took more than") as refused:
            await fetch(calls, FILE, LIMIT)
    assert refused.value.retry_after is None


async def test_a_connection_that_breaks_off_is_tried_again() -> None:
    async def serve(writer: asyncio.StreamWriter) -> None:
        writer.write(_head("200 OK", "Content-Length: 1000") + b"abc")

    async with feishu(serve) as (calls, _):
        with pytest.raises(ChannelError) as refused:
            await fetch(calls, FILE, LIMIT)
    assert refused.value.retry_after is not None


@pytest.mark.parametrize(("code", "words"), [(234003, "does not belong"), (234043, "cannot be read")])
async def test_what_feishu_refuses_is_said(code: int, words: str) -> None:
    """A key of another message, a file in a merged forward."""
    async with feishu(_refusing(code)) as (calls, _):
        with pytest.raises(ChannelError, match=words) as refused:
            await fetch(calls, FILE, LIMIT)
    assert refused.value.retry_after is None


async def test_what_is_too_large_for_feishu_itself_is_said_as_of_every_file() -> None:
    """With the file's name and what to do, as of one that is over our own limit."""
    async with feishu(_refusing(234037)) as (calls, _):
        with pytest.raises(TooLargeError) as refused:
            await fetch(calls, FILE, LIMIT)
    assert (refused.value.limit, refused.value.retry_after) == ("100 MB", None)


def _refusing(code: int) -> Serve:
    body = json.dumps({"code": code, "msg": "no"}).encode()

    async def serve(writer: asyncio.StreamWriter) -> None:
        writer.write(_head("400 Bad Request", f"Content-Length: {len(body)}") + body)

    return serve


async def test_an_empty_file_is_a_file_and_a_key_leads_nowhere_else() -> None:
    async def serve(writer: asyncio.StreamWriter) -> None:
        writer.write(_head("200 OK", "Content-Length: 0"))

    async with feishu(serve) as (calls, asked):
        assert (await fetch(calls, FILE, LIMIT)).content == b""
    assert asked == ["/open-apis/im/v1/messages/om_1/resources/file_v3_..%2F1?type=file"]
