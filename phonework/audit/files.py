"""Reading the audit: which files there are, and their lines from the oldest on."""

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from phonework.audit.chain import Verified, verify

NO_SESSION: Final = "_commands"
"""The file of what belongs to no session; no session's name begins so."""
LARGEST_LINE: Final = 64 * 1024 * 1024
_SAFE_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,79}")
_FILE: Final = re.compile(r"(?P<name>[A-Za-z0-9_-]+?)(?:\.\d{4,})?\.jsonl")


def name_of(session_id: str | None) -> str:
    """What a session's files are called."""
    if session_id is None:
        return NO_SESSION
    return session_id if _SAFE_NAME.fullmatch(session_id) else hashlib.sha256(session_id.encode()).hexdigest()[:32]


def set_aside(directory: Path, name: str) -> Iterator[tuple[int, Path]]:
    """The full files of a name with their numbers, in no order."""
    for path in directory.glob(f"{name}.*.jsonl"):
        number = path.name.removeprefix(f"{name}.").removesuffix(".jsonl")
        if number.isdecimal():
            yield int(number), path


def names(directory: Path) -> tuple[str, ...]:
    """Every name that has a file, in order."""
    found = (_FILE.fullmatch(path.name) for path in directory.glob("*.jsonl"))
    return tuple(sorted({match["name"] for match in found if match}))


def lines(directory: Path, name: str) -> Iterator[bytes]:
    """The lines of a name's files, the oldest first. Raises OSError."""
    for path in (*(path for _, path in sorted(set_aside(directory, name))), directory / f"{name}.jsonl"):
        if not path.exists():
            continue
        with path.open("rb") as file:
            while line := file.readline(LARGEST_LINE):
                yield line


def verified(directory: Path, name: str) -> Verified:
    """What the chain says of a name's files. Raises OSError."""
    return verify(lines(directory, name))
