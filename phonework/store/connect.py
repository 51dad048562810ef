"""How SQLite is opened: the writer's connection and the readers', with every setting in this one place."""

import os
import sqlite3
import sys
from contextlib import closing
from functools import cache
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
        "PRAGMA temp_store = MEMORY",
        _cache(2048),
        f"PRAGMA journal_size_limit = {WAL_LIMIT_BYTES}",
    ]
    if checks_may_use_json():
        settings.append("PRAGMA trusted_schema = OFF")
    if sys.platform == "darwin":  # there, fsync alone leaves data in the drive's cache
        settings += ["PRAGMA fullfsync = ON", "PRAGMA checkpoint_fullfsync = ON"]
    return tuple(settings)


@cache
def checks_may_use_json() -> bool:
    """Whether this SQLite lets CHECK use json_valid() in a schema that is not trusted; 3.40.1 calls it unsafe (seen)."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        connection.execute("PRAGMA trusted_schema = OFF")
        try:
            connection.execute("CREATE TABLE probe (value TEXT CHECK (json_valid(value)))")
            connection.execute("INSERT INTO probe VALUES ('{}')")
        except sqlite3.OperationalError:
            return False
    return True


def reader_settings() -> tuple[str, ...]:
    """The statements that make a connection fit for reading."""
    untrusted = ("PRAGMA trusted_schema = OFF",) if checks_may_use_json() else ()
    return (f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}", "PRAGMA temp_store = MEMORY", _cache(512), *untrusted)


def _cache(size_kib: int) -> str:
    """Small: the system caches the file too, and what one look at ten thousand sessions read need not be held twice."""
    return f"PRAGMA cache_size = -{size_kib}"


_CODES_OF_A_FOLDER_NOT_WRITABLE: Final = (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY)


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


def open_reader(path: Path, *, query_only: bool = True) -> sqlite3.Connection:
    """A connection for reading, beside a running writer or on a stopped one's file; for use in any one thread.

    query_only: refuse writing even to temporary and attached databases, which VACUUM INTO needs. Raises StoreError.
    """
    try:
        return _open_reader(path, "", query_only=query_only)
    except sqlite3.Error as error:
        if primary_code(error) not in _CODES_OF_A_FOLDER_NOT_WRITABLE or not os.access(path, os.R_OK):
            raise unusable(path, error) from error
        return _open_unwritable(path, error, query_only=query_only)


def _open_unwritable(path: Path, error: sqlite3.Error, *, query_only: bool) -> sqlite3.Connection:
    """A file in a folder we may not write to, where SQLite cannot make its shared memory (seen in 3.40.1).

    Without a log beside it the file is complete and nobody is writing, so it may be read as it is.
    """
    log = path.with_name(f"{path.name}-wal")
    if log.exists() and log.stat().st_size:
        raise StoreError(
            f"{path} cannot be read: its newest part is in {log.name}, which needs write access to {path.parent}",
            hint="run this as the user the server runs as",
        ) from error
    try:
        return _open_reader(path, "&immutable=1", query_only=query_only)
    except sqlite3.Error as unreadable:
        raise unusable(path, unreadable) from unreadable


def _open_reader(path: Path, options: str, *, query_only: bool) -> sqlite3.Connection:
    connection = sqlite3.connect(
        _uri(path, "ro") + options,
        uri=True,
        isolation_level=None,
        cached_statements=CACHED_STATEMENTS,
        check_same_thread=False,
    )
    try:
        for statement in reader_settings():
            connection.execute(statement)
        connection.execute(f"PRAGMA query_only = {int(query_only)}")
        connection.execute("SELECT 1 FROM sqlite_schema").fetchone()  # only this looks at the file
    except BaseException:
        connection.close()
        raise
    return connection


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
