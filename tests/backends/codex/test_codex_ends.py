"""How turns of the real Codex end, whichever side dies or breaks off, at every stage of an approval."""

import asyncio
import os
import signal
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from phonework import processes
from phonework.backends.base import Accepted, Liveness, TurnStart
from phonework.backends.codex import program
from phonework.errors import BackendError, RequestGoneError
from phonework.fsm.events import AgentAsked, AgentLost, PromptsTaken, RequestWithdrawn, TurnFailed, TurnFinished
from phonework.fsm.types import Answer, Carry, SessionId, Verdict
from phonework.testing.backend_bench import ONE
from phonework.testing.codex_bench import CodexBench, command
from phonework.testing.fake_replies import say, script
from phonework.testing.messages import message

pytestmark = pytest.mark.codex

TOUCH = command("touch made && echo it is made", asks=True)
TELL = say("told: {results} {history}")


async def running(bench: CodexBench, words: str) -> psutil.Process:
    """The process that the server has started with these words, once it runs."""
    async with asyncio.timeout(20):
        while True:
            for one in bench.processes():
                if processes_line(one) == words:
                    return one
            await asyncio.sleep(0)


def processes_line(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.Error:
        return ""


@pytest.mark.parametrize("mode", ["", "full-access"])
async def test_an_interrupt_ends_the_running_command_too(bench: CodexBench, mode: str) -> None:
    await bench.write([command("exec sleep 1237")], [say("on")], mode=mode)
    sleeper = await running(bench, "sleep 1237")

    await bench.interrupt()

    assert (await bench.finished()).interrupted
    gone, _ = await asyncio.to_thread(psutil.wait_procs, [sleeper], 5)
    assert gone


async def test_a_kill_ends_the_running_command_and_no_other_session(bench: CodexBench) -> None:
    await bench.write([command("exec sleep 1238")], [say("on")], mode="full-access")
    sleeper = await running(bench, "sleep 1238")
    before = bench.server.pid

    await bench.backend.kill(ONE)

    assert isinstance(await bench.end(), AgentLost)
    gone, _ = await asyncio.to_thread(psutil.wait_procs, [sleeper], 5)
    assert gone
    assert bench.server.pid == before


async def test_a_server_killed_with_a_question_open_loses_the_turn_and_the_next_one_works(bench: CodexBench) -> None:
    await bench.write([TOUCH], [TELL])
    ask = await bench.asked()

    os.kill(bench.processes()[1].pid, signal.SIGKILL)

    lost = await bench.end()
    assert isinstance(lost, AgentLost)
    assert lost.problem is not None
    assert lost.problem.key == "codex.signal"
    assert await bench.backend.liveness(ONE) is Liveness.DEAD
    with pytest.raises(RequestGoneError):
        await bench.answer(ask, Verdict.ALLOW)
    await bench.write([say("You said: {history}")])
    assert "touch made" in await bench.words()
    assert not (bench.cwd / "made").exists()


async def test_a_server_killed_right_after_the_answer_carries_nothing_out_twice(bench: CodexBench) -> None:
    line = command("echo x >> made; exec sleep 1239", asks=True)
    await bench.write([line], [TELL])
    await bench.answer(await bench.asked(), Verdict.ALLOW)
    sleeper = await running(bench, "sleep 1239")

    os.kill(bench.processes()[1].pid, signal.SIGKILL)

    assert isinstance(await bench.end(), AgentLost)
    gone, _ = await asyncio.to_thread(psutil.wait_procs, [sleeper], 5)
    assert gone, "what it ran without a sandbox ends with it"
    await bench.write([say("go on")])
    await bench.finished()
    assert (bench.cwd / "made").read_text() == "x\n"


async def test_a_broken_connection_takes_no_question_away_and_asks_it_once(bench: CodexBench) -> None:
    """The server makes the request again under the same id; it is known, and nobody is asked twice."""
    await bench.write([say("before"), TOUCH], [TELL])
    ask = await bench.asked()

    await bench.cut()
    await bench.answer(ask, Verdict.ALLOW)

    assert "it is made" in await bench.words()
    assert len(bench.of(AgentAsked)) == 1
    assert not bench.of(RequestWithdrawn)
    assert (bench.cwd / "made").exists()


async def test_a_question_made_again_on_a_new_connection_can_still_be_refused(bench: CodexBench) -> None:
    await bench.write([TOUCH], [TELL])
    ask = await bench.asked()
    await bench.cut()

    await bench.answer(ask, Verdict.DENY, "no, thank you")

    assert "no, thank you" in await bench.words()
    assert not (bench.cwd / "made").exists()


async def test_a_turn_that_ends_while_the_connection_is_away_is_looked_up(bench: CodexBench) -> None:
    await bench.write([say("one "), {"gate": "go"}, say("two")])
    await bench.api.reached("go")

    await bench.cut()
    bench.api.open("go")

    assert (await bench.finished()).text.endswith("two")


async def test_a_steered_message_that_comes_through_a_new_connection_is_taken(bench: CodexBench) -> None:
    await bench.write([TOUCH], [TELL])
    ask = await bench.asked()
    await bench.cut()

    more = await bench.steer("and hurry")
    await bench.answer(ask, Verdict.ALLOW)

    assert (await bench.one(PromptsTaken)).prompt_ids == (more.prompt_id,)
    assert "and hurry" in await bench.words()


async def test_a_server_that_stops_answering_is_ended_rather_than_left_at_work(
    bench: CodexBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    await bench.write([TOUCH], [TELL])
    await bench.asked()
    monkeypatch.setattr("phonework.backends.codex.thread.ENDS_WITHIN", 0.3)
    for one in bench.processes()[1:]:
        one.suspend()

    await bench.backend.kill(ONE)

    assert isinstance(await bench.end(), AgentLost)
    assert await bench.backend.liveness(ONE) is Liveness.DEAD
    assert not (bench.cwd / "made").exists()


async def test_what_a_crash_of_ours_left_running_is_ended_before_anything_resumes(bench: CodexBench) -> None:
    """Where the kernel does not end it with us: a server of this directory that nobody owns any more."""
    await bench.write([say("hello")])
    await bench.finished()
    await bench.backend.aclose()
    env = program.environment(bench.backend._settings, bench.server.mark)
    left = await asyncio.create_subprocess_exec("sleep", "1240", env=env)

    bench.restart()
    assert await bench.backend.liveness(ONE) is Liveness.DEAD

    assert await left.wait() == -signal.SIGKILL


async def test_two_programs_never_run_a_server_on_one_directory(bench: CodexBench) -> None:
    await bench.write([say("hello")])
    await bench.finished()
    bench.restart()

    with pytest.raises(BackendError, match="Another PhoneWork"):
        await bench.write([say("hello")])
    bench.turn -= 1


async def test_after_our_death_in_an_approval_the_decision_is_carried_once(bench: CodexBench) -> None:
    await bench.write([TOUCH], [TELL])
    ask, start = await bench.asked(), bench.start
    await bench.backend.aclose()
    bench.restart()
    assert start is not None
    assert await bench.backend.accepted(start) is Accepted.YES

    decision = Answer(verdict=Verdict.ALLOW)
    await bench.write([TOUCH], [TELL], carry=Carry(ask=ask, answer=decision))

    again = await bench.asked()
    assert again.fingerprint == ask.fingerprint
    await bench.answer(again, Verdict.ALLOW)
    assert "it is made" in await bench.words()


async def test_what_was_handed_over_before_we_died_is_known_without_the_agents_own_id(bench: CodexBench) -> None:
    """Nobody had stored which conversation it is."""
    await bench.write([say("whole words"), {"hang": True}])
    await bench.sink.wait_for(lambda: any("whole words" in one.text for _, _, one in bench.sink.progressed))
    await bench.backend.aclose()
    bench.restart()
    assert bench.start is not None
    unknown = replace_agent(bench)

    assert await bench.backend.accepted(unknown) is Accepted.YES
    assert await bench.backend.accepted(replace_turn(unknown)) is Accepted.NO


def replace_agent(bench: CodexBench) -> TurnStart:
    assert bench.start is not None
    return replace(bench.start, agent_session_id="")


def replace_turn(start: TurnStart) -> TurnStart:
    return replace(start, turn=2, prompts=(message("another"),))


async def test_the_words_of_a_turn_that_died_with_its_server_are_in_its_record(bench: CodexBench) -> None:
    await bench.write([say("I will look."), TOUCH], [TELL])
    await bench.asked()
    await bench.backend.aclose()
    bench.restart()
    assert bench.start is not None

    assert await bench.backend.said(bench.start) == "I will look."


async def test_what_a_command_says_after_its_turn_is_of_no_other_turn(bench: CodexBench) -> None:
    late = {"tool": "exec_command", "input": {"cmd": "sleep 0.5; echo late", "yield_time_ms": 250}}
    await bench.write([late], [say("it goes on")])
    assert await bench.words() == "it goes on"

    await bench.write([say("next"), {"gate": "late"}])
    await bench.sink.wait_for(lambda: any(turn == 2 for _, turn, _ in bench.sink.progressed))
    async with asyncio.timeout(10):
        while any("sleep 0.5" in processes_line(one) for one in bench.processes()):  # noqa: ASYNC110
            await asyncio.sleep(0)  # it is nobody's event
    bench.api.open("late")

    assert (await bench.finished()).text == "next"
    assert not any(one.steps for _, turn, one in bench.sink.progressed if turn == 2)


async def test_a_conversation_that_is_gone_is_said_to_be_gone(bench: CodexBench) -> None:
    bench.agent = "0192aaaa-0000-7000-8000-000000000000"

    with pytest.raises(BackendError, match="no such conversation any more"):
        await bench.write([say("hello")])


async def test_a_closed_conversation_can_be_gone_on_with(bench: CodexBench) -> None:
    """It is put away in Codex's archive, and fetched back."""
    await bench.write([say("hello")])
    await bench.finished()
    await bench.backend.close(ONE)
    assert list((bench.home / "archived_sessions").glob("*.jsonl"))

    await bench.write([say("You said: {history}")])

    assert "hello" in await bench.words()


async def test_the_server_starts_again_after_each_death(bench: CodexBench) -> None:
    for _ in range(2):
        await bench.write([say("hello"), {"hang": True}])
        os.kill(bench.processes()[1].pid, signal.SIGKILL)
        assert isinstance(await bench.end(), AgentLost)

    await bench.write([say("still here")])
    assert await bench.words() == "still here"


async def test_a_wrong_configuration_is_told_in_its_own_words(make_bench: Callable[..., CodexBench]) -> None:
    bench = make_bench(config="nonsense = 3\n")

    with pytest.raises(BackendError, match="unknown configuration field `nonsense`"):
        await bench.write([say("hello")])

    assert not bench.of(TurnFailed), "nothing was begun"
    bench.turn -= 1
    config = bench.home / "config.toml"
    config.write_text(config.read_text().replace("nonsense = 3\n", ""))
    await bench.write([say("hello")])
    assert await bench.words() == "hello"


async def test_another_provider_than_the_configured_one_is_refused(make_bench: Callable[..., CodexBench]) -> None:
    bench = make_bench(more={"provider": "elsewhere"})

    with pytest.raises(BackendError, match="elsewhere"):
        await bench.write([say("hello")])


async def test_its_socket_and_directory_are_ours_alone(bench: CodexBench, tmp_path: Path) -> None:
    await bench.write([say("hello")])
    await bench.finished()

    socket = bench.server._socket
    assert socket.parent.stat().st_mode & 0o777 == 0o700
    assert socket.resolve().stat().st_mode & 0o777 == 0o600
    await bench.backend.aclose()
    assert not processes.marked(program.MARK, bench.server.mark)


async def test_a_session_that_begins_while_another_dies_with_the_server_goes_on(bench: CodexBench) -> None:
    """The death of the old server is told before the new one is started, and to nobody in that."""
    await bench.write([say("one"), {"hang": True}])
    one = bench.start
    assert one is not None
    os.kill(bench.processes()[1].pid, signal.SIGKILL)
    connection = bench.server.connection
    assert connection is not None
    await connection.closed.wait()

    two = replace(one, session_id=SessionId("buzz-low"), agent_session_id="", prompts=(message(script([say("two")])),))
    await bench.backend.start_turn(two)

    assert isinstance(await bench.end(), AgentLost)
    finished = await bench.sink.wait_event(two.session_id, TurnFinished)
    assert finished.text == "two"
