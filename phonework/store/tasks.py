"""Tasks: turns that took so long that their person went on with something else."""

import sqlite3
from datetime import datetime

from phonework.fsm.types import SessionId, UserId
from phonework.store.codec import milliseconds
from phonework.store.queries import SQL


def add(connection: sqlite3.Connection, user_id: UserId, session_id: SessionId, turn: int, at: datetime) -> None:
    """Give it the person's next number; a turn that is one already keeps its own."""
    connection.execute(SQL["add_task"], (user_id, session_id, turn, milliseconds(at)))


def number_of(connection: sqlite3.Connection, session_id: SessionId, turn: int) -> int:
    """Its number; 0: it is no task."""
    row = connection.execute(SQL["task_number"], (session_id, turn)).fetchone()
    return int(row[0]) if row else 0
