"""A connection that fails at a chosen statement, as a full disk, a broken one or another program would make it."""

import sqlite3
from pathlib import Path
from typing import Any, Final

from phonework.store.connect import Synchronous, open_writer

IO_ERROR: Final = (sqlite3.SQLITE_IOERR_WRITE, "SQLITE_IOERR_WRITE", "disk I/O error")
FULL: Final = (sqlite3.SQLITE_FULL, "SQLITE_FULL", "database or disk is full")
BUSY: Final = (sqlite3.SQLITE_BUSY, "SQLITE_BUSY", "database is locked")

Fault = tuple[int, str, str]


class Faults:
    """Fails the statements numbered at, counted from 0 over all connections, from the moment it is armed.

    lost: as with a real full disk, SQLite has rolled the transaction back by itself. after: the statement is carried
    out and then reported as failed, as when the disk fails to confirm what it has stored. statements: what was asked.
    """

    def __init__(self, fault: Fault, *, at: frozenset[int], lost: bool = False, after: bool = False) -> None:
        self.fault, self.at, self.lost, self.after = fault, at, lost, after
        self.armed = False
        self.statements: list[str] = []

    def connect(self, path: Path, synchronous: Synchronous) -> sqlite3.Connection:
        """For the writer's `connect`."""
        return _Connection(open_writer(path, synchronous), self)  # type: ignore[return-value]

    def meet(self, statement: str, connection: sqlite3.Connection) -> None:
        """Raises when it is this statement's turn."""
        if not self.armed:
            return
        number = len(self.statements)
        self.statements.append(statement)
        if number in self.at:
            if self.after:
                connection.execute(statement)
            if self.lost and connection.in_transaction:
                connection.execute("ROLLBACK")
            error = sqlite3.OperationalError(self.fault[2])
            error.sqlite_errorcode, error.sqlite_errorname = self.fault[0], self.fault[1]
            raise error


class _Connection:
    """Everything a connection does, with `execute` looked at first. sqlite3's own class cannot be wrapped after opening."""

    def __init__(self, connection: sqlite3.Connection, faults: Faults) -> None:
        self._connection, self._faults = connection, faults

    def execute(self, statement: str, *parameters: Any) -> sqlite3.Cursor:
        self._faults.meet(statement, self._connection)
        return self._connection.execute(statement, *parameters)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)
