"""`/cost`: what a person's turns used, today and this week."""

import sqlite3
from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from phonework.channels.cards.costs import Period, cost_card
from phonework.reports import Report, Wanted
from phonework.store import costs
from phonework.store.reader import Reader

WEEK: Final = timedelta(days=7)


class CostReport:
    """Tokens and money by session, as the agents themselves gave them."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    async def __call__(self, wanted: Wanted) -> Report:
        return Report(
            card=cost_card(await self._reader.run(lambda connection: _periods(connection, wanted)), wanted.language)
        )


def _periods(connection: sqlite3.Connection, wanted: Wanted) -> Sequence[Period]:
    today = wanted.now.astimezone(wanted.tz).replace(hour=0, minute=0, second=0, microsecond=0)
    return (
        Period(title="cost.today", spent=costs.since(connection, wanted.user_id, today)),
        Period(title="cost.week", spent=costs.since(connection, wanted.user_id, wanted.now - WEEK)),
    )
