"""Interrupts, crashes and restarts of the demo agent; nothing it started is left behind."""

import asyncio
import os
import select
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import psutil
import pytest

from phonework.backends.base import Accepted, Liveness, TurnStart
from phonework.backends.demo.process import python_name, run
from phonework.errors import BackendError
from phonework.fsm.events import AgentLost, TurnFailed, TurnFinished
from phonework.fsm.types import Answer, Carry, Verdict
from phonework.testing.messages import message

Person = Any  # of conftest.py, which cannot be imported
ONE = "fizz-top"
ALLOW = Answer(verdict=Verdict.ALLOW)
SLEEPER = (
    "import subprocess, sys, time; "
    "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)']); "
    "print(child.pid); "
)
PARENT = """
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "tools/countdown.py", "60"], stdin=subprocess.PIPE)
print(child.pid, flush=True)
time.sleep(60)
"""


def children(cwd: Path) -> list[psutil.Process]:
    """Return our children that run in this directory."""
    found = []
    for process in psutil.Process().children(recursive=True):
        try:
            if process.is_running() and Path(process.cwd()).is_relative_to(cwd):
                found.append(process)
        except (psutil.NoSuchProcess, psutil.AccessDenied, psutil.ZombieProcess):
            continue
    return found


async def has_ended(pid: int) -> bool:
    """Wait until a process has ended; whether anybody has noticed does not matter."""
    if not hasattr(os, "pidfd_open"):  # macOS, where the first process notices
        return not (await asyncio.to_thread(psutil.wait_procs, [psutil.Process(pid)], 10.0))[1]
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool((await asyncio.to_thread(select.select, [handle], [], [], 10.0))[0])
    finally:
        os.close(handle)


async def counting(person: Person) -> psutil.Process:
    """Wait until the countdown runs, and return its process."""
    await person.sink.wait_for(lambda: any("s left" in progress.note for _, _, progress in person.sink.progressed))
    (process,) = children(person.cwd)
    return process


@pytest.mark.parametrize("way", ["interrupt", "kill", "close", "aclose"])
async def test_a_running_program_ends_with_the_turn(person: Person, way: str) -> None:
    await person.write("program 60")
    process = await counting(person)

    match way:
        case "interrupt":
            await person.backend.interrupt(ONE, 1)
            end = await person.end()
            assert isinstance(end, TurnFinished)
            assert end.interrupted
        case "kill":
            await person.backend.kill(ONE)
            assert isinstance(await person.end(), AgentLost)
        case "close":
            await person.backend.close(ONE)
        case _:
            await person.backend.aclose()

    assert not process.is_running()


async def cancelled(cwd: Path, script: str) -> int:
    """Run a script, cancel it as soon as it has printed a process id, and return that."""
    printed: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    def on_output(output: str) -> None:
        if not printed.done():
            printed.set_result(output)

    task = asyncio.create_task(run((python_name(), "-uc", script), cwd=cwd, on_output=on_output))
    pid = int((await printed).split()[0])
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    return pid


@pytest.mark.parametrize("ending", ["time.sleep(60)", "pass"])
async def test_children_of_a_command_end_with_it(tmp_path: Path, ending: str) -> None:
    assert await has_ended(await cancelled(tmp_path, SLEEPER + ending))


async def test_a_child_that_went_its_own_way_does_not_hold_us_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("phonework.backends.demo.process.LINGER_SECONDS", 0.1)

    pid = await cancelled(tmp_path, SLEEPER.replace("'])", "'], start_new_session=True)"))

    psutil.Process(pid).kill()


async def test_a_command_that_takes_too_long_is_ended_with_what_it_printed(tmp_path: Path) -> None:
    finished = await run(
        (python_name(), "-uc", "import time; print('here'); time.sleep(60)"), cwd=tmp_path, timeout=2.0
    )

    assert finished.code is None
    assert finished.output == "here\n"
    assert not children(tmp_path)


async def test_a_command_that_prints_without_end_is_kept_to_a_size(tmp_path: Path) -> None:
    finished = await run((python_name(), "-c", "print('x' * 3_000_000); print('end')"), cwd=tmp_path)

    assert finished.ok
    assert len(finished.output) == 32 * 1024
    assert finished.output.endswith("end\n")


async def test_a_command_gets_none_of_our_secrets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PHONEWORK_FEISHU__APP_SECRET", "hush")

    finished = await run((python_name(), "-c", "import os; print(sorted(os.environ))"), cwd=tmp_path)

    assert "PHONEWORK" not in finished.output


async def test_the_countdown_ends_when_its_parent_dies(person: Person) -> None:
    """S12: after a kill -9 of the server no program of the agent runs on."""
    await person.said("program 0")
    parent = await asyncio.to_thread(subprocess.Popen, [sys.executable, "-c", PARENT], cwd=person.cwd, stdout=-1)
    with parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        os.kill(parent.pid, signal.SIGKILL)

    assert await has_ended(child)


