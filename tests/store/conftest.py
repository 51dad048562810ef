"""A migrated database, and a writer on it, for the tests of the store."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from phonework.clock import Clock
from phonework.store.migrate import migrate
from phonework.store.writer import Writer


class StandingClock:
    """Always the same moment."""

    def now(self) -> datetime:
        return datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


@pytest.fixture
def clock() -> Clock:
    return StandingClock()


@pytest.fixture
def database(tmp_path: Path, clock: Clock) -> Path:
    path = tmp_path / "phonework.db"
    migrate(path, clock)
    return path


@pytest.fixture
async def writer(database: Path, clock: Clock) -> AsyncIterator[Writer]:
    async with Writer(database, clock) as writer:
        yield writer
