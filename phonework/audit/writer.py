"""The audit: one file of JSON lines per session, written from the committed events (S9).

The event table is the truth and this is its readable copy, so nothing waits for it and a failure loses nothing: the
lines that are missing are written when the caller next hands over the events since `watermark`.

Each line has the number of its event, and a file's last line says where the session's copy stands; so events that are
handed over again add nothing. A line is appended whole, in one write; what a crash or a full disk tore is left as it is
and the line comes again after it. Each batch is flushed to the disk (fsync) before the watermark moves. Files are
never shortened or deleted; a full one is put aside as `<session>.0001.jsonl`, then `.0002` and so on. A chain of hashes
goes through all of them (chain.py).
"""

import errno
import os
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from typing import Final, NamedTuple

import structlog

from phonework.audit.chain import FIELD, linked, parse
from phonework.audit.files import name_of, set_aside
from phonework.audit.lines import Entry, Row, entries_of
from phonework.clock import Clock
from phonework.redact import Redactor

log = structlog.get_logger(__name__)

MAX_BYTES: Final = 16 * 1024 * 1024
_BLOCK: Final = 64 * 1024

Place = tuple[int, int]  # number of the event, number of the line within it


class _End(NamedTuple):
    """Where a session's copy stands, and the hash of its last line."""

    place: Place
    chain: str


class AuditWriter:
    """Appends to the files below `directory`. Its methods block on the disk: call them in a thread, from any one.

    failures: how many batches could not be written since the start. problem: why the last one could not, without any
    path; empty when it could. Both for `/health`.
    """

    def __init__(
        self, directory: Path, clock: Clock, *, redactor: Redactor | None = None, max_bytes: int = MAX_BYTES
    ) -> None:
        self.failures, self.problem = 0, ""
        self._directory, self._clock, self._max_bytes = directory, clock, max_bytes
        self._redactor = redactor or Redactor()
        self._lock = threading.Lock()
        self._ends: dict[str, _End] = {}
        self._watermark: int | None = None

    @property
    def watermark(self) -> int:
        """Everything up to this event is on file. After a crash it may be too low, which does no harm."""
        with self._lock:
            return self._read_watermark()

    def catch_up(self, rows: Iterable[Row]) -> int:
        """Write what the events say; returns how many lines were new. Never raises.

        rows: the events after `watermark`, all of them and in order.
        """
        taken = list(rows)
        entries = [entry for row in taken for entry in entries_of(row)]
        return self._safely(entries, through=taken[-1].seq if taken else 0)

    def write(self, entries: Sequence[Entry]) -> int:
        """Write lines, without saying that all before them are on file; returns how many were new. Never raises."""
        return self._safely(entries, through=0)

    def _safely(self, entries: Sequence[Entry], *, through: int) -> int:
        with self._lock:
            try:
                written = self._write(sorted(entries, key=lambda entry: (entry.seq, entry.part)))
                self._move_watermark(through)
            except Exception as error:  # whatever it is, the conversation goes on
                self.failures += 1
                self.problem = _why(error)
                self._ends.clear()  # what reached the files is read from them again
                with suppress(OSError):  # the log may lie on the same full disk
                    log.error("audit not written", error=repr(error), lines=len(entries), failures=self.failures)
                return 0
            self.problem = ""
        return written

    def _write(self, entries: list[Entry]) -> int:
        if entries:
            self._directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        by_file = sorted(entries, key=lambda entry: name_of(entry.session_id))
        return sum(
            self._append(name, list(group)) for name, group in groupby(by_file, lambda entry: name_of(entry.session_id))
        )

    def _append(self, name: str, entries: list[Entry]) -> int:
        end = self._end(name)
        new = [entry for entry in entries if (entry.seq, entry.part) > end.place]
        if not new:
            return 0
        data, chain = b"", end.chain
        for entry in new:
            written, chain = linked(self._line(entry), chain)
            data += written
        path = self._room_for(name, len(data))
        _append(path, data)
        self._ends[name] = _End((new[-1].seq, new[-1].part), chain)
        return len(new)

    def _line(self, entry: Entry) -> dict[str, object]:
        return {
            "seq": entry.seq,
            "part": entry.part,
            "at": _time(entry.at),
            "written": _time(self._clock.now()),
            "session": entry.session_id,
            "user": entry.user_id,
            "what": entry.what,
            **{key: self._redactor.value(value) for key, value in entry.detail.items()},
        }

    def _room_for(self, name: str, size: int) -> Path:
        """Return the session's file, begun anew if it would grow too large."""
        path = self._directory / f"{name}.jsonl"
        if path.exists() and path.stat().st_size + size > self._max_bytes:
            number = max((number for number, _ in set_aside(self._directory, name)), default=0) + 1
            path.rename(self._directory / f"{name}.{number:04}.jsonl")
        return path

    def _end(self, name: str) -> _End:
        """Return where the session's copy stands, from its newest line."""
        if name not in self._ends:
            newest = [path for _, path in sorted(set_aside(self._directory, name), reverse=True)]
            files = (self._directory / f"{name}.jsonl", *newest)
            found = (end for path in files if (end := _last_end(path)) is not None)
            self._ends[name] = next(found, _End((0, -1), ""))
        return self._ends[name]

    def _read_watermark(self) -> int:
        if self._watermark is None:
            try:
                self._watermark = int((self._directory / ".watermark").read_text())
            except (OSError, ValueError):
                self._watermark = 0
        return self._watermark

    def _move_watermark(self, through: int) -> None:
        if through <= self._read_watermark():
            return
        self._directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        new = self._directory / ".watermark.new"
        new.write_text(str(through))
        new.replace(self._directory / ".watermark")
        self._watermark = through


def _why(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return f"the audit cannot be written ({error.strerror.lower()})"
    return "the audit cannot be written; the log says why"


def _time(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _append(path: Path, data: bytes) -> None:
    """Append in one write and flush. Raises OSError, also when only a part fitted."""
    file = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        size = os.fstat(file).st_size
        if size and os.pread(file, 1, size - 1) != b"\n":
            data = b"\n" + data  # a torn line before it stays alone
        if os.write(file, data) < len(data):
            raise OSError(errno.ENOSPC, "only a part was written")
        os.fsync(file)
    finally:
        os.close(file)


def _last_end(path: Path) -> _End | None:
    """Return the end a file's last whole line tells; None when it has none or does not exist."""
    try:
        with path.open("rb") as file:
            return next((end for line in _backwards(file.fileno()) if (end := _end_of(line))), None)
    except FileNotFoundError:
        return None


def _backwards(file: int) -> Iterator[bytes]:
    """Yield the lines of a file from its end."""
    end = os.fstat(file).st_size
    rest = b""
    while end > 0:
        start = max(0, end - _BLOCK)
        first, *lines = (os.pread(file, end - start, start) + rest).split(b"\n")
        yield from reversed(lines)
        rest, end = first, start
    yield rest


def _end_of(raw: bytes) -> _End | None:
    line = parse(raw)
    if line is None:
        return None
    return _End((int(str(line["seq"])), int(str(line["part"]))), str(line.get(FIELD, "")))
