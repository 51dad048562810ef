"""Finding and ending processes from outside: those that carry a mark in their environment, and all below one."""

import contextlib
import os
from collections.abc import Iterable
from typing import Final

import psutil  # type: ignore[import-untyped]

_ROUNDS: Final = 20
"""How often those that appear while others are ended are looked for."""


def marked(name: str, mark: str, *, start: bool = False) -> list[psutil.Process]:
    """Every process with the mark in this variable, but ourselves. Reads all of them: call it from a thread.

    start: it is enough when what stands there begins with the mark.
    """
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            if (
                process.pid != os.getpid()
                and _has(process.environ().get(name, ""), mark, start=start)
                and process.status() != psutil.STATUS_ZOMBIE
            ):
                found.append(process)
    return found


def _has(value: str, mark: str, *, start: bool) -> bool:
    return value.startswith(mark) if start else value == mark


def end_marked(name: str, mark: str, *, start: bool = False) -> int:
    """Kill all that carry the mark, see `marked`, whosever children they are. Returns how many there were. Blocks."""
    ended: set[psutil.Process] = set()
    for _ in range(_ROUNDS):
        found = marked(name, mark, start=start)
        if not found:
            break
        end(found)
        ended.update(found)
    return len(ended)


def family(pid: int) -> list[psutil.Process]:
    """The process's descendants, in whatever groups they are."""
    with contextlib.suppress(psutil.Error):
        return list(psutil.Process(pid).children(recursive=True))
    return []


def end(processes: Iterable[psutil.Process]) -> None:
    for process in processes:
        with contextlib.suppress(psutil.Error):
            process.kill()
