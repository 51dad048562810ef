"""What a Claude Code at a terminal says of itself: whether it works, waits for somebody, or is gone.

It keeps `<config>/sessions/<pid>.json` (2.1.329, not documented), rewritten at each change; the file stays after a kill, so the
process's start time counts. Blocks for a moment: call it from a thread.
"""

import contextlib
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice
from pathlib import Path

from phonework.backends.claude import holders
from phonework.backends.claude.holders import MOST_FILES


class Status(StrEnum):
    """UNKNOWN: the process is there, as far as can be seen, and says nothing."""

    IDLE = "idle"
    BUSY = "busy"
    WAITING = "waiting"
    UNKNOWN = "unknown"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class Process:
    """pid: 0 when it is not known. start: when it began, as the system counts; empty when that is not known."""

    pid: int = 0
    start: str = ""


def process_of(config: Path, agent_session_id: str, pid: int = 0) -> Process:
    """The process with this conversation. pid: as somebody said; it is believed when there is such a process."""
    if pid and (start := holders.start_of(pid)):
        return Process(pid, start)
    with contextlib.suppress(OSError):
        for path in islice((config / "sessions").glob("*.json"), MOST_FILES):
            told = holders.read_status(path)
            found = told.get("pid")
            if told.get("sessionId") == agent_session_id and isinstance(found, int) and (start := _living(told, found)):
                return Process(found, start)
    return Process()


def look(config: Path, process: Process) -> Status:
    """What it does now."""
    if not process.pid or not process.start:
        return Status.UNKNOWN
    if holders.start_of(process.pid) != process.start:
        return Status.GONE
    told = holders.read_status(config / "sessions" / f"{process.pid}.json").get("status")
    return Status(told) if told in (Status.IDLE, Status.BUSY, Status.WAITING) else Status.UNKNOWN


def _living(told: dict[str, object], pid: int) -> str:
    """When it began; empty when it is gone, and the number another's now."""
    start, said = holders.start_of(pid), told.get("procStart")
    return "" if isinstance(said, str) and said.isdecimal() and said != start else start
