"""Finding and ending everything that a process started, also what has left its group, its session and its parent."""

import contextlib
import os
import signal
import sys
import time
from collections.abc import Callable, Iterable
from typing import Final

import psutil  # type: ignore[import-untyped]

MARK: Final = "SHELL_OF_PHONEWORK"
"""In the environment of a command and all it starts, so that they can be found again; not PHONEWORK_…, which are settings."""
PATIENCE_SECONDS: Final = 5.0
_SET_CHILD_SUBREAPER, _SET_PDEATHSIG = 36, 1  # prctl(2)


def adopt_orphans() -> None:
    """Become the parent of every descendant whose own parent ends (Linux 3.4); elsewhere nothing."""
    _prctl(_SET_CHILD_SUBREAPER, 1)


def die_with_parent() -> None:
    """Let the kernel end this process when the thread that started it ends (Linux); elsewhere nothing."""
    _prctl(_SET_PDEATHSIG, signal.SIGKILL)


def _prctl(option: int, value: int) -> None:
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0)


def end_all(reap: Callable[[], None]) -> bool:
    """Kill every descendant of this process. Returns whether none is left; waits 5 s at most. Blocks.

    reap: takes the wait statuses of those that have ended, see `reaped`.

    They are stopped first, until no new one appears: who is stopped cannot start another behind our back.
    """
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        _signal(_stopped_family(deadline), signal.SIGKILL)
        reap()
        if not _family():
            return True
        time.sleep(0.01)
    return False


def reaped() -> dict[int, int]:
    """The wait statuses of children that have ended, adopted ones too, by their ids."""
    ended: dict[int, int] = {}
    with contextlib.suppress(ChildProcessError):
        while (found := os.waitpid(-1, os.WNOHANG))[0]:
            ended[found[0]] = found[1]
    return ended


def end_marked(mark: str) -> None:
    """Kill all that carry the mark in their environment, whosever children they are. Blocks: reads all processes."""
    for _ in range(20):
        found = marked(mark)
        if not found:
            return
        _signal(found, signal.SIGKILL)


def marked(mark: str) -> list[psutil.Process]:
    """Every running process with the mark, but ourselves."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            if (
                process.pid != os.getpid()
                and process.environ().get(MARK) == mark
                and process.status() != psutil.STATUS_ZOMBIE
            ):
                found.append(process)
    return found


def _stopped_family(deadline: float) -> list[psutil.Process]:
    known: set[psutil.Process] = set()
    while new := [one for one in _family() if one not in known]:
        _signal(new, signal.SIGSTOP)
        known.update(new)
        if time.monotonic() > deadline:
            break
    return list(known)


def _family() -> list[psutil.Process]:
    with contextlib.suppress(psutil.Error):
        return list(psutil.Process().children(recursive=True))
    return []


def _signal(processes: Iterable[psutil.Process], number: int) -> None:
    for process in processes:
        with contextlib.suppress(psutil.Error, OSError):
            process.send_signal(number)
