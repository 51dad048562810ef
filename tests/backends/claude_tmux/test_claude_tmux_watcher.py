"""What is made of what a terminal says of itself while a question is open."""

import asyncio
import json
import os
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from phonework.backends.claude import holders
from phonework.backends.claude_tmux import watcher
from phonework.backends.claude_tmux.agent import Agent, Waiting
from phonework.backends.claude_tmux.memory import Memory
from phonework.backends.claude_tmux.reports import Reports
from phonework.backends.claude_tmux.status import Process
from phonework.backends.claude_tmux.watcher import Watcher
from phonework.errors import StoreError
from phonework.fsm.events import AgentAsked, RequestWithdrawn, TurnFinished
from phonework.fsm.types import Ask, RequestId, RequestKind, SessionId
from phonework.testing.marks import until
from phonework.testing.sink import RecordingSink

FIZZ = SessionId("fizz-top")


class Desk:
    """An agent in the middle of a turn, whose process is this one, and which says what the test lets it say."""

    def __init__(self, place: Path) -> None:
        self.sink = RecordingSink()
        self.memory = Memory(place / "kept")
        self.reports = Reports(self.sink, self.memory)
        process = Process(os.getpid(), holders.start_of(os.getpid()))
        self.agent = Agent(FIZZ, "own-id", str(place), place, own=True, process=process)
        self.agent.turn, self.agent.taken = 1, True
        self.file = place / "sessions" / f"{os.getpid()}.json"
        self.file.parent.mkdir()
        self.says("busy")

    def says(self, status: str) -> None:
        fresh = self.file.with_suffix(".new")
        fresh.write_text(json.dumps({"pid": os.getpid(), "status": status}))
        fresh.replace(self.file)

    async def asks(self) -> Waiting:
        ask = Ask(
            request_id=RequestId("1" * 32), kind=RequestKind.CONFIRM, agent_ref="", fingerprint="", prompt="May I?"
        )
        waiting = Waiting(ask)
        async with self.agent.lock:
            assert await self.reports.asked(self.agent, waiting)
        return waiting


@pytest.fixture
async def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Desk]:
    monkeypatch.setattr(watcher, "LOOKS_EVERY", 0.01)
    monkeypatch.setattr(watcher, "SURE_AFTER", 0.1)
    desk = Desk(tmp_path)
    Watcher(desk.sink, desk.reports).begin(desk.agent)
    yield desk
    desk.agent.turn = 0
    assert desk.agent.watch is not None
    await desk.agent.watch


async def test_a_question_is_not_withdrawn_because_the_agent_worked_long_before_it(desk: Desk) -> None:
    """The hook tells of it before the agent itself says that it waits."""
    waiting = await desk.asks()
    with pytest.raises(TimeoutError):
        await desk.sink.wait_event(FIZZ, RequestWithdrawn, within=0.5)
    assert not waiting.answered.cancelled()

    desk.says("waiting")
    await until(lambda: waiting.seen)
    desk.says("busy")
    await desk.sink.wait_event(FIZZ, RequestWithdrawn)
    await until(waiting.answered.cancelled)


async def test_one_that_was_answered_too_quickly_to_be_seen_is_withdrawn_in_the_end(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watcher, "UNSEEN_AFTER", 0.3)
    await desk.asks()

    await desk.sink.wait_event(FIZZ, RequestWithdrawn)
    assert [type(event) for event in desk.sink.events(FIZZ)] == [AgentAsked, RequestWithdrawn]


async def test_a_question_is_remembered_before_anybody_hears_of_it(desk: Desk) -> None:
    """Killed at any moment after the commit, we withdraw it when we are back."""
    found: list[tuple[str, ...]] = []

    def remembered() -> bool:
        kept = desk.memory.get(FIZZ)
        found.append(kept.asked if kept else ())
        return bool(desk.sink.events(FIZZ))

    waiting = asyncio.create_task(desk.sink.wait_for(remembered))
    await asyncio.sleep(0)
    asked = await desk.asks()
    await waiting
    assert found[-1] == (asked.ask.request_id,)

    desk.sink.error = StoreError("full")
    async with desk.agent.lock:
        refused = Waiting(replace(asked.ask, request_id=RequestId("2" * 32)))
        assert not await desk.reports.asked(desk.agent, refused)
    kept = desk.memory.get(FIZZ)
    assert kept
    assert kept.asked == (asked.ask.request_id,)
    desk.sink.error = None


async def test_a_withdrawal_that_cannot_be_stored_is_told_as_soon_as_it_can_be(desk: Desk) -> None:
    """By the turn's end, or at our next start: otherwise its card would stay open."""
    waiting = await desk.asks()
    desk.sink.error = StoreError("the disk is full")
    await desk.reports.withdrawn(desk.agent, waiting)
    desk.sink.error = None
    kept = desk.memory.get(FIZZ)
    assert kept
    assert kept.asked == (waiting.ask.request_id,)

    async with desk.agent.lock:
        await desk.reports.finished(desk.agent, "made")

    assert [type(event) for event in desk.sink.events(FIZZ)] == [AgentAsked, RequestWithdrawn, TurnFinished]
    kept = desk.memory.get(FIZZ)
    assert kept
    assert kept.asked == ()
