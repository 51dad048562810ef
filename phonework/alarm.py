"""Wake-ups: APScheduler calls the sweep at the earliest deadline, and every half minute as a net under it."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any, Final

from apscheduler.jobstores.memory import MemoryJobStore
from apscheduler.schedulers.asyncio import AsyncIOScheduler

Sweep = Callable[[], Awaitable[None]]
NET_SECONDS: Final = 30
RINGS_AT_ONCE: Final = 100
"""A sweep's commit may arm it for a deadline that has passed, before the ring that swept is over: that one is not left out."""


class Alarm:
    """Late, early, twice or dead, it decides nothing: the timer rows do."""

    def __init__(self) -> None:
        self._sweep: Sweep | None = None
        self._armed: datetime | None = None
        self._scheduler = AsyncIOScheduler(jobstores={"default": MemoryJobStore()}, timezone=UTC)

    def rings(self, sweep: Sweep) -> None:
        """What to call."""
        self._sweep = sweep

    def start(self) -> None:
        self._scheduler.start()
        self._scheduler.add_job(
            self.ring,
            "interval",
            seconds=NET_SECONDS,
            id="net",
            coalesce=True,
            max_instances=1,
            misfire_grace_time=None,
        )

    @property
    def due(self) -> datetime | None:
        """When it rings next, but for the net; None: it is not armed."""
        return self._armed

    def committed(self, results: tuple[Any, ...]) -> None:
        """The writer's listener: whatever a commit set a deadline by, it is rung at."""
        for result in results:
            self.arm(getattr(result, "next_due", None))

    def arm(self, due: datetime | None) -> None:
        """Ring at this time too, unless something earlier is armed."""
        if due is None or not self._scheduler.running or (self._armed is not None and self._armed <= due):
            return
        self._armed = due
        self._scheduler.add_job(
            self.ring,
            "date",
            run_date=due,
            id="due",
            replace_existing=True,
            coalesce=True,
            max_instances=RINGS_AT_ONCE,
            misfire_grace_time=None,
        )

    async def ring(self) -> None:
        """Sweep; the commit of the sweep arms it anew."""
        self._armed = None
        if self._sweep is not None:
            await self._sweep()

    def stop(self) -> None:
        if self._scheduler.running:
            self._scheduler.shutdown(wait=False)
