"""Ending an agent ends what is its own, and nobody whose process got its number since."""

import asyncio
from asyncio.subprocess import PIPE
from pathlib import Path

import psutil  # type: ignore[import-untyped]
import pytest

from phonework.backends.claude import holders, launcher
from phonework.backends.claude_tmux import tmux
from phonework.backends.claude_tmux.agent import Agent
from phonework.backends.claude_tmux.status import Process
from phonework.backends.claude_tmux.terminals import Terminals
from phonework.fsm.types import SessionId


@pytest.mark.parametrize("same", [True, False])
async def test_only_the_process_that_was_meant_and_its_own_are_ended(tmp_path: Path, same: bool) -> None:
    found = await asyncio.create_subprocess_exec("sh", "-c", "sleep 60 & echo up; wait", stdout=PIPE)
    assert found.stdout is not None
    assert await found.stdout.readline() == b"up\n"
    (child,) = psutil.Process(found.pid).children()
    server = tmux.Server(program="tmux", socket="none")
    terminals = Terminals(launcher.Settings.read({}), server, tmp_path / "gateway", tmp_path, "claude-tmux")
    process = Process(found.pid, holders.start_of(found.pid) if same else "1")
    agent = Agent(SessionId("fizz-top"), "id", str(tmp_path), tmp_path, own=False, process=process)

    await terminals.end(agent, patience=0)

    gone, alive = await asyncio.to_thread(psutil.wait_procs, [child], 5 if same else 0.2)
    assert bool(gone) is same
    for one in alive:
        one.kill()
    if not same:
        found.kill()
    await found.wait()
