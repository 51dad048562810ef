"""Running until told to stop (O6), in real processes that get real signals."""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest

from phonework.cli.running import STOP_SECONDS, run
from phonework.errors import StoreError

Start = Callable[[str], subprocess.Popen[str]]

POLITE = """
import asyncio
from phonework.cli.running import run
async def main():
    print("ready", flush=True)
    try:
        await asyncio.Event().wait()
    finally:
        print("cleaned up", flush=True)
run(main())
"""
HANGING = """
import asyncio
from phonework.cli import running
running.STOP_SECONDS = 0.5
from phonework.cli.running import run
async def main():
    print("ready", flush=True)
    while True:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            print("no", flush=True)
run(main())
"""
STUCK = """
import asyncio, threading
from phonework.cli import running
running.STOP_SECONDS = 0.5
from phonework.cli.running import run
async def main():
    print("ready", flush=True)
    while True:
        threading.Event().wait(0.01)  # the loop never gets its turn
run(main())
"""


@pytest.fixture
def start() -> Iterator[Start]:
    running: list[subprocess.Popen[str]] = []

    def begin(program: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        running.append(process)
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        return process

    yield begin
    for process in running:
        if process.poll() is None:
            process.kill()
        process.communicate()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_asks_and_the_exit_code_is_zero(start: Start, number: signal.Signals) -> None:
    process = start(POLITE)
    process.send_signal(number)
    said, complaint = process.communicate(timeout=10)

    assert (process.returncode, said, complaint) == (0, "cleaned up\n", "")


@pytest.mark.parametrize("program", [HANGING, STUCK])
def test_a_second_signal_ends_it_at_once(start: Start, program: str) -> None:
    process = start(program.replace("running.STOP_SECONDS = 0.5", ""))
    for _ in range(2):
        process.send_signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):  # two signals at one instant may arrive as one
            process.wait(0.1)
    process.wait(10)

    assert process.returncode == 128 + signal.SIGTERM


@pytest.mark.parametrize("program", [HANGING, STUCK])
def test_what_does_not_stop_is_ended_by_force(start: Start, program: str) -> None:
    """Half a second here; in earnest less than the five that are promised."""
    process = start(program)
    process.send_signal(signal.SIGTERM)
    process.wait(10)

    assert STOP_SECONDS < 5
    assert process.returncode == 1
    assert "ended by force" in process.communicate()[1]


def test_our_error_in_a_group_of_tasks_comes_out_alone() -> None:
    async def fails() -> None:
        raise ExceptionGroup("tasks", [ValueError("x"), ExceptionGroup("more", [StoreError("the disk is full")])])

    with pytest.raises(StoreError, match="the disk is full"):
        run(fails())


def test_a_cancellation_from_inside_is_no_stop() -> None:
    async def fails() -> None:
        raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        run(fails())


def test_handlers_are_put_back() -> None:
    async def nothing() -> None:
        return

    before = signal.getsignal(signal.SIGTERM)
    run(nothing())

    assert signal.getsignal(signal.SIGTERM) is before


def test_a_tethered_process_ends_when_its_parent_is_gone() -> None:
    """The parent holds stdin; a kill -9 of it closes the pipe."""
    parent = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import signal, subprocess, sys\n"
            "child = subprocess.Popen([sys.executable, '-m', 'phonework.cli.tether', 'emulator', '--port', '0'],\n"
            "    stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True)\n"
            "print(child.pid, child.stdout.readline(), flush=True)\n"
            "signal.pause()\n",
        ],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert parent.stdout is not None
    pid, url = parent.stdout.readline().split()
    assert url.startswith("http://127.0.0.1:")

    parent.kill()
    parent.communicate()

    assert gone_within(int(pid), 10)


def gone_within(pid: int, seconds: float) -> bool:
    """Whether a process that is not our child ends in time."""
    import psutil  # type: ignore[import-untyped]

    try:
        psutil.Process(pid).wait(seconds)
    except psutil.NoSuchProcess:
        return True
    except psutil.TimeoutExpired:
        os.kill(pid, signal.SIGKILL)
        return False
    return True
