"""Turns: one row for each time an agent was set to work."""

import sqlite3
from datetime import datetime

from phonework.fsm.types import SessionId, Turn
from phonework.store.codec import dump, load, maybe_moment, milliseconds
from phonework.store.queries import SQL


def live(connection: sqlite3.Connection, session_id: SessionId) -> Turn | None:
    row = connection.execute(SQL["live_turn"], (session_id,)).fetchone()
    return load(Turn, row[0]) if row else None


def get(connection: sqlite3.Connection, session_id: SessionId, turn: int) -> Turn | None:
    row = connection.execute(SQL["get_turn"], (session_id, turn)).fetchone()
    return load(Turn, row[0]) if row else None


def last_end(connection: sqlite3.Connection, session_id: SessionId) -> datetime | None:
    """When the session's newest ended turn ended."""
    return maybe_moment(connection.execute(SQL["last_end_of_turn"], (session_id,)).fetchone()[0])


def put(connection: sqlite3.Connection, session_id: SessionId, turn: Turn) -> None:
    ended = milliseconds(turn.ended_at) if turn.ended_at else None
    values = (session_id, turn.turn, turn.status.value, milliseconds(turn.started_at), ended, dump(turn))
    connection.execute(SQL["put_turn"], values)
