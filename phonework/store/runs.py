"""Commands that were run for people: begun in a commit before they start, so that none is run twice. Bodies are JSON."""

import sqlite3
from typing import Final

from phonework.fsm.types import SessionId
from phonework.store.queries import SQL

KEPT: Final = 20
"""Turns whose results stay: one may still be on its way to the person when the next command begins."""


def begin(connection: sqlite3.Connection, session_id: SessionId, turn: int, body: str) -> None:
    """The command of this turn is about to start; those of much earlier turns are forgotten.

    Raises sqlite3.IntegrityError when it was begun before.
    """
    connection.execute(SQL["forget_runs"], (session_id, turn - KEPT))
    connection.execute(SQL["begin_run"], (session_id, turn, body))


def finish(connection: sqlite3.Connection, session_id: SessionId, turn: int, body: str) -> None:
    """It has ended, and this came of it."""
    connection.execute(SQL["finish_run"], (body, session_id, turn))


def was_begun(connection: sqlite3.Connection, session_id: SessionId, turn: int) -> bool:
    return connection.execute(SQL["get_run"], (session_id, turn)).fetchone() is not None


def result(connection: sqlite3.Connection, session_id: SessionId, turn: int) -> str | None:
    """What came of it; None when it was not begun, or nobody knows."""
    row = connection.execute(SQL["get_run"], (session_id, turn)).fetchone()
    return row[1] if row is not None and row[0] == "done" else None
