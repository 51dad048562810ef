"""How turns of the real Claude Code end before their time: stopped, killed, crashed, failed (F5, F10)."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from phonework.backends.base import Liveness
from phonework.errors import BackendError, RequestGoneError
from phonework.fsm.events import AgentLost, RequestWithdrawn, TurnFailed, TurnFinished
from phonework.fsm.types import Verdict
from phonework.testing.claude_bench import ONE, ClaudeBench, say, use

pytestmark = pytest.mark.claude

TOUCH = use("Bash", command="touch x1 && echo made", description="Make x1")


def cli(bench: ClaudeBench) -> psutil.Process:
    """The agent's process, not the one that keeps it."""
    return next(
        one for one in family(bench.backend._live[ONE].process.pid) if "keeper.py" not in " ".join(one.cmdline())
    )


def family(pid: int) -> list[psutil.Process]:
    """The process and all below it, those nearest first."""
    process = psutil.Process(pid)
    return [process, *process.children(recursive=True)]


async def test_a_stop_while_it_talks_keeps_what_was_said(bench: ClaudeBench) -> None:
    await bench.write([say("one two three"), {"hang": True}])
    await bench.sink.wait_for(lambda: any("three" in one.text for _, _, one in bench.sink.progressed))

    await bench.interrupt()

    end = await bench.finished()
    assert end.interrupted
    assert end.text == "one two three"


async def test_a_stop_while_a_tool_runs_ends_the_tool(bench: ClaudeBench) -> None:
    with bench.waiting_command() as wait:
        await bench.write([wait.call])
        await bench.answer(await bench.asked(), Verdict.ALLOW)
        await wait.running()
        tools = cli(bench).children(recursive=True)

        await bench.interrupt()

        assert (await bench.finished()).interrupted
        await asyncio.to_thread(psutil.wait_procs, tools, 5)
        assert not any(one.is_running() for one in tools)


async def test_a_stop_while_it_asks_withdraws_the_request(bench: ClaudeBench) -> None:
    await bench.write([TOUCH])
    ask = await bench.asked()

    await bench.interrupt()

    assert (await bench.finished()).interrupted
    assert (await bench.one(RequestWithdrawn)).request_id == ask.request_id
    with pytest.raises(RequestGoneError):
        await bench.answer(ask, Verdict.ALLOW)
    assert not (bench.cwd / "x1").exists()


async def test_a_stop_also_ends_a_message_that_waits_behind(bench: ClaudeBench) -> None:
    await bench.write([say("talking"), {"gate": "never"}])
    await bench.api.reached("never")
    await bench.steer("and this")

    await bench.interrupt()

    assert (await bench.finished()).interrupted
    await bench.write([say("free again")])
    assert await bench.words() == "free again"


async def test_a_stop_right_after_the_start_is_not_lost(bench: ClaudeBench) -> None:
    await bench.write([{"hang": True}])

    await bench.interrupt()

    assert (await bench.finished()).interrupted


async def test_a_kill_from_outside_loses_the_turn_and_the_next_one_goes_on(bench: ClaudeBench) -> None:
    prompt = await bench.write([say("I begin."), {"hang": True}], text="remember the number 42")
    await bench.recorded(prompt)
    await bench.sink.wait_for(lambda: any("begin." in one.text for _, _, one in bench.sink.progressed))

    cli(bench).kill()

    lost = await bench.end()
    assert isinstance(lost, AgentLost)
    assert "SIGKILL" in lost.reason
    assert lost.text == "I begin."
    assert await bench.backend.liveness(ONE) is Liveness.DEAD
    await bench.write([say("{history}")])
    assert "remember the number 42" in await bench.words()


async def test_an_agent_that_dies_at_a_tool_had_said_what_it_is_for(bench: ClaudeBench) -> None:
    await bench.write([say("Let me see."), use("Bash", command="echo", description="Look")], [say("Now x1."), TOUCH])
    await bench.asked()

    cli(bench).kill()

    lost = await bench.end()
    assert isinstance(lost, AgentLost)
    assert lost.text == "Now x1."


