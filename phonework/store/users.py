"""Users: who was let in, which session is theirs to talk to, and where they wrote last."""

import sqlite3
from dataclasses import dataclass
from datetime import datetime

from phonework.channels.base import Chat
from phonework.fsm.types import SessionId, UserId
from phonework.store.codec import dump, load, maybe_moment, milliseconds
from phonework.store.queries import SQL


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """A person. mode: direct or smart, empty if they chose none. chat: None when they have not written yet."""

    user_id: UserId
    name: str
    allowed: bool
    language: str
    mode: str
    active_session: SessionId | None
    chat: Chat | None
    refused_at: datetime | None
    wrong_codes: int


def get(connection: sqlite3.Connection, user_id: str) -> User | None:
    row = connection.execute(SQL["get_user"], (user_id,)).fetchone()
    if row is None:
        return None
    user_id, name, allowed, language, mode, active, chat, refused, wrong = row
    return User(
        user_id=UserId(user_id),
        name=name,
        allowed=bool(allowed),
        language=language,
        mode=mode,
        active_session=active,
        chat=load(Chat, chat) if chat != "{}" else None,
        refused_at=maybe_moment(refused),
        wrong_codes=wrong,
    )


def active_session(connection: sqlite3.Connection, user_id: UserId) -> SessionId | None:
    """The one their messages go to."""
    row = connection.execute(SQL["active_session"], (user_id,)).fetchone()
    return row[0] if row else None


def touch(connection: sqlite3.Connection, user_id: UserId, language: str, chat: Chat, now: datetime) -> None:
    """They wrote here, in this language."""
    connection.execute(SQL["touch_user"], (user_id, language, dump(chat), milliseconds(now)))


def nameless(connection: sqlite3.Connection) -> tuple[UserId, ...]:
    """Those who have written and whose name is not known."""
    return tuple(UserId(row[0]) for row in connection.execute(SQL["nameless_users"]))


def name(connection: sqlite3.Connection, user_id: UserId, name: str) -> None:
    connection.execute(SQL["name_user"], (name, user_id))


def activate(connection: sqlite3.Connection, user_id: UserId, session_id: SessionId) -> None:
    connection.execute(SQL["activate"], (session_id, user_id))


def choose_mode(connection: sqlite3.Connection, user_id: UserId, mode: str) -> None:
    """direct or smart."""
    connection.execute(SQL["choose_mode"], (mode, user_id))


def deactivate(connection: sqlite3.Connection, user_id: UserId, session_id: SessionId) -> None:
    """The session is closed; nobody talks to it any more."""
    connection.execute(SQL["deactivate"], (user_id, session_id))


def allowed(connection: sqlite3.Connection) -> frozenset[UserId]:
    """Those who were let in by the pairing code."""
    return frozenset(UserId(row[0]) for row in connection.execute(SQL["allowed_users"]))


def allow(connection: sqlite3.Connection, user_id: UserId, now: datetime) -> None:
    connection.execute(SQL["allow_user"], (user_id, milliseconds(now)))


def note_refusal(connection: sqlite3.Connection, user_id: UserId, now: datetime) -> None:
    connection.execute(SQL["refuse_user"], (user_id, milliseconds(now), milliseconds(now)))


def note_wrong_code(connection: sqlite3.Connection, user_id: UserId, now: datetime) -> None:
    connection.execute(SQL["count_wrong_code"], (user_id, milliseconds(now)))


def forget_wrong_codes(connection: sqlite3.Connection) -> None:
    """A new code is printed; everybody may try again."""
    connection.execute(SQL["forget_wrong_codes"])
