"""The assistant's shell: what asks, what is refused and what runs is decided as for `/shell`."""

import asyncio
import contextlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
import pytest

from phonework.assistant.tools import Call, Tool
from phonework.assistant.tools.schemas import read
from phonework.assistant.tools.shell import tools
from phonework.errors import RefusedError
from phonework.fsm.types import Answer, SessionId, UserId, Verdict
from phonework.intake.companions import companion_of
from phonework.sandbox import Sandbox
from phonework.shell.runner import Runner
from phonework.testing.playbook import ADA

if TYPE_CHECKING:
    from tests.assistant.conftest import Scene

YES, NO = Answer(verdict=Verdict.ALLOW), Answer(verdict=Verdict.DENY)


@pytest.fixture
def call(tmp_path: Path) -> Call:
    (tmp_path / "app").mkdir()
    return Call(
        user_id=UserId("ou_ada"), session_id=SessionId("helper"), turn=1, call_id="c1", words="", language="en",
        now=datetime(2026, 1, 1, tzinfo=UTC), zone=UTC, root=tmp_path, cwd=tmp_path / "app",
    )  # fmt: skip


@pytest.fixture
def tool(tmp_path: Path) -> Tool[Any]:
    return tools(Runner(root=tmp_path, timeout=timedelta(seconds=30), limit_bytes=10_000))[0]


def given(tool: Tool[Any], command: str) -> Any:
    return read(tool, f'{{"command": "{command}"}}')


async def test_a_harmless_command_runs_unasked_where_the_person_works(tool: Tool[Any], call: Call) -> None:
    command = given(tool, "pwd; cat none")
    assert await tool.question(call, command) is None
    result = await tool.run(call, command)

    assert result.text.startswith("❌ Exit code 1, ")
    assert f"\n{call.cwd}\n" in result.text
    assert result.failed


async def test_another_is_shown_in_full_with_its_directory_and_reasons(tool: Tool[Any], call: Call) -> None:
    question = await tool.question(call, given(tool, "touch made && make"))

    assert question is not None
    assert (question.command, question.path) == ("touch made && make", str(call.cwd))
    assert [one.key for one in question.reasons] == ["guard.changes", "guard.runs_others"]


@pytest.mark.parametrize("answer", [None, NO])
async def test_without_a_yes_it_is_not_run(tool: Tool[Any], call: Call, answer: Answer | None) -> None:
    result = await tool.run(replace(call, answer=answer), given(tool, "touch made"))

    assert result.failed
    assert "not run" in result.text
    assert not (call.cwd / "made").exists()


async def test_with_a_yes_it_is(tool: Tool[Any], call: Call) -> None:
    result = await tool.run(replace(call, answer=YES), given(tool, "touch made"))

    assert not result.failed
    assert (call.cwd / "made").exists()


async def test_what_destroys_is_refused_even_with_a_yes(tool: Tool[Any], call: Call) -> None:
    with pytest.raises(RefusedError) as asked:
        await tool.question(call, given(tool, "rm -rf /"))
    with pytest.raises(RefusedError):
        await tool.run(replace(call, answer=YES), given(tool, "rm -rf /"))

    assert "take away too much" in asked.value.params["reasons"]


async def test_stopped_nothing_of_it_is_left(tool: Tool[Any], call: Call) -> None:
    running = asyncio.create_task(tool.run(call, given(tool, f"tail -f /dev/null {call.root.name}")))

    def alive() -> list[psutil.Process]:
        found = []
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error):
                if call.root.name in " ".join(process.cmdline()) and process.status() != psutil.STATUS_ZOMBIE:
                    found.append(process)
        return found

    async with asyncio.timeout(20):
        while not await asyncio.to_thread(alive):
            pass
    running.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await running

    assert alive() == []


async def test_without_the_sandbox_that_was_asked_for_nothing_runs(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    runner = Runner(root=call.root, timeout=timedelta(seconds=30), limit_bytes=10_000, sandbox=Sandbox())
    monkeypatch.setattr("shutil.which", lambda name, **_more: None if name == "bwrap" else f"/bin/{name}")
    result = await tools(runner)[0].run(call, given(tools(runner)[0], "pwd"))

    assert result.failed
    assert "nothing was done" in result.text


async def test_a_typed_yes_is_for_the_command_that_asks(scene: "Scene") -> None:
    """Or for nobody, when an agent asks as well."""
    shell = companion_of(ADA, "shell")
    opened = "SELECT count(*) FROM request WHERE session_id = ? AND status = 'open'"
    session = await scene.play.begin("fix it")
    await scene.play.started(session)
    await scene.play.say("/shell touch made")
    await scene.play.until(lambda: scene.play.one(opened, shell) == 1)
    request = await scene.play.asks(session)
    await scene.play.say("yes")
    assert scene.play.request_status(request) == "open"
    assert scene.play.one(opened, shell) == 1

    await scene.play.withdraws(session, request)
    await scene.play.say("yes")
    await scene.play.until(lambda: (scene.play.work / "api/made").exists())
