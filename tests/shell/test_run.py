"""Real commands in the real shell: what comes back, and that nothing of them is left."""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest

from phonework import processes
from phonework.errors import SandboxError
from phonework.sandbox import Sandbox
from phonework.shell.run import LONGEST, run
from phonework.testing import marks
from phonework.testing.bubblewrap import why_not
from phonework.testing.marks import marked, until

if TYPE_CHECKING:
    from tests.shell.conftest import Scratch

OWN_MARK = "MARK_OF_THE_TEST"
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="what leaves its session can be followed on Linux only")


@pytest.fixture
def mark() -> Iterator[str]:
    """A word in the environment of everything that a test starts; afterwards nobody has it."""
    with marked(in_words=True) as mark:
        yield mark


alive = partial(marks.alive, in_words=True)


def asleep(mark: str) -> int:
    found = 0
    for process in alive(mark):
        with contextlib.suppress(psutil.Error):
            found += process.name() == "sleep"
    return found


async def test_output_of_both_streams_comes_in_order_with_the_exit_code(scratch: "Scratch") -> None:
    finished = await scratch.run("echo one; echo two >&2; echo three; exit 3")

    assert (finished.output, finished.exit_code) == ("one\ntwo\nthree\n", 3)
    assert (finished.signal, finished.timed_out, finished.stopped, finished.truncated) == (None, False, False, False)
    assert 0 < finished.seconds < 20


@pytest.mark.parametrize(
    ("command", "code", "number"),
    [
        ("true", 0, None),
        ("false", 1, None),
        ("exit 255", 255, None),
        ("no-such-program-here", 127, None),
        ("(", 2, None),
        ("kill -TERM $$", None, signal.SIGTERM),
        ("kill -KILL $$", None, signal.SIGKILL),
        ("sh -c 'kill -KILL $$'; exit $?", 137, None),
        ("-n", 127, None),
        ("--version", 127, None),
    ],
)
async def test_how_it_ended_is_told(scratch: "Scratch", command: str, code: int | None, number: int | None) -> None:
    finished = await scratch.run(command)

    assert (finished.exit_code, finished.signal) == (code, number)


async def test_it_is_bash_where_the_project_is(scratch: "Scratch") -> None:
    finished = await scratch.run('pwd; [[ $BASH_VERSION ]] && echo "$0"; shopt -q login_shell || echo plain')

    assert finished.output.splitlines()[0] == str(scratch.app)
    assert finished.output.endswith("bash\nplain\n")


async def test_it_has_no_input_and_no_terminal(scratch: "Scratch") -> None:
    finished = await scratch.run("cat; read x || echo none; exec 3<>/dev/tty || echo no terminal")

    assert finished.exit_code == 0
    assert finished.output.startswith("none\n")
    assert finished.output.endswith("no terminal\n")


async def test_bytes_that_are_no_text_are_replaced(scratch: "Scratch") -> None:
    finished = await scratch.run(r"printf 'a\xff\xe5\xa5b\0c'")

    assert finished.output == "a\ufffd\ufffdb\0c"


async def test_of_a_long_output_beginning_and_end_are_kept(scratch: "Scratch") -> None:
    finished = await scratch.run("seq 100000", limit_bytes=1000)

    assert finished.truncated
    assert finished.output.startswith("1\n2\n3\n")
    assert finished.output.endswith("\n99999\n100000\n")
    assert "\n[… 587" in finished.output  # of 588,895 bytes
    assert len(finished.output) < 1100


async def test_endless_output_ends_with_its_time_and_little_is_kept(scratch: "Scratch", mark: str) -> None:
    before = psutil.Process().memory_info().rss
    finished = await scratch.run(f"export {OWN_MARK}={mark}; yes", seconds=1.5, limit_bytes=10_000)

    assert finished.timed_out
    assert finished.truncated
    assert (finished.exit_code, finished.signal) == (None, None)
    assert len(finished.output) < 10_100
    assert psutil.Process().memory_info().rss - before < 50 * 1024 * 1024


