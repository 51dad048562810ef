"""The writer: one thread with the only connection that writes or checkpoints, committing in groups."""

import asyncio
import contextlib
import sqlite3
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from datetime import datetime
from pathlib import Path
from queue import Empty, SimpleQueue
from types import TracebackType
from typing import Any, Final, NamedTuple, Self, TypeVar

import structlog

from phonework.clock import Clock
from phonework.errors import StoreError, StoreStoppedError
from phonework.store import shutdown
from phonework.store.batch import Job, Result, TransactionLostError, run_batch
from phonework.store.connect import BUSY_TIMEOUT_MS, Synchronous, open_writer, unusable

T = TypeVar("T")
Listener = Callable[[tuple[Any, ...]], None]

BACKOFF_SECONDS: Final = (0.05, 0.25, 1.0)
IDLE_SECONDS: Final = 2.0

log = structlog.get_logger(__name__)


class _Waiting(NamedTuple):
    """A job in the queue and who waits for it: a task of the event loop, or another thread."""

    job: Job
    task: "asyncio.Future[Any] | None"
    thread: "Future[Any] | None"


class Writer:
    """Runs jobs `(connection, now) -> value`, many to a commit: the event loop's, and each other thread's, in their order.

    A job's value is returned only after its COMMIT. A job that raises leaves nothing behind and disturbs no other.
    A job may be run again when the transaction it was in is lost, so it must have no effect but on the database; it
    must neither begin nor end a transaction, nor swallow an error of SQLite.

    on_failure: called on the event loop, once, when the writer has given up on the file; every job waiting then has
    got its StoreError and nothing is taken any more.
    """

    def __init__(
        self,
        path: Path,
        clock: Clock,
        *,
        batch: int = 256,
        synchronous: Synchronous = "FULL",
        on_failure: Callable[[StoreError], None] | None = None,
        connect: Callable[[Path, Synchronous], sqlite3.Connection] = open_writer,
        backoff: Sequence[float] = BACKOFF_SECONDS,
        idle_after: float = IDLE_SECONDS,
    ) -> None:
        self._path, self._clock, self._batch, self._synchronous = path, clock, batch, synchronous
        self._on_failure, self._connect, self._backoff, self._idle_after = (
            on_failure,
            connect,
            tuple(backoff),
            idle_after,
        )
        self._fresh: list[_Waiting] = []  # of the event loop, about to be handed in together
        self._alone = True  # the last commit had one job
        self._queue: SimpleQueue[_Waiting | None] = SimpleQueue()
        self._listeners: list[Listener] = []
        self._refusal: StoreStoppedError | None = StoreStoppedError("the store has not been started")
        self._failed = False
        self._gate = threading.Lock()  # held to hand a job in from another thread, and to close
        self._thread: threading.Thread | None = None
        self._connection: sqlite3.Connection | None = None
        self._loop: asyncio.AbstractEventLoop
        self._ended = asyncio.Event()
        self.was_clean = True

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def start(self) -> None:
        """Open the migrated database. Afterwards `was_clean` tells whether the last writer ended in order.

        Raises StoreError when the file cannot be used.
        """
        self._loop = asyncio.get_running_loop()
        opened: Future[None] = Future()
        self._thread = threading.Thread(target=self._main, args=(opened,), name="store-writer", daemon=True)
        self._thread.start()
        await asyncio.wrap_future(opened)

    async def run(self, job: Callable[[sqlite3.Connection, datetime], T]) -> T:
        """What the job returns, once it is committed. From the event loop only.

        Cancelling the waiting task does not cancel the job. Raises what the job raised; StoreError when the commit
        failed; StoreStoppedError at once when the writer has stopped.
        """
        if self._refusal is not None:
            raise StoreStoppedError(str(self._refusal), hint=self._refusal.hint)
        future: asyncio.Future[T] = self._loop.create_future()
        self._gather(_Waiting(job, future, None))
        return await future

    def post(self, job: Job) -> None:
        """Hand in a job nobody waits for; its listeners hear of it. From the event loop only; not when it has stopped."""
        if self._refusal is None:
            self._gather(_Waiting(job, None, None))

    def _gather(self, waiting: _Waiting) -> None:
        """Put what the loop has ready into one commit: the thread, once woken, takes only what is there.

        Two turns of the loop: those whom a commit wakes have their say in one, and the tasks they start in the next.
        Where jobs come one by one there is nobody to wait for.
        """
        if self._alone:
            self._queue.put(waiting)
            if self._failed:  # between the question and the queue
                self._refuse_waiting()
            return
        if not self._fresh:
            self._loop.call_soon(self._loop.call_soon, self._hand_in)
        self._fresh.append(waiting)

    def _hand_in(self) -> None:
        fresh, self._fresh = self._fresh, []
        for waiting in fresh:
            self._queue.put(waiting)
        if self._failed:  # between the question and the queue
            self._refuse_waiting()

    def submit(self, job: Callable[[sqlite3.Connection, datetime], T]) -> "Future[T]":
        """The same for other threads. The future cannot be cancelled; it is resolved on the writer's thread."""
        future: Future[T] = Future()
        future.set_running_or_notify_cancel()
        with self._gate:
            if self._refusal is not None:
                raise StoreStoppedError(str(self._refusal), hint=self._refusal.hint)
            self._queue.put(_Waiting(job, None, future))
        if self._failed:
            self._refuse_waiting()
        return future

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Have listener called on the event loop after each commit, with the values of its jobs in order.

        The futures are resolved first. Returns a function that ends the subscription.
        """
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    @property
    def waiting(self) -> int:
        """How many jobs have not been begun."""
        return len(self._fresh) + self._queue.qsize()

    @property
    def stopped(self) -> bool:
        """Whether jobs are refused."""
        return self._refusal is not None

    async def close(self) -> None:
        """Finish what has been handed in, fold the log into the database, mark a clean stop. Twice does no harm."""
        self._hand_in()
        with self._gate:
            if self._refusal is None:
                self._refusal = StoreStoppedError("the store is closed")
                self._queue.put(None)
        if self._thread is not None:
            await self._ended.wait()  # not a worker of the loop's pool: others may have filled that
            self._thread.join()

    # The thread.

    def _main(self, opened: "Future[None]") -> None:
        try:
            if self._begin(opened):
                self._serve()
        finally:
            self._call(self._ended.set)

    def _begin(self, opened: "Future[None]") -> bool:
        try:
            self._open()
        except Exception as error:
            self._abandon()
            opened.set_exception(self._translate(error))
            return False
        self._refusal = None
        self._say_what_runs()
        opened.set_result(None)
        return True

    def _serve(self) -> None:
        while batch := self._take():
            try:
                results = self._commit([waiting.job for waiting in batch])
            except Exception as error:
                self._fail(batch, self._translate(error))
                return
            self._settle(batch, results)
        self._end()

    def _take(self) -> list[_Waiting]:
        """All waiting jobs, up to the size of a batch; empty when the writer is to end."""
        first = self._wait()
        if first is None:
            return []
        batch = [first]
        for _ in range(min(self._queue.qsize(), self._batch - 1)):
            following = self._queue.get_nowait()
            if following is None:
                self._queue.put(None)  # nothing comes after it: end with the next batch
                break
            batch.append(following)
        return batch

    def _wait(self) -> _Waiting | None:
        try:
            return self._queue.get(timeout=self._idle_after)
        except Empty:
            self._checkpoint()
            return self._queue.get()

    def _commit(self, jobs: list[Job]) -> list[Result]:
        """The committed results; raises StoreError when it is certain, or not certain enough, that there are none."""
        for delay in (*self._backoff, None):
            try:
                if self._connection is None:
                    self._open()
                assert self._connection is not None
                return run_batch(self._connection, jobs, self._clock.now())
            except TransactionLostError as lost:
                self._abandon()
                error = self._translate(lost.cause)
                if lost.uncertain or delay is None:
                    raise error from lost.cause
            except StoreError as failed:
                self._abandon()
                error = failed
                if delay is None:
                    raise
            log.warning("commit failed, trying again", error=str(error), in_seconds=delay, jobs=len(jobs))
            time.sleep(delay)
        raise AssertionError("unreachable")

    def _settle(self, batch: list[_Waiting], results: list[Result]) -> None:
        for waiting, result in zip(batch, results, strict=True):
            if waiting.thread is not None:
                _resolve(waiting.thread, result)
        self._call(self._deliver, batch, results)

    def _deliver(self, batch: list[_Waiting], results: list[Result]) -> None:
        """On the event loop: wake those who wait, then tell the listeners."""
        self._alone = len(batch) == 1 and not self._fresh
        for waiting, result in zip(batch, results, strict=True):
            if waiting.task is not None:
                _resolve(waiting.task, result)
            elif waiting.thread is None and result.error is not None:
                log.error("a job that nobody waits for failed", error=repr(result.error))
        if not self._listeners:
            return
        if values := tuple(result.value for result in results if result.error is None):
            for listener in tuple(self._listeners):
                try:
                    listener(values)
                except Exception:
                    log.exception("listener failed")

    def _fail(self, batch: Sequence[_Waiting], error: StoreError) -> None:
        """Give up: nothing is taken any more, everybody waiting learns that nothing was acknowledged."""
        log.error("store stopped", error=str(error), hint=error.hint)
        self._refusal = StoreStoppedError(f"the store has stopped: {error}", hint=error.hint)
        self._failed = True
        self._abandon()
        self._settle(list(batch), [Result(None, _copy(error)) for _ in batch])
        self._refuse_waiting()
        if self._on_failure is not None:
            self._call(self._on_failure, error)

    def _refuse_waiting(self) -> None:
        refused: list[_Waiting] = []
        with contextlib.suppress(Empty):
            while True:
                if (waiting := self._queue.get_nowait()) is not None:
                    refused.append(waiting)
        if refused:
            assert self._refusal is not None
            self._settle(refused, [Result(None, _copy(self._refusal)) for _ in refused])

    def _call(self, function: Callable[..., None], *arguments: Any) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is gone, and with it everybody who waited on it
            self._loop.call_soon_threadsafe(function, *arguments)

    def _open(self) -> None:
        connection = self._connection = self._connect(self._path, self._synchronous)
        try:
            if not connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'meta'").fetchone():
                raise StoreError(f"{self._path} has no tables", hint="run `phonework db migrate`")
            self.was_clean = self._was_clean(connection)
            shutdown.mark(connection, clean=False)
        except sqlite3.Error as error:
            raise unusable(self._path, error) from error

    def _was_clean(self, connection: sqlite3.Connection) -> bool:
        """As the previous process left it; when this one opens the file again, its own mark says nothing."""
        return shutdown.was_clean(connection) if self._refusal is not None else self.was_clean

    def _abandon(self) -> None:
        """Close a connection in an unknown state. SQLite rolls back what was not committed."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with contextlib.suppress(sqlite3.Error):
                connection.close()

    def _end(self) -> None:
        """A clean stop: say so, fold the log into the database, close."""
        assert self._connection is not None
        try:
            shutdown.mark(self._connection, clean=True)
            self._checkpoint()
        except sqlite3.Error as error:
            log.warning("clean stop not marked", error=str(error))
        self._abandon()

    def _checkpoint(self) -> None:
        """Fold the log into the database and empty it. A reader in its way is not waited for: the next pause will do."""
        connection = self._connection
        if connection is None:
            return
        try:
            connection.execute("PRAGMA busy_timeout = 0")
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            connection.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
        except sqlite3.Error as error:
            # Nothing committed is lost by it: the log still holds everything, and the next commit says more.
            log.warning("checkpoint failed", error=str(error))

    def _translate(self, error: BaseException) -> StoreError:
        if isinstance(error, StoreError):
            return error
        if isinstance(error, sqlite3.Error):
            return unusable(self._path, error)
        return StoreError(f"{self._path}: {type(error).__name__}: {error}")

    def _say_what_runs(self) -> None:
        # SQLite 3.7.0 to 3.51.2 can lose commits when two connections write or checkpoint at once ("WAL reset bug",
        # sqlite.org/wal.html). This thread's connection is the only one that does either, under the directory's lock.
        log.info(
            "store opened",
            sqlite=sqlite3.sqlite_version,
            synchronous=self._synchronous,
            clean=self.was_clean,
            wal_reset_bug="cannot occur: one connection writes" if has_wal_reset_bug() else "fixed in this version",
        )


def has_wal_reset_bug(version: tuple[int, ...] = sqlite3.sqlite_version_info) -> bool:
    """Whether this SQLite can lose commits when several connections write. Source: sqlite.org/wal.html."""
    if (3, 44, 6) <= version < (3, 45) or (3, 50, 7) <= version < (3, 51):
        return False
    return (3, 7, 0) <= version < (3, 51, 3)


def _resolve(future: "asyncio.Future[Any] | Future[Any]", result: Result) -> None:
    if future.done():  # its task was cancelled; the job was not
        return
    if result.error is None:
        future.set_result(result.value)
    elif isinstance(result.error, StopIteration):  # a future cannot carry it
        future.set_exception(RuntimeError("the job raised StopIteration"))
    else:
        future.set_exception(result.error)


def _copy(error: StoreError) -> StoreError:
    """One error object per future: a shared one would collect everybody's traceback."""
    copied = type(error)(str(error), hint=error.hint)
    copied.__cause__ = error.__cause__
    return copied
