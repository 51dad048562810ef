"""Reading beside the writer: connections that cannot write, and never hold up a checkpoint for long."""

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import Final, Self, TypeVar

import aiosqlite

from phonework.errors import StoreError
from phonework.store.connect import open_reader, primary_code, unusable

T = TypeVar("T")
Query = Callable[[sqlite3.Connection], T]

LIMIT: Final = timedelta(seconds=5)
_STEPS: Final = 10_000  # of SQLite's machine between two looks at the clock, well under a millisecond


class Reader:
    """Runs queries `(connection) -> value`, each on one consistent view of the database, off the event loop.

    A view lasts as long as its query and at most limit: while one is open, the writer cannot empty its log.
    Connections are opened when first needed, size at most.
    """

    def __init__(self, path: Path, *, size: int = 2, limit: timedelta = LIMIT) -> None:
        self._path, self._limit = path, limit
        self._idle: list[_Connection] = []
        self._free = asyncio.Semaphore(size)
        self._closed = False

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def run(self, query: Query[T]) -> T:
        """What the query returns. Raises what it raises; StoreError for what SQLite says, and when time is up."""
        async with self._borrowed() as connection:
            return await connection.view(query, self._limit)

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[aiosqlite.Connection]:
        """A connection of aiosqlite to read statement by statement, for limit at most.

        A transaction begun on it is ended at the end. Raises StoreError for what SQLite says, and when time is up.
        """
        async with self._borrowed() as connection:
            try:
                async with asyncio.timeout(self._limit.total_seconds()):
                    yield connection
            except TimeoutError as error:
                await connection.interrupt()
                raise self._too_slow() from error
            finally:
                await connection.rollback()

    async def close(self) -> None:
        """Wait for running queries and close all connections. Twice does no harm."""
        self._closed = True
        while self._idle:
            await self._idle.pop().close()

    @asynccontextmanager
    async def _borrowed(self) -> AsyncIterator["_Connection"]:
        async with self._free:
            if self._closed:
                raise StoreError("the reader is closed")
            connection = self._idle.pop() if self._idle else await _connect(self._path)
            try:
                yield connection
            except sqlite3.Error as error:
                interrupted = primary_code(error) == sqlite3.SQLITE_INTERRUPT
                raise (self._too_slow() if interrupted else unusable(self._path, error)) from error
            finally:
                # Also when the waiting task was cancelled: the connection's own thread ends that view before the next.
                self._idle.append(connection)

    def _too_slow(self) -> StoreError:
        return StoreError(f"reading took longer than {self._limit.total_seconds():g} s and was ended")


class _Connection(aiosqlite.Connection):
    """aiosqlite's connection and thread, with a whole query as one hop instead of one for each statement."""

    async def view(self, query: Query[T], limit: timedelta) -> T:
        value: T = await self._execute(_view, self._conn, query, limit)  # type: ignore[no-untyped-call]
        return value


async def _connect(path: Path) -> _Connection:
    # Opened beforehand: where opening fails, aiosqlite's thread outlives the call and may outlive the loop (0.22.1).
    opened = await asyncio.to_thread(open_reader, path)
    connection = _Connection(lambda: opened, iter_chunk_size=64)
    await connection
    return connection


def _view(connection: sqlite3.Connection, query: Query[T], limit: timedelta) -> T:
    """On the connection's thread: one read transaction, ended whatever happens."""
    end = time.monotonic() + limit.total_seconds()
    connection.set_progress_handler(lambda: time.monotonic() > end, _STEPS)
    connection.execute("BEGIN")
    try:
        return query(connection)
    finally:
        connection.set_progress_handler(None, 0)
        connection.execute("ROLLBACK")
