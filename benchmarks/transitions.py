"""Committed transitions a second through writer and engine, against plain sqlite3 running the very same statements."""

import asyncio
import os
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.quiet import quiet
from benchmarks.rows import Row, at_least, main
from phonework.clock import SystemClock
from phonework.fsm.types import SessionId
from phonework.store.connect import open_writer
from phonework.store.migrate import migrate
from phonework.store.writer import Writer
from phonework.testing.rounds import Round, add_sessions

SECONDS = 0.5
PAIRS = 12
Statements = list[list[tuple[str, tuple[Any, ...]]]]  # of each transition


def new_database(folder: Path, sessions: int) -> tuple[Path, list[SessionId]]:
    """A migrated database with idle sessions."""
    path = folder / "phonework.db"
    migrate(path, SystemClock())
    ids = [SessionId(f"fizz-{number:03}") for number in range(sessions)]
    with closing(open_writer(path)) as connection:
        add_sessions(connection, ids, datetime.now(UTC))
    return path, ids


async def ours(folder: Path, sessions: int) -> tuple[float, list[int]]:
    """Transitions a second, and how many each commit had. Each session waits for one before it sends the next."""
    path, ids = new_database(folder, sessions)
    groups: list[int] = []
    async with Writer(path, SystemClock()) as writer:
        end = time.perf_counter() + SECONDS

        async def go(session_id: SessionId) -> int:
            one = Round(session_id)
            while time.perf_counter() < end:
                await writer.run(one.job)
                one.number += 1
            return one.number

        writer.subscribe(lambda values: groups.append(len(values)))
        begun = time.perf_counter()
        counts = await asyncio.gather(*(go(session_id) for session_id in ids))
        return sum(counts) / (time.perf_counter() - begun), groups


class _Recorder:
    """Notes the statements of a job and passes them on."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self.statements: list[tuple[str, tuple[Any, ...]]] = []

    def execute(self, statement: str, values: tuple[Any, ...] = ()) -> sqlite3.Cursor:
        self.statements.append((statement, values))
        return self._connection.execute(statement, values)


def record(folder: Path, sessions: int, transitions: int) -> Statements:
    """What the engine asks of SQLite for so many transitions, session after session in turn."""
    path, ids = new_database(folder, sessions)
    rounds, recorded, now = [Round(session_id) for session_id in ids], [], datetime.now(UTC)
    with closing(open_writer(path)) as connection:
        connection.execute("BEGIN")
        for number in range(transitions):
            recorder = _Recorder(connection)
            one = rounds[number % sessions]
            one.job(recorder, now)  # type: ignore[arg-type]  # has the one method that is used
            one.number += 1
            recorded.append(recorder.statements)
        connection.execute("COMMIT")
    return recorded


def plain(folder: Path, sessions: int, recorded: Statements) -> float:
    """Transitions a second when sqlite3 runs these statements, as many to a commit as there are sessions."""
    path, _ids = new_database(folder, sessions)
    with closing(open_writer(path)) as connection:
        begun = time.perf_counter()
        for start in range(0, len(recorded), sessions):
            connection.execute("BEGIN IMMEDIATE")
            for statements in recorded[start : start + sessions]:
                for statement, values in statements:
                    connection.execute(statement, values).fetchall()
            connection.execute("COMMIT")
        return len(recorded) / (time.perf_counter() - begun)


def pair(sessions: int) -> tuple[float, float, float]:
    """Ours, the reference, and the mean size of our commits; one right after the other."""
    with (
        tempfile.TemporaryDirectory() as one,
        tempfile.TemporaryDirectory() as two,
        tempfile.TemporaryDirectory() as three,
    ):
        speed, groups = asyncio.run(ours(Path(one), sessions))
        recorded = record(Path(two), sessions, max(sessions, int(speed * SECONDS)))
        return speed, plain(Path(three), sessions, recorded), sum(groups) / len(groups)


@contextmanager
def on_one_core() -> Iterator[None]:
    """Loop and writer take turns on one core: what is left out is the time to wake another one, dear on virtual machines."""
    allowed = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(allowed)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, allowed)


def fastest(sessions: int) -> tuple[float, float, float]:
    """Ours, the reference, and the usual size of our commits.

    The fastest of many short runs of each, taken in turn: what else the machine does can only slow them down.
    """
    pairs = [pair(sessions) for _ in range(PAIRS)]
    return max(pair[0] for pair in pairs), max(pair[1] for pair in pairs), median(pair[2] for pair in pairs)


def one_core() -> str:
    """The share on one core, where the system can say which to use."""
    if not hasattr(os, "sched_setaffinity"):
        return ""
    with on_one_core():
        speed, reference, _group = fastest(1)
    return f"; loop and writer on one core {speed / reference:.0%}"


def measure() -> list[Row]:
    rows = []
    for sessions, must, good in ((1, 0.55, 0.70), (64, 0.45, 0.60)):
        speed, reference, group = fastest(sessions)
        ratio, aside = speed / reference, one_core() if sessions == 1 else ""
        rows.append(
            Row(
                what=f"committed transitions/s, {sessions} session{'s' if sessions > 1 else ''} at once",
                bar=f">= {must:.0%} (good {good:.0%})",
                figure=f"{ratio:.0%} ({speed:,.0f}/s, {group:.1f} to a commit{aside})",
                reference=f"sqlite3, same statements, {sessions} to a commit: {reference:,.0f}/s",
                verdict=at_least(ratio, must, good),
            )
        )
    return rows


if __name__ == "__main__":
    with quiet():
        main(measure)
