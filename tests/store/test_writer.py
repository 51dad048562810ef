"""The writer: nothing is acknowledged before its commit, and nobody disturbs anybody."""

import asyncio
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import datetime
from pathlib import Path

import pytest

from phonework.clock import Clock
from phonework.errors import StoreError, StoreStoppedError
from phonework.store import meta
from phonework.store.connect import open_reader, open_writer
from phonework.store.shutdown import was_clean
from phonework.store.writer import Writer, has_wal_reset_bug
from phonework.testing.faulty_sqlite import BUSY, FULL, IO_ERROR, Fault, Faults

Job = Callable[[sqlite3.Connection, datetime], str]


def put(key: str) -> Job:
    def job(connection: sqlite3.Connection, now: datetime) -> str:
        meta.put(connection, key, now.isoformat())
        return key

    return job


def stored(path: Path) -> set[str]:
    with closing(open_reader(path)) as connection:
        return {row[0] for row in connection.execute("SELECT key FROM meta")} - {"clean_shutdown"}


class Gate:
    """A job that holds the writer until it is opened, so that what follows waits together."""

    def __init__(self) -> None:
        self.entered, self.opened = threading.Event(), threading.Event()

    def __call__(self, connection: sqlite3.Connection, now: datetime) -> str:
        self.entered.set()
        assert self.opened.wait(20)
        return "gate"


async def held(writer: Writer) -> tuple[Gate, "asyncio.Task[str]"]:
    gate = Gate()
    task = asyncio.create_task(writer.run(gate))
    assert await asyncio.to_thread(gate.entered.wait, 20)
    return gate, task


async def handed_in() -> None:
    """What the tasks have asked for lies in the queue: the loop hands it over two turns after the first of them."""
    for _ in range(4):
        await asyncio.sleep(0)


async def busy(writer: Writer) -> None:
    """From here on the loop gathers jobs: the last commit had several."""
    gate, first = await held(writer)
    tasks = [asyncio.create_task(writer.run(put(f"{n}"))) for n in range(3)]
    await handed_in()
    gate.opened.set()
    await asyncio.gather(first, *tasks)


async def settled(tasks: list["asyncio.Task[str]"]) -> list[str | BaseException]:
    return await asyncio.gather(*tasks, return_exceptions=True)


async def test_a_job_returns_its_value_once_others_can_read_it(writer: Writer, database: Path, clock: Clock) -> None:
    assert await writer.run(put("a")) == "a"
    with closing(open_reader(database)) as connection:
        assert meta.get(connection, "a") == clock.now().isoformat()


async def test_waiting_jobs_run_in_order_and_share_one_commit(writer: Writer) -> None:
    statements: list[str] = []
    order: list[str] = []

    def watch(connection: sqlite3.Connection, now: datetime) -> str:
        connection.set_trace_callback(statements.append)
        return ""

    def note(key: str) -> Job:
        def job(connection: sqlite3.Connection, now: datetime) -> str:
            order.append(key)
            return put(key)(connection, now)

        return job

    await writer.run(watch)
    gate, first = await held(writer)
    tasks = [asyncio.create_task(writer.run(note(f"{n:03}"))) for n in range(100)]
    await handed_in()
    statements.clear()
    gate.opened.set()

    assert await asyncio.gather(first, *tasks) == ["gate", *(f"{n:03}" for n in range(100))]
    assert order == sorted(order)
    assert statements.count("COMMIT") == 2  # the gate's and one for all hundred


async def test_what_a_listener_hands_in_does_not_come_before_what_is_about_to_be(writer: Writer) -> None:
    """A commit of one job says that jobs come one by one; that holds for those which are not gathered yet."""
    order: list[str] = []

    def note(key: str) -> Job:
        def job(connection: sqlite3.Connection, now: datetime) -> str:
            order.append(key)
            return key

        return job

    await busy(writer)
    gate = Gate()
    alone = writer.submit(gate)
    assert await asyncio.to_thread(gate.entered.wait, 20)
    writer.subscribe(lambda values: writer.post(note("second")) if values == ("gate",) else None)
    writer.post(note("first"))
    gate.opened.set()
    alone.result(20)
    while len(order) < 2:
        await writer.run(put("a"))

    assert order == ["first", "second"]