async def test_endless_output_leaves_the_loop_free(scratch: "Scratch") -> None:
    longest, began = 0.0, time.monotonic()
    running = asyncio.create_task(scratch.run("yes", seconds=1, limit_bytes=1000))
    while not running.done():
        before = time.monotonic()
        await asyncio.sleep(0)
        longest = max(longest, time.monotonic() - before)

    assert (await running).timed_out
    assert longest < 0.5 < time.monotonic() - began  # the machine may be busy; blocked, it would be a second


async def test_news_come_while_it_runs_and_not_too_often(scratch: "Scratch") -> None:
    heard: list[str] = []
    stop = asyncio.Event()

    def hear(output: str) -> None:
        heard.append(output)
        if len(heard) == 3:
            stop.set()

    finished = await scratch.run("while echo x; do sleep 0.02; done", on_output=hear, stop=stop)

    assert finished.stopped
    assert finished.output.startswith(heard[1])
    assert heard[0] == "x\n" or len(heard[0]) < len(heard[1]) < len(heard[2])
    assert finished.seconds > 2 * 0.25


FORKS = {
    "in the background": "sleep 1000 & sleep 1000",
    "in a session of its own": "setsid sleep 1000 & sleep 1000",
    "by a parent that ended": "(setsid setsid sleep 1000 &); sleep 1000",
    "without its environment": "env -i setsid sh -c 'sleep 1000; : MARK' & sleep 1000",
    "deaf to signals": "trap '' TERM INT HUP; setsid sleep 1000 & sleep 1000; sleep 1000",
    "again and again": "while true; do sleep 1000 & done",
    "in ever new sessions": "while true; do (setsid sleep 1000 &); done",
    "when it is asked to end": "trap 'setsid sleep 1000 & sleep 1000' TERM; sleep 1000 & wait",
    "by what was left": "(setsid sh -c 'while true; do sleep 0.2 & wait; done' &); sleep 1000",
    "without output": "setsid sleep 1000 >/dev/null 2>&1 & sleep 1000",
}


@pytest.mark.parametrize("command", FORKS.values(), ids=FORKS)
async def test_after_its_time_nothing_is_left(scratch: "Scratch", mark: str, command: str) -> None:
    finished = await scratch.run(f"export {OWN_MARK}={mark}; {command.replace('MARK', mark)}", seconds=0.6)

    assert finished.timed_out
    assert alive(mark) == []


@pytest.mark.parametrize("command", FORKS.values(), ids=FORKS)
async def test_stopped_in_the_middle_nothing_is_left(scratch: "Scratch", mark: str, command: str) -> None:
    stop = asyncio.Event()
    running = asyncio.create_task(scratch.run(f"export {OWN_MARK}={mark}; {command.replace('MARK', mark)}", stop=stop))
    await until(lambda: len(alive(mark)) >= 2)

    stop.set()
    finished = await running

    assert finished.stopped
    assert not finished.timed_out
    assert alive(mark) == []


async def test_when_it_has_ended_what_it_left_running_is_ended(scratch: "Scratch", mark: str) -> None:
    finished = await scratch.run(f"export {OWN_MARK}={mark}; setsid sleep 1000 & (setsid sleep 1000 &); echo done")

    assert (finished.exit_code, finished.output) == (0, "done\n")
    assert finished.seconds < 20
    assert alive(mark) == []


async def test_cancelled_nothing_is_left(scratch: "Scratch", mark: str) -> None:
    running = asyncio.create_task(scratch.run(f"export {OWN_MARK}={mark}; setsid sleep 1000 & sleep 1000"))
    await until(lambda: len(alive(mark)) >= 3)

    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running

    assert alive(mark) == []


async def test_it_may_put_its_things_in_order(scratch: "Scratch") -> None:
    finished = await scratch.run("trap 'echo tidied; exit 0' TERM; echo ready; sleep 1000 & wait", seconds=0.6)

    assert finished.timed_out
    assert finished.output == "ready\ntidied\n"


