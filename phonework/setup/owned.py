"""Files of ours in places that are other people's: told apart from what somebody changed there, or wrote themselves.

The last line of each is a comment with our version and the hash of all before it.
"""

import hashlib
import os
import re
import tempfile
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

from phonework import __version__
from phonework.errors import PhoneWorkError

LONGEST_BYTES: Final = 1024 * 1024
_STAMP: Final = re.compile(r"^(?:# |<!-- )phonework (\S+) sha256:([0-9a-f]{64})(?: -->)?$", re.MULTILINE)


class State(StrEnum):
    """current: as it would be written now; older: ours, and not so; edited: ours, and changed since; foreign: not ours."""

    ABSENT = "absent"
    CURRENT = "current"
    OLDER = "older"
    EDITED = "edited"
    FOREIGN = "foreign"


@dataclass(frozen=True, slots=True)
class Comment:
    """How a comment begins and ends in a kind of file."""

    begin: str
    end: str = ""


HASH, XML = Comment("# "), Comment("<!-- ", " -->")


@dataclass(frozen=True, slots=True, kw_only=True)
class Owned:
    """One file. body: what we would write, without the last line. mode: its permissions when it is made."""

    path: Path
    body: str
    comment: Comment
    mode: int = 0o644

    @property
    def text(self) -> str:
        """All of it, as it is written."""
        body = self.body if self.body.endswith("\n") else f"{self.body}\n"
        return f"{body}{self.comment.begin}phonework {__version__} sha256:{_hash(body)}{self.comment.end}\n"

    def state(self) -> State:
        """How the file is now. Raises PhoneWorkError when that cannot be seen."""
        state = state_of(self.path)
        if state in (State.CURRENT, State.OLDER):
            return State.CURRENT if _read(self.path) == self.text else State.OLDER
        return state

    def write(self) -> None:
        """Put it there, whatever is there now; whoever reads meanwhile sees the old one or the new one."""
        place = self.path.resolve()  # a link stays one: somebody may keep these files elsewhere
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            descriptor, name = tempfile.mkstemp(prefix=f".{place.name}.", dir=place.parent)
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write(self.text)
                file.flush()
                os.fchmod(descriptor, self.mode)
                os.fsync(descriptor)
            Path(name).replace(place)
        except OSError as error:
            raise PhoneWorkError(f"{self.path} cannot be written: {(error.strerror or str(error)).lower()}") from error


def remove(path: Path) -> None:
    """Take the file away. Raises PhoneWorkError."""
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise PhoneWorkError(f"{path} cannot be removed: {(error.strerror or str(error)).lower()}") from error


def state_of(path: Path) -> State:
    """The same where nobody knows what would be written now: `older` then means of another version."""
    found = _read(path)
    if found is None:
        return State.ABSENT
    *_, stamp = None, *_STAMP.finditer(found)
    if stamp is None:
        return State.FOREIGN
    if _hash(found[: stamp.start()]) != stamp[2] or found[stamp.end() :] != "\n":
        return State.EDITED
    return State.CURRENT if stamp[1] == __version__ else State.OLDER


def _hash(body: str) -> str:
    return hashlib.sha256(body.encode()).hexdigest()


def _read(path: Path) -> str | None:
    """Its text; empty for what is no text of ours at all."""
    try:
        with path.open("rb") as file:
            return file.read(LONGEST_BYTES).decode("utf-8")
    except FileNotFoundError:
        return None
    except UnicodeDecodeError:
        return ""
    except OSError as error:
        raise PhoneWorkError(f"{path} cannot be read: {(error.strerror or str(error)).lower()}") from error