async def test_a_batch_takes_no_more_than_its_size(database: Path, clock: Clock) -> None:
    commits: list[tuple[str, ...]] = []
    async with Writer(database, clock, batch=10) as writer:
        writer.subscribe(commits.append)
        gate, first = await held(writer)
        tasks = [asyncio.create_task(writer.run(put(f"{n}"))) for n in range(25)]
        await handed_in()
        gate.opened.set()
        await asyncio.gather(first, *tasks)
    assert [len(values) for values in commits] == [1, 10, 10, 5]


async def test_a_poisoned_job_leaves_nothing_and_the_others_go_on(writer: Writer, database: Path) -> None:
    def poisoned(error: BaseException) -> Job:
        def job(connection: sqlite3.Connection, now: datetime) -> str:
            meta.put(connection, "poison", "")
            raise error

        return job

    def mistaken(connection: sqlite3.Connection, now: datetime) -> str:
        meta.put(connection, "poison", "")
        connection.execute("INSERT INTO meta (key, value) VALUES ('poison', '')")
        return ""

    def misspelt(connection: sqlite3.Connection, now: datetime) -> str:
        meta.put(connection, "poison", "")
        connection.execute("INSERT INTO mata VALUES (1)")
        return ""

    gate, first = await held(writer)
    jobs = [put("a"), poisoned(ValueError("x")), put("b"), mistaken, misspelt, poisoned(StopIteration()), put("c")]
    tasks = [asyncio.create_task(writer.run(job)) for job in jobs]
    await handed_in()
    gate.opened.set()
    await first
    errors = [ValueError, sqlite3.IntegrityError, sqlite3.OperationalError, RuntimeError]

    results = await settled(tasks)
    assert [result for result in results if isinstance(result, str)] == ["a", "b", "c"]
    assert [type(result) for result in results if not isinstance(result, str)] == errors
    assert stored(database) == {"a", "b", "c"}


async def test_a_poisoned_job_alone_in_its_batch_leaves_nothing(writer: Writer, database: Path) -> None:
    def poisoned(connection: sqlite3.Connection, now: datetime) -> str:
        meta.put(connection, "poison", "")
        raise SystemExit(3)

    with pytest.raises(SystemExit):
        await asyncio.wrap_future(writer.submit(poisoned))
    assert await writer.run(put("a")) == "a"
    assert stored(database) == {"a"}


async def test_cancelling_who_waits_does_not_cancel_the_job(writer: Writer, database: Path) -> None:
    gate, first = await held(writer)
    task = asyncio.create_task(writer.run(put("a")))
    await handed_in()
    task.cancel()
    first.cancel()
    gate.opened.set()

    assert await writer.run(put("b")) == "b"  # the connection is not left in somebody's transaction
    assert task.cancelled()
    assert first.cancelled()
    assert stored(database) == {"a", "b"}


async def test_listeners_hear_of_each_commit_after_the_futures(writer: Writer) -> None:
    heard: list[tuple[object, ...]] = []

    def broken(values: tuple[object, ...]) -> None:
        raise RuntimeError("listener")

    def refuse(connection: sqlite3.Connection, now: datetime) -> str:
        raise ValueError("refused")

    writer.subscribe(broken)
    end = writer.subscribe(heard.append)
    gate, first = await held(writer)
    tasks = [asyncio.create_task(writer.run(job)) for job in (put("a"), refuse, put("b"))]
    await handed_in()
    threaded = await asyncio.to_thread(writer.submit, put("c"))
    gate.opened.set()
    await settled([first, *tasks])
    assert await asyncio.wrap_future(threaded) == "c"
    with pytest.raises(ValueError, match="refused"):
        await writer.run(refuse)  # nothing of it was committed: nobody is told
    end()
    await writer.run(put("d"))

    assert heard == [("gate",), ("a", "b", "c")]


async def test_other_threads_hand_in_jobs_and_wait(writer: Writer, database: Path) -> None:
    def work(name: str) -> list[str]:
        return [writer.submit(put(f"{name}{n}")).result(20) for n in range(50)]

    results = await asyncio.gather(*(asyncio.to_thread(work, name) for name in "xyz"))
    assert stored(database) == {key for keys in results for key in keys}
    assert len(stored(database)) == 150


