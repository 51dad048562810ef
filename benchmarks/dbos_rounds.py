"""Rounds a second (message, turn, finished) against `dbos` running workflows of two steps on SQLite, WAL, FULL."""

import asyncio
import logging
import os
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Coroutine
from contextlib import closing
from pathlib import Path

from benchmarks.quiet import quiet
from benchmarks.rows import Row, at_least, main
from benchmarks.stand import stand

SECONDS = 1.5
PAIRS = 5
BARS = {1: (3.0, 5.0), 8: (12.0, 20.0), 32: (30.0, 50.0)}


async def ours(conversations: int, *, cards: bool) -> float:
    """Rounds a second, until every effect of them is off the outbox."""
    with tempfile.TemporaryDirectory() as folder:
        async with stand(Path(folder), conversations=conversations, cards=cards) as it:
            await asyncio.gather(*(it.round(number, -1) for number in range(conversations)))
            begun = time.perf_counter()

            async def go(number: int) -> int:
                rounds = 0
                while time.perf_counter() < begun + SECONDS:
                    await it.round(number, rounds)
                    rounds += 1
                return rounds

            counts = await asyncio.gather(*(go(number) for number in range(conversations)))
            await it.core.dispatcher.settled()
            assert it.counter.counts["agents"] == sum(counts) + conversations
            assert it.counter.counts["chats"] >= sum(counts)
            return sum(counts) / (time.perf_counter() - begun)


async def theirs(conversations: int) -> float:
    """Workflows a second."""
    with tempfile.TemporaryDirectory() as folder:
        return await run_dbos(conversations, Path(folder))


def alone(what: str, conversations: int) -> float:
    """A figure from a process of its own, both sides alike: nothing of earlier runs is in its way."""
    command = [sys.executable, "-m", "benchmarks.dbos_rounds", what, str(conversations)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    return float(done.stdout.split()[-1])


async def run_dbos(conversations: int, folder: Path) -> float:
    from dbos import DBOS, DBOSConfig

    logging.disable(logging.CRITICAL)
    path = folder / "dbos.sqlite"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        assert connection.execute("PRAGMA synchronous").fetchone() == (2,)  # FULL, which dbos leaves as it is
    DBOS(config=DBOSConfig(name="rounds", system_database_url=f"sqlite:///{path}", run_admin_server=False))  # type: ignore[typeddict-unknown-key]

    @DBOS.step()
    async def start(number: int) -> str:
        return f"agent-{number}"

    @DBOS.step()
    async def finish(agent: str) -> str:
        return "All 12 tests pass."

    @DBOS.workflow()
    async def turn(number: int) -> str:
        return await finish(await start(number))

    DBOS.launch()
    await asyncio.gather(*(turn(-1) for _ in range(conversations)))
    begun = time.perf_counter()

    async def go(number: int) -> int:
        rounds = 0
        while time.perf_counter() < begun + SECONDS:
            await turn(number)
            rounds += 1
        return rounds

    counts = await asyncio.gather(*(go(number) for number in range(conversations)))
    speed = sum(counts) / (time.perf_counter() - begun)
    DBOS.destroy()
    return speed


def figure(what: str, conversations: int) -> Coroutine[None, None, float]:
    return theirs(conversations) if what == "dbos" else ours(conversations, cards=what == "cards")


def measure() -> list[Row]:
    """The fastest of several runs of each, taken in turn."""
    rows = []
    for conversations, (must, good) in BARS.items():
        runs = [[alone(what, conversations) for what in ("ours", "dbos", "cards")] for _ in range(PAIRS)]
        speed, reference, shown = (max(values) for values in zip(*runs, strict=True))
        ratio = speed / reference
        rows.append(
            Row(
                what=f"rounds/s (message, turn, finished), {conversations} conversation{'s' if conversations > 1 else ''}",
                bar=f">= {must:g} times (good {good:g})",
                figure=f"{ratio:.1f} times ({speed:,.0f}/s; with both cards made and delivered {shown:,.0f}/s)",
                reference=f"dbos, workflow of two steps: {reference:,.0f}/s",
                verdict=at_least(ratio, must, good),
            )
        )
    return rows


if __name__ == "__main__":
    if len(sys.argv) == 3:
        with quiet():
            print(asyncio.run(figure(sys.argv[1], int(sys.argv[2]))), flush=True)
        os._exit(0)  # dbos has threads that need a while to end
    main(measure)
