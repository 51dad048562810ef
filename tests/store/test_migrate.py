"""Migrations: forward only, whole or not at all, never on a file that is newer, damaged or not ours."""

import hashlib
import sqlite3
import stat
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from phonework.clock import Clock
from phonework.errors import StoreError, StoreNewerError
from phonework.store import meta
from phonework.store.connect import open_reader, open_writer
from phonework.store.migrate import Migration, backup, check, known_migrations, migrate
from phonework.store.writer import Writer

FIRST = Migration(
    number=1,
    name="0001_first.sql",
    script="CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;"
    "CREATE TABLE owner (id INTEGER PRIMARY KEY, name TEXT) STRICT;"
    "CREATE TABLE cat (id INTEGER PRIMARY KEY, owner INTEGER NOT NULL REFERENCES owner (id)) STRICT;"
    "INSERT INTO owner VALUES (1, 'Ada'); INSERT INTO cat VALUES (7, 1);",
)
REBUILD = Migration(
    number=2,
    name="0002_rebuild.sql",
    script="CREATE TABLE person (id INTEGER PRIMARY KEY, name TEXT NOT NULL) STRICT;\n"
    "INSERT INTO person SELECT id, name FROM owner;\n"
    "DROP TABLE owner;\n"
    "ALTER TABLE person RENAME TO owner; -- a comment at the end",
)


RECORDINGS = Path(__file__).parents[1] / "recordings" / "database"
RELEASED = {
    "0001_start.sql": "07106342fd5e6c2a03dea67c4bfa3dbbfa28a7d2e67655b90e0b19e01f537a96",
    "0002_chat.sql": "1105b2de66ce8ea32dde5d762e911afe62241e0d56a25680a5f4c5d0cadb0009",
}
"""The SHA-256 of each. With a release its migration is added here, and its database recorded by `phonework.testing.golden`."""


class TickingClock:
    """A second later each time: copies are named by the time."""

    at = datetime(2026, 11, 20, tzinfo=UTC)

    def now(self) -> datetime:
        self.at += timedelta(seconds=1)
        return self.at


@pytest.fixture
def clock() -> Clock:
    return TickingClock()


def schema(path: Path) -> list[tuple[object, ...]]:
    with closing(open_reader(path)) as connection:
        return connection.execute("SELECT type, name, sql FROM sqlite_schema ORDER BY type, name").fetchall()


def version(path: Path) -> int:
    with closing(open_reader(path)) as connection:
        return int(connection.execute("PRAGMA user_version").fetchone()[0])


def test_the_program_brings_numbered_migrations() -> None:
    steps = known_migrations()
    assert [step.number for step in steps] == list(range(1, len(steps) + 1))
    assert all("BEGIN" not in step.script and "COMMIT" not in step.script for step in steps)


@pytest.mark.parametrize("name", RELEASED)
def test_a_released_migration_never_changes_and_what_it_made_is_recorded(name: str) -> None:
    """People's databases have it behind them. Whatever else is wanted is a new file."""
    (step,) = (step for step in known_migrations() if step.name == name)
    assert hashlib.sha256(step.script.encode()).hexdigest() == RELEASED[name]
    assert (RECORDINGS / f"v{step.number}.sql").is_file()


def test_a_new_database_gets_all_tables_is_private_and_needs_no_copy(tmp_path: Path, clock: Clock) -> None:
    path = tmp_path / "phonework.db"
    newest = len(known_migrations())
    done = migrate(path, clock)

    assert (done.before, done.after, done.copy) == (0, newest, None)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert check(path).problems == ()
    assert migrate(path, clock).before == newest  # a second time there is nothing to do
    assert not (tmp_path / "backups").exists()


def test_all_tables_are_strict(database: Path) -> None:
    with closing(open_reader(database)) as connection:
        tables = connection.execute(
            "SELECT name, strict FROM pragma_table_list WHERE schema = 'main' AND type != 'view'"
        ).fetchall()
    assert [name for name, strict in tables if not strict and not name.startswith("sqlite_")] == []


