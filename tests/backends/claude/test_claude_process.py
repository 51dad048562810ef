"""The agent's process when it misbehaves: torn, broken, endless or missing output, and its children."""

import asyncio
import stat
import sys
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from phonework import processes
from phonework.backends.base import Liveness
from phonework.backends.claude import launcher, process
from phonework.backends.claude.process import CliProcess, Frame
from phonework.errors import BackendError
from phonework.fsm.events import AgentLost, RequestWithdrawn
from phonework.testing.claude_bench import ONE, ClaudeBench, say

pytestmark = pytest.mark.claude


def program(path: Path, body: str) -> Path:
    """An executable Python program."""
    path.write_text(f"#!{sys.executable}\nimport os, subprocess, sys, time\n{body}")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


class Run:
    """A process, and the frames that came."""

    def __init__(self, tmp_path: Path, body: str) -> None:
        self.frames: list[Frame] = []
        self.ended = asyncio.Event()
        env = {launcher.MARK: f"mark of {tmp_path}", "PATH": "/usr/bin:/bin"}
        self.process = CliProcess(
            [str(program(tmp_path / "cli", body))],
            cwd=str(tmp_path),
            env=env,
            on_frame=self._take,
            on_written=lambda: None,
            on_end=self.ended.set,
        )

    async def _take(self, frame: Frame) -> None:
        self.frames.append(frame)

    async def read(self) -> list[Frame]:
        """Run it to its end; returns the control frames."""
        await self.process.connect()
        async with asyncio.timeout(15):
            control = [frame async for frame in self.process.read_messages()]
        await self.process.close(patience=0)
        return control


async def test_frames_are_cut_at_lines_and_everything_else_is_passed_over(tmp_path: Path) -> None:
    run = Run(
        tmp_path,
        "out = sys.stdout.buffer\n"
        'for part in (b\'{"type":"us\', b\'er"}\\n\\n[debug] hello\\r\\n{"type":"control_request","n":1}\\r\\n\', b\'[1]\\n{"type":"last"}\'):\n'
        "    out.write(part); out.flush()\n",
    )

    assert await run.read() == [{"type": "control_request", "n": 1}]
    assert run.frames == [{"type": "user"}]
    assert run.ended.is_set()


async def test_a_broken_byte_inside_a_text_is_replaced(tmp_path: Path) -> None:
    run = Run(tmp_path, 'sys.stdout.buffer.write(b\'{"type":"x","text":"a\\xff\\xfeb"}\\n{"type":"y"}\\n\')\n')

    await run.read()

    assert run.frames == [{"type": "x", "text": "a\ufffd\ufffdb"}, {"type": "y"}]
    assert not run.process.trouble


async def test_a_damaged_frame_is_the_end_because_it_may_have_been_the_result(tmp_path: Path) -> None:
    run = Run(tmp_path, 'print(\'{"type":"x"\', flush=True)\ntime.sleep(60)\n')

    await run.read()

    assert "cannot be read" in str(run.process.trouble)
    assert run.process.exit_code is not None


async def test_an_endless_line_is_the_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "LONGEST_LINE", 1024 * 1024)
    run = Run(tmp_path, "while True: sys.stdout.write('{' * 65536)\n")

    await run.read()

    assert "more than 1 MB" in str(run.process.trouble)
    assert not run.frames


async def test_the_last_words_and_the_exit_code_are_kept(tmp_path: Path) -> None:
    run = Run(tmp_path, "sys.stderr.write('first\\n' + 'boom \\xff\\n'); sys.exit(3)\n")

    await run.read()

    assert run.process.exit_code == 3
    assert run.process.stderr.splitlines()[-1].startswith("boom")


async def test_a_child_that_keeps_the_output_open_does_not_hold_us(tmp_path: Path) -> None:
    run = Run(tmp_path, "subprocess.Popen(['sleep', '60'])\nprint('{\"type\":\"x\"}', flush=True)\n")

    async with asyncio.timeout(5):
        await run.read()

    assert run.frames == [{"type": "x"}]
    assert await asyncio.to_thread(processes.end_marked, launcher.MARK, f"mark of {tmp_path}") == 1


async def test_a_kill_takes_the_children_in_other_groups_along(tmp_path: Path) -> None:
    body = "child = subprocess.Popen(['sleep', '60'], start_new_session=True)\nprint('{\"type\":\"%d\"}' % child.pid, flush=True)\ntime.sleep(60)\n"
    run = Run(tmp_path, body)
    reading = asyncio.create_task(run.read())
    async with asyncio.timeout(5):
        while not run.frames:  # noqa: ASYNC110  # the next step of the reader brings it
            await asyncio.sleep(0)
    child = psutil.Process(int(run.frames[0]["type"]))

    await run.process.kill()

    await reading
    gone, _ = await asyncio.to_thread(psutil.wait_procs, [child], 5)
    assert gone


async def test_what_a_dead_agent_left_running_is_ended_only_when_its_turn_was_cut_off(tmp_path: Path) -> None:
    """It may be a development server that was started on purpose."""
    body = "child = subprocess.Popen(['sleep', '60'], start_new_session=True)\nprint('{\"type\":\"%d\"}' % child.pid, flush=True)\n"
    run = Run(tmp_path, body)
    await run.read()
    child = psutil.Process(int(run.frames[0]["type"]))

    assert await asyncio.to_thread(process.end_orphans, f"mark of {tmp_path}") == 0
    assert child.is_running()
    assert await asyncio.to_thread(process.end_left, f"mark of {tmp_path}") == 1

    gone, _ = await asyncio.to_thread(psutil.wait_procs, [child], 5)
    assert gone


