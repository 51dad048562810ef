"""`python -m phonework.shell.keeper FD SECONDS GRACE WORD…`: runs a command and ends it with all that it started.

It stands between the server and the command. FD is its end of a pair of sockets. It says that it is up, `{"ready": true}`, and begins
when it hears GO; whatever the server says after that means stop, and its end, that the server is gone. As soon as the command has ended, its time is over or it shall stop, nothing of it is left:
whoever loses its parent becomes the keeper's child (`offspring.adopt_orphans`). The last thing it sends is how it went, as a line of JSON:
`{"ended": "exit" | "timeout" | "stop" | "gone", "status": the wait status or null}`, or `{"error": why it did not start}`.
The exit code is 0 when nothing is left.
"""

import contextlib
import json
import os
import resource
import select
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Final

from phonework import offspring

GO: Final = b"go"
MORE_PROCESSES: Final = 1024  # beside those that the user has already
PATIENCE_SECONDS: Final = 5.0


def main(words: list[str]) -> None:
    control = socket.socket(fileno=int(words[0]))
    control.set_inheritable(False)
    seconds, grace = float(words[1]), float(words[2])
    offspring.adopt_orphans()
    wake = _wake_on_child()
    _report(control, ready=True)
    if control.recv(len(GO)) != GO:
        _report(control, ended="stop", status=None)  # nobody wants it any more, or nobody is there
        return
    try:
        command = _started(words[3:], seconds)
    except OSError as error:
        _report(control, error=error.strerror or str(error))
        return
    keeper = _Keeper(command.pid, control, wake)
    _let_go_of_output()
    ended = keeper.wait(seconds)
    if ended in ("timeout", "stop"):
        keeper.ask_to_end(grace)
    clean = offspring.end_all(keeper.reap, PATIENCE_SECONDS)
    _report(control, ended=ended, status=keeper.status)
    sys.exit(0 if clean else 1)


class _Keeper:
    """Watches one command. status: its wait status, once it has ended."""

    def __init__(self, pid: int, control: socket.socket, wake: int) -> None:
        self._pid, self._control, self._wake = pid, control, wake
        self.status: int | None = None

    def wait(self, seconds: float) -> str:
        """Return why it is over."""
        deadline = time.monotonic() + seconds
        while True:
            self.reap()
            if self.status is not None:
                return "exit"
            left = deadline - time.monotonic()
            if left <= 0:
                return "timeout"
            ready, _, _ = select.select([self._control.fileno(), self._wake], [], [], left)
            if self._control.fileno() in ready:
                return "stop" if self._heard() else "gone"
            if ready:
                os.read(self._wake, 4096)

    def ask_to_end(self, grace: float) -> None:
        """Let the command put its things in order first: git removes its lock, an editor its scratch file."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._pid, signal.SIGTERM)
        deadline = time.monotonic() + grace
        while self.status is None and (left := deadline - time.monotonic()) > 0:
            ready, _, _ = select.select([self._control.fileno(), self._wake], [], [], left)
            if self._wake in ready:
                os.read(self._wake, 4096)
            if self._control.fileno() in ready and not self._heard():
                return  # the server is gone: nobody waits for an orderly end
            self.reap()

    def reap(self) -> None:
        self.status = offspring.reaped().get(self._pid, self.status)

    def _heard(self) -> bool:
        with contextlib.suppress(OSError):
            return bool(self._control.recv(64))
        return False


def _started(words: list[str], seconds: float) -> subprocess.Popen[bytes]:
    """The command, in a session of its own, with both streams in one, in the order in which they were written."""

    def prepare() -> None:
        offspring.on_death_of_parent(signal.SIGKILL)
        signal.set_wakeup_fd(-1)
        _limit(seconds)

    return subprocess.Popen(
        words,
        stdin=subprocess.DEVNULL,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        preexec_fn=prepare,
    )


def _limit(seconds: float) -> None:
    """Limits that a runaway meets even without us; none of them is above what it was."""
    _lower(resource.RLIMIT_CORE, 0)
    # For each process; with all processors at work for the whole time.
    _lower(resource.RLIMIT_CPU, int(seconds + 10) * (os.cpu_count() or 1))
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("500", encoding="ascii")  # rather this than the server
    # The kernel counts all of the user's threads, whoever started them; it does not limit root.
    if (threads := _threads_of_user()) is not None:
        _lower(resource.RLIMIT_NPROC, threads + MORE_PROCESSES)


def _lower(which: int, limit: int) -> None:
    with contextlib.suppress(OSError, ValueError):
        soft, hard = resource.getrlimit(which)
        wanted = limit if hard == resource.RLIM_INFINITY else min(limit, hard)
        if soft == resource.RLIM_INFINITY or wanted < soft:
            resource.setrlimit(which, (wanted, hard))


def _threads_of_user() -> int | None:
    if sys.platform != "linux":
        return None
    count = 0
    for place in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            if place.name.isdigit() and place.stat().st_uid == os.getuid():
                count += len(os.listdir(place / "task"))  # noqa: PTH208
    return count


def _wake_on_child() -> int:
    """A file that can be read when a child has ended, or somebody wants us to end."""
    receiver, sender = os.pipe()
    os.set_blocking(sender, False)
    signal.set_wakeup_fd(sender, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: None)  # only the server ends us
    return receiver


def _let_go_of_output() -> None:
    """The server sees the end of the output when the last writer is gone; we must not be one."""
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in (1, 2):
        os.dup2(nothing, stream)


def _report(control: socket.socket, **what: object) -> None:
    with contextlib.suppress(OSError):
        control.sendall(f"{json.dumps(what)}\n".encode())


if __name__ == "__main__":
    main(sys.argv[1:])
