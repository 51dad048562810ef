"""Tells which Claude Code at the desk has a conversation open, and ends it when its person wants to go on elsewhere.

Nothing locks a record: two programs on one lose what the other wrote. Each program says in `<config>/sessions/<pid>.json` what it
has open (2.1.329, not documented); the file stays after a kill, so the process's start time is compared, and where it cannot
be, the conversation counts as held. Programs that say nothing are known by their command line and directory.
All of it reads many processes: call it from a thread.
"""

import contextlib
import json
import os
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Final

import psutil  # type: ignore[import-untyped]

from phonework import processes
from phonework.backends.claude.launcher import MARK, config_dir
from phonework.errors import BackendError

MOST_FILES: Final = 2_000
LARGEST_FILE: Final = 64 * 1024
ENDS_WITHIN: Final = 5.0  # seconds after SIGTERM, and again after SIGKILL
_NAMESPACE: Final = re.compile(r"pid:\[\d+\]")
_OPENED: Final = re.compile(r"(--resume|-r|--session-id)(?:=(.+))?", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """A program that has a conversation open, or may. pid: 0 when it is not on this machine, as far as we can see.

    start: when the process began, as the system counts; sure: it is known to have this very conversation.
    agent_session_id: empty, for a program of which only the directory is known.
    """

    pid: int
    start: str = ""
    agent_session_id: str = ""
    cwd: str = ""
    where: str = ""
    sure: bool = True

    @property
    def key(self) -> str:
        """Names this very process; empty when it cannot be named, and so not be ended."""
        return f"{self.pid}:{self.start}" if self.pid and self.start and self.sure else ""


def holders(config: Path, ours: str) -> list[Holder]:
    """All of them but agents of ours. ours: what the marks of our agents begin with."""
    telling = list(_telling(config, ours))
    known = {one.pid for one in telling}
    return [*telling, *(one for one in _silent(config, ours) if one.pid not in known)]


def holder_of(found: list[Holder], agent_session_id: str, cwd: str = "") -> Holder | None:
    """Who has it open; one that is sure before one that may. cwd: where the conversation began, if that is to count."""
    sure = [one for one in found if one.agent_session_id == agent_session_id]
    maybe = [one for one in found if cwd and not one.agent_session_id and one.cwd == cwd]
    return next(iter(sorted(sure, key=lambda one: not one.key) or maybe), None)


# Those that say what they have open


def _telling(config: Path, ours: str) -> Iterator[Holder]:
    for file in _files(config):
        if (found := _holder(read_status(file), ours)) is not None:
            yield found


def _files(config: Path) -> list[Path]:
    try:
        with os.scandir(config / "sessions") as entries:
            return [Path(one.path) for one in islice(entries, MOST_FILES) if one.name.endswith(".json")]
    except OSError:
        return []


def forget_contained(config: Path, agent_session_id: str) -> None:
    """The container that had this conversation was ended: what its program said of itself stays, and nobody sees that it is gone."""
    for file in _files(config):
        told = read_status(file)
        if told.get("sessionId") == agent_session_id and is_elsewhere(told.get("pidDomain")):
            with contextlib.suppress(OSError):
                file.unlink()


def read_status(path: Path) -> dict[str, Any]:
    """What a program says of itself; empty when that cannot be read."""
    try:
        with open(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:  # noqa: PTH123
            found = json.loads(file.read(LARGEST_FILE))
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _holder(told: dict[str, Any], ours: str) -> Holder | None:
    """None when the process is gone, or is an agent of ours."""
    pid, session_id, cwd, tmux = (told.get(name) for name in ("pid", "sessionId", "cwd", "tmux"))
    if not isinstance(pid, int) or isinstance(pid, bool) or pid <= 0 or not isinstance(session_id, str):
        return None
    directory = cwd if isinstance(cwd, str) else ""
    if is_elsewhere(told.get("pidDomain")):
        return Holder(pid=0, agent_session_id=session_id, cwd=directory)
    start, said = start_of(pid), told.get("procStart")
    if not start or (isinstance(said, str) and _comparable(said) and said != start) or _is_ours(pid, ours):
        return None
    where = f"tmux {tmux[:40]}" if isinstance(tmux, str) else ""
    return Holder(pid=pid, start=start, agent_session_id=session_id, cwd=directory, where=where)


def is_elsewhere(domain: object) -> bool:
    """Its numbers of processes are not ours: it runs in a container, or the directory is shared between machines."""
    found = _NAMESPACE.search(domain) if isinstance(domain, str) else None
    if found is None:
        return False
    try:
        return found.group() != os.readlink("/proc/self/ns/pid")  # noqa: PTH115
    except OSError:
        return False


def _comparable(said: str) -> bool:
    return sys.platform == "linux" and said.isdecimal()


def start_of(pid: int) -> str:
    """When the process began, in the system's own count; empty when there is none that lives. See proc(5), stat."""
    with contextlib.suppress(OSError, IndexError):
        fields = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
        return "" if fields[0] in (b"Z", b"X") else fields[19].decode()
    if sys.platform == "linux":
        return ""
    with contextlib.suppress(psutil.Error):
        return str(psutil.Process(pid).create_time())
    return ""


def _is_ours(pid: int, ours: str) -> bool:
    """Or it is just ending: one that was killed has given its memory back already, and with it what it was started with."""
    try:
        environment = psutil.Process(pid).environ()
    except psutil.NoSuchProcess:
        return True
    except (psutil.Error, OSError):
        return False
    return not environment or str(environment.get(MARK, "")).startswith(ours)


# Those that do not


def _silent(config: Path, ours: str) -> Iterator[Holder]:
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            words = process.cmdline()
            if not _is_claude(words) or process.pid == os.getpid():
                continue
            environment = process.environ()
            own = config_dir(environment)
            if str(environment.get(MARK, "")).startswith(ours) or own.resolve() != config.resolve():
                continue
            opened = _opened(words)
            yield Holder(
                pid=process.pid,
                start=start_of(process.pid),
                agent_session_id=opened,
                cwd=process.cwd(),
                sure=bool(opened),
            )


def _is_claude(words: list[str]) -> bool:
    names = [Path(word).name for word in words[:2]]
    return any(name in ("claude", "claude.exe") for name in names[:1]) or any(
        "claude-code" in word and word.endswith((".js", "/claude")) for word in words[:2]
    )


def _opened(words: list[str]) -> str:
    """The conversation a command line names; empty when it names none, or goes on with a copy of one."""
    copies = "--fork-session" in words
    for place, word in enumerate(words):
        found = _OPENED.fullmatch(word)
        if found is not None and not (copies and found[1] != "--session-id"):
            return found[2] or (words[place + 1] if place + 1 < len(words) else "")
    return ""


# Ending one


def end(config: Path, ours: str, agent_session_id: str, key: str) -> None:
    """End the process of this key, with all it started, if it has the conversation open; return when it is gone.

    Nothing happens when it is gone already. Raises BackendError when another one has the conversation, or it stays.
    """
    pid, _, start = key.partition(":")
    found = holder_of(holders(config, ours), agent_session_id)
    if found is None:
        return
    if not key or found.key != key:
        raise BackendError("claude.other_holder")
    try:
        process = psutil.Process(int(pid))
        family = process.children(recursive=True)
        if start_of(process.pid) != start:  # psutil remembers the one it was made for, and signals no other
            return
        process.terminate()
        with contextlib.suppress(psutil.TimeoutExpired):
            process.wait(ENDS_WITHIN)
        processes.end([process, *family])
        with contextlib.suppress(psutil.TimeoutExpired):
            process.wait(ENDS_WITHIN)
    except psutil.NoSuchProcess:
        return
    except psutil.Error as error:
        raise BackendError("claude.holder_stays", pid=pid) from error
    if start_of(int(pid)) == start:
        raise BackendError("claude.holder_stays", pid=pid)
