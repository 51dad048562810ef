"""A program's side of the wire, against servers that answer as none should, break off, and come back."""

import asyncio
import json
import time
from collections.abc import Callable
from typing import Any, TypeVar

import pytest

from phonework.cli.session.exits import REFUSED, code_of
from phonework.errors import RemoteError
from phonework.gateway.client import Client, Dropped, part
from phonework.gateway.place import Place
from phonework.gateway.watching import OutOfTime, watch
from phonework.proof import PROOF, SEAL, Call
from phonework.testing.loopback import Request, ScriptedServer, answer, finish
from phonework.testing.proving import call_of

T = TypeVar("T")
Answer = tuple[int, bytes]


class Odd(ScriptedServer[Request]):
    """Answers what it is told to, in turn, the last one again and again; None: breaks the connection. What it offers, it says beside that.

    knows: the token that it proves to know; empty: it proves nothing.
    """

    def __init__(self, *answers: Answer | None, knows: str = "secret") -> None:
        super().__init__()
        self.answers, self.knows = list(answers), knows

    async def respond(self, request: Request, writer: asyncio.StreamWriter) -> None:
        call = call_of(request, self.knows) if self.knows else None
        if call is not None and request.path == "/v1/openapi.json":
            await answer(writer, 200, b"{}", extra={PROOF: call.proof_of_answer(self.knows, 200, b"{}")})
            return
        await self.remember(request)
        told = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if told is not None:
            proof = {PROOF: call.proof_of_answer(self.knows, *told)} if call else {}
            await answer(writer, told[0], told[1], extra=proof)


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
        ((401, b'{"error": {"code": "replayed", "message": "this came before"}}'), "replayed", "this came before"),
        ((200, b"<html>"), "unexpected", "is it PhoneWork's server?"),
        ((200, b"[]"), "unexpected", "no JSON"),
        ((200, b"[" * 100_000), "unexpected", "no JSON"),
        ((500, b'{"error": 7}'), "unexpected", "answered 500"),
        ((503, b"Service Unavailable"), "unexpected", "answered 503"),
        (None, "unreachable", "no server answers at http://127.0.0.1"),
    ],
)  # fmt: skip
async def test_every_other_answer_is_a_sentence(told: Answer | None, code: str, words: str) -> None:
    async with Odd(told) as server:
        error = await refused(server)

    assert error.code == code
    assert words in str(error)
    assert "secret" not in f"{error} {error.hint}"


@pytest.mark.parametrize("knows", ["", "another"])
@pytest.mark.parametrize(
    ("told", "code"),
    [
        ((200, b'{"sessions": [], "next": ""}'), "unreachable"),
        ((404, b'{"error": {"code": "not_found", "message": "rm -rf", "hint": ""}}'), "unreachable"),
        ((401, b'{"error": {"code": "bad_token", "message": "rm -rf", "hint": ""}}'), "token"),
        ((503, b"rm -rf"), "busy"),
    ],
)
async def test_nothing_is_believed_or_repeated_of_who_does_not_know_the_token(
    told: Answer, code: str, knows: str
) -> None:
    async with Odd(told, knows=knows) as server:
        error = await refused(server)
        (heard,) = server.requests

    assert error.code == code
    assert "rm -rf" not in f"{error} {error.hint}"
    assert "secret" not in f"{heard} {error} {error.hint}"


@pytest.mark.parametrize("knows", ["", "another"])
async def test_nothing_is_told_to_who_does_not_know_the_token(knows: str) -> None:
    async with Odd((200, b'{"prompt_id": "p"}'), knows=knows) as server:
        with pytest.raises(RemoteError) as caught:
            await asked(server, lambda client: client.post("/v1/x", {"text": "the launch codes"}))
        heard = server.requests

    assert caught.value.code == "unreachable"
    assert {(one.method, one.path, one.raw) for one in heard} == {("GET", "/v1/openapi.json", b"")}


async def test_an_answer_that_was_lost_is_asked_for_again_under_the_same_key() -> None:
    async with Odd(None, (200, b'{"prompt_id": "p"}')) as server:
        assert await asked(server, lambda client: client.post("/v1/x", {"text": "hi"})) == {"prompt_id": "p"}
        first, second = server.requests

    assert first.headers["idempotency-key"] == second.headers["idempotency-key"] != ""
    assert first.raw == second.raw
    assert "secret" not in f"{first} {second}"
    assert first.headers[PROOF] != second.headers[PROOF]  # the same act, asked for in a call of its own
    assert first.headers["host"].startswith("localhost:")


class CutOff(Odd):
    """Breaks off in the middle of its first answer."""

    async def respond(self, request: Request, writer: asyncio.StreamWriter) -> None:
        if self.requests or request.path == "/v1/openapi.json":
            await super().respond(request, writer)
            return
        await self.remember(request)
        writer.write(b"HTTP/1.1 200 fake\r\nContent-Length: 17\r\n\r\n{")
        await finish(writer)


async def test_an_answer_that_breaks_off_is_asked_for_again() -> None:
    """It is no answer of somebody else's: a server that is killed may leave half of one."""
    async with CutOff((200, b'{"prompt_id": "p"}')) as server:
        assert await asked(server, lambda client: client.post("/v1/x", {"text": "hi"})) == {"prompt_id": "p"}
        first, second = server.requests
    assert first.headers["idempotency-key"] == second.headers["idempotency-key"]

    async with CutOff((404, b"{}")) as server:
        with pytest.raises(Dropped):
            await asked(server, lambda client: client.stream("/v1/events", "", 5.0))


