"""The shell keeps to what every backend must, as far as a command can: it has no memory and hears no reasons."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from phonework.backends.base import Accepted, Backend, Sink
from phonework.fsm.events import TurnFailed, TurnFinished
from phonework.fsm.types import Answer, Carry, Verdict
from phonework.shell.backend import ShellBackend
from phonework.shell.runner import Runner
from phonework.store.writer import Writer
from phonework.testing import companions
from phonework.testing.backend_contract import ONE, BackendAdapter, BackendContract, Bench, Need
from phonework.texts import text

DONE = "done.txt"
NO = Answer(verdict=Verdict.DENY, text="the moon is too full")
LINES = {Need.PLAIN: "echo the quick brown fox", Need.CONFIRM: f"touch {DONE}", Need.HANG: "tail -f /dev/null"}
"""Not PARALLEL: a turn is one command, about which is asked once. Not FAIL: no line fails, its exit code is a result; what
cannot be begun is tested here by its directory. Not CRASH: whatever ends a command is a result, and what ends the server, a
restart. Not RECALL: commands know nothing of each other."""


class ShellAdapter:
    """Each need is a line for bash."""

    def __init__(self) -> None:
        self._writer: Writer | None = None

    async def make(self, sink: Sink, data_dir: Path) -> Backend:
        await self.aclose()
        root = data_dir.parent / "work"
        root.mkdir(exist_ok=True)
        writer = self._writer = await companions.opened(data_dir, backend="shell", root=root)
        runner = Runner(root=root, timeout=timedelta(seconds=60), limit_bytes=4000)
        return ShellBackend(sink=sink, writer=writer, runner=runner, language="en")

    def prompt(self, need: Need) -> str | None:
        return LINES.get(need)

    def done(self, cwd: Path) -> bool:
        return (cwd / DONE).exists()

    def heard(self, reason: str, end: TurnFinished) -> bool:
        """A command hears nothing; its person sees that it was not run."""
        return end.text == text("en", "shell.not_run")

    def recalled(self, text: str, end: TurnFinished) -> bool:
        return False

    async def aclose(self) -> None:
        if self._writer is not None:
            await self._writer.close()


class TestShell(BackendContract):
    @pytest.fixture
    async def adapter(self) -> AsyncIterator[BackendAdapter]:
        adapter = ShellAdapter()
        yield adapter
        await adapter.aclose()

    async def test_a_failure_is_reported_and_the_next_turn_works(self, bench: Bench) -> None:
        """What cannot be begun fails."""
        start = bench.start_of(Need.PLAIN)
        await bench.backend.start_turn(replace(start, cwd=f"{start.cwd}/gone"))
        end = await bench.ended()
        assert isinstance(end, TurnFailed), end
        assert "There is no directory" in end.error

        await bench.start(Need.PLAIN, turn=2)

        await bench.finished(turn=2)

    async def test_a_new_backend_knows_what_was_accepted(self, bench: Bench) -> None:
        """A companion says no also of what it had begun, if handing it over again does no harm: its result is stored."""
        start = await bench.start(Need.PLAIN)
        end = await bench.finished()
        await bench.backend.aclose()
        await bench.restart()

        assert await bench.backend.accepted(start) is Accepted.NO
        assert await bench.backend.said(start) == end.text

    async def test_nobody_knows_what_became_of_a_command_that_was_begun(self, bench: Bench) -> None:
        """So it is not begun again."""
        start = await bench.start(Need.HANG)
        await bench.sink.wait_for(lambda: bool(bench.sink.progressed))
        await bench.backend.aclose()
        await bench.restart()

        assert await bench.backend.accepted(start) is Accepted.UNKNOWN

    async def test_a_late_no_is_heard(self, bench: Bench) -> None:
        """There is nothing to ask again: it is not run."""
        ask, agent = await self._lost_while_asking(bench)
        start = bench.start_of(Need.CONFIRM, turn=2, agent_session_id=agent)
        await bench.backend.start_turn(replace(start, carry=Carry(ask=ask, answer=NO)))

        assert bench.adapter.heard(NO.text, await bench.finished(turn=2))
        assert [one.request_id for one in bench.asks()] == [ask.request_id]
        assert not bench.adapter.done(bench.cwd(ONE))
