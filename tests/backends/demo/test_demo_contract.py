"""The demo agent keeps to what every backend must."""

import asyncio
from pathlib import Path

import pytest

from phonework.backends.base import Backend, Sink
from phonework.backends.demo import DemoBackend
from phonework.fsm.events import TurnFinished
from phonework.testing.backend_contract import BackendAdapter, BackendContract, Need
from phonework.testing.desk_contract import DeskContract

PROMPTS = {
    Need.PLAIN: "echo the quick brown fox",
    Need.CONFIRM: "edit",
    Need.PARALLEL: "two at once",
    Need.HANG: "hang",
    Need.FAIL: "fail",
    Need.CRASH: "crash",
    Need.RECALL: "history",
}


class DemoAdapter:
    """Tells the demo agent in its own words what to do."""

    async def make(self, sink: Sink, data_dir: Path) -> Backend:
        return DemoBackend(sink=sink, settings={"delay": 0}, data_dir=data_dir, pace=lambda _seconds: asyncio.sleep(0))

    def prompt(self, need: Need) -> str | None:
        return PROMPTS[need]

    def done(self, cwd: Path) -> bool:
        prices = cwd / "shop" / "prices.py"
        return prices.exists() and "def with_tax(" in prices.read_text()

    def heard(self, reason: str, end: TurnFinished) -> bool:
        return reason in end.text

    def recalled(self, text: str, end: TurnFinished) -> bool:
        return text in end.text


class TestDemoBackend(BackendContract, DeskContract):
    @pytest.fixture
    def adapter(self) -> BackendAdapter:
        return DemoAdapter()