async def test_a_name_that_is_no_text_is_asked_for_as_one() -> None:
    """As a shell hands over bytes that are no UTF-8."""
    async with Odd((200, b"{}")) as server:
        await asked(server, lambda client: client.get(f"/v1/sessions/{part(chr(0xDCFF))}", state=chr(0xDCFF)))
        (heard,) = server.requests
    assert heard.target == "/v1/sessions/%3F?state=%3F"


async def test_nobody_there_is_said_with_the_remedy() -> None:
    async with Odd((200, b"{}")) as server:
        pass
    error = await refused(server)

    assert error.code == "unreachable"
    assert "phonework serve" in error.hint


# Watching


FULL = b'{"error": {"code": "too_many_waiting", "message": "2000 wait already", "hint": "end some of them first"}}'
STOPPING = b'{"error": {"code": "stopping", "message": "the server is stopping", "hint": "try again"}}'
STALE = b'{"error": {"code": "stale_proof", "message": "this was asked 0.1 s ago", "hint": "set the clocks"}}'


class Streams(ScriptedServer[Request]):
    """Sends what it is told on each stream in turn, and then breaks it; no stream left: 503. Waits at each gate.

    "stale": to this one call it says that it is older than itself.

    Each piece that is whole is proved.
    """

    def __init__(self, *streams: list[str]) -> None:
        super().__init__()
        self.streams = list(streams)

    async def respond(self, request: Request, writer: asyncio.StreamWriter) -> None:
        await self.remember(request)
        if not self.streams:
            await answer(writer, 503, b"busy", "text/plain")
            return
        call = call_of(request, "secret")
        assert call
        if self.streams[0] == ["stale"]:
            del self.streams[0]
            await answer(writer, 401, STALE, extra={PROOF: call.proof_of_answer("secret", 401, STALE)})
            return
        head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n%s: %s\r\n\r\n"
        writer.write(head % (PROOF.encode(), call.proof_of_beginning("secret", 200).encode()))
        for number, piece in enumerate(self.streams.pop(0)):
            if piece == "hang":
                await self.pause({"hang": True}, writer)
            sent = self.sealed(call, number, piece.encode())
            writer.write(b"%x\r\n%s\r\n" % (len(sent), sent))
            await writer.drain()

    def sealed(self, call: Call, number: int, piece: bytes) -> bytes:
        whole = piece.endswith(b"\n\n")
        return piece + SEAL + call.proof_of_piece("secret", number, piece).encode() + b"\n\n" if whole else piece


class Forging(Streams):
    """Knows how streams begin, by passing on what the server says, and adds an event of its own."""

    def sealed(self, call: Call, number: int, piece: bytes) -> bytes:
        return super().sealed(call, number, piece) if number == 0 else piece + SEAL + b"0" * 64 + b"\n\n"


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


class Refusing(Streams):
    """Is there, and refuses every stream that it has no script for with what it says."""

    def __init__(self, says: bytes, *streams: list[str], knows: str = "secret") -> None:
        super().__init__(*streams)
        self.says, self.knows = says, knows

    async def respond(self, request: Request, writer: asyncio.StreamWriter) -> None:
        if self.streams:
            await super().respond(request, writer)
            return
        await self.remember(request)
        call = call_of(request, "secret")
        assert call
        proof = {PROOF: call.proof_of_answer(self.knows, 503, self.says)}
        await answer(writer, 503, self.says, extra=proof)


@pytest.mark.parametrize("streams", [[], [[event(1, n=1)]]])
async def test_a_server_that_takes_no_more_who_wait_is_not_called_lost(streams: list[list[str]]) -> None:
    async with Refusing(FULL, *streams) as server:
        seen, error = await watched(server, grace_s=0.2)
        assert len(server.requests) > 2, "there may be room in a moment"

    assert seen == [1] * len(streams)
    assert isinstance(error, RemoteError)
    assert (error.code, str(error), error.hint) == ("too_many_waiting", "2000 wait already", "end some of them first")
    assert code_of(error) == REFUSED


@pytest.mark.parametrize(("says", "knows"), [(STOPPING, "secret"), (FULL, "another"), (b"no JSON", "another")])
async def test_a_server_that_stops_or_is_another_one_is_lost(says: bytes, knows: str) -> None:
    async with Refusing(says, knows=knows) as server:
        _seen, error = await watched(server, grace_s=0.2)

    assert isinstance(error, RemoteError)
    assert (error.code, "not back after" in str(error)) == ("server_stopped", True)


async def test_a_call_that_met_the_beginning_of_the_server_is_made_again() -> None:
    async with Streams([event(1, n=1)], ["stale"], [event(2, n=2), "event: bye\ndata:\n\n"]) as server:
        seen, error = await watched(server)
    assert seen == [1, 2]
    assert isinstance(error, RemoteError)
    assert error.code == "server_stopped"

    async with Streams(*[["stale"]] * 50) as server:
        _seen, error = await watched(server, grace_s=0.2)
    assert isinstance(error, RemoteError)
    assert (error.code, error.hint) == ("stale_proof", "set the clocks")


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


async def test_an_event_that_somebody_adds_is_no_news() -> None:
    async with Forging([event(1, n=1), event(2, n=2)]) as server:
        seen, error = await watched(server)

    assert seen == [1]
    assert isinstance(error, RemoteError)
    assert (error.code, "did not say" in str(error)) == ("unreachable", True)


@pytest.mark.parametrize("body", [b"", b": hello\n\n", b"event: session\ndata: {}\n\n"])
async def test_a_stream_that_nobody_proves_is_none(body: bytes) -> None:
    async with Odd((200, body), knows="") as server:
        with pytest.raises(RemoteError) as caught:
            await asked(server, lambda client: client.stream("/v1/events", "", 5.0))

    assert caught.value.code == "unreachable"
