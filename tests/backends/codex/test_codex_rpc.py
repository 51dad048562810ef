"""The connection to the app-server holds whatever the other side says or does not say."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.server import ServerConnection, unix_serve

from phonework.backends.codex.frames import Call, Note
from phonework.backends.codex.rpc import Connection, DisconnectedError, RpcError

Handler = Callable[[dict[str, Any], ServerConnection], Any]


class Peer:
    """A server that does as the test says with each request."""

    def __init__(self, path: Path) -> None:
        self.path, self.handler = path, lambda _asked, _socket: None  # type: Path, Handler
        self.got: list[dict[str, Any]] = []
        self.heard: list[Call | Note] = []

    async def serve(self, socket: ServerConnection) -> None:
        async for message in socket:
            asked = json.loads(message)
            self.got.append(asked)
            for line in self.handler(asked, socket) or ():
                await socket.send(line)

    async def take(self, frame: Call | Note) -> None:
        self.heard.append(frame)


@pytest.fixture
async def peer(tmp_path: Path) -> AsyncIterator[Peer]:
    peer = Peer(tmp_path / "s")
    async with unix_serve(peer.serve, str(peer.path), compression=None):
        yield peer


@pytest.fixture
async def connection(peer: Peer) -> AsyncIterator[Connection]:
    found = await Connection.open(peer.path, peer.take)
    yield found
    await found.close()


def reply(asked: dict[str, Any], **result: object) -> str:
    return json.dumps({"id": asked["id"], "result": result})


async def test_an_answer_finds_its_question(connection: Connection, peer: Peer) -> None:
    peer.handler = lambda asked, _: [reply(asked, said=asked["params"]["word"])]

    found = await asyncio.gather(*(connection.request("say", {"word": word}) for word in "abc"))

    assert [one["said"] for one in found] == ["a", "b", "c"]


async def test_what_is_no_frame_is_passed_over(connection: Connection, peer: Peer) -> None:
    junk = [
        "",
        "{",
        "[1, 2]",
        '{"id": true, "result": {}}',
        '{"id": 99, "result": {}}',
        "[" * 5000,
        '{"params": {}}',
        "nul\\0",
    ]
    peer.handler = lambda asked, _: [*junk, reply(asked, said="yes")]

    assert await connection.request("say", {}) == {"said": "yes"}
    assert peer.heard == []


async def test_the_servers_own_numbers_are_apart_from_ours(connection: Connection, peer: Peer) -> None:
    """Its first one is 0; and it may use one of ours at the same time."""
    asks = [json.dumps({"id": number, "method": "may I", "params": {"n": number}}) for number in (0, 1)]
    peer.handler = lambda asked, _: [*asks, reply(asked)] if asked.get("method") == "go" else ()

    await connection.request("go", {})
    await connection.answer(0, {"decision": "decline"})
    await connection.refuse(1, "no")
    async with asyncio.timeout(5):
        while len(peer.got) < 3:  # noqa: ASYNC110
            await asyncio.sleep(0)

    assert [(one.id, one.method) for one in peer.heard if isinstance(one, Call)] == [(0, "may I"), (1, "may I")]
    assert peer.got[1] == {"id": 0, "result": {"decision": "decline"}}
    assert peer.got[2]["id"] == 1
    assert peer.got[2]["error"]["message"] == "no"


async def test_a_server_with_too_much_to_do_is_asked_again(
    connection: Connection, peer: Peer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("phonework.backends.codex.rpc.TRIES_AGAIN_AFTER", (0.0, 0.0, 0.0))
    busy = {"code": -32001, "message": "Server overloaded; retry later."}

    def handler(asked: dict[str, Any], _: ServerConnection) -> list[str]:
        late = len(peer.got) >= 3
        return [reply(asked, said="now") if late else json.dumps({"error": busy, "id": asked["id"]})]

    peer.handler = handler

    assert await connection.request("say", {}) == {"said": "now"}
    assert len(peer.got) == 3


async def test_a_refusal_is_told_in_its_words(connection: Connection, peer: Peer) -> None:
    peer.handler = lambda asked, _: [
        json.dumps({"error": {"code": -32600, "message": "thread not found"}, "id": asked["id"]})
    ]

    with pytest.raises(RpcError, match="thread not found") as told:
        await connection.request("say", {})

    assert told.value.code == -32600


async def test_a_connection_that_breaks_ends_what_waits(connection: Connection, peer: Peer) -> None:
    def handler(_: dict[str, Any], socket: ServerConnection) -> None:
        socket.transport.abort()

    peer.handler = handler

    with pytest.raises(DisconnectedError):
        await connection.request("say", {})
    await connection.closed.wait()
    with pytest.raises(DisconnectedError):
        await connection.request("say", {})


async def test_silence_has_an_end(connection: Connection) -> None:
    with pytest.raises(TimeoutError):
        await connection.request("say", {}, within=0.05)


async def test_a_long_frame_is_read_whole(connection: Connection, peer: Peer) -> None:
    peer.handler = lambda asked, _: [reply(asked, said="x" * 5_000_000)]

    assert len((await connection.request("say", {}))["said"]) == 5_000_000