async def test_one_that_ignores_the_end_of_its_input_and_sigterm_is_killed_in_time(tmp_path: Path) -> None:
    body = 'import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nprint(\'{"type":"x"}\', flush=True)\ntime.sleep(60)\n'
    run = Run(tmp_path, body)
    reading = asyncio.create_task(run.read())
    async with asyncio.timeout(5):
        while not run.frames:  # noqa: ASYNC110  # the next step of the reader brings it
            await asyncio.sleep(0)

    async with asyncio.timeout(4):
        await run.process.close()

    await reading
    assert run.process.exit_code == -9


async def test_a_program_that_fails_at_once_is_told_in_its_own_words(
    make_bench: Callable[..., ClaudeBench], tmp_path: Path
) -> None:
    broken = program(tmp_path / "broken", "sys.stderr.write('the disk is on fire\\n'); sys.exit(7)\n")
    bench = make_bench(more={"cli_path": str(broken)})

    with pytest.raises(BackendError, match=r"exit code 7.*the disk is on fire"):
        await bench.write([say("never")])

    assert not bench.sink.reported, "nothing of a turn that never began"
    assert await bench.backend.liveness(ONE) is Liveness.DEAD


async def test_a_missing_program_is_told(make_bench: Callable[..., ClaudeBench], tmp_path: Path) -> None:
    bench = make_bench(more={"cli_path": str(tmp_path / "nothing")})

    with pytest.raises(BackendError, match="Claude Code is not at"):
        await bench.write([say("never")])
    with pytest.raises(BackendError, match="Claude Code is not at"):
        await bench.backend.ping()


async def test_a_program_that_is_silent_is_given_up(
    make_bench: Callable[..., ClaudeBench], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from phonework.backends.claude import client

    monkeypatch.setattr(client, "CONNECT_WITHIN", 0.3)
    bench = make_bench(more={"cli_path": str(program(tmp_path / "silent", "time.sleep(60)\n"))})

    with pytest.raises(BackendError, match="did not come up"):
        await bench.write([say("never")])

    assert await bench.backend.liveness(ONE) is Liveness.DEAD


async def test_garbage_in_the_middle_of_a_turn_loses_it_and_the_next_one_works(
    make_bench: Callable[..., ClaudeBench], tmp_path: Path
) -> None:
    """The real CLI behind a filter that damages one frame, once."""
    real = launcher.find_cli("")
    body = (
        f"cli = subprocess.Popen([{real!r}, *sys.argv[1:]], stdout=subprocess.PIPE)\n"
        "for line in cli.stdout:\n"
        f"    if b'message_start' in line and os.path.exists({str(tmp_path / 'damage')!r}):\n"
        f"        os.remove({str(tmp_path / 'damage')!r})\n"
        "        line = line[:40] + b'\\n'\n"
        "    sys.stdout.buffer.write(line); sys.stdout.buffer.flush()\n"
    )
    bench = make_bench(more={"cli_path": str(program(tmp_path / "filter", body))})
    (tmp_path / "damage").touch()
    await bench.write([say("one"), {"hang": True}])
    lost = await bench.end()

    await bench.write([say("two")])

    assert isinstance(lost, AgentLost)
    assert lost.reason == "Claude Code was ended because it sent something that cannot be read."
    assert await bench.words() == "two"


SCRIPTED = """
import json
session = next(word for word in sys.argv if word.startswith("--session-id=")).partition("=")[2]
def say(*frames):
    sys.stdout.write("".join(json.dumps(frame) + "\\n" for frame in frames)); sys.stdout.flush()
def done(request):
    return {"type": "control_response", "response": {"subtype": "success", "request_id": request["request_id"], "response": {}}}
def asks(number):
    call = {"subtype": "can_use_tool", "tool_name": "Bash", "input": {"command": f"touch {number}"}, "tool_use_id": f"t{number}"}
    return {"type": "control_request", "request_id": f"r{number}", "request": call}
for line in sys.stdin:
    message = json.loads(line)
    kind = message.get("request", {}).get("subtype", message["type"])
    if kind == "initialize":
        say(done(message))
    elif kind == "user":
        say({"type": "system", "subtype": "init", "session_id": session}, asks(1), asks(2))
    elif kind == "interrupt":
        say(
            *({"type": "control_cancel_request", "request_id": f"r{number}"} for number in (1, 2)),
            {"type": "result", "session_id": session, "is_error": True, "terminal_reason": "aborted_tools", "uuid": "u"},
            done(message),
        )
"""


async def test_what_is_cancelled_together_with_the_end_is_told_before_it(
    make_bench: Callable[..., ClaudeBench], tmp_path: Path
) -> None:
    """All in one write, which a real CLI does only now and then."""
    bench = make_bench(more={"cli_path": str(program(tmp_path / "scripted", SCRIPTED))})
    await bench.write(text="go")
    asks = {(await bench.asked(number)).request_id for number in (1, 2)}

    await bench.interrupt()

    assert (await bench.finished()).interrupted
    kinds = [type(event).__name__ for event in bench.sink.events(ONE)]
    assert kinds == ["TurnStarted", "AgentAsked", "AgentAsked", "RequestWithdrawn", "RequestWithdrawn", "TurnFinished"]
    assert {event.request_id for event in bench.of(RequestWithdrawn)} == asks
