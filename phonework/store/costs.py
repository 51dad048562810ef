"""Costs: what a person's turns used, by session."""

import sqlite3
from datetime import datetime
from pathlib import PurePath

from phonework.fsm.types import SessionId, UserId
from phonework.store.codec import milliseconds
from phonework.store.queries import SQL
from phonework.views import Spent


def since(connection: sqlite3.Connection, user_id: UserId, start: datetime) -> tuple[Spent, ...]:
    """The sessions that had turns since then, the one used last first."""
    rows = connection.execute(SQL["costs_of_sessions"], (user_id, milliseconds(start)))
    return tuple(
        Spent(
            session_id=SessionId(session_id),
            project=PurePath(cwd).name,
            backend=backend,
            companion=bool(companion),
            turns=turns,
            input_tokens=int(tokens_in),
            output_tokens=int(tokens_out),
            cost_usd=cost,
        )
        for session_id, cwd, backend, companion, turns, tokens_in, tokens_out, cost in rows
    )