@pytest.mark.parametrize("story", ["edit", "plan", "同时", "long", "program 60", "input"])
async def test_an_interrupt_at_any_moment_ends_the_turn(person: Person, story: str) -> None:
    """Each turn is interrupted one sign of life later than the one before, at the latest when it asks."""
    person.restart(delay=0.001)

    for moment in range(1, 8):
        before = len(person.sink.progressed)
        await person.write(story)
        await person.signs_of_life(before + moment)
        await person.backend.interrupt(ONE, person.turn)
        end = await person.end()
        assert isinstance(end, TurnFinished)
        assert end.interrupted
        assert not children(person.cwd)

    assert "hi" in await person.said("echo hi")


async def test_an_interrupt_while_it_makes_the_project_does_no_harm(person: Person) -> None:
    await person.write("edit")
    await person.step("open work")
    await person.backend.interrupt(ONE, 1)
    await person.end()

    await person.write("edit")
    await person.answer(await person.asked(), Verdict.ALLOW)

    assert "shop/prices.py |" in await person.last_words()


async def test_after_a_restart_the_agent_is_dead_and_remembers(person: Person) -> None:
    await person.said("echo the secret word")
    person.restart()
    assert await person.backend.liveness(ONE) is Liveness.DEAD

    assert "the secret word" in await person.said("history")


async def test_a_torn_journal_loses_its_last_line_only(person: Person) -> None:
    await person.said("echo the secret word")
    (journal,) = person.data_dir.rglob("*.jsonl")
    with journal.open("ab") as file:
        file.write(b'{"kind": "prompt", "conver\xff')
    person.restart()

    await person.said("echo and another")
    person.restart()
    text = await person.said("history")

    assert "the secret word" in text
    assert "and another" in text


async def test_a_journal_is_for_its_owner_only(person: Person) -> None:
    await person.said("echo hi")
    (journal,) = person.data_dir.rglob("*.jsonl")

    assert journal.stat().st_mode & 0o777 == 0o600


async def test_a_late_decision_leads_to_the_same_question(person: Person) -> None:
    """F12: whose answer it is, the state machine knows by the fingerprint."""
    await person.write("confirm")
    ask = await person.asked()
    person.restart()

    await person.write("go on", carry=Carry(ask=ask, answer=ALLOW))

    again = await person.asked()
    assert again.fingerprint == ask.fingerprint
    assert again.request_id != ask.request_id


async def test_a_late_yes_to_an_edit_of_a_file_that_changed_is_asked_anew(person: Person) -> None:
    await person.write("edit")
    ask = await person.asked()
    prices = person.cwd / "shop/prices.py"
    prices.write_text(prices.read_text() + "\n\nRATE = 19\n")
    person.restart()

    await person.write("go on", carry=Carry(ask=ask, answer=ALLOW))

    again = await person.asked()
    assert again.fingerprint != ask.fingerprint
    assert "with_tax" not in prices.read_text()


async def test_a_late_answer_to_a_choice_is_taken(person: Person) -> None:
    await person.write("choose")
    ask = await person.asked()
    person.restart()

    answer = Answer(verdict=Verdict.ANSWER, picks=(("Rust",),))
    await person.write("go on", carry=Carry(ask=ask, answer=answer))
    again = await person.asked()
    await person.answer(again, Verdict.ANSWER, "", ("Rust",))

    assert "Rust" in await person.last_words()


async def test_an_unreadable_journal_means_unknown(person: Person) -> None:
    (person.data_dir / "demo" / "fizz-top.jsonl").mkdir(parents=True)

    start = TurnStart(session_id=ONE, turn=1, cwd=str(person.cwd), prompts=(message("edit"),))

    assert await person.backend.accepted(start) is Accepted.UNKNOWN
    with pytest.raises(BackendError, match="journal"):
        await person.backend.start_turn(start)


async def test_a_second_turn_at_the_same_time_is_refused(person: Person) -> None:
    await person.write("hang")

    with pytest.raises(BackendError, match="busy"):
        await person.write("echo hi")


async def test_a_session_id_never_leads_out_of_the_directory(person: Person) -> None:
    start = TurnStart(session_id="../../escape", turn=1, cwd=str(person.cwd), prompts=(message("echo hi"),))
    await person.backend.start_turn(start)

    (journal,) = person.data_dir.rglob("*.jsonl")

    assert journal.parent == person.data_dir / "demo"


async def test_a_directory_that_is_gone_fails_the_turn(person: Person) -> None:
    person.cwd.rmdir()

    await person.write("edit")

    end = await person.end()
    assert isinstance(end, TurnFailed)
    assert "no directory" in end.error


async def test_wrong_settings_are_refused(tmp_path: Path, person: Person) -> None:
    with pytest.raises(BackendError, match="delay"):
        type(person.backend)(sink=person.sink, settings={"delay": "soon"}, data_dir=tmp_path)


async def test_a_smoke_ping_runs_a_command(person: Person) -> None:
    assert "commands run" in await person.backend.ping(smoke=True)