async def test_a_command_that_kills_its_keeper_ends_with_it(scratch: "Scratch", mark: str) -> None:
    finished = await scratch.run(f"export {OWN_MARK}={mark}; setsid sleep 1000 & kill -KILL $PPID; sleep 1000")

    assert finished.signal == signal.SIGKILL
    assert finished.seconds < 20
    assert alive(mark) == []


async def test_the_command_itself_dies_with_its_keeper_even_unrecognisable(scratch: "Scratch", mark: str) -> None:
    """The kernel sees to that one; of what it started elsewhere, only the mark in the environment would tell."""
    finished = await scratch.run(
        f"keeper=$PPID; (kill -KILL $keeper) & exec env -i bash -c 'exec -a {mark} sleep 1000'"
    )

    assert finished.signal == signal.SIGKILL
    await until(lambda: alive(mark) == [])


async def test_asking_its_keeper_to_end_does_nothing(scratch: "Scratch") -> None:
    finished = await scratch.run("kill -TERM $PPID; kill -INT $PPID; kill -HUP $PPID; echo still here")

    assert (finished.exit_code, finished.output) == (0, "still here\n")


async def test_it_dies_with_the_server(scratch: "Scratch", mark: str) -> None:
    program = (
        "import asyncio, os, sys; from datetime import timedelta; from pathlib import Path; from phonework.shell.run import run\n"
        "asyncio.run(run(sys.argv[1], cwd=Path.cwd(), timeout=timedelta(seconds=100), limit_bytes=99, environment=dict(os.environ)))"
    )
    command = "setsid sleep 1000 & (setsid setsid sleep 1000 &); trap '' TERM; sleep 1000; sleep 1000"
    server = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", program, command), cwd=scratch.app, env={**os.environ, OWN_MARK: mark}
    )
    await until(lambda: asleep(mark) >= 3)

    server.kill()
    await server.wait()

    await until(lambda: alive(mark) == [])


async def test_limits_are_set_and_none_is_raised(scratch: "Scratch") -> None:
    finished = await scratch.run("ulimit -c; ulimit -t; ulimit -u; cat /proc/self/oom_score_adj", seconds=10)
    core, processor, processes, adjusted = finished.output.split()

    assert core == "0"
    assert int(processor) == 20 * (os.cpu_count() or 1)
    assert processes == "unlimited" or int(processes) > 0
    assert int(adjusted) >= 500


async def test_it_sees_no_secret_of_ours(scratch: "Scratch") -> None:
    environment = scratch.environment(PHONEWORK_FEISHU__APP_SECRET="s3cret", ANTHROPIC_API_KEY="s3cret", KEPT="yes")
    finished = await scratch.run("env; tr '\\0' '\\n' < /proc/$PPID/environ", environment=environment)

    assert "s3cret" not in finished.output
    assert finished.output.count("KEPT=yes") == 2


async def test_longer_than_two_minutes_is_never_waited(scratch: "Scratch", monkeypatch: pytest.MonkeyPatch) -> None:
    assert timedelta(seconds=120) == LONGEST
    monkeypatch.setattr("phonework.shell.run.LONGEST", timedelta(seconds=0.3))

    assert (await scratch.run("sleep 1000", seconds=1000)).timed_out


@pytest.mark.parametrize("cwd", ["gone", "README.md"])
async def test_where_it_cannot_start_it_says_so(scratch: "Scratch", cwd: str) -> None:
    with pytest.raises(OSError, match=cwd):
        await scratch.run("ls", cwd=scratch.app / cwd)


async def test_twenty_at_once_do_not_disturb_each_other(scratch: "Scratch") -> None:
    found = await asyncio.gather(*(scratch.run(f"echo {number}; exit {number}") for number in range(20)))

    assert [(each.output, each.exit_code) for each in found] == [(f"{number}\n", number) for number in range(20)]


@pytest.fixture
def machine() -> Iterator[Path]:
    """Outside of /tmp, which the sandbox has to itself."""
    if why := why_not():
        pytest.skip(why)
    with tempfile.TemporaryDirectory(dir="/var/tmp", prefix="phonework-test-") as place:
        found = Path(place).resolve()
        for name in ("work", "data", "outside"):
            (found / name).mkdir()
        (found / "data/phonework.db").write_text("s3cret")
        yield found


