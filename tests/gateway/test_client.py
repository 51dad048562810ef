"""A program's side of the wire, against servers that answer as none should, break off, and come back."""

import asyncio
import json
import time
from collections.abc import Callable
from typing import Any, TypeVar

import pytest

from phonework.errors import RemoteError
from phonework.gateway.client import Client
from phonework.gateway.place import Place
from phonework.gateway.watching import OutOfTime, watch
from phonework.testing.loopback import Request, ScriptedServer, answer

T = TypeVar("T")
Answer = tuple[int, bytes]


class Odd(ScriptedServer[Request]):
    """Answers what it is told to, in turn, the last one again and again; None: breaks the connection."""

    def __init__(self, *answers: Answer | None) -> None:
        super().__init__()
        self.answers = list(answers)

    async def respond(self, request: Request, writer: asyncio.StreamWriter) -> None:
        await self.remember(request)
        told = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if told is not None:
            await answer(writer, told[0], told[1])


async def asked(server: Odd, do: Callable[[Client], T]) -> T:
    def run() -> T:
        with Client(lambda: Place(server.url, "secret", "a test"), timeout_s=10) as client:
            return do(client)

    return await asyncio.to_thread(run)


async def refused(server: Odd) -> RemoteError:
    with pytest.raises(RemoteError) as caught:
        await asked(server, lambda client: client.get("/v1/sessions"))
    return caught.value


@pytest.mark.parametrize(
    ("told", "code", "words"),
    [
        ((404, b'{"error": {"code": "not_found", "message": "there is no session x", "hint": "list them"}}'), "not_found", "no session x"),
        ((401, b'{"error": "a bearer token is needed"}'), "token", "does not take the token of a test"),
        ((200, b"<html>"), "unexpected", "is it PhoneWork's server?"),
        ((200, b"[]"), "unexpected", "no JSON"),
        ((200, b"[" * 100_000), "unexpected", "no JSON"),
        ((500, b'{"error": 7}'), "unexpected", "answered 500"),
        ((503, b"Service Unavailable"), "busy", "too much to do"),
        (None, "unreachable", "no server answers at http://127.0.0.1"),
    ],
)  # fmt: skip
async def test_every_other_answer_is_a_sentence(told: Answer | None, code: str, words: str) -> None:
    async with Odd(told) as server:
        error = await refused(server)

    assert error.code == code
    assert words in str(error)
    assert "secret" not in f"{error} {error.hint}"


async def test_an_answer_that_was_lost_is_asked_for_again_under_the_same_key() -> None:
    async with Odd(None, (200, b'{"prompt_id": "p"}')) as server:
        assert await asked(server, lambda client: client.post("/v1/x", {"text": "hi"})) == {"prompt_id": "p"}
        first, second = server.requests

    assert first.headers["idempotency-key"] == second.headers["idempotency-key"] != ""
    assert first.raw == second.raw
    assert first.headers["authorization"] == "Bearer secret"
    assert first.headers["host"].startswith("localhost:")


async def test_nobody_there_is_said_with_the_remedy() -> None:
    async with Odd((200, b"{}")) as server:
        pass
    error = await refused(server)

    assert error.code == "unreachable"
    assert "phonework serve" in error.hint


# Watching


class Streams(ScriptedServer[Request]):
    """Sends what it is told on each stream in turn, and then breaks it; no stream left: 503. Waits at each gate."""

    def __init__(self, *streams: list[str]) -> None:
        super().__init__()
        self.streams = list(streams)

    async def respond(self, request: Request, writer: asyncio.StreamWriter) -> None:
        await self.remember(request)
        if not self.streams:
            await answer(writer, 503, b"busy", "text/plain")
            return
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
        for piece in self.streams.pop(0):
            if piece == "hang":
                await self.pause({"hang": True}, writer)
            writer.write(f"{len(piece.encode()):x}\r\n{piece}\r\n".encode())
            await writer.drain()


def event(number: int, kind: str = "session", **session: Any) -> str:
    return f"id: {number}\nevent: {kind}\ndata: {json.dumps({'id': 'fizz-top', **session})}\n\n"


async def watched(server: Streams, **options: Any) -> tuple[list[int], Exception]:
    """The numbers of what was seen, and how it ended."""
    seen: list[int] = []

    def run() -> Exception:
        with Client(lambda: Place(server.url, "secret", "a test")) as client:
            try:
                for session in watch(client, {"session": "fizz-top"}, **options):
                    seen.append(session["n"])
            except (RemoteError, OutOfTime) as error:
                return error
        raise AssertionError("a watch ends by an error alone")

    return seen, await asyncio.to_thread(run)


async def test_a_broken_stream_is_taken_up_after_the_last_whole_event() -> None:
    half = event(3, n=3)[:20]
    async with Streams(
        [event(1, "state", n=1), ": beat\n\n", event(2, n=2), half], [event(3, n=3), "event: bye\ndata:\n\n"]
    ) as server:
        seen, error = await watched(server)
        ids = [request.headers.get("last-event-id") for request in server.requests]

    assert seen == [1, 2, 3]
    assert isinstance(error, RemoteError)
    assert error.code == "server_stopped"
    assert ids == [None, "2"]


async def test_a_server_that_does_not_come_back_in_its_grace_has_stopped() -> None:
    async with Streams([event(1, n=1)]) as server:
        seen, error = await watched(server, grace_s=0.2)
        assert len(server.requests) > 2

    assert seen == [1]
    assert isinstance(error, RemoteError)
    assert (error.code, "not back after" in str(error)) == ("server_stopped", True)


async def test_a_silent_server_is_waited_for_until_the_time_is_over_and_asked_nothing() -> None:
    async with Streams([event(1, n=1), "hang"]) as server:
        seen, error = await watched(server, deadline=time.monotonic() + 0.3)
        assert len(server.requests) == 1

    assert isinstance(error, OutOfTime)
    assert seen == [1]


async def test_an_event_that_is_none_is_an_error_and_not_for_ever() -> None:
    async with Streams(["event: session\ndata: {\n\n"]) as server:
        _seen, error = await watched(server)

    assert isinstance(error, RemoteError)
    assert error.code == "unexpected"
