"""The log: the last turns of a session, each with what it was to do."""

import sqlite3

from phonework.fsm.types import SessionId, Turn
from phonework.store import prompts
from phonework.store.codec import load
from phonework.store.queries import SQL
from phonework.views import PastTurn


def last(connection: sqlite3.Connection, session_id: SessionId, count: int) -> tuple[PastTurn, ...]:
    """At most so many turns, the oldest first; the newest may still run."""
    rows = connection.execute(SQL["last_turns"], (session_id, count)).fetchall()
    return tuple(
        PastTurn(turn=load(Turn, body), prompts=prompts.of_turn(connection, session_id, number))
        for number, body in reversed(rows)
    )
