"""The process at the demo's desk: it holds one conversation, and ends with us or when it is told to."""

import asyncio
import os
import sys
from pathlib import Path
from typing import Any

import psutil  # type: ignore[import-untyped]
import pytest

from phonework.backends.base import DeskSession, Holder
from phonework.backends.demo import DemoBackend
from phonework.errors import BackendError
from phonework.fsm.types import SessionId
from tests.backends.demo.test_demo_past import COPY, LATER, tell


@pytest.fixture
def at_desk(person: Any) -> Any:
    """A person of the demo agent, with somebody at the desk in a directory beside."""
    (person.cwd.parent / "shop").mkdir()
    reopen(person)
    return person


def reopen(person: Any, language: str = "en") -> None:
    settings = {"delay": 0, "desk": str(person.cwd.parent / "shop"), "language": language}
    backend = DemoBackend(sink=person.sink, settings=settings, data_dir=person.data_dir, pace=person.pace)
    person.backends.append(backend)


async def looked(person: Any) -> DeskSession:
    found: DeskSession
    (found,) = await person.backend.transcripts(person.cwd.parent / "shop", 5)
    assert await person.backend.transcript(found.agent_session_id) == found
    return found


def process_of(holder: Holder | None) -> psutil.Process:
    assert holder is not None
    pid, start = holder.key.split(":")
    process = psutil.Process(int(pid))
    assert process.create_time() == float(start)
    assert holder.where == f"pid {pid}"
    return process


async def gone(process: psutil.Process) -> None:
    await asyncio.to_thread(process.wait, 10)
    assert not process.is_running()


async def test_one_conversation_is_open_at_the_desk(at_desk: Any) -> None:
    found = await looked(at_desk)
    process = process_of(found.held_by)

    assert found.cwd == process.cwd() == str(at_desk.cwd.parent / "shop")
    assert (found.first, found.last) == ("Which prices has the shop?", "Add discounts to them")
    assert (await looked(at_desk)).held_by == found.held_by
    await at_desk.backend.aclose()
    await gone(process)


async def test_it_was_held_in_the_language_of_the_demo(at_desk: Any) -> None:
    reopen(at_desk, language="zh")
    found = await looked(at_desk)

    assert (found.first, found.last) == ("店里有哪些价格？", "给它们加上折扣")


async def test_a_copy_leaves_it_alive(at_desk: Any) -> None:
    found = await looked(at_desk)
    copy, said = await tell(at_desk, COPY, 1, "history", fork_of=found.agent_session_id)

    assert copy != found.agent_session_id
    assert "Which prices has the shop?" in said
    assert process_of(found.held_by).is_running()
    assert await at_desk.backend.transcript(found.agent_session_id) == found


async def test_taken_over_it_goes_on_under_its_own_name(at_desk: Any) -> None:
    found = await looked(at_desk)
    process = process_of(found.held_by)
    assert found.held_by is not None
    for _ in range(2):
        await at_desk.backend.end_at_desk(found.agent_session_id, found.held_by.key)
    await gone(process)

    assert (await looked(at_desk)).held_by is None
    name, said = await tell(at_desk, LATER, 1, "history", agent_session_id=found.agent_session_id)
    assert name == found.agent_session_id
    assert "Which prices has the shop?" in said


async def test_only_the_process_that_was_meant_is_ended(at_desk: Any) -> None:
    found = await looked(at_desk)
    process = process_of(found.held_by)
    for key in (f"{process.pid}:1.0", "1:1", ""):
        with pytest.raises(BackendError) as refused:
            await at_desk.backend.end_at_desk(found.agent_session_id, key)
        assert refused.value.problem is not None
        assert refused.value.problem.key == "demo.other_holder"
    await at_desk.backend.end_at_desk("no such", f"{process.pid}:{process.create_time()}")
    assert process.is_running()
    assert await looked(at_desk) == found


async def test_it_is_the_same_conversation_after_a_restart(at_desk: Any) -> None:
    found = await looked(at_desk)
    await at_desk.backend.aclose()
    reopen(at_desk)
    again = await looked(at_desk)
    assert again.agent_session_id == found.agent_session_id
    assert key_of(again) != key_of(found)
    assert process_of(again.held_by).is_running()


def key_of(found: DeskSession) -> str:
    assert found.held_by is not None
    return found.held_by.key


async def test_one_taken_over_is_not_opened_there_again(at_desk: Any) -> None:
    found = await looked(at_desk)
    await at_desk.backend.aclose()
    reopen(at_desk)
    await at_desk.backend.end_at_desk(found.agent_session_id, key_of(found))  # owed since before the restart
    held = {one.agent_session_id: one.held_by for one in await at_desk.backend.transcripts(at_desk.cwd.parent, 5)}
    assert held.pop(found.agent_session_id) is None
    (other,) = held.values()
    assert process_of(other).is_running()


async def test_one_that_was_closed_at_the_desk_is_of_the_past(at_desk: Any) -> None:
    process = process_of((await looked(at_desk)).held_by)
    process.kill()
    await asyncio.to_thread(process.wait, 10)
    found = await looked(at_desk)
    assert found.held_by is None


async def test_without_a_process_it_is_simply_of_the_past(at_desk: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", str(at_desk.cwd / "no-python"))
    assert (await looked(at_desk)).held_by is None


async def test_nobody_is_at_the_desk_unless_asked_for(person: Any) -> None:
    before = {child.pid for child in psutil.Process(os.getpid()).children()}
    assert await person.backend.transcripts(person.cwd.parent, 5) == ()
    await tell(person, SessionId("fizz-top"), 1, "say hello")
    (found,) = await person.backend.transcripts(person.cwd.parent, 5)
    assert found.held_by is None
    assert {child.pid for child in psutil.Process(os.getpid()).children()} <= before


async def test_it_ends_with_its_server_however_that_ends(tmp_path: Path) -> None:
    program = (
        "import sys, pathlib\n"
        "from phonework.backends.demo.desk import DeskProcess\n"
        "place = pathlib.Path(sys.argv[1])\n"
        "(holder,) = DeskProcess(place / 'data', place, 'en').held().values()\n"
        "print(holder.key, flush=True)\n"
        "sys.stdin.read()\n"
    )
    server = await asyncio.create_subprocess_exec(
        sys.executable, "-c", program, tmp_path, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    assert server.stdout is not None
    key = (await server.stdout.readline()).decode().strip()
    process = process_of(Holder(where=f"pid {key.split(':')[0]}", key=key))
    server.kill()
    await server.wait()
    await gone(process)
