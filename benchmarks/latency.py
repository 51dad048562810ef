"""How long a message waits for its commit on an idle machine, and how long the event loop is held up under load."""

import asyncio
import os
import tempfile
import time
from pathlib import Path

from benchmarks.quiet import quiet
from benchmarks.rows import Row, at_most, main, percentile
from benchmarks.stand import stand

MESSAGES = 300
BUSY = 32
BUSY_SECONDS = 6.0
PAUSE_SECONDS = 0.2  # between a session's rounds: five messages a second are the most Feishu gives one chat
TICK_SECONDS = 0.005


async def commits() -> list[float]:
    """Milliseconds from having a message to its commit, one message at a time."""
    waits = []
    with tempfile.TemporaryDirectory() as folder:
        async with stand(Path(folder), conversations=1) as it:
            for number in range(MESSAGES):
                begun = time.perf_counter()
                await it.say(0, number)
                waits.append((time.perf_counter() - begun) * 1000)
                await it.core.dispatcher.settled()
    return waits


async def lags() -> tuple[list[float], float]:
    """Milliseconds by which the loop's wake-ups were late while sessions were busy; rounds a second meanwhile."""
    late: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        async with stand(Path(folder), conversations=BUSY) as it:
            end = time.perf_counter() + BUSY_SECONDS
            rounds = 0

            async def talk(number: int) -> None:
                nonlocal rounds
                await asyncio.sleep(PAUSE_SECONDS * number / BUSY)
                message = 0
                while time.perf_counter() < end:
                    await it.round(number, message)
                    message += 1
                    rounds += 1
                    await asyncio.sleep(PAUSE_SECONDS)

            async def watch() -> None:
                while time.perf_counter() < end:
                    due = time.perf_counter() + TICK_SECONDS
                    await asyncio.sleep(TICK_SECONDS)
                    late.append(max(0.0, time.perf_counter() - due) * 1000)

            await asyncio.gather(watch(), *(talk(number) for number in range(BUSY)))
    return late, rounds / BUSY_SECONDS


async def bare_lags() -> list[float]:
    """The same wake-ups of a loop with nothing else to do."""
    late = []
    for _ in range(int(1.0 / TICK_SECONDS)):
        due = time.perf_counter() + TICK_SECONDS
        await asyncio.sleep(TICK_SECONDS)
        late.append(max(0.0, time.perf_counter() - due) * 1000)
    return late


def fsyncs() -> list[float]:
    """Milliseconds of a 4 KiB write and fdatasync on this disk."""
    waits = []
    with tempfile.NamedTemporaryFile() as file:
        for _ in range(MESSAGES):
            begun = time.perf_counter()
            os.pwrite(file.fileno(), bytes(4096), 0)
            os.fdatasync(file.fileno())
            waits.append((time.perf_counter() - begun) * 1000)
    return waits


def measure() -> list[Row]:
    waits, disk = asyncio.run(commits()), fsyncs()
    late, rounds = asyncio.run(lags())
    bare = asyncio.run(bare_lags())
    wait, lag = percentile(waits, 0.99), percentile(late, 0.99)
    return [
        Row(
            what="message received → committed, idle",
            bar="p99 <= 20 ms (good 5 ms)",
            figure=f"p99 {wait:.1f} ms, p50 {percentile(waits, 0.5):.1f} ms",
            reference=f"one fdatasync: p99 {percentile(disk, 0.99):.1f} ms, p50 {percentile(disk, 0.5):.1f} ms",
            verdict=at_most(wait, 20, 5),
        ),
        Row(
            what=f"event-loop lag, {BUSY} sessions at 5 messages/s each",
            bar="p99 <= 10 ms (good 3 ms)",
            figure=f"p99 {lag:.1f} ms, p50 {percentile(late, 0.5):.1f} ms ({rounds:.0f} rounds/s)",
            reference=f"a loop with nothing to do: p99 {percentile(bare, 0.99):.1f} ms",
            verdict=at_most(lag, 10, 3),
        ),
    ]


if __name__ == "__main__":
    with quiet():
        main(measure)