async def test_a_thread_cannot_take_a_job_back(writer: Writer, database: Path) -> None:
    gate, first = await held(writer)
    future = writer.submit(put("a"))
    assert not future.cancel()
    gate.opened.set()
    assert await asyncio.wrap_future(future) == "a"
    await first


async def test_closing_finishes_what_was_handed_in_and_refuses_the_rest(database: Path, clock: Clock) -> None:
    writer = Writer(database, clock)
    await writer.start()
    gate, first = await held(writer)
    tasks = [asyncio.create_task(writer.run(put(f"{n}"))) for n in range(600)]
    await handed_in()
    closing_task = asyncio.create_task(writer.close())
    await handed_in()
    with pytest.raises(StoreStoppedError):
        await writer.run(put("late"))
    with pytest.raises(StoreStoppedError):
        writer.submit(put("late"))
    gate.opened.set()
    await asyncio.gather(first, *tasks, closing_task)
    await writer.close()

    assert not database.with_name("phonework.db-wal").exists()  # the last to close folds the log in
    assert len(stored(database)) == 600


async def test_closing_takes_what_is_about_to_be_handed_in(database: Path, clock: Clock) -> None:
    async with Writer(database, clock) as writer:
        await busy(writer)
        writer.post(put("last"))
    assert "last" in stored(database)


async def test_closing_needs_no_worker_of_the_loop(database: Path, clock: Clock) -> None:
    """At a stop, those may all be waiting for something that does not come."""
    blocked, workers = threading.Event(), ThreadPoolExecutor(1)
    asyncio.get_running_loop().set_default_executor(workers)
    waiting = asyncio.create_task(asyncio.to_thread(blocked.wait, 20))
    async with Writer(database, clock) as writer:
        await writer.run(put("a"))
    assert not waiting.done()
    blocked.set()
    await waiting


async def test_a_clean_stop_is_marked_and_a_crash_is_not(database: Path, clock: Clock) -> None:
    first = Writer(database, clock)
    await first.start()
    assert first.was_clean
    with closing(open_reader(database)) as connection:
        assert not was_clean(connection)
    await first.close()

    with closing(open_writer(database)) as connection:
        assert was_clean(connection)
        meta.put(connection, "clean_shutdown", "0")  # what a crash leaves
    async with Writer(database, clock) as second:
        assert not second.was_clean


async def test_a_pause_empties_the_log(database: Path, clock: Clock) -> None:
    emptied = threading.Event()

    def watch(path: Path, synchronous: object) -> sqlite3.Connection:
        connection = open_writer(path)
        connection.set_trace_callback(lambda statement: emptied.set() if "busy_timeout = 5000" in statement else None)
        return connection

    async with Writer(database, clock, connect=watch, idle_after=0.05) as writer:
        await writer.run(put("a"))
        assert await asyncio.to_thread(emptied.wait, 20)
        assert database.with_name("phonework.db-wal").stat().st_size == 0
        assert await writer.run(put("b")) == "b"


async def test_a_reader_in_the_way_of_the_checkpoint_is_not_waited_for(database: Path, clock: Clock) -> None:
    async with Writer(database, clock) as writer:
        await writer.run(put("a"))
        with closing(open_reader(database)) as connection:
            connection.execute("BEGIN")
            connection.execute("SELECT * FROM meta").fetchall()
            await writer.run(put("b"))
            await asyncio.wait_for(writer.close(), 4)  # busy_timeout is 5 s
    assert stored(database) == {"a", "b"}


async def test_an_unmigrated_or_missing_folder_is_refused(tmp_path: Path, clock: Clock) -> None:
    for path, match in ((tmp_path / "new.db", "no tables"), (tmp_path / "none" / "new.db", "unable to open")):
        writer = Writer(path, clock)
        with pytest.raises(StoreError, match=match):
            await writer.start()
        with pytest.raises(StoreStoppedError, match="not been started"):
            await writer.run(put("a"))
        await writer.close()


