"""Requests: what agents asked, and what was answered."""

import sqlite3

from phonework.fsm.types import Request, RequestId, SessionId
from phonework.store.codec import dump, load, milliseconds
from phonework.store.queries import SQL


def waiting(connection: sqlite3.Connection, session_id: SessionId) -> tuple[Request, ...]:
    """The open request and those behind it, in the order they were asked."""
    rows = connection.execute(SQL["waiting_requests"], (session_id,))
    return tuple(load(Request, body) for _status, body in rows)


def get(connection: sqlite3.Connection, request_id: str, session_id: SessionId) -> Request | None:
    if not request_id:
        return None
    row = connection.execute(SQL["get_request"], (request_id, session_id)).fetchone()
    return load(Request, row[0]) if row else None


def find(connection: sqlite3.Connection, request_id: RequestId) -> tuple[SessionId, Request] | None:
    """The request and its session, whoever's it is."""
    row = connection.execute(SQL["find_request"], (request_id,)).fetchone()
    return (SessionId(row[0]), load(Request, row[1])) if row else None


def put(connection: sqlite3.Connection, session_id: SessionId, request: Request) -> None:
    ask = request.ask
    connection.execute(
        SQL["put_request"],
        (
            ask.request_id, session_id, request.turn, request.generation, ask.kind.value, request.status.value,
            milliseconds(request.asked_at), request.answered_by, dump(request), session_id,
        ),
    )  # fmt: skip


def behind(connection: sqlite3.Connection, session_id: SessionId) -> int:
    """How many wait for their turn to be shown."""
    count: int = connection.execute(SQL["requests_behind"], (session_id,)).fetchone()[0]
    return count


def opened(connection: sqlite3.Connection, session_id: SessionId) -> Request | None:
    """What is being asked right now."""
    row = connection.execute(SQL["open_request_of"], (session_id,)).fetchone()
    return load(Request, row[0]) if row else None


def open_prompt(connection: sqlite3.Connection, session_id: SessionId) -> str:
    """What is being asked right now, in one line; empty when nothing is."""
    found = opened(connection, session_id)
    return found.ask.prompt if found else ""
