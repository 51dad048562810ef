"""A disk whose power can be cut: what was written but not synced is then kept, dropped or torn, at random."""

import contextlib
import itertools
import random
import sqlite3
from dataclasses import dataclass, field
from typing import Any, Final

import apsw

SECTOR_BYTES: Final = 512  # what a disk writes whole or not at all
_NAMES: Final = itertools.count()


@dataclass(slots=True)
class _Write:
    offset: int
    data: bytes


@dataclass(slots=True)
class _Truncate:
    size: int


@dataclass(slots=True)
class _File:
    """safe: what a cut cannot touch; None as long as not even the name is. now: what a program reads."""

    safe: bytearray | None = None
    now: bytearray = field(default_factory=bytearray)
    unsynced: list[_Write | _Truncate] = field(default_factory=list)

    def change(self, operation: _Write | _Truncate) -> None:
        _apply(self.now, operation)
        self.unsynced.append(operation)

    def sync(self) -> None:
        safe = self.safe if self.safe is not None else bytearray()
        for operation in self.unsynced:
            _apply(safe, operation)
        self.safe, self.unsynced = safe, []

    def after_cut(self, chance: random.Random, keep: float) -> bytearray | None:
        """What the disk holds when the power is back; None: the file was never there. keep: share of writes kept."""
        if self.safe is None and chance.random() > keep:
            return None
        left = bytearray(self.safe or b"")
        for operation in self.unsynced:
            if chance.random() < keep:
                _apply(left, operation)
            elif isinstance(operation, _Write) and chance.random() < 0.5:
                _tear(left, operation, chance)
        return left


class Disk:
    """Files in memory. The power goes off at the operation (write, truncate, sync, delete) numbered cut_at."""

    def __init__(self, files: dict[str, bytearray] | None = None, *, cut_at: int | None = None) -> None:
        self.files = {name: _File(safe=bytearray(data), now=bytearray(data)) for name, data in (files or {}).items()}
        self.deleted: dict[str, _File] = {}
        self.cut_at = cut_at
        self.operations = 0
        self.off = False
        self.vfs = f"power-cut-{next(_NAMES)}"
        self._registered = _Vfs(self)

    def operate(self) -> None:
        """Count an operation. Raises when the power is off, or goes off now."""
        if self.cut_at is not None and self.operations >= self.cut_at:
            self.off = True
        self.powered()
        self.operations += 1

    def powered(self) -> None:
        if self.off:
            raise apsw.IOError("the power is off")

    def sync(self) -> None:
        """Make everything safe."""
        for file in self.files.values():
            file.sync()
        self.deleted.clear()

    def after_cut(self, chance: random.Random, *, cut_at: int | None = None) -> "Disk":
        """The disk when the power is back."""
        keep = chance.choice((0.0, 0.3, 0.9, 1.0))
        survivors = {name: file for name, file in self.deleted.items() if chance.random() > keep} | self.files
        left = {name: file.after_cut(chance, keep) for name, file in survivors.items()}
        self._registered.unregister()
        return Disk({name: data for name, data in left.items() if data is not None}, cut_at=cut_at)

    def connect(self, name: str, settings: tuple[str, ...]) -> sqlite3.Connection:
        """A connection that the store's modules can use, with the writer's settings.

        Python cannot give SQLite shared memory, so the connection is exclusive and keeps the log's index to itself.
        """
        connection = apsw.Connection(name, vfs=self.vfs)
        connection.execute("PRAGMA locking_mode = EXCLUSIVE")
        for statement in settings:
            connection.execute(statement).fetchall()
        return _Connection(connection)  # type: ignore[return-value]


