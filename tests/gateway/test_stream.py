"""The answer that does not end: who hangs up, does not read, or is there at the stop, holds nothing afterwards."""

import asyncio
from typing import Any

import pytest

from phonework.gateway import stream
from phonework.gateway.feed import BYE, Feed
from phonework.testing.playbook import Playbook

from .conftest import TOKEN, Program, app_of


class Caller:
    """One request for the stream, below HTTP. reads: it takes what is sent to it."""

    def __init__(self, play: Playbook, *, method: str = "GET", reads: bool = True, query: bytes = b"") -> None:
        self.sent: list[dict[str, Any]] = []
        self.begun, self.gone, self._reads = asyncio.Event(), asyncio.Event(), reads
        scope = {
            "type": "http",
            "method": method,
            "path": "/v1/events",
            "root_path": "",
            "query_string": query,
            "headers": [(b"host", b"localhost"), (b"authorization", f"Bearer {TOKEN}".encode())],
        }
        self.task = asyncio.create_task(app_of(play)(scope, self._receive, self._send))

    async def _receive(self) -> dict[str, Any]:
        await self.gone.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: Any) -> None:
        self.sent.append(message)
        if message["type"] == "http.response.body":
            self.begun.set()
            if not self._reads:
                await asyncio.Event().wait()

    async def ended(self) -> bytes:
        """Everything that was sent, once it is over."""
        await asyncio.wait_for(self.task, 30)
        return b"".join(one.get("body", b"") for one in self.sent)


@pytest.fixture
def feed(play: Playbook) -> Feed:
    return play.core.gateway.gateway.feed


async def test_who_hangs_up_waits_no_more(play: Playbook, feed: Feed) -> None:
    caller = Caller(play)
    await caller.begun.wait()
    assert feed.waiting == 1
    caller.gone.set()
    await caller.ended()

    assert feed.waiting == 0


async def test_who_does_not_read_is_let_go(play: Playbook, feed: Feed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "READ_WITHIN_S", 0.01)
    caller = Caller(play, reads=False)
    await caller.ended()

    assert feed.waiting == 0


async def test_at_the_stop_goodbye_is_the_last_word(play: Playbook, program: Program, feed: Feed) -> None:
    await program.create(name="build")
    caller = Caller(play, query=b"session=build")
    await caller.begun.wait()
    play.core.gateway.stop()
    told = await caller.ended()

    assert told.count(b"event: state\n") == 1
    assert told.endswith(BYE)
    assert feed.waiting == 0


async def test_who_is_let_go_for_reading_slowly_is_told_no_goodbye(play: Playbook, feed: Feed) -> None:
    caller = Caller(play)
    await caller.begun.wait()
    for one in feed._waiting:
        one.end()

    assert BYE not in await caller.ended()


async def test_only_asking_whether_it_is_there_holds_nothing(play: Playbook, feed: Feed) -> None:
    caller = Caller(play, method="HEAD")
    await caller.ended()

    assert caller.sent[0]["status"] == 200
    assert feed.waiting == 0


async def test_that_it_lives_is_seen_while_nothing_happens(play: Playbook, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "HEARTBEAT_S", 0.01)
    caller = Caller(play)
    await play.until(lambda: len(caller.sent) > 3)
    caller.gone.set()
    beats = (await caller.ended()).split(b"\n\n")

    assert all(one.startswith(b":") for one in beats if one)
