"""The conversations that the demo agent has kept, of all sessions: what `/resume` lists in the demo."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from phonework.backends.base import DeskSession

MOST_JOURNALS: Final = 200
LONGEST_JOURNAL: Final = 1_000_000  # bytes
WORDS: Final = 300


@dataclass(slots=True)
class Past:
    """One conversation. said: the person's messages, in order."""

    cwd: str
    active_at: datetime
    said: list[str] = field(default_factory=list)


def conversations(directory: Path) -> dict[str, Past]:
    """By the agent's own id. What is damaged, or too long, is passed over. Reads files: call it from a thread."""
    found: dict[str, Past] = {}
    for path, at in _journals(directory):
        for name, past in _kept(path, at).items():
            found.setdefault(name, past)  # the newest journal has what the older ones have
    return found


def _kept(path: Path, at: datetime) -> dict[str, Past]:
    found: dict[str, Past] = {}
    for record in _records(path):
        match record:
            case {"kind": "recalled", "conversation": str(name), "said": [*said], "cwd": str(cwd)}:
                found[name] = Past(cwd, at, [text for text in said if isinstance(text, str)])
            case {"kind": "prompt", "conversation": str(name), "text": str(text), "cwd": str(cwd)}:
                found.setdefault(name, Past(cwd, at)).said.append(text)
            case _:
                pass
    return {name: past for name, past in found.items() if past.said}


def newest(directory: Path, under: Path, limit: int) -> list[DeskSession]:
    """Those that began below a directory, and where that is still there."""
    root = under.resolve()
    inside = [(name, one) for name, one in conversations(directory).items() if _stands_in(one.cwd, root)]
    inside.sort(key=lambda pair: pair[1].active_at, reverse=True)
    return [desk_session(name, one) for name, one in inside[:limit]]


def _stands_in(cwd: str, root: Path) -> bool:
    try:
        real = Path(cwd).resolve(strict=True)
    except (OSError, RuntimeError, ValueError):
        return False
    return real.is_relative_to(root)


def desk_session(name: str, past: Past) -> DeskSession:
    first, last = (" ".join(text.split())[:WORDS] for text in (past.said[0], past.said[-1]))
    return DeskSession(
        agent_session_id=name,
        cwd=past.cwd,
        first=first,
        last=last if len(past.said) > 1 else "",
        active_at=past.active_at,
        size_bytes=sum(len(text) for text in past.said),
    )


def _journals(directory: Path) -> list[tuple[Path, datetime]]:
    """The newest ones, each with when it was written last."""
    stamped = []
    for path in directory.glob("*.jsonl"):
        try:
            found = path.stat()
        except OSError:
            continue
        if found.st_size <= LONGEST_JOURNAL:
            stamped.append((found.st_mtime, path))
    newest = sorted(stamped, reverse=True)[:MOST_JOURNALS]
    return [(path, datetime.fromtimestamp(at, UTC)) for at, path in newest]


def _records(path: Path) -> Iterator[dict[str, object]]:
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return
    for line in lines:
        try:
            record = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(record, dict):
            yield record
