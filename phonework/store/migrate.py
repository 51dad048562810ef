"""Bringing a database to the newest tables: forward only, each step whole or not at all, a copy before the first."""

import os
import re
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Final

import structlog

from phonework.clock import Clock
from phonework.errors import StoreError, StoreNewerError
from phonework.store import shutdown
from phonework.store.connect import damaged, open_reader, open_writer, unusable

BACKUPS: Final = "backups"
BACKUPS_KEPT: Final = 5
_FINDINGS: Final = 50  # of one kind in a report

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Migration:
    """One step. number: 1, 2, … without a gap; script: plain SQL without BEGIN and COMMIT."""

    number: int
    name: str
    script: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Migrated:
    """What was done. before, after: database versions, 0 for an empty file; copy: made before the first step."""

    before: int
    after: int
    copy: Path | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """A database's state of health. problems: one sentence each, none when all is well."""

    version: int
    newest: int
    clean: bool
    problems: tuple[str, ...]


def known_migrations() -> tuple[Migration, ...]:
    """The steps this program brings: in a wheel inside the package, in a checkout beside it."""
    package = resources.files("phonework")
    for folder in (package / "migrations", Path(str(package)).parent / "migrations"):
        if folder.is_dir():
            return _in_order([(file.name, file.read_text("utf-8")) for file in folder.iterdir()])
    raise StoreError("the program has no migrations", hint="it is not installed completely; install it again")


def migrate(
    path: Path, clock: Clock, *, migrations: Sequence[Migration] | None = None, copies: int = BACKUPS_KEPT
) -> Migrated:
    """Create or upgrade the database. The caller holds the lock of the data directory.

    After an unclean stop the file is checked first. Raises StoreNewerError for a newer database, StoreError for a
    damaged or foreign one or a step that failed; the file is then as it was.
    """
    steps = tuple(migrations) if migrations is not None else known_migrations()
    _create_private(path)
    before = _look(path, len(steps))
    if before == len(steps):
        return Migrated(before=before, after=before, copy=None)
    copy = _copy_before(path, before, clock, copies) if before else None
    with closing(open_writer(path)) as connection:
        for step in steps[before:]:
            _apply(connection, path, step)
            log.info("database migrated", step=step.name, version=step.number)
    return Migrated(before=before, after=len(steps), copy=copy)


def check(path: Path, *, migrations: Sequence[Migration] | None = None) -> Checked:
    """Everything that can be said about a database without changing it; works beside a running server.

    Raises StoreError when there is none.
    """
    steps = tuple(migrations) if migrations is not None else known_migrations()
    if not path.exists():
        raise StoreError(f"{path} does not exist", hint="`phonework serve` or `phonework db migrate` creates it")
    version, clean = 0, False
    try:
        with closing(open_reader(path)) as connection:
            version = _version(connection)
            problems = _compare(version, len(steps)) + _examine(connection)
            clean = bool(version) and shutdown.was_clean(connection)
    except sqlite3.Error as error:
        problems = (f"it cannot be read: {error}",)
    except StoreError as error:
        problems = (str(error),)
    return Checked(version=version, newest=len(steps), clean=clean, problems=problems)


def backup(path: Path, target: Path) -> None:
    """A complete copy in one file, readable by its owner only; works beside a running server.

    Raises StoreError when target exists or cannot be written; then there is no target.
    """
    if target.exists():
        raise StoreError(f"{target} exists already", hint="name a file that does not exist")
    partial = target.with_name(f"{target.name}.partial")
    with closing(open_reader(path, query_only=False)) as connection:
        try:
            partial.unlink(missing_ok=True)
            _create_private(partial)
            connection.execute("VACUUM INTO ?", (str(partial),))
            _make_durable(partial)
            partial.rename(target)
            _make_durable(target.parent)
        except (sqlite3.Error, OSError) as error:
            partial.unlink(missing_ok=True)
            raise StoreError(
                f"no copy of {path} was made: {error}", hint="check the target's folder and its space"
            ) from error