class _Connection:
    """apsw's connection with the few manners of `sqlite3` that the store relies on."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection

    @property
    def in_transaction(self) -> bool:
        return bool(self._connection.in_transaction)

    def execute(self, statement: str, parameters: tuple[Any, ...] = ()) -> "_Cursor":
        return _Cursor(self._connection, self._connection.execute(statement, parameters))

    def close(self) -> None:
        with contextlib.suppress(apsw.IOError):  # without power it cannot even tidy up
            self._connection.close(True)


class _Cursor:
    def __init__(self, connection: apsw.Connection, cursor: Any) -> None:
        self.rowcount, self.lastrowid = connection.changes(), connection.last_insert_rowid()
        self._cursor = cursor
        self.fetchone, self.fetchall = cursor.fetchone, cursor.fetchall

    def __iter__(self) -> Any:
        return iter(self._cursor)


class _Vfs(apsw.VFS):
    def __init__(self, disk: Disk) -> None:
        super().__init__(disk.vfs, "")
        self._disk = disk

    def xOpen(self, name: Any, flags: list[int]) -> "_Handle":
        self._disk.powered()
        flags[1] = flags[0]
        if name is None:
            return _Handle(self._disk, _File(), counted=False)
        file = self._disk.files.setdefault(_plain(name), _File())
        return _Handle(self._disk, file, counted=True)

    def xDelete(self, name: str, sync: bool) -> None:
        self._disk.operate()
        file = self._disk.files.pop(_plain(name), None)
        if file is not None and not sync:
            self._disk.deleted[_plain(name)] = file

    def xAccess(self, name: str, flags: int) -> bool:
        return _plain(name) in self._disk.files

    def xFullPathname(self, name: str) -> str:
        return _plain(name)


class _Handle(apsw.VFSFile):
    """An open file. counted: it is on the disk; temporary ones are not and survive nothing."""

    def __init__(self, disk: Disk, file: _File, *, counted: bool) -> None:
        # Without the parent's __init__: there is no real file below.
        self._disk, self._file, self._counted = disk, file, counted

    def xRead(self, amount: int, offset: int) -> bytes:
        self._disk.powered()
        return bytes(self._file.now[offset : offset + amount])

    def xWrite(self, data: bytes, offset: int) -> None:
        self._operate()
        self._file.change(_Write(offset, bytes(data)))

    def xTruncate(self, size: int) -> None:
        self._operate()
        self._file.change(_Truncate(size))

    def xSync(self, flags: int) -> None:
        self._operate()
        self._file.sync()
        self._disk.deleted.clear()  # names are in the file system's journal, which any sync carries forward

    def _operate(self) -> None:
        if self._counted:
            self._disk.operate()

    def xFileSize(self) -> int:
        return len(self._file.now)

    def xLock(self, level: int) -> None: ...

    def xUnlock(self, level: int) -> None: ...

    def xCheckReservedLock(self) -> bool:
        return False

    def xFileControl(self, operation: int, pointer: int) -> bool:
        return False

    def xSectorSize(self) -> int:
        return 4096

    def xDeviceCharacteristics(self) -> int:
        # As SQLite assumes of every real file: a write that fails half-way harms nothing beside it.
        return int(apsw.SQLITE_IOCAP_POWERSAFE_OVERWRITE)

    def xClose(self) -> None: ...


def _plain(name: Any) -> str:
    return str(name.filename() if isinstance(name, apsw.URIFilename) else name)


def _apply(data: bytearray, operation: _Write | _Truncate) -> None:
    if isinstance(operation, _Truncate):
        del data[operation.size :]
        return
    if len(data) < operation.offset:
        data.extend(bytes(operation.offset - len(data)))
    data[operation.offset : operation.offset + len(operation.data)] = operation.data


def _tear(data: bytearray, write: _Write, chance: random.Random) -> None:
    """Some of the write's sectors reach the disk."""
    at, end = write.offset, write.offset + len(write.data)
    while at < end:
        until = min(end, (at // SECTOR_BYTES + 1) * SECTOR_BYTES)
        if chance.random() < 0.5:
            _apply(data, _Write(at, write.data[at - write.offset : until - write.offset]))
        at = until