async def test_in_the_sandbox_it_writes_in_its_directory_alone(machine: Path, mark: str) -> None:
    sandbox = Sandbox(hide=(str(machine / "data"),), untrusted=(str(machine),))
    finished = await run(
        f"echo in > kept; echo out > ../outside/x; cat ../data/phonework.db; export {OWN_MARK}={mark}; setsid sleep 1000 & exit 7",
        cwd=machine / "work",
        timeout=timedelta(seconds=20),
        limit_bytes=4000,
        environment=dict(os.environ),
        sandbox=sandbox,
    )

    assert finished.exit_code == 7
    assert (machine / "work/kept").read_text() == "in\n"
    assert list((machine / "outside").iterdir()) == []
    assert "s3cret" not in finished.output
    assert alive(mark) == []


async def test_in_the_sandbox_time_is_up_too(machine: Path, mark: str) -> None:
    finished = await run(
        f"export {OWN_MARK}={mark}; trap '' TERM; setsid sleep 1000 & while true; do sleep 1000 & done",
        cwd=machine / "work",
        timeout=timedelta(seconds=0.6),
        limit_bytes=4000,
        environment=dict(os.environ),
        sandbox=Sandbox(),
    )

    assert finished.timed_out
    assert alive(mark) == []


async def test_without_the_sandbox_that_was_asked_for_nothing_runs(
    scratch: "Scratch", monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")

    with pytest.raises(SandboxError):
        await scratch.run("touch ran", sandbox=Sandbox())

    assert not (scratch.app / "ran").exists()


def test_whoever_is_stopped_cannot_start_another_behind_our_back(mark: str) -> None:
    """A family that forks as fast as it can, ended by the process above it."""
    script = f"export {OWN_MARK}={mark}; f() {{ for i in 1 2 3 4 5 6 7 8; do (setsid sh -c 'sleep 1000; :' &) ; done; sleep 1000; }}; f & f & f"
    program = (
        "import os, subprocess, sys; from phonework import offspring\n"
        "offspring.adopt_orphans(); subprocess.Popen(['bash', '-c', sys.argv[1]])\n"
        "while len(offspring.descendants(os.getpid())) < 20: pass\n"
        "print(offspring.end_all(offspring.reaped, 5), offspring.descendants(os.getpid()))"
    )
    ended = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program, script], capture_output=True, text=True, check=True
    )

    assert ended.stdout == "True []\n"
    assert processes.marked(OWN_MARK, "nobody's") == []


async def test_stopped_before_it_began_it_does_not_begin(scratch: "Scratch") -> None:
    stop = asyncio.Event()
    stop.set()
    finished = await scratch.run("touch ran", stop=stop)

    assert finished.stopped
    assert not (scratch.app / "ran").exists()


async def test_a_keeper_that_is_not_up_in_time_begins_nothing(
    scratch: "Scratch", monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("phonework.shell.run.READY_SECONDS", 0)

    with pytest.raises(OSError, match="too long"):
        await scratch.run("touch ran")

    assert not (scratch.app / "ran").exists()


async def test_what_ends_too_late_for_us_did_run(scratch: "Scratch", monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("phonework.shell.run.KEEPER_SECONDS", -0.5)
    monkeypatch.setattr("phonework.shell.run.GRACE_SECONDS", 0)
    finished = await scratch.run("touch ran; sleep 1000", seconds=3)

    assert finished.timed_out
    assert (scratch.app / "ran").exists()


async def test_a_keeper_that_does_not_start_is_no_command_that_ended(
    scratch: "Scratch", monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")

    with pytest.raises(OSError, match="cannot be started"):
        await scratch.run("ls")


async def test_a_shell_that_cannot_be_started_is_told(scratch: "Scratch", monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda *_arguments, **_options: "/nowhere/bash")

    with pytest.raises(OSError, match="cannot be started: No such file"):
        await scratch.run("ls")