def test_an_upgrade_keeps_what_is_stored_and_a_copy_of_before(tmp_path: Path, clock: Clock) -> None:
    """A table others refer to is rebuilt, which needs references unchecked until the end."""
    path = tmp_path / "phonework.db"
    migrate(path, clock, migrations=[FIRST])
    done = migrate(path, clock, migrations=[FIRST, REBUILD])

    assert (done.before, done.after) == (1, 2)
    assert done.copy
    assert done.copy.parent == tmp_path / "backups"
    assert (version(path), version(done.copy)) == (2, 1)
    assert stat.S_IMODE(done.copy.stat().st_mode) == 0o600
    with closing(open_reader(path)) as connection:
        assert connection.execute("SELECT cat.id, name FROM cat JOIN owner ON owner.id = owner").fetchall() == [
            (7, "Ada")
        ]


def test_step_by_step_and_at_once_give_the_same_tables(tmp_path: Path, clock: Clock) -> None:
    steps = known_migrations()
    slow, fast = tmp_path / "slow.db", tmp_path / "fast.db"
    for count in range(1, len(steps) + 1):
        migrate(slow, clock, migrations=steps[:count])
    migrate(fast, clock)
    assert schema(slow) == schema(fast)


@pytest.mark.parametrize(
    ("script", "match"),
    [
        ("CREATE TABLE half (a INTEGER) STRICT; INSERT INTO nowhere VALUES (1);", "no such table: nowhere"),
        ("CREATE TABLE half (a INTEGER) STRICT; DELETE FROM owner;", "broken reference in table cat"),
        ("CREATE TABLE half (a INTEGER) STRICT; INSERT INTO half VALUES ('text');", "cannot store TEXT"),
    ],
)
def test_a_step_that_fails_leaves_nothing_behind(tmp_path: Path, clock: Clock, script: str, match: str) -> None:
    path = tmp_path / "phonework.db"
    migrate(path, clock, migrations=[FIRST])
    before = schema(path)
    bad = Migration(number=2, name="0002_bad.sql", script=script)

    with pytest.raises(StoreError, match=match):
        migrate(path, clock, migrations=[FIRST, bad])
    assert (schema(path), version(path)) == (before, 1)
    assert migrate(path, clock, migrations=[FIRST, REBUILD]).after == 2


def test_steps_before_the_failing_one_stay(tmp_path: Path, clock: Clock) -> None:
    path = tmp_path / "phonework.db"
    bad = Migration(number=3, name="0003_bad.sql", script="DROP TABLE nowhere")
    with pytest.raises(StoreError, match=r"0003_bad\.sql failed"):
        migrate(path, clock, migrations=[FIRST, REBUILD, bad])
    assert version(path) == 2


def test_only_the_newest_copies_are_kept(tmp_path: Path, clock: Clock) -> None:
    path, steps = tmp_path / "phonework.db", [FIRST]
    migrate(path, clock, migrations=steps)
    for number in range(2, 9):
        steps.append(replace(FIRST, number=number, name=f"{number:04}_more.sql", script=f"CREATE TABLE t{number} (a)"))
        migrate(path, clock, migrations=steps, copies=3)
    copies = sorted((tmp_path / "backups").iterdir())
    assert [version(copy) for copy in copies] == [5, 6, 7]


def test_a_newer_database_is_refused_and_not_touched(database: Path, clock: Clock) -> None:
    newest = len(known_migrations())
    with closing(open_writer(database)) as connection:
        connection.execute(f"PRAGMA user_version = {newest + 4}")
    before = database.read_bytes()

    with pytest.raises(StoreNewerError, match=rf"version is {newest + 4}, this program knows {newest}") as caught:
        migrate(database, clock)
    assert "newer program" in caught.value.hint
    assert database.read_bytes() == before
    assert "install the newer program" in check(database).problems[0]


