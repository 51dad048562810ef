"""Reading: beside a running writer, on a stopped one's file, never writing and never for long."""

import asyncio
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from phonework.clock import Clock
from phonework.errors import StoreError
from phonework.store import meta
from phonework.store.connect import open_reader, open_writer
from phonework.store.reader import Reader
from phonework.store.writer import Writer

ENDLESS = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n"


def keys(connection: sqlite3.Connection) -> set[str]:
    return {row[0] for row in connection.execute("SELECT key FROM meta")} - {"clean_shutdown"}


async def put(writer: Writer, key: str) -> None:
    await writer.run(lambda connection, now: meta.put(connection, key, ""))


async def test_reads_what_is_committed_beside_a_running_writer(database: Path, clock: Clock) -> None:
    async with Reader(database) as reader, Writer(database, clock) as writer:
        for key in "abc":
            await put(writer, key)
            assert key in await reader.run(keys)


async def test_one_query_sees_one_moment(database: Path, clock: Clock) -> None:
    looked, written = threading.Event(), threading.Event()

    def twice(connection: sqlite3.Connection) -> list[set[str]]:
        before = keys(connection)
        looked.set()
        assert written.wait(20)
        return [before, keys(connection)]

    async with Reader(database) as reader, Writer(database, clock) as writer:
        task = asyncio.create_task(reader.run(twice))
        await asyncio.to_thread(looked.wait, 20)
        await put(writer, "a")
        written.set()
        assert await task == [set(), set()]
        assert await reader.run(keys) == {"a"}


async def test_statement_by_statement_one_transaction_sees_one_moment(database: Path, clock: Clock) -> None:
    async with Reader(database, size=1) as reader, Writer(database, clock) as writer:
        async with reader.connection() as connection:
            await connection.execute("BEGIN")
            before = await connection.execute_fetchall("SELECT count(*) FROM meta")
            await put(writer, "a")
            assert await connection.execute_fetchall("SELECT count(*) FROM meta") == before
        assert await reader.run(keys) == {"a"}  # on the same connection: its transaction was ended


async def test_nothing_can_be_written(database: Path) -> None:
    async with Reader(database) as reader:
        for statement in ("INSERT INTO meta VALUES ('a', '')", "CREATE TEMP TABLE t (a)", "DELETE FROM meta"):
            with pytest.raises(StoreError, match="readonly"):
                await reader.run(lambda connection, statement=statement: connection.execute(statement))


async def test_a_query_that_takes_too_long_is_ended_and_the_connection_used_again(database: Path) -> None:
    async with Reader(database, size=1, limit=timedelta(seconds=0.05)) as reader:
        with pytest.raises(StoreError, match=r"longer than 0\.05 s"):
            await reader.run(lambda connection: connection.execute(ENDLESS).fetchone())

        async def statement_by_statement() -> None:
            async with reader.connection() as connection:
                await connection.execute("BEGIN")
                await connection.execute_fetchall(ENDLESS)

        with pytest.raises(StoreError, match=r"longer than 0\.05 s"):
            await statement_by_statement()
        assert await reader.run(keys) == set()


async def test_a_view_held_too_long_is_ended_so_that_the_log_can_be_emptied(database: Path, clock: Clock) -> None:
    limit = timedelta(seconds=0.05)
    async with Writer(database, clock, idle_after=60) as writer, Reader(database, limit=limit) as reader:

        async def hold() -> None:
            async with reader.connection() as connection:
                await connection.execute("BEGIN")
                await connection.execute_fetchall("SELECT * FROM meta")
                await put(writer, "a")
                await asyncio.Event().wait()

        with pytest.raises(StoreError, match="longer than"):
            await hold()
        await writer.close()  # the connection is still open, its view is not
        assert database.with_name("phonework.db-wal").stat().st_size == 0


async def test_a_cancelled_query_leaves_the_connection_fit_for_the_next(database: Path) -> None:
    entered, opened = threading.Event(), threading.Event()

    def slow(connection: sqlite3.Connection) -> None:
        entered.set()
        assert opened.wait(20)

    async with Reader(database, size=1) as reader:
        task = asyncio.create_task(reader.run(slow))
        await asyncio.to_thread(entered.wait, 20)
        task.cancel()
        opened.set()
        assert await reader.run(keys) == set()
        assert task.cancelled()


