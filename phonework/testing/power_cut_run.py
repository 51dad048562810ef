"""The engine's transactions on a disk whose power is cut again and again."""

import random
import sqlite3
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

from phonework.fsm.types import SessionId
from phonework.store.batch import run_batch
from phonework.store.connect import writer_settings
from phonework.store.migrate import known_migrations
from phonework.testing.power_cut import Disk
from phonework.testing.rounds import Round, add_sessions

NAME: Final = "phonework.db"
SESSIONS: Final = 8
CUTS_OF_A_DISK: Final = 10
_LONGEST: Final = 600  # operations of the disk between two cuts
_START: Final = datetime(2026, 11, 20, tzinfo=UTC)


@dataclass(slots=True)
class CutReport:
    """What 1,000 cuts did. lost: acknowledged events that were gone; damage: what a check of the file or the engine itself met."""

    cuts: int = 0
    acknowledged: int = 0
    lost: int = 0
    damage: list[str] = field(default_factory=list)


def cut_power(*, cuts: int, seed: int, synchronous: str = "FULL") -> CutReport:
    """Run and cut. The same seed gives the same run. synchronous: what is tried instead of the writer's setting."""
    chance, report = random.Random(seed), CutReport()
    while report.cuts < cuts:
        _one_disk(min(CUTS_OF_A_DISK, cuts - report.cuts), chance, synchronous, report)
    return report


def _one_disk(cuts: int, chance: random.Random, synchronous: str, report: CutReport) -> None:
    """A database that goes through several cuts, each found again by the next program."""
    settings = (*writer_settings(), f"PRAGMA synchronous = {synchronous}", "PRAGMA wal_autocheckpoint = 60")
    disk, now = _new_disk(settings), _START
    done: dict[str, int] = {f"fizz-{number}": 0 for number in range(SESSIONS)}
    for _ in range(cuts):
        disk = disk.after_cut(chance, cut_at=chance.randrange(_LONGEST))
        now = _live(disk, settings, done, chance, now, report)
        disk = disk.after_cut(chance)
        report.cuts += 1
        if not _look(disk, settings, done, report):
            return  # nothing can be said about what follows


def _new_disk(settings: tuple[str, ...]) -> Disk:
    disk = Disk()
    connection = disk.connect(NAME, settings)
    for step in known_migrations():
        connection.execute(f"BEGIN IMMEDIATE; {step.script}\n;PRAGMA user_version = {step.number}; COMMIT")
    ids = [SessionId(f"fizz-{number}") for number in range(SESSIONS)]
    run_batch(connection, [lambda it, now: add_sessions(it, ids, now)], _START)
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    disk.sync()
    return disk


def _live(
    disk: Disk,
    settings: tuple[str, ...],
    done: dict[str, int],
    chance: random.Random,
    now: datetime,
    report: CutReport,
) -> datetime:
    """A program at work until the power goes. done: for each session, how many events were acknowledged."""
    connection = None
    try:
        connection = disk.connect(NAME, settings)
        while True:
            now += timedelta(seconds=1)
            if chance.random() < 0.05:
                connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
            names = chance.sample(sorted(done), chance.randint(1, SESSIONS))
            rounds = [Round(SessionId(name), done[name]) for name in names]
            results = run_batch(connection, [one.job for one in rounds], now)
            for name, result in zip(names, results, strict=True):
                if result.error is not None:
                    raise result.error
                done[name] += 1
                report.acknowledged += 1
    except Exception as error:
        if not disk.off:  # rows may pass every check of the file and contradict each other
            report.damage.append(f"{type(error).__name__} with the power on: {error}")
    finally:
        if connection is not None:
            connection.close()
    return now


def _look(disk: Disk, settings: tuple[str, ...], done: dict[str, int], report: CutReport) -> bool:
    """Compare what is stored with what was acknowledged; what was stored without that counts from now on."""
    try:
        connection = disk.connect(NAME, settings)
        found = [row[0] for row in connection.execute("PRAGMA integrity_check")]
        found += [f"broken reference in {row[0]}" for row in connection.execute("PRAGMA foreign_key_check")]
        stored = dict(connection.execute("SELECT session_id, count(*) FROM event GROUP BY session_id").fetchall())
        found += _disagreements(connection)
        connection.close()
    except Exception as error:
        report.damage.append(f"{type(error).__name__}: {error}")
        return False
    for name, count in done.items():
        report.lost += max(0, count - stored.get(name, 0))
        done[name] = stored.get(name, 0)
    report.damage += [finding for finding in found if finding != "ok"]
    return found == ["ok"]


def _disagreements(connection: sqlite3.Connection) -> list[str]:
    """Sessions whose state is not what their history says."""
    rows = connection.execute(
        "SELECT session_id, version, (SELECT count(*) FROM event WHERE event.session_id = session.session_id) FROM session"
    )
    return [
        f"{name} is at version {version} after {count} events" for name, version, count in rows if version != count + 1
    ]
