"""A start after a crash, with many stored sessions and many owed effects, until all of them are carried out again, at its fastest."""

import asyncio
import shutil
import tempfile
import time
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.quiet import quiet
from benchmarks.rows import Row, at_most, main
from benchmarks.stand import add_conversations, person, session_of, stand
from phonework.clock import SystemClock
from phonework.store import shutdown
from phonework.store.connect import open_reader, open_writer
from phonework.store.migrate import migrate
from phonework.testing.rounds import Round

SESSIONS = 100_000
OWED = 5_000  # each of half as many messages owes the agent its start and the person a card
RUNS = 5


def crash(path: Path) -> None:
    """What a killed process leaves: messages committed, nothing of them carried out."""
    migrate(path, SystemClock())
    now = datetime.now(UTC)
    with closing(open_writer(path)) as connection:
        connection.execute("BEGIN")
        add_conversations(connection, range(SESSIONS), now)
        for number in range(0, SESSIONS, 2 * SESSIONS // OWED):
            Round(session_of(number), user=person(number)).job(connection, now)
        shutdown.mark(connection, clean=False)
        connection.execute("COMMIT")


async def start(path: Path) -> tuple[float, float]:
    """Seconds until all is carried out again, and how many of them the check of the file took."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(shutil.copy(path, folder))
        begun = time.perf_counter()
        migrate(copy, SystemClock())
        checked = time.perf_counter()
        async with stand(Path(folder), hanging=True) as it:
            await it.counter.reached(agents=OWED // 2, chats=OWED // 2)
            return time.perf_counter() - begun, checked - begun


def read_once(path: Path) -> float:
    """Seconds in which plain sqlite3 reads the owed rows and checks the file."""
    begun = time.perf_counter()
    with closing(open_reader(path)) as connection:
        assert connection.execute("PRAGMA quick_check(1)").fetchone() == ("ok",)
        assert len(connection.execute("SELECT * FROM effect WHERE status = 'owed' ORDER BY seq").fetchall()) == OWED
    return time.perf_counter() - begun


def measure() -> list[Row]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "phonework.db"
        crash(path)
        runs = [asyncio.run(start(path)) for _ in range(RUNS)]
        size, reading = path.stat().st_size / 1024 / 1024, read_once(path)
    took, checking = min(runs)
    return [
        Row(
            what=f"start after a crash, {SESSIONS:,} sessions, {OWED:,} owed effects → all carried out again",
            bar="<= 1.5 s (good 0.5 s)",
            figure=f"{took:.2f} s (of which check of the file {checking:.2f} s)",
            reference=f"sqlite3 checks the {size:.0f} MB and reads the owed rows: {reading:.2f} s",
            verdict=at_most(took, 1.5, 0.5),
        )
    ]


if __name__ == "__main__":
    with quiet():
        main(measure)