def test_a_database_of_another_program_is_refused(tmp_path: Path, clock: Clock) -> None:
    path = tmp_path / "phonework.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE bookmarks (url)")
    with pytest.raises(StoreError, match="not a database of PhoneWork"):
        migrate(path, clock)


def test_a_file_that_is_no_database_is_refused_with_a_remedy(tmp_path: Path, clock: Clock) -> None:
    path = tmp_path / "phonework.db"
    path.write_bytes(b"once upon a time " * 1000)
    with pytest.raises(StoreError, match="is damaged") as caught:
        migrate(path, clock)
    assert "backups" in caught.value.hint
    assert path.read_bytes() == b"once upon a time " * 1000
    assert "is damaged" in check(path).problems[0]


async def test_damage_is_found_at_the_start_after_an_unclean_stop(database: Path, clock: Clock) -> None:
    async with Writer(database, clock) as writer:
        for number in range(50):
            await writer.run(lambda connection, now, key=f"{number}": meta.put(connection, key, "x" * 2_000))
    with closing(open_writer(database)) as connection:
        meta.put(connection, "clean_shutdown", "0")
        page = connection.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'meta'").fetchone()[0]
    with database.open("r+b") as file:
        file.seek((page - 1) * 4096 + 100)
        file.write(b"\xff" * 2_000)

    with pytest.raises(StoreError, match="is damaged"):
        migrate(database, clock)
    assert check(database).problems


def test_a_sound_database_passes_the_start_after_an_unclean_stop(database: Path, clock: Clock) -> None:
    with closing(open_writer(database)) as connection:
        meta.put(connection, "clean_shutdown", "0")
    assert migrate(database, clock).copy is None
    report = check(database)
    assert (report.clean, report.problems) == (False, ())


def test_check_names_broken_references_and_old_versions(tmp_path: Path, clock: Clock) -> None:
    path = tmp_path / "phonework.db"
    migrate(path, clock, migrations=[FIRST])
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("DELETE FROM owner")
        connection.commit()
    report = check(path, migrations=[FIRST, REBUILD])

    assert (report.version, report.newest) == (1, 2)
    assert "run `phonework db migrate`" in report.problems[0]
    assert report.problems[1] == "table cat, row 7: refers to nothing in owner"


def test_checking_what_is_not_there_says_how_to_make_it(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="does not exist"):
        check(tmp_path / "phonework.db")
    assert list(tmp_path.iterdir()) == []


async def test_a_copy_is_made_beside_a_running_writer(database: Path, clock: Clock, tmp_path: Path) -> None:
    async with Writer(database, clock) as writer:
        await writer.run(lambda connection, now: meta.put(connection, "a", "1"))
        backup(database, tmp_path / "copy.db")
        await writer.run(lambda connection, now: meta.put(connection, "b", "2"))

    assert check(tmp_path / "copy.db").problems == ()
    with closing(open_reader(tmp_path / "copy.db")) as connection:
        assert (meta.get(connection, "a"), meta.get(connection, "b")) == ("1", None)


def test_a_copy_never_overwrites_and_never_stays_half(database: Path, tmp_path: Path) -> None:
    taken = tmp_path / "taken"
    taken.write_text("precious")
    with pytest.raises(StoreError, match="exists already"):
        backup(database, taken)
    with pytest.raises(StoreError, match="No such file"):
        backup(database, tmp_path / "none" / "copy.db")
    with pytest.raises(StoreError, match="unable to open"):
        backup(tmp_path / "missing.db", tmp_path / "copy.db")

    assert taken.read_text() == "precious"
    assert not list(tmp_path.glob("copy*"))
    assert not (tmp_path / "missing.db").exists()


def test_a_folder_that_is_missing_is_named(tmp_path: Path, clock: Clock) -> None:
    with pytest.raises(StoreError, match="No such file or directory"):
        migrate(tmp_path / "none" / "phonework.db", clock)
