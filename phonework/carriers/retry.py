"""When to try again: with growing pauses, not for ever, and as the other side asked."""

import random
import sqlite3
from datetime import datetime, timedelta
from typing import Final

import structlog

from phonework.errors import ChannelError
from phonework.store import effects
from phonework.store.effects import Owed
from phonework.store.writer import Writer

log = structlog.get_logger(__name__)

FIRST: Final = timedelta(seconds=1)
LONGEST: Final = timedelta(minutes=5)
MOST_TRIES: Final = 300
"""About a day of them. Tries are counted, not hours: while the machine sleeps or the program is down nobody refuses anything."""


class Retry:
    """Counts the failures of this life only: an attempt that a crash cut off says nothing about the other side."""

    def __init__(self, writer: Writer, *, chance: random.Random | None = None) -> None:
        self._writer, self._chance = writer, chance or random.Random()
        self._attempts: dict[int, int] = {}
        self._since: dict[int, datetime] = {}

    async def later(self, owed: Owed, error: Exception, *, within: timedelta | None = None) -> timedelta | None:
        """Postpone the effect and say for how long; None: trying again will not help any more.

        within: nothing is tried longer than this after its first failure, where somebody waits for it.
        """
        attempts = self._attempts.get(owed.seq, 0) + 1
        pause = pause_for(error, attempts, self._chance) if attempts < MOST_TRIES else None

        def job(connection: sqlite3.Connection, now: datetime) -> timedelta | None:
            first = self._since.setdefault(owed.seq, now)
            if pause is None or (within is not None and now + pause > first + within):
                return None
            effects.postpone(connection, owed, now + pause, str(error), now)
            return pause

        if (again := await self._writer.run(job)) is None:
            self.forget(owed)
            return None
        self._attempts[owed.seq] = attempts
        log.info(
            "trying again later", effect=owed.key, attempts=attempts, seconds=again.total_seconds(), why=str(error)
        )
        return again

    def forget(self, owed: Owed) -> None:
        self._attempts.pop(owed.seq, None)
        self._since.pop(owed.seq, None)


def pause_for(error: Exception, attempts: int, chance: random.Random) -> timedelta | None:
    """At least what the other side asks for; doubling, with jitter, up to five minutes."""
    if isinstance(error, ChannelError) and error.retry_after is None:
        return None
    asked = error.retry_after if isinstance(error, ChannelError) and error.retry_after else timedelta()
    grown = min(LONGEST.total_seconds(), FIRST.total_seconds() * 2.0 ** min(attempts - 1, 16))
    return max(asked, timedelta(seconds=grown * chance.uniform(0.5, 1.0)))