def _in_order(files: Sequence[tuple[str, str]]) -> tuple[Migration, ...]:
    """The steps among named files. Raises StoreError when a number is missing or given twice."""
    named = [(re.fullmatch(r"(\d{4})_(\w+)\.sql", name), text) for name, text in files]
    steps = sorted(
        (Migration(number=int(match[1]), name=match[0], script=text) for match, text in named if match),
        key=lambda step: step.name,
    )
    if not steps or [step.number for step in steps] != list(range(1, len(steps) + 1)):
        raise StoreError(
            f"migrations are not numbered 1, 2, …: {', '.join(step.name for step in steps) or 'there are none'}",
            hint="the program is not installed completely; install it again",
        )
    return tuple(steps)


def _look(path: Path, newest: int) -> int:
    """The database's version, having made sure that it is ours, not newer, and in one piece."""
    try:
        with closing(open_reader(path)) as connection:
            version = _version(connection)
            if version > newest:
                raise StoreNewerError(
                    f"{path} was written by a newer PhoneWork: its version is {version}, this program knows {newest}",
                    hint=f"install the newer program again, or put an older copy from {path.parent / BACKUPS} in its place",
                )
            if version == 0 and connection.execute("SELECT 1 FROM sqlite_schema").fetchone():
                raise StoreError(f"{path} is not a database of PhoneWork", hint="choose another data directory")
            if version and not shutdown.was_clean(connection):
                _check_quickly(connection, path)
            return version
    except sqlite3.Error as error:
        raise unusable(path, error) from error


def _check_quickly(connection: sqlite3.Connection, path: Path) -> None:
    log.info("checking the database after an unclean stop", bytes=path.stat().st_size)
    finding = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
    if finding != "ok":
        raise damaged(path, str(finding))


def _apply(connection: sqlite3.Connection, path: Path, step: Migration) -> None:
    """One step in one transaction with its version. References are checked at its end, so tables can be rebuilt."""
    try:
        connection.execute("PRAGMA foreign_keys = OFF")  # has no effect inside a transaction
        # executescript would commit a transaction begun before it, so it begins its own.
        connection.executescript(f"BEGIN IMMEDIATE;\n{step.script}\n;PRAGMA user_version = {step.number}")
        if broken := connection.execute("PRAGMA foreign_key_check").fetchone():
            raise StoreError(f"migration {step.name} leaves a broken reference in table {broken[0]}")
        connection.execute("COMMIT")
    except (sqlite3.Error, StoreError) as error:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        if isinstance(error, StoreError):
            raise
        raise StoreError(
            f"migration {step.name} failed: {error}", hint=f"{path} is unchanged; free space, then start again"
        ) from error


def _copy_before(path: Path, version: int, clock: Clock, copies: int) -> Path:
    """A copy of the database under `backups/`; of the older ones only the newest are kept."""
    folder = path.parent / BACKUPS
    folder.mkdir(mode=0o700, exist_ok=True)
    target = folder / f"{path.stem}-{clock.now():%Y%m%dT%H%M%S%fZ}-v{version}.db"
    backup(path, target)
    for old in sorted(folder.glob(f"{path.stem}-*-v*.db"))[:-copies]:
        old.unlink()
    return target


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def _compare(version: int, newest: int) -> tuple[str, ...]:
    if version > newest:
        return (f"its version is {version}, this program knows {newest}: install the newer program",)
    if version < newest:
        return (f"its version is {version}, the newest is {newest}: run `phonework db migrate`",)
    return ()


def _examine(connection: sqlite3.Connection) -> tuple[str, ...]:
    damage = [str(row[0]) for row in connection.execute(f"PRAGMA integrity_check({_FINDINGS})")]
    broken = connection.execute("PRAGMA foreign_key_check").fetchmany(_FINDINGS)
    references = tuple(f"table {table}, row {row}: refers to nothing in {parent}" for table, row, parent, _ in broken)
    return (() if damage == ["ok"] else tuple(damage)) + references


def _create_private(path: Path) -> None:
    """An empty file only its owner can read, unless there is one: prompts and code are in it."""
    try:
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    except OSError as error:
        raise StoreError(
            f"{path}: {error.strerror}", hint="check that its folder exists and may be written to"
        ) from error


def _make_durable(path: Path) -> None:
    """Flush a file, or the names in a folder: VACUUM INTO does not (sqlite.org/lang_vacuum.html)."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