class Run:
    """One run of a writer under faults: a first job, then three together; what was acknowledged, what is stored.

    poisoned: the second of the three raises, so that all of them are run once more, each on a savepoint.
    """

    def __init__(self, database: Path, clock: Clock, faults: Faults, *, poisoned: bool = False) -> None:
        self.database, self.clock, self.faults, self.poisoned = database, clock, faults, poisoned
        self.failures: list[StoreError] = []

    async def go(self) -> list[str | BaseException]:
        self.writer = Writer(
            self.database,
            self.clock,
            connect=self.faults.connect,
            backoff=(0, 0),
            on_failure=self.failures.append,
        )
        await self.writer.start()
        gate, first = await held(self.writer)
        jobs = [put("a"), _raises if self.poisoned else put("b"), put("c")]
        tasks = [asyncio.create_task(self.writer.run(job)) for job in jobs]
        await handed_in()
        self.faults.armed = True  # from the gate's COMMIT on
        gate.opened.set()
        results = await settled([first, *tasks])
        self.faults.armed = False
        await self.writer.close()
        return results


def _raises(connection: sqlite3.Connection, now: datetime) -> str:
    raise ValueError("poisoned")


# The gate's COMMIT is statement 0; then BEGIN, three times INSERT, COMMIT.
STATEMENTS = [(False, at) for at in range(6)]
# The gate's COMMIT; BEGIN, INSERT, ROLLBACK; BEGIN, three times SAVEPOINT, INSERT, RELEASE (one without an INSERT and
# with ROLLBACK TO instead), COMMIT.
STATEMENTS += [(True, at) for at in range(15)]


@pytest.mark.parametrize("lost", [False, True])
@pytest.mark.parametrize("fault", [IO_ERROR, FULL, BUSY], ids=["io", "full", "busy"])
@pytest.mark.parametrize(("poisoned", "at"), STATEMENTS)
async def test_nothing_is_acknowledged_without_a_commit_when_a_statement_fails_once(
    database: Path, clock: Clock, poisoned: bool, at: int, fault: Fault, lost: bool
) -> None:
    run = Run(database, clock, Faults(fault, at=frozenset({at}), lost=lost), poisoned=poisoned)
    results = await run.go()
    acknowledged = {result for result in results if isinstance(result, str)} - {"gate"}
    errors = [result for result in results if isinstance(result, BaseException) and not isinstance(result, ValueError)]

    assert acknowledged == stored(database)
    assert all(isinstance(error, StoreError) for error in errors)
    assert run.faults.statements[at]
    if fault is IO_ERROR and run.faults.statements[at] == "COMMIT":  # may have been stored: not to be tried again
        assert errors
        assert [str(error) for error in run.failures]
    else:
        assert (errors, run.failures) == ([], [])
        assert acknowledged == ({"a", "c"} if poisoned else {"a", "b", "c"})


@pytest.mark.parametrize("fault", [IO_ERROR, FULL, BUSY], ids=["io", "full", "busy"])
async def test_a_fault_that_stays_stops_the_writer_and_tells_everybody(
    database: Path, clock: Clock, fault: Fault
) -> None:
    run = Run(database, clock, Faults(fault, at=frozenset(range(1, 10_000))))
    results = await run.go()

    assert results[0] == "gate"
    assert [type(result) for result in results[1:]] == [StoreError] * 3
    assert len({id(result) for result in results[1:]}) == 3
    assert [type(failure) for failure in run.failures] == [StoreError]
    assert run.failures[0].hint
    assert run.faults.statements.count("BEGIN IMMEDIATE") <= 3
    with pytest.raises(StoreStoppedError, match="has stopped"):
        await run.writer.run(put("late"))
    assert stored(database) == set()


async def test_a_commit_the_disk_did_not_confirm_is_neither_acknowledged_nor_repeated(
    database: Path, clock: Clock
) -> None:
    run = Run(database, clock, Faults(IO_ERROR, at=frozenset({5}), after=True))
    results = await run.go()

    assert [type(result) for result in results[1:]] == [StoreError] * 3
    assert run.faults.statements.count("BEGIN IMMEDIATE") == 1
    assert len(run.failures) == 1


