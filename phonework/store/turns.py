"""Turns: one row for each time an agent was set to work."""

import sqlite3

from phonework.fsm.types import SessionId, Turn
from phonework.store.codec import dump, load, milliseconds
from phonework.store.queries import SQL


def live(connection: sqlite3.Connection, session_id: SessionId) -> Turn | None:
    row = connection.execute(SQL["live_turn"], (session_id,)).fetchone()
    return load(Turn, row[0]) if row else None


def get(connection: sqlite3.Connection, session_id: SessionId, turn: int) -> Turn | None:
    row = connection.execute(SQL["get_turn"], (session_id, turn)).fetchone()
    return load(Turn, row[0]) if row else None


def put(connection: sqlite3.Connection, session_id: SessionId, turn: Turn) -> None:
    ended = milliseconds(turn.ended_at) if turn.ended_at else None
    values = (session_id, turn.turn, turn.status.value, milliseconds(turn.started_at), ended, dump(turn))
    connection.execute(SQL["put_turn"], values)
