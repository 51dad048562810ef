"""What keeps an agent: it is heard and ended as if it ran by itself, and nothing of it outlives the server."""

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from phonework.backends.claude.launcher import dies_with_us

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere agents are not kept")


def kept(*words: str) -> list[str]:
    return [*dies_with_us(), *words]


def shell(command: str, text: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        kept("sh", "-c", command), input=text, capture_output=True, text=True, timeout=10, check=False
    )


def test_it_passes_on_what_goes_in_and_what_comes_out() -> None:
    ended = shell("cat; echo trouble >&2; exit 7", "hello")

    assert (ended.stdout, ended.stderr, ended.returncode) == ("hello", "trouble\n", 7)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGUSR1])
def test_a_signal_that_ended_the_agent_is_told(number: signal.Signals) -> None:
    assert shell(f"kill -{int(number)} $$").returncode == -number


def test_a_program_that_cannot_be_run_is_told() -> None:
    ended = subprocess.run(kept("/nowhere/claude"), capture_output=True, text=True, timeout=10, check=False)

    assert ended.returncode == 127
    assert ended.stderr == "/nowhere/claude: No such file or directory\n"


def test_signals_are_as_usual_for_the_agent() -> None:
    """Python ignores SIGPIPE, and what is ignored or blocked stays so in a program that is started."""
    agents, ours = signals(shell("cat /proc/self/status").stdout), signals(Path("/proc/self/status").read_text())

    assert agents["SigBlk"] == 0
    # Whoever started the tests may have us ignore more than Python does.
    assert agents["SigIgn"] & ~ours["SigIgn"] == 0
    for number in (signal.SIGINT, signal.SIGPIPE, signal.SIGTERM, signal.SIGCHLD, signal.SIGUSR1):
        assert not agents["SigIgn"] >> (number - 1) & 1


def signals(status: str) -> dict[str, int]:
    """The masks of a process by name."""
    lines = (line.split(":\t") for line in status.splitlines() if line.startswith(("SigBlk", "SigIgn")))
    return {name: int(mask, 16) for name, mask in lines}


def test_a_request_to_end_reaches_the_agent() -> None:
    command = "trap 'echo asked; exit 3' TERM; echo up; while :; do read line; done"
    with subprocess.Popen(kept("bash", "-c", command), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as run:
        assert run.stdin is not None
        assert run.stdout is not None
        assert run.stdout.readline() == "up\n"

        run.terminate()
        run.stdin.write("\n")
        run.stdin.flush()

        assert run.stdout.readline() == "asked\n"
        assert run.wait(10) == 3


def test_what_the_agent_leaves_running_at_its_own_end_stays(tmp_path: Path) -> None:
    """Such as a development server."""
    shell(f"setsid sleep 60 > /dev/null 2>&1 & echo $! > {tmp_path}/number")
    left = psutil.Process(int((tmp_path / "number").read_text()))

    assert left.is_running()
    left.kill()


async def test_everything_dies_with_the_server(tmp_path: Path) -> None:
    """Also what ignores signals, and what has lost its parent and its group."""
    command = "trap '' TERM HUP INT; (setsid sh -c 'echo up; exec sleep 60' &); echo up; sleep 60; true"
    server = (
        "import subprocess\n"
        "from phonework.backends.claude.launcher import dies_with_us\n"
        f"subprocess.run([*dies_with_us(), 'bash', '-c', {command!r}])"
    )
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", server, stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None
    async with asyncio.timeout(20):
        assert [await process.stdout.readline() for _ in range(2)] == [b"up\n", b"up\n"]
    family = psutil.Process(process.pid).children(recursive=True)

    process.kill()
    await process.wait()

    assert len(family) >= 3, "the keeper, the shell, and what detached itself"
    _, left = await asyncio.to_thread(psutil.wait_procs, family, 10)
    assert not left


def test_an_agent_that_ends_of_a_broken_pipe_leaves_nothing(tmp_path: Path) -> None:
    """A server that dies drops its pipes first, and only then is its end known."""
    command = f"setsid sleep 60 > /dev/null 2>&1 & echo $! > {tmp_path}/number; echo up; read line; exit 1"
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(kept("bash", "-c", command), text=True, **pipes) as run:  # type: ignore[call-overload]
        assert run.stdout.readline() == "up\n"
        left = psutil.Process(int((tmp_path / "number").read_text()))

        for pipe in (run.stdout, run.stderr, run.stdin):
            pipe.close()

        assert run.wait(10) == 1
    assert not left.is_running()


def test_it_does_not_begin_for_a_server_that_is_gone(tmp_path: Path) -> None:
    *keeper, _server = dies_with_us()
    words = [*keeper, str(os.getppid()), "touch", str(tmp_path / "made")]

    assert subprocess.run(words, timeout=10, check=False).returncode == 1
    assert not (tmp_path / "made").exists()
