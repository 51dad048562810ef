"""Conversations begun at the desk: which of them are sessions of ours, and whose."""

import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from phonework.backends.base import DeskSession
from phonework.fsm.types import SessionId, UserId
from phonework.store.queries import SQL


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """The session that has a conversation; one that is open before one that is closed. container: the engine it ran in."""

    session_id: SessionId
    user_id: UserId
    open: bool
    container: str = ""


def owner(connection: sqlite3.Connection, backend: str, agent_session_id: str) -> Owner | None:
    row = connection.execute(SQL["owners_of_conversation"], (backend, agent_session_id)).fetchone()
    if row is None:
        return None
    return Owner(session_id=SessionId(row[0]), user_id=UserId(row[1]), open=bool(row[2]), container=row[3])


def owners(connection: sqlite3.Connection, found: Iterable[tuple[str, DeskSession]]) -> Mapping[tuple[str, str], Owner]:
    """By backend and the agent's own id."""
    keys = [(name, one.agent_session_id) for name, one in found]
    pairs = ((key, owner(connection, *key)) for key in keys)
    return {key: one for key, one in pairs if one is not None}


def fork_not_begun(
    connection: sqlite3.Connection, backend: str, user_id: UserId, agent_session_id: str
) -> SessionId | None:
    """The person's session that will begin as a copy of the conversation, and has not yet."""
    row = connection.execute(SQL["forks_not_begun"], (backend, user_id, agent_session_id)).fetchone()
    return SessionId(row[0]) if row else None