async def test_a_job_that_ends_the_transaction_stops_the_writer_and_is_not_acknowledged(
    database: Path, clock: Clock
) -> None:
    def rogue(connection: sqlite3.Connection, now: datetime) -> str:
        connection.execute("ROLLBACK")
        return ""

    failures: list[StoreError] = []
    writer = Writer(database, clock, backoff=(0,), on_failure=failures.append)
    await writer.start()
    gate, first = await held(writer)
    tasks = [asyncio.create_task(writer.run(job)) for job in (put("a"), rogue, put("b"))]
    await handed_in()
    gate.opened.set()
    results = await settled([first, *tasks])
    await writer.close()

    assert [type(result) for result in results] == [str, StoreError, StoreError, StoreError]
    assert stored(database) == set()
    assert len(failures) == 1


async def test_a_disk_that_is_really_full_acknowledges_nothing_more(database: Path, clock: Clock) -> None:
    """SQLite's own limit of pages raises the same SQLITE_FULL as a disk without space."""

    def connect(path: Path, synchronous: object) -> sqlite3.Connection:
        connection = open_writer(path)
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count = {pages + 3}")
        return connection

    def fill(connection: sqlite3.Connection, now: datetime) -> str:
        meta.put(connection, "big", "x" * 100_000)
        return "big"

    stopped = asyncio.Event()
    writer = Writer(database, clock, connect=connect, backoff=(0, 0), on_failure=lambda error: stopped.set())
    await writer.start()
    assert await writer.run(put("a")) == "a"
    with pytest.raises(StoreError, match="full") as caught:
        await writer.run(fill)
    await asyncio.wait_for(stopped.wait(), 20)
    await writer.close()

    assert "space" in caught.value.hint
    assert stored(database) == {"a"}


async def test_a_job_handed_in_while_the_writer_fails_is_refused_and_never_hangs(database: Path, clock: Clock) -> None:
    faults = Faults(FULL, at=frozenset(range(10_000)))
    writer = Writer(database, clock, connect=faults.connect, backoff=())
    await writer.start()
    gate, first = await held(writer)
    faults.armed = True

    def keep_submitting() -> int:
        refused = 0
        while refused < 2_000:
            try:
                writer.submit(put("x")).result(20)
            except StoreError:
                refused += 1
        return refused

    threads = [asyncio.create_task(asyncio.to_thread(keep_submitting)) for _ in range(3)]
    gate.opened.set()
    assert await asyncio.wait_for(asyncio.gather(*threads), 30) == [2_000] * 3
    await settled([first])
    await writer.close()


WRITE_UNTIL_KILLED = """
import asyncio, sys
from pathlib import Path
from phonework.clock import SystemClock
from phonework.store import meta
from phonework.store.writer import Writer

async def main() -> None:
    async with Writer(Path(sys.argv[1]), SystemClock()) as writer:
        async def one(name: int) -> None:
            for number in range(1_000_000):
                key = f"{name}-{number}"
                await writer.run(lambda connection, now: meta.put(connection, key, ""))
                print(f"stored {key}", flush=True)
        await asyncio.gather(*(one(name) for name in range(8)))

asyncio.run(main())
"""


@pytest.mark.kill
@pytest.mark.parametrize("lines", [1, 40, 300, 1_500])
def test_a_killed_process_has_stored_everything_it_acknowledged(database: Path, lines: int) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", WRITE_UNTIL_KILLED, str(database)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout
    said = [line for line, _ in zip(process.stdout, range(lines + 1), strict=False)]
    process.kill()
    said += process.stdout.readlines()  # what it had said before it died
    process.wait(20)
    process.stdout.close()
    acknowledged = {line.split()[1] for line in said if line.startswith("stored ")}

    assert len(acknowledged) >= lines
    assert acknowledged <= stored(database)
    with closing(open_reader(database)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_the_versions_that_can_lose_commits_are_known() -> None:
    affected = [(3, 7, 0), (3, 40, 1), (3, 44, 5), (3, 45, 0), (3, 50, 6), (3, 51, 2)]
    fixed = [(3, 44, 6), (3, 50, 7), (3, 51, 3), (3, 53, 2)]
    assert [has_wal_reset_bug(version) for version in affected] == [True] * 6
    assert [has_wal_reset_bug(version) for version in fixed] == [False] * 4
