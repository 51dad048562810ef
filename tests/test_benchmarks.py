"""What measures must work itself: an engine that refuses every message would show a fine figure, or none at all."""

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from benchmarks.stand import stand


@pytest.mark.parametrize("cards", [True, False])
async def test_a_round_on_the_stand_ends_with_the_agents_answer(cards: bool, tmp_path: Path) -> None:
    async with asyncio.timeout(20), stand(tmp_path, conversations=2, cards=cards) as it:
        await asyncio.gather(it.round(0, 1), it.round(1, 1))
        await it.core.dispatcher.settled()
        assert it.counter.counts["agents"] == 2

    with closing(sqlite3.connect(tmp_path / "phonework.db")) as db:
        assert db.execute("SELECT DISTINCT status FROM turn").fetchall() == [("done",)]
        assert db.execute("SELECT DISTINCT state FROM session").fetchall() == [("idle",)]
