"""How SQLite is opened: the writer's connection and the readers', with every setting in this one place."""

import sqlite3
import sys
from pathlib import Path
from typing import Final, Literal
from urllib.parse import quote

from phonework.errors import StoreError

Synchronous = Literal["FULL", "NORMAL"]

BUSY_TIMEOUT_MS: Final = 5_000
CACHED_STATEMENTS: Final = 512  # more than the program has, so that nothing is prepared twice
WAL_LIMIT_BYTES: Final = 16 * 1024 * 1024  # what is left of the log's file after a checkpoint


def writer_settings(synchronous: Synchronous = "FULL") -> tuple[str, ...]:
    """The statements that make a connection fit for writing, in order.

    FULL: a returned COMMIT survives a power cut. NORMAL: it survives a crash of the program only.
    Source: SQLite, "Write-Ahead Logging" and "PRAGMA statements".
    """
    settings = [
        f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}",
        "PRAGMA journal_mode = WAL",
        f"PRAGMA synchronous = {synchronous}",
        "PRAGMA foreign_keys = ON",
        "PRAGMA trusted_schema = OFF",
        "PRAGMA temp_store = MEMORY",
        "PRAGMA cache_size = -16384",
        f"PRAGMA journal_size_limit = {WAL_LIMIT_BYTES}",
    ]
    if sys.platform == "darwin":  # there, fsync alone leaves data in the drive's cache
        settings += ["PRAGMA fullfsync = ON", "PRAGMA checkpoint_fullfsync = ON"]
    return tuple(settings)


READER_SETTINGS: Final = (
    f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}",
    "PRAGMA query_only = ON",
    "PRAGMA trusted_schema = OFF",
    "PRAGMA temp_store = MEMORY",
)


def open_writer(path: Path, synchronous: Synchronous = "FULL") -> sqlite3.Connection:
    """The one connection that writes, in the thread that calls. Transactions are begun and ended by hand.

    Raises StoreError when the file cannot be opened, is no database, or cannot keep a write-ahead log.
    """
    connection = _connect(path, "rwc")
    try:
        for statement in writer_settings(synchronous):
            connection.execute(statement)
        mode = connection.execute("PRAGMA journal_mode").fetchone()[0]
    except sqlite3.Error as error:
        connection.close()
        raise unusable(path, error) from error
    if mode != "wal":
        connection.close()
        raise StoreError(
            f"{path}: SQLite cannot keep a write-ahead log here (journal mode {mode})",
            hint="put the data directory on a local disk",
        )
    return connection


def reader_uri(path: Path, *, immutable: bool = False) -> str:
    """A `file:` address that opens the database for reading only."""
    return _uri(path, "ro") + ("&immutable=1" if immutable else "")


def unusable(path: Path, error: sqlite3.Error) -> StoreError:
    """SQLite's complaint about a file, in words a person can act on."""
    code = primary_code(error)
    if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        return damaged(path, str(error))
    hints = {
        sqlite3.SQLITE_BUSY: "another program holds it; close it and try again",
        sqlite3.SQLITE_FULL: "free some space on the disk and start again",
        sqlite3.SQLITE_IOERR: "check the disk and the file's permissions, then start again",
        sqlite3.SQLITE_CANTOPEN: "check that the data directory exists and may be written to",
        sqlite3.SQLITE_READONLY: "check that the data directory and its files may be written to",
    }
    return StoreError(f"{path}: {error}", hint=hints.get(code, ""))


def damaged(path: Path, what: str) -> StoreError:
    """The error for a file whose contents cannot be trusted. what: the first finding."""
    return StoreError(
        f"{path} is damaged: {what}",
        hint=f"nothing was changed; put the newest copy from {path.parent / 'backups'} in its place, "
        "or save what can be read with `sqlite3 phonework.db .recover`",
    )


def primary_code(error: BaseException) -> int:
    """SQLite's result code without its extension; 0 when the error carries none."""
    return int(getattr(error, "sqlite_errorcode", 0) or 0) & 0xFF


def _connect(path: Path, mode: str) -> sqlite3.Connection:
    try:
        # Isolation level None: the module begins no transactions of its own, the writer does it in words.
        return sqlite3.connect(_uri(path, mode), uri=True, isolation_level=None, cached_statements=CACHED_STATEMENTS)
    except sqlite3.Error as error:
        raise unusable(path, error) from error


def _uri(path: Path, mode: str) -> str:
    return f"file:{quote(str(path.absolute()))}?mode={mode}"
