"""The assistant keeps to what every backend must, but for one thing that is its own."""

from collections.abc import AsyncIterator
from datetime import UTC, timedelta
from pathlib import Path
from typing import Annotated

import pytest
from msgspec import Meta

from phonework.assistant.backend import AssistantBackend
from phonework.assistant.client import OpenAIModel
from phonework.assistant.loop import Kit, Limits
from phonework.assistant.surroundings import House
from phonework.assistant.tools import Arguments, Call, Question, Result
from phonework.backends.base import Accepted, Backend, Sink
from phonework.clock import SystemClock
from phonework.fsm.events import TurnFinished
from phonework.store.writer import Writer
from phonework.testing import companions
from phonework.testing.backend_contract import BackendAdapter, BackendContract, Bench, Need
from phonework.testing.fake_openai import Asked, FakeOpenAI, Reply, call, fail, say

DONE = "done.txt"


class Name(Arguments, frozen=True, kw_only=True):
    name: Annotated[str, Meta(description="Of the file.")]


class Touch:
    """Makes a file in the session's directory, when the person agrees."""

    name, description, arguments, changes, within = "touch", "Make a file.", Name, True, timedelta(seconds=5)

    async def question(self, call: Call, arguments: Name) -> Question | None:
        return Question(prompt=f"Make {arguments.name}?", path=arguments.name, diff=f"+{arguments.name}")

    async def run(self, call: Call, arguments: Name) -> Result:
        (call.root / call.session_id / arguments.name).write_text("done")
        return Result(text="made")


def model(asked: Asked) -> Reply:
    """Does what the message names, and says what came of it."""
    if asked.last.get("role") == "tool":
        return say(f"It said: {asked.last['content']}")
    match asked.said.split()[-1]:
        case "hang":
            return [{"text": "I "}, {"hang": True}]
        case "fail":
            return fail(401, "no such key")
        case "touch":
            return [call("touch", {"name": DONE})]
        case "recall":
            return say("\n".join(str(one["content"]) for one in asked.messages if one["role"] == "user"))
        case _:
            return say("the quick brown fox")


class AssistantAdapter:
    """Tells the model by script what to do."""

    def __init__(self, api: FakeOpenAI) -> None:
        self._api = api
        self.writer: Writer | None = None

    async def make(self, sink: Sink, data_dir: Path) -> Backend:
        await self.aclose()
        root = data_dir.parent / "work"
        writer = self.writer = await companions.opened(data_dir, backend="assistant", root=root)
        model = OpenAIModel(
            base_url=self._api.base_url, api_key="", model="fake", timeout=timedelta(seconds=20), retries=0
        )
        limits = Limits(seconds=60, steps=8, calls=8, tokens=100_000, history=8000)
        kit = Kit(
            writer=writer,
            clock=SystemClock(),
            model=model,
            tools={"touch": Touch()},
            limits=limits,
            house=House(root=root, language="en", zone=UTC),
            at={"model": "fake", "host": "here"},
        )
        return AssistantBackend(sink=sink, kit=kit)

    def prompt(self, need: Need) -> str | None:
        words = {
            Need.CONFIRM: "touch",
            Need.HANG: "hang",
            Need.FAIL: "fail",
            Need.RECALL: "recall",
            Need.PLAIN: "hello",
        }
        return words.get(need)

    def done(self, cwd: Path) -> bool:
        return (cwd / DONE).exists()

    def heard(self, reason: str, end: TurnFinished) -> bool:
        return reason in end.text

    def recalled(self, text: str, end: TurnFinished) -> bool:
        return text in end.text

    async def aclose(self) -> None:
        if self.writer is not None:
            await self.writer.close()


class TestAssistant(BackendContract):
    @pytest.fixture
    async def adapter(self) -> AsyncIterator[BackendAdapter]:
        async with FakeOpenAI(rules=[model]) as api:
            adapter = AssistantAdapter(api)
            yield adapter
            await adapter.aclose()

    async def test_a_new_backend_knows_what_was_accepted(self, bench: Bench) -> None:
        """A companion says no also of what it had begun, if going on does no harm: the turn is then handed over again."""
        start = await bench.start(Need.PLAIN)
        await bench.finished()
        await bench.backend.aclose()
        await bench.restart()
        assert await bench.backend.accepted(start) is Accepted.NO
        assert await bench.backend.said(start) == "the quick brown fox"
