"""The assistant's memory: what was said with a person, and which tool calls were begun. Bodies are JSON of the assistant's."""

import sqlite3
from enum import StrEnum
from typing import Final, NamedTuple

from phonework.fsm.types import SessionId, UserId
from phonework.store.queries import SQL

EVER: Final = 2**53
"""A turn after all turns."""


class Line(NamedTuple):
    """One message as it is stored. place: grows for ever within a session. tokens: about as many."""

    place: int
    turn: int
    tokens: int
    body: str


class CallStatus(StrEnum):
    """The life of a tool call that must not be made twice."""

    CLAIMED = "claimed"
    DONE = "done"
    UNKNOWN = "unknown"


class Person(NamedTuple):
    """Whose companion it is, and how they want to be spoken to. active: the session they talk to."""

    user_id: UserId
    chosen_language: str
    language: str
    timezone: str
    active: SessionId | None


def person(connection: sqlite3.Connection, session_id: SessionId) -> Person:
    """Raises KeyError when there is no such session."""
    row = connection.execute(SQL["person_of_assistant"], (session_id,)).fetchone()
    if row is None:
        raise KeyError(session_id)
    return Person(*row)


def next_place(connection: sqlite3.Connection, session_id: SessionId) -> int:
    place: int = connection.execute(SQL["next_dialogue_place"], (session_id,)).fetchone()[0]
    return place


def add(connection: sqlite3.Connection, session_id: SessionId, line: Line) -> None:
    connection.execute(SQL["add_dialogue"], (session_id, *line))


def before(connection: sqlite3.Connection, session_id: SessionId, turn: int, tokens: int) -> tuple[Line, ...]:
    """The newest messages of earlier turns, as many as fit, in order. The first may stand in the middle of its turn."""
    return tuple(Line(*row) for row in connection.execute(SQL["dialogue_before"], (session_id, turn, tokens)))


def of_turn(connection: sqlite3.Connection, session_id: SessionId, turn: int) -> tuple[Line, ...]:
    return tuple(Line(*row) for row in connection.execute(SQL["dialogue_of_turn"], (session_id, turn)))


def last_turn_before(connection: sqlite3.Connection, session_id: SessionId, turn: int) -> int | None:
    """The newest earlier turn of which something is stored."""
    found: int | None = connection.execute(SQL["last_dialogue_turn_before"], (session_id, turn)).fetchone()[0]
    return found


def forget(connection: sqlite3.Connection, session_id: SessionId, before_turn: int) -> int:
    """Forget everything of the turns before this one; returns how many messages that were."""
    connection.execute(SQL["forget_tool_calls"], (session_id, before_turn))
    return connection.execute(SQL["forget_dialogue"], (session_id, before_turn)).rowcount


def claim(connection: sqlite3.Connection, session_id: SessionId, turn: int, call_id: str, name: str, body: str) -> None:
    """A call is about to be made. Raises sqlite3.IntegrityError when it was begun before."""
    connection.execute(SQL["claim_tool_call"], (session_id, turn, call_id, name, body))


def settle(connection: sqlite3.Connection, session_id: SessionId, turn: int, call_id: str, how: CallStatus) -> None:
    connection.execute(SQL["settle_tool_call"], (how.value, session_id, turn, call_id))


def calls(connection: sqlite3.Connection, session_id: SessionId, turn: int) -> dict[str, CallStatus]:
    rows = connection.execute(SQL["tool_calls_of_turn"], (session_id, turn))
    return {call_id: CallStatus(status) for call_id, status in rows}
