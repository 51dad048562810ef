"""The runner keeps to what every kind of agent must."""

from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from phonework.backends.base import Backend, Sink
from phonework.fsm.events import TurnFailed, TurnFinished
from phonework.testing.backend_contract import ALLOW, ONE, BackendAdapter, BackendContract, Bench, Need
from phonework.testing.messages import message
from phonework_runner import RunnerBackend

SETTINGS = {"unasked": ("echo", "sleep", "false", "sh")}
MESSAGES = {
    Need.PLAIN: "echo the quick brown fox",
    Need.CONFIRM: "touch done.txt",
    Need.HANG: "sleep 600",
    Need.FAIL: "false",
    Need.CRASH: "sh -c 'kill -9 $$'",
}


class RunnerAdapter:
    """Tells the suite which message makes the agent do what. It asks one thing at a time, and remembers nothing."""

    async def make(self, sink: Sink, data_dir: Path) -> Backend:
        return RunnerBackend(sink=sink, settings=SETTINGS, data_dir=data_dir)

    def prompt(self, need: Need) -> str | None:
        return MESSAGES.get(need)

    def done(self, cwd: Path) -> bool:
        return (cwd / "done.txt").exists()

    def heard(self, reason: str, end: TurnFinished) -> bool:
        return reason in end.text

    def recalled(self, text: str, end: TurnFinished) -> bool:
        return False


class TestRunner(BackendContract):
    @pytest.fixture
    def adapter(self) -> BackendAdapter:
        return RunnerAdapter()

    async def test_what_a_program_started_ends_with_it(self, bench: Bench) -> None:
        start = replace(bench.start_of(Need.PLAIN), prompts=(message("sh -c 'sleep 600 & echo $!; wait'"),))
        await bench.backend.start_turn(start)
        await bench.sink.wait_for(lambda: bool(bench.sink.progressed))
        started = int(bench.sink.progressed[-1][2].text)
        assert psutil.pid_exists(started)

        await bench.backend.interrupt(ONE, 1)

        assert (await bench.finished()).interrupted
        assert not psutil.pid_exists(started)

    @pytest.mark.parametrize("text", ["", "echo 'open", "no-such-program-anywhere"])
    async def test_what_cannot_be_run_fails_the_turn_in_words(self, bench: Bench, text: str) -> None:
        await bench.backend.start_turn(replace(bench.start_of(Need.PLAIN), prompts=(message(text),)))
        if text.startswith("no-such"):
            await bench.backend.answer(ONE, await bench.asked(), ALLOW)

        end = await bench.ended()

        assert isinstance(end, TurnFailed)
        assert end.error.endswith(".")