async def test_what_an_agent_had_said_is_read_from_its_record(bench: ClaudeBench) -> None:
    """Of whole paragraphs; nothing of the turns before, nothing when the turn is unknown."""
    await bench.write([say("An earlier turn.")])
    await bench.finished()
    await bench.write([say("Now x1."), TOUCH])
    await bench.asked()
    await bench.recorded_ask()
    bench.restart()
    assert bench.start is not None

    assert await bench.backend.liveness(ONE) is Liveness.DEAD
    assert await bench.backend.said(bench.start) == "Now x1."
    assert await bench.backend.said(replace(bench.start, prompts=())) == ""


async def test_a_kill_while_it_asks_leaves_the_request_to_the_engine(bench: ClaudeBench) -> None:
    """It is not withdrawn: it can still be answered, and the answer resumed."""
    await bench.write([TOUCH])
    ask = await bench.asked()

    await bench.backend.kill(ONE)

    assert isinstance(await bench.end(), AgentLost)
    assert not bench.of(RequestWithdrawn)
    with pytest.raises(RequestGoneError):
        await bench.answer(ask, Verdict.ALLOW)


async def test_a_kill_ends_the_tools_too(bench: ClaudeBench) -> None:
    """They have process groups of their own and would run on."""
    with bench.waiting_command() as wait:
        await bench.write([wait.call])
        await bench.answer(await bench.asked(), Verdict.ALLOW)
        await wait.running()
        tools = cli(bench).children(recursive=True)

        os.kill(cli(bench).pid, signal.SIGKILL)

        assert isinstance(await bench.end(), AgentLost)
        await asyncio.to_thread(psutil.wait_procs, tools, 5)
        assert not any(one.is_running() for one in tools)


async def test_a_refused_key_is_told_at_once(make_bench: Callable[..., ClaudeBench]) -> None:
    """With Claude Code's ten tries it would take three minutes."""
    bench = make_bench(env={"CLAUDE_CODE_MAX_RETRIES": "10"})
    await bench.write([{"error": 401, "message": "invalid x-api-key"}])

    end = await bench.end()

    assert isinstance(end, TurnFailed)
    assert "not logged in" in end.error
    await bench.write([say("works again")])
    assert await bench.words() == "works again"


async def test_a_busy_api_is_shown_and_survived(bench: ClaudeBench) -> None:
    await bench.write([{"error": 529, "times": 1}, say("It worked in the end.")])

    assert await bench.note("The API is busy") == "The API is busy, trying again in 1 s (1/2)"
    assert await bench.words() == "It worked in the end."


@pytest.mark.parametrize(
    ("status", "words"),
    [(429, "limit was reached (429)"), (500, "not available or too busy (500)"), (400, "will not do")],
)
async def test_an_api_error_fails_the_turn_in_words(
    make_bench: Callable[..., ClaudeBench], status: int, words: str
) -> None:
    bench = make_bench(env={"CLAUDE_CODE_MAX_RETRIES": "0"})
    look = use("Bash", command="echo", description="Look")
    await bench.write([say("I begin."), look], [{"error": status, "message": "this will not do", "retry_after": 0}])

    end = await bench.end()

    assert isinstance(end, TurnFailed)
    assert words in end.error
    assert "\n" not in end.error
    assert end.text == "I begin."
    await bench.write([say("fine")])
    assert await bench.words() == "fine"


async def test_an_api_that_is_not_there_fails_the_turn_in_words(make_bench: Callable[..., ClaudeBench]) -> None:
    bench = make_bench(env={"CLAUDE_CODE_MAX_RETRIES": "1", "ANTHROPIC_BASE_URL": "http://127.0.0.1:9"})
    await bench.write(text="hello")

    end = await bench.end()

    assert isinstance(end, TurnFailed)
    assert end.error.startswith("The API could not be used.")
    assert "cannot be reached" in await bench.note("cannot be reached")


async def test_two_megabytes_in_one_line_are_delivered_whole(bench: ClaudeBench) -> None:
    await bench.write([{"big": 2_000_000}])

    assert await bench.words() == "x" * 2_000_000


async def test_broken_bytes_and_dropped_connections_end_the_turn(make_bench: Callable[..., ClaudeBench]) -> None:
    bench = make_bench(env={"CLAUDE_CODE_MAX_RETRIES": "0"})
    await bench.write([{"bad_utf8": True}])
    first = await bench.end()
    await bench.write([say("half a"), {"disconnect": True}])
    second = await bench.end()

    await bench.write([say("whole")])

    assert await bench.words() == "whole"
    assert isinstance(first, TurnFinished | TurnFailed)
    assert isinstance(second, TurnFinished | TurnFailed)


