"""Our hooks in the settings files of agents: what would change, and changing it, with what was there kept beside."""

import difflib
import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from itertools import count
from pathlib import Path
from typing import Final

from phonework.backends import registry
from phonework.backends.base import HookKeeper
from phonework.errors import PhoneWorkError

LARGEST: Final = 5_000_000  # bytes


class State(StrEnum):
    """older: ours, but not as they would be put there now: of another version, or another place."""

    ABSENT = "absent"
    INSTALLED = "installed"
    OLDER = "older"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What would become of one file. kind: of agent. before: None when there is no file."""

    kind: str
    title: str
    path: Path
    before: str | None
    after: str
    state: State

    @property
    def needed(self) -> bool:
        return self.after != (self.before or "")

    def diff(self) -> str:
        """As a unified diff."""
        before, after = ((text or "").splitlines(keepends=True) for text in (self.before, self.after))
        name = str(self.path) if self.before is not None else "/dev/null"
        lines = difflib.unified_diff(before, after, name, str(self.path))
        return "".join(line if line.endswith("\n") else f"{line}\n" for line in lines)


def changes(gateway: Path, *, wanted: bool) -> list[Change]:
    """Of every kind of agent that has hooks. wanted: ours are to be there. Raises PhoneWorkError for a damaged file."""
    keepers = ((kind, getattr(kind.factory, "hooks", None)) for kind in registry.kinds().values())
    return [
        _change(kind.name, kind.about.title, keeper, gateway, wanted=wanted)
        for kind, keeper in keepers
        if isinstance(keeper, HookKeeper)
    ]


def _change(kind: str, title: str, keeper: HookKeeper, gateway: Path, *, wanted: bool) -> Change:
    path = keeper.path
    before = _read(path)
    text = before or ""
    with_ours, without = keeper.with_ours(text, gateway), keeper.without_ours(text)
    state = State.INSTALLED if with_ours == text else State.OLDER if without != text else State.ABSENT
    after = with_ours if wanted else without
    return Change(kind=kind, title=title, path=path, before=before, after=after, state=state)


def carry_out(change: Change, now: datetime) -> Path | None:
    """Write the file; where what was there before is kept, if there was something.

    Raises PhoneWorkError when the file is not any more as it was looked at, or cannot be written: then nothing was changed.
    """
    with _told(change.path):
        target = Path(os.path.realpath(change.path))  # a link stays one: somebody may keep these files elsewhere
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if _read(change.path) != change.before:
            raise PhoneWorkError(f"{change.path} was changed just now", hint="run the command again")
        mode = stat.S_IMODE(target.stat().st_mode) if change.before is not None else 0o600
        kept = _kept(target, change.before, mode, now)
        _write(target, change.after, mode)
        return kept


def _kept(target: Path, text: str | None, mode: int, now: datetime) -> Path | None:
    if text is None:
        return None
    for number in count(1):
        again = f"-{number}" if number > 1 else ""
        backup = target.with_name(f"{target.name}.{now:%Y%m%dT%H%M%S}{again}.bak")
        try:
            _write_new(backup, text, mode)
        except FileExistsError:
            continue
        return backup
    raise AssertionError("there is no end of numbers")


def _write_new(path: Path, text: str, mode: int) -> None:
    """Raises FileExistsError when there is one: an earlier copy must not be lost."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(text.encode())
        os.fchmod(handle, mode)
        file.flush()
        os.fsync(handle)


def _write(path: Path, text: str, mode: int) -> None:
    """At once: whoever reads meanwhile sees the old one or the new one."""
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(text.encode())
            os.fchmod(descriptor, mode)
            file.flush()
            os.fsync(descriptor)
        Path(name).replace(path)
    finally:
        Path(name).unlink(missing_ok=True)


def _read(path: Path) -> str | None:
    """The text; None when there is no file. Raises PhoneWorkError for what is no text of a bearable size."""
    with _told(path):
        try:
            handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK)  # not to wait for a pipe that stands in its place
        except FileNotFoundError:
            return None
        with os.fdopen(handle, "rb") as file:
            found = os.fstat(handle)
            if not stat.S_ISREG(found.st_mode) or found.st_size > LARGEST:
                raise PhoneWorkError(f"{path} is no file of settings", hint="look what is there")
            return file.read().decode()


@contextmanager
def _told(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise PhoneWorkError(f"{path}: {(error.strerror or str(error)).lower()}") from error
    except UnicodeDecodeError as error:
        raise PhoneWorkError(f"{path} is no text", hint="mend it first; nothing was changed") from error
