"""Finds the conversations that Claude Code has kept on this machine, and what each is about, by its beginning and its end.

A record may have hundreds of megabytes, be written at this moment, damaged, or vanish: of each only two blocks are read, and
whatever cannot be understood counts as not there. Format as in transcript.py, seen in 2.1.329. A subagent's own records lie in
directories below, or begin with `agent-`, and are no conversations of a person.
"""

import heapq
import json
import os
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any, Final
from uuid import UUID

HEAD_BYTES: Final = 256 * 1024
TAIL_BYTES: Final = 128 * 1024
WORDS: Final = 300  # characters
MOST_PROJECTS: Final = 5_000
MOST_RECORDS: Final = 100_000
READ_FOR_EACH: Final = 5  # records looked into for each that is wanted: some turn out to be none of a person's
_KEY_CHARS: Final = 200
# What the program itself writes as if a person had: commands and what they print, reminders, notices.
_NOT_TYPED: Final = re.compile(r"\s*(?:<[a-z][a-z-]*>|Caveat: |\[Request interrupted)")
# Who else writes in a person's place. What is typed at a terminal has the origin `human`, what an SDK sends has none.
_NOT_PEOPLE: Final = (
    "task-notification", "auto-continuation", "coordinator", "observer-activity", "peer", "plugin", "suggestion",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One conversation. cwd: where it began. first, last: what the person wrote. context_tokens: of its last reply."""

    path: Path
    agent_session_id: str
    cwd: str
    first: str
    last: str
    active_at: datetime
    size_bytes: int
    context_tokens: int = 0


def newest(config: Path, under: Path, limit: int) -> list[Record]:
    """The conversations that began in directories below `under`, and of which these are still there; the newest first."""
    root = under.resolve()
    candidates = heapq.nlargest(limit * READ_FOR_EACH, _stamped(config, root))
    looked = (look(path) for _, path in candidates)
    return list(islice((one for one in looked if one is not None and one.first and _inside(one.cwd, root)), limit))


def _inside(cwd: str, root: Path) -> bool:
    try:
        real = Path(cwd).resolve(strict=True)
    except (OSError, RuntimeError, ValueError):
        return False
    return real.is_dir() and real.is_relative_to(root)


def _stamped(config: Path, root: Path) -> Iterator[tuple[int, Path]]:
    """When each record was written last, and where it is. No link is followed below the program's own directory."""
    key = project_key(str(root))[:_KEY_CHARS]
    projects = (one for one in _listed(config / "projects", MOST_PROJECTS) if one.name.startswith(key))
    files = (one for project in projects if _is_directory(project) for one in _listed(Path(project.path), MOST_RECORDS))
    for file in islice(files, MOST_RECORDS):
        if file.name.endswith(".jsonl") and is_id(file.name.removesuffix(".jsonl")):
            try:
                found = file.stat(follow_symlinks=False)
            except OSError:
                continue
            if stat.S_ISREG(found.st_mode):
                yield found.st_mtime_ns, Path(file.path)


def _listed(directory: Path, most: int) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(directory) as entries:
            return list(islice(entries, most))
    except OSError:
        return []


def _is_directory(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir(follow_symlinks=False)
    except OSError:
        return False


def project_key(path: str) -> str:
    """What Claude Code calls a directory's records: every UTF-16 unit that is no ASCII letter or digit becomes a dash."""
    return "".join(one if one.isascii() and one.isalnum() else "-" * (2 if ord(one) > 0xFFFF else 1) for one in path)


def is_id(name: str) -> bool:
    try:
        return str(UUID(name)) == name.lower()
    except ValueError:
        return False


def look(path: Path) -> Record | None:
    """What the record says; None when it cannot be read, is no regular file, or is a subagent's. Never raises."""
    try:
        file = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, ValueError):
        return None
    try:
        found = os.fstat(file)
        if not stat.S_ISREG(found.st_mode):
            return None
        head = os.pread(file, HEAD_BYTES, 0)
        tail_at = max(len(head), found.st_size - TAIL_BYTES)
        tail = os.pread(file, TAIL_BYTES, tail_at)
    except OSError:
        return None
    finally:
        os.close(file)
    return _record(path, found, understood(head, tail, whole=tail_at == len(head)))


def _record(path: Path, found: os.stat_result, told: "Told") -> Record | None:
    if told.internal:
        return None
    return Record(
        path=path,
        agent_session_id=path.stem,
        cwd=told.cwd,
        first=told.first,
        last=told.last if told.last != told.first else "",
        active_at=datetime.fromtimestamp(found.st_mtime, UTC),
        size_bytes=found.st_size,
        context_tokens=told.context_tokens,
    )


@dataclass(slots=True)
class Told:
    """What the lines of a record came to."""

    cwd: str = ""
    first: str = ""
    last: str = ""
    context_tokens: int = 0
    internal: bool = False

    def learn(self, line: dict[str, Any]) -> None:
        """Take in one line; what has an unknown or damaged shape is passed over."""
        if not self.first and line.get("isSidechain") is True:
            self.internal = True
        if not self.cwd and isinstance(cwd := line.get("cwd"), str) and cwd.startswith("/"):
            self.cwd = cwd
        match line:
            case {"type": "user"} if words := _typed(line):
                self.first, self.last = self.first or words, words
            case {"type": "last-prompt", "lastPrompt": str(prompt)} if words := _one_line(prompt):
                self.last = words
            case {"type": "assistant"} if tokens := _context(line):
                self.context_tokens = tokens


def understood(head: bytes, tail: bytes, *, whole: bool) -> Told:
    """What the two blocks say. whole: nothing lies between them. Never raises, whatever the bytes are."""
    told = Told()
    joined = head + tail if whole else head
    for line in joined.split(b"\n"):
        _learn(told, line)
    if not whole:
        for line in tail.split(b"\n")[1:]:
            _learn(told, line)
    return told


def _learn(told: Told, raw: bytes) -> None:
    try:
        line = json.loads(raw)
    except (ValueError, RecursionError):
        return
    if isinstance(line, dict):
        told.learn(line)


def _typed(line: dict[str, Any]) -> str:
    """What a person wrote in a line of theirs; empty when it is the result of a tool, or the program's own."""
    flags = ("isMeta", "isSidechain", "isCompactSummary", "isVisibleInTranscriptOnly", "toolUseResult")
    origin = line.get("origin")
    if any(line.get(flag) for flag in flags) or (isinstance(origin, dict) and origin.get("kind") in _NOT_PEOPLE):
        return ""
    message = line.get("message")
    content = message.get("content") if isinstance(message, dict) else None
    for text in [content] if isinstance(content, str) else _texts(content):
        if not _NOT_TYPED.match(text) and (words := _one_line(text)):
            return words
    return ""


def _texts(content: object) -> list[str]:
    blocks = [one for one in content if isinstance(one, dict)] if isinstance(content, list) else []
    found = (one.get("text") for one in blocks if one.get("type") == "text")
    return [text for text in found if isinstance(text, str)]


def _one_line(text: str) -> str:
    start = text[: WORDS * 4]
    return " ".join("".join(one if one.isprintable() else " " for one in start).split())[:WORDS]


def _context(line: dict[str, Any]) -> int:
    """How many tokens the model had before it and gave back: what the next request begins with."""
    message = line.get("message")
    usage = message.get("usage") if isinstance(message, dict) else None
    if not isinstance(usage, dict) or line.get("isSidechain") is True:
        return 0
    names = ("input_tokens", "cache_read_input_tokens", "cache_creation_input_tokens", "output_tokens")
    counts = (usage.get(name) for name in names)
    return sum(one for one in counts if isinstance(one, int) and not isinstance(one, bool) and 0 < one < 10**9)
