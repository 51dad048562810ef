"""Conversations begun with Codex at the desk: found, held, copied and taken over."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from phonework.backends.base import DeskSession
from phonework.backends.codex import program
from phonework.errors import BackendError
from phonework.testing.backend_bench import ONE
from phonework.testing.codex_bench import CodexBench
from phonework.testing.fake_replies import say, script

pytestmark = pytest.mark.codex


@asynccontextmanager
async def at_the_desk(bench: CodexBench, text: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """Somebody runs Codex in a terminal of the same directory."""
    words = [program.find(""), "exec", "--skip-git-repo-check", text]
    environment = program.environment(bench.backend._settings, "")
    del environment[program.MARK]
    nothing = asyncio.subprocess.DEVNULL
    process = await asyncio.create_subprocess_exec(
        *words, cwd=bench.cwd, env=environment, stdin=nothing, stdout=nothing, stderr=nothing
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def only(bench: CodexBench) -> DeskSession:
    (found,) = await bench.backend.transcripts(bench.cwd.parent, 10)
    return found


async def test_a_conversation_of_the_terminal_is_found_and_gone_on_with(bench: CodexBench) -> None:
    async with at_the_desk(bench, script([say("The word is mango.")], text="Choose a word.")) as terminal:
        await asyncio.wait_for(terminal.wait(), 20)
    found = await only(bench)
    assert found.first.startswith("Choose a word.")
    assert found.cwd == str(bench.cwd)
    assert found.held_by is None
    assert found.size_bytes > 0

    bench.agent = found.agent_session_id
    await bench.write([say("You said: {history}")])

    assert "Choose a word." in await bench.words()
    await bench.backend.close(ONE)
    assert not list((bench.home / "archived_sessions").glob("*.jsonl")), "what began at the desk stays where it is"


async def test_one_that_is_open_at_the_desk_is_left_alone_copied_or_taken_over(bench: CodexBench) -> None:
    words = script([say("The word is mango."), {"hang": True}], text="Choose a word.")
    async with at_the_desk(bench, words) as terminal:
        await bench.api.reached("hang")
        found = await only(bench)
        assert found.held_by is not None
        assert found.held_by.where == f"pid {terminal.pid}"
        bench.agent = found.agent_session_id
        with pytest.raises(BackendError, match="open in a Codex at the desk"):
            await bench.write([say("mine")])
        with pytest.raises(BackendError, match="Another process"):
            await bench.backend.end_at_desk(found.agent_session_id, f"{terminal.pid}:1.0")
        assert terminal.returncode is None

        bench.turn -= 1
        await bench.write([say("You said: {history}")], fork_of=found.agent_session_id)
        assert "Choose a word." in await bench.words()
        assert bench.agent != found.agent_session_id
        assert terminal.returncode is None

        await bench.backend.end_at_desk(found.agent_session_id, found.held_by.key)

        await asyncio.wait_for(terminal.wait(), 5)
    bench.agent = found.agent_session_id
    await bench.write([say("You said: {history}")])
    assert "Choose a word." in await bench.words()


async def test_only_what_began_below_the_directory_is_listed_the_newest_first(
    bench: CodexBench, tmp_path: Path
) -> None:
    for name in ("one", "two", "gone"):
        bench.cwd = tmp_path / "work" / name
        bench.cwd.mkdir(parents=True)
        bench.agent = ""
        await bench.write([say("hello")])
        await bench.finished()
        await bench.backend.close(ONE)
    bench.cwd.rmdir()

    listed = await bench.backend.transcripts(tmp_path / "work", 10)

    assert sorted(Path(one.cwd).name for one in listed) == ["one", "two"]
    assert await bench.backend.transcripts(tmp_path / "work" / "one" / "deeper", 10) == ()
    assert len(await bench.backend.transcripts(tmp_path / "work", 1)) == 1
