"""When the alarm rings."""

import asyncio
import sqlite3
from datetime import UTC, datetime
from pathlib import Path

from phonework.alarm import NET_SECONDS, Alarm
from phonework.clock import SystemClock
from phonework.engine import Swept
from phonework.store.migrate import migrate
from phonework.store.writer import Writer


async def test_a_deadline_that_passed_during_a_sweep_is_rung_at_once(tmp_path: Path) -> None:
    """A sweep takes so many at a time; the others do not wait for the net."""
    path, alarm, done = tmp_path / "phonework.db", Alarm(), asyncio.Event()
    migrate(path, SystemClock())
    left = [3]

    def job(_connection: sqlite3.Connection, now: datetime) -> Swept:
        left[0] -= 1
        return Swept(next_due=now if left[0] else None)

    async def sweep() -> None:
        await writer.run(job)
        if not left[0]:
            done.set()

    async with Writer(path, SystemClock()) as writer:
        writer.subscribe(alarm.committed)
        alarm.rings(sweep)
        alarm.start()
        try:
            alarm.arm(datetime.now(UTC))
            async with asyncio.timeout(NET_SECONDS / 3):
                await done.wait()
        finally:
            alarm.stop()