async def test_a_missing_directory_is_told(bench: ClaudeBench) -> None:
    (bench.cwd / ".git").rename(bench.directory / "gone")
    bench.cwd.rmdir()

    with pytest.raises(BackendError, match="There is no directory"):
        await bench.write([say("never")])


async def test_a_conversation_whose_record_is_gone_begins_anew_under_its_id(bench: ClaudeBench) -> None:
    await bench.write([say("ok")])
    await bench.finished()
    agent = bench.agent
    await bench.backend.aclose()
    next(bench.config.rglob(f"{agent}.jsonl")).unlink()
    bench.restart()

    await bench.write([say("begun anew")])

    assert await bench.words() == "begun anew"
    assert bench.agent == agent


async def test_all_that_was_asked_of_the_agent_ends_with_the_server(bench: ClaudeBench) -> None:
    """As at a restart: closed within 4 s, nothing reported, nothing left running."""
    await bench.write([TOUCH])
    await bench.asked()
    process = cli(bench)
    before = list(bench.sink.reported)

    async with asyncio.timeout(4):
        await bench.backend.aclose()

    assert not process.is_running()
    assert bench.sink.reported == before


async def test_the_agent_dies_with_the_server_however_that_dies(bench: ClaudeBench, tmp_path: Path) -> None:
    program = tmp_path / "server.py"
    program.write_text(
        "import asyncio, json, sys\n"
        "from pathlib import Path\n"
        "from phonework.backends.base import TurnStart\n"
        "from phonework.backends.claude import ClaudeBackend\n"
        "from phonework.fsm.types import SessionId\n"
        "from phonework.testing.messages import message\n"
        "from phonework.testing.sink import RecordingSink\n"
        "async def main(env, cwd, data, text):\n"
        "    backend = ClaudeBackend(sink=RecordingSink(), settings={'env': json.loads(env)}, data_dir=Path(data))\n"
        "    start = TurnStart(session_id=SessionId('a'), turn=1, cwd=cwd, prompts=(message(text),))\n"
        "    await backend.start_turn(start)\n"
        "    print(backend._live['a'].process.pid, flush=True)\n"
        "    await asyncio.Event().wait()\n"
        "asyncio.run(main(*sys.argv[1:]))\n"
    )
    env = json.dumps(bench.api.cli_env(bench.home))
    text = 'fake: [[{"hang": true}]]'
    server = await asyncio.create_subprocess_exec(
        sys.executable,
        str(program),
        env,
        str(bench.cwd),
        str(tmp_path / "data"),
        text,
        stdout=asyncio.subprocess.PIPE,
    )
    assert server.stdout is not None
    agents = family(int(await server.stdout.readline()))

    server.kill()
    await server.wait()

    gone, left = await asyncio.to_thread(psutil.wait_procs, agents, 5)
    assert gone
    assert not left


async def test_an_agent_that_outlived_its_server_is_ended_and_the_conversation_goes_on(bench: ClaudeBench) -> None:
    """Where it does not die with the server it would go on; two agents on one record would lose what the other wrote."""
    await bench.write([TOUCH], text="remember this")
    await bench.asked()
    await bench.recorded_ask()
    orphan = cli(bench)
    bench.restart()

    assert await bench.backend.liveness(ONE) is Liveness.DEAD

    gone, _ = await asyncio.to_thread(psutil.wait_procs, [orphan], 5)
    assert gone
    await bench.write([say("{history}")])
    assert "remember this" in await bench.words()


async def test_a_start_given_up_half_way_leaves_no_agent(
    make_bench: Callable[..., ClaudeBench], tmp_path: Path
) -> None:
    silent = tmp_path / "silent"
    silent.write_text(f"#!/bin/sh\nexec {sys.executable} -c 'import sys; sys.stdin.read()' stream-json\n")
    silent.chmod(0o755)
    bench = make_bench(more={"cli_path": str(silent)})
    starting = asyncio.create_task(bench.write([say("never")]))
    async with asyncio.timeout(5):
        while not (live := bench.backend._live.get(ONE)) or not live.process.pid:  # noqa: ASYNC110
            await asyncio.sleep(0)
    process = psutil.Process(live.process.pid)

    starting.cancel()
    await asyncio.wait([starting])

    assert starting.cancelled()
    assert not process.is_running()
    assert not bench.backend._live
