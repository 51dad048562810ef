"""One transaction for many jobs, all in one commit; what one of them raises leaves nothing of it and harms no other."""

import sqlite3
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

from phonework.store.connect import primary_code

Job = Callable[[sqlite3.Connection, datetime], Any]

# What a mistake in one job looks like. Any other result code says something about the file, the disk or the memory.
_CODES_OF_A_JOB: Final = frozenset(
    {
        sqlite3.SQLITE_ERROR,
        sqlite3.SQLITE_ABORT,
        sqlite3.SQLITE_AUTH,
        sqlite3.SQLITE_CONSTRAINT,
        sqlite3.SQLITE_MISMATCH,
        sqlite3.SQLITE_RANGE,
        sqlite3.SQLITE_SCHEMA,
        sqlite3.SQLITE_TOOBIG,
    }
)
# After these nothing of the transaction can have reached the disk as committed: the commit mark is written last.
# An I/O error at COMMIT is not among them: a failed fsync may yet have stored it, and cannot be tried again.
_CODES_OF_NO_COMMIT: Final = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_CANTOPEN,
    }
)


class Result(NamedTuple):
    """What became of one job: its value, or the error it raised."""

    value: Any
    error: BaseException | None


class TransactionLostError(Exception):
    """The transaction as a whole failed; the connection is in an unknown state.

    uncertain: COMMIT was asked for and may have been carried out, so the jobs must not be run again.
    """

    def __init__(self, cause: BaseException, *, uncertain: bool = False) -> None:
        super().__init__(str(cause) or type(cause).__name__)
        self.cause, self.uncertain = cause, uncertain


def run_batch(connection: sqlite3.Connection, jobs: Sequence[Job], now: datetime) -> list[Result]:
    """The results of the jobs, in order, all committed. Raises TransactionLostError when none is."""
    _execute(connection, "BEGIN IMMEDIATE")  # a busy database refuses us here, before anything was decided
    results = _run_together(connection, jobs, now)
    if results is None:
        _execute(connection, "BEGIN IMMEDIATE")
        results = [_run_on_savepoint(connection, job, now) for job in jobs]
    try:
        connection.execute("COMMIT" if connection.in_transaction else "SELECT 1")
    except Exception as error:
        raise TransactionLostError(error, uncertain=primary_code(error) not in _CODES_OF_NO_COMMIT) from error
    return results


def _run_together(connection: sqlite3.Connection, jobs: Sequence[Job], now: datetime) -> list[Result] | None:
    """Without savepoints, which cost as much as a statement each. None: a job raised, and everything is rolled back."""
    results = []
    for job in jobs:
        try:
            results.append(Result(job(connection, now), None))
        except BaseException as error:
            _check(connection, error)
            _execute(connection, "ROLLBACK")
            return None
        _check(connection)
    return results


def _run_on_savepoint(connection: sqlite3.Connection, job: Job, now: datetime) -> Result:
    _execute(connection, "SAVEPOINT job_of_writer")
    try:
        result = Result(job(connection, now), None)
    except BaseException as error:
        _check(connection, error)
        _execute(connection, "ROLLBACK TO job_of_writer")
        result = Result(None, error)
    _execute(connection, "RELEASE job_of_writer")  # fails when a job ended the transaction by itself
    return result


def _check(connection: sqlite3.Connection, error: BaseException | None = None) -> None:
    """Pass on what concerns everyone: a storage error, or a transaction that is no longer there."""
    if error is not None and concerns_storage(error):
        raise TransactionLostError(error) from error
    if not connection.in_transaction:
        raise TransactionLostError(error or sqlite3.OperationalError("a job ended the transaction"))


def concerns_storage(error: BaseException | None) -> bool:
    """Whether an error, or what it was raised from, is about the file or the disk and not about one job."""
    while error is not None:
        if isinstance(error, MemoryError):
            return True
        if isinstance(error, sqlite3.DatabaseError) and _is_storage_code(error):
            return True
        error = error.__cause__
    return False


def _is_storage_code(error: sqlite3.DatabaseError) -> bool:
    if code := primary_code(error):
        return code not in _CODES_OF_A_JOB
    return type(error) in (sqlite3.OperationalError, sqlite3.DatabaseError)


def _execute(connection: sqlite3.Connection, statement: str) -> None:
    try:
        connection.execute(statement)
    except Exception as error:
        raise TransactionLostError(error) from error
