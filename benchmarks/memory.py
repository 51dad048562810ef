"""Memory of the real server with no agent at work, and what ten thousand idle sessions add to it."""

import subprocess
import sys
import tempfile
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

import psutil  # type: ignore[import-untyped]

from benchmarks.rows import Row, at_most, main
from benchmarks.stand import add_conversations
from phonework.clock import SystemClock
from phonework.store.connect import open_writer
from phonework.store.migrate import migrate

MEGABYTE = 1024 * 1024
IDLE = 10_000
RUNS = 3


def fill(folder: Path, sessions: int) -> None:
    """The server's database, with as many idle sessions."""
    (folder / "server").mkdir()
    path = folder / "server" / "phonework.db"
    migrate(path, SystemClock())
    with closing(open_writer(path)) as connection:
        connection.execute("BEGIN")
        add_conversations(connection, range(sessions), datetime.now(UTC))
        connection.execute("COMMIT")


def server(sessions: int) -> tuple[float, float]:
    """Resident and private megabytes of the demo's server, which talks to the emulator in another process."""
    with tempfile.TemporaryDirectory() as place:
        fill(Path(place), sessions)
        command = [sys.executable, "-m", "phonework", "demo", "--port", "0", "--no-browser", "--data-dir", place]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        try:
            assert process.stdout
            if not any("ready" in line for line in process.stdout):
                raise RuntimeError("the demo did not start")
            info = psutil.Process(process.pid).memory_full_info()
        finally:
            process.terminate()
            process.wait(20)
        return info.rss / MEGABYTE, info.uss / MEGABYTE


def bare() -> float:
    """Resident megabytes of Python with asyncio."""
    command = [sys.executable, "-c", "import asyncio, psutil; print(psutil.Process().memory_info().rss)"]
    return int(subprocess.run(command, capture_output=True, text=True, check=True).stdout) / MEGABYTE


def measure() -> list[Row]:
    empty = [server(0) for _ in range(RUNS)]
    full = [server(IDLE) for _ in range(RUNS)]
    resident = median(rss for rss, _ in empty)
    added = median(uss for _, uss in full) - median(uss for _, uss in empty)
    return [
        Row(
            what="memory of the server, no agent at work",
            bar="<= 150 MB",
            figure=f"{resident:.0f} MB",
            reference=f"python with asyncio: {bare():.0f} MB",
            verdict=at_most(resident, 150),
        ),
        Row(
            what=f"memory added by {IDLE:,} idle sessions",
            bar="<= 5 MB",
            figure=f"{added:.1f} MB",
            reference="the same server without sessions",
            verdict=at_most(added, 5),
        ),
    ]


if __name__ == "__main__":
    main(measure)