async def test_more_queries_than_connections_wait_their_turn(database: Path) -> None:
    async with Reader(database, size=2) as reader:
        assert await asyncio.gather(*(reader.run(keys) for _ in range(50))) == [set()] * 50
    with pytest.raises(StoreError, match="closed"):
        await reader.run(keys)


async def test_an_error_of_the_query_is_its_own(database: Path) -> None:
    def broken(connection: sqlite3.Connection) -> None:
        raise KeyError("mine")

    async with Reader(database) as reader:
        with pytest.raises(KeyError, match="mine"):
            await reader.run(broken)
        assert await reader.run(keys) == set()


async def test_a_missing_file_is_not_created(tmp_path: Path) -> None:
    async with Reader(tmp_path / "phonework.db") as reader:
        with pytest.raises(StoreError, match="unable to open"):
            await reader.run(keys)
    assert not (tmp_path / "phonework.db").exists()


async def test_a_file_that_is_no_database_is_called_damaged(tmp_path: Path) -> None:
    path = tmp_path / "phonework.db"
    path.write_bytes(b"not a database, certainly" * 500)
    async with Reader(path) as reader:
        with pytest.raises(StoreError, match="damaged") as caught:
            await reader.run(keys)
    assert "backups" in caught.value.hint


async def test_reads_the_file_of_a_crashed_writer_with_what_is_only_in_its_log(
    database: Path, clock: Clock, tmp_path: Path
) -> None:
    crashed = tmp_path / "crashed"
    crashed.mkdir()
    async with Writer(database, clock) as writer:
        await put(writer, "a")
        for suffix in ("", "-wal"):
            shutil.copy(f"{database}{suffix}", crashed / f"phonework.db{suffix}")
    async with Reader(crashed / "phonework.db") as reader:
        assert await reader.run(keys) == {"a"}


READ_AS_SOMEBODY = """
import os, sys
from pathlib import Path
from phonework.errors import StoreError
from phonework.store.connect import open_reader

if os.getuid() == 0:
    os.setgid(65534)
    os.setuid(65534)
try:
    connection = open_reader(Path(sys.argv[1]))
    print(sorted(row[0] for row in connection.execute("SELECT key FROM meta")))
    connection.close()
except StoreError as error:
    print(error, error.hint)
"""


def read_without_write_access(path: Path) -> str:
    """What a user sees who may read the folder but not write to it."""
    for file in path.parent.iterdir():
        file.chmod(0o444)
    path.parent.chmod(0o555)
    try:
        done = subprocess.run(
            [sys.executable, "-c", READ_AS_SOMEBODY, str(path)], capture_output=True, text=True, timeout=20, check=False
        )
    finally:
        path.parent.chmod(0o755)
    return done.stdout + done.stderr


@pytest.fixture
def readable(database: Path) -> Iterator[Path]:
    """A stopped database in a folder of its own that everybody can reach."""
    with closing(open_writer(database)) as connection:
        meta.put(connection, "a", "")
    with tempfile.TemporaryDirectory() as folder:
        yield Path(shutil.copy(database, Path(folder) / "phonework.db"))


def test_a_stopped_file_in_a_folder_not_writable_is_read_as_it_is(readable: Path) -> None:
    assert "'a'" in read_without_write_access(readable)
    assert list(readable.parent.iterdir()) == [readable]


def test_a_log_that_cannot_be_read_is_said_and_not_ignored(readable: Path) -> None:
    with closing(open_writer(readable)) as connection:
        meta.put(connection, "b", "")
        log = readable.with_name("phonework.db-wal").read_bytes()
    readable.with_name("phonework.db-wal").write_bytes(log)

    assert "the user the server runs as" in read_without_write_access(readable)


def test_reading_does_not_fold_the_log_in(database: Path, tmp_path: Path) -> None:
    """A reader that checkpointed would be a second writer."""
    with closing(open_writer(database)) as connection:
        meta.put(connection, "a", "")
        folder = tmp_path / "copy"
        shutil.copytree(tmp_path, folder, ignore=shutil.ignore_patterns("copy", "*-shm"))
    before = (folder / "phonework.db").read_bytes()
    with closing(open_reader(folder / "phonework.db")) as reading:
        assert keys(reading) == {"a"}
    assert (folder / "phonework.db").read_bytes() == before
    assert (folder / "phonework.db-wal").stat().st_size
