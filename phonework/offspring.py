"""Keeping hold of everything that a child starts: for the small programs that stand between the server and what it runs.

The kernel ends a child with its parent if asked to, but not the child's children, and these may have groups and sessions of their
own. Here every one of them that loses its parent becomes ours (a "subreaper"), so that none can escape. Only the standard library
is imported: such a program is to be up at once, and small. See prctl(2): PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER.
"""

import contextlib
import os
import signal
import sys
import time
from collections.abc import Callable, Iterable

SET_PDEATHSIG, SET_CHILD_SUBREAPER = 1, 36  # of <linux/prctl.h>
PAUSE_SECONDS = 0.01


def adopt_orphans() -> None:
    """Become the parent of every descendant whose own parent ends (Linux); elsewhere nothing."""
    _prctl(SET_CHILD_SUBREAPER, 1)


def on_death_of_parent(number: int) -> None:
    """Get this signal when the thread that started this process ends (Linux); elsewhere nothing."""
    _prctl(SET_PDEATHSIG, number)


def _prctl(option: int, value: int) -> None:
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(option, ctypes.c_ulong(value), 0, 0, 0)


def reaped() -> dict[int, int]:
    """The wait status of each child that has ended, by its number; of those we inherited too."""
    ended: dict[int, int] = {}
    with contextlib.suppress(ChildProcessError):
        while (found := os.waitpid(-1, os.WNOHANG))[0]:
            ended[found[0]] = found[1]
    return ended


def end_all(reap: Callable[[], object], patience: float) -> bool:
    """Kill every descendant. Returns whether none is left, after so many seconds at most: a program run by sudo stays. Blocks.

    reap: takes the wait statuses of those that have ended, see `reaped`.
    They are stopped first, until no new one appears: who is stopped cannot start another behind our back.
    """
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        _signal(_stopped(deadline), signal.SIGKILL)
        reap()
        if not _has_children():
            return True
        time.sleep(PAUSE_SECONDS)
    return False


def _stopped(deadline: float) -> set[int]:
    known: set[int] = set()
    while time.monotonic() < deadline and (new := [one for one in descendants(os.getpid()) if one not in known]):
        _signal(new, signal.SIGSTOP)
        known.update(new)
    return known


def _signal(numbers: Iterable[int], which: int) -> None:
    for number in numbers:
        with contextlib.suppress(OSError):  # it has ended meanwhile, or is somebody else's
            os.kill(number, which)


def _has_children() -> bool:
    if sys.platform != "linux":
        return bool(descendants(os.getpid()))
    try:
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return False
    return True


def descendants(ancestor: int) -> list[int]:
    """The numbers of all processes below this one, also those dead but not reaped.

    Of a program with threads the first may be dead while the others live, and still have the children.
    """
    children: dict[int, list[int]] = {}
    for number, parent in _parents().items():
        children.setdefault(parent, []).append(number)
    found, look = [], [ancestor]
    while look:
        below = children.get(look.pop(), [])
        found += below
        look += below
    return found


def _parents() -> dict[int, int]:
    """The number of its parent, by the number of each process."""
    if sys.platform != "linux":
        import psutil  # type: ignore[import-untyped]

        return {process.pid: process.info["ppid"] or 0 for process in psutil.process_iter(["ppid"])}
    return {int(name): parent for name in os.listdir("/proc") if name.isdigit() and (parent := _parent(name))}  # noqa: PTH208  # pathlib takes longer to import than all of this


def _parent(number: str) -> int:
    """0 for a process that has ended. See proc(5), stat."""
    try:
        with open(f"/proc/{number}/stat", "rb") as file:  # noqa: PTH123
            return int(file.read().rpartition(b")")[2].split()[1])
    except OSError:
        return 0
