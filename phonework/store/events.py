"""Events: the inbox and the history in one. Each is stored once under its key, whatever became of it."""

import sqlite3
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from phonework.fsm.reasons import Reason
from phonework.fsm.types import SessionId, UserId
from phonework.store.codec import milliseconds, moment
from phonework.store.queries import SQL


class Status(StrEnum):
    """What became of an event."""

    APPLIED = "applied"
    IGNORED = "ignored"
    STALE = "stale"
    LATE = "late"
    POISONED = "poisoned"


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """An event that was taken in before."""

    seq: int
    session_id: SessionId | None
    status: Status
    reason: Reason | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """An event as it is stored. source and key: unique together. version: of the session afterwards, if it moved.

    quiet_until: what the decision knew of the person's quiet hours.
    """

    source: str
    key: str
    kind: str
    user_id: UserId | None
    occurred_at: datetime
    status: Status
    payload: str
    session_id: SessionId | None = None
    reason: Reason | None = None
    source_state: str | None = None
    target_state: str | None = None
    version: int | None = None
    quiet_until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """An event read back."""

    seq: int
    source: str
    key: str
    kind: str
    session_id: SessionId | None
    user_id: UserId | None
    occurred_at: datetime
    status: Status
    payload: str


def find(connection: sqlite3.Connection, source: str, key: str) -> Known | None:
    row = connection.execute(SQL["find_event"], (source, key)).fetchone()
    if row is None:
        return None
    seq, session_id, status, reason = row
    return Known(seq=seq, session_id=session_id, status=Status(status), reason=Reason(reason) if reason else None)


def sender(connection: sqlite3.Connection, key: str) -> UserId | None:
    """Who wrote the message of this key; None when it never came."""
    row = connection.execute(SQL["sender_of_message"], (key,)).fetchone()
    return UserId(row[0]) if row and row[0] else None


def add(connection: sqlite3.Connection, record: Record, now: datetime) -> int:
    """Store it and return its number."""
    cursor = connection.execute(
        SQL["add_event"],
        (
            record.source, record.key, record.kind, record.session_id, record.user_id,
            milliseconds(record.occurred_at), milliseconds(now), record.status.value,
            record.reason.value if record.reason else None, record.source_state, record.target_state,
            record.version, record.payload, milliseconds(record.quiet_until) if record.quiet_until else None,
        ),
    )  # fmt: skip
    assert cursor.lastrowid is not None
    return cursor.lastrowid


def get(connection: sqlite3.Connection, seq: int) -> Stored | None:
    row = connection.execute(SQL["get_event"], (seq,)).fetchone()
    if row is None:
        return None
    seq, source, key, kind, session_id, user_id, occurred, status, payload = row
    return Stored(
        seq=seq,
        source=source,
        key=key,
        kind=kind,
        session_id=session_id,
        user_id=user_id,
        occurred_at=moment(occurred),
        status=Status(status),
        payload=payload,
    )


def after(connection: sqlite3.Connection, seq: int, limit: int) -> list[tuple[Any, ...]]:
    """The events that follow, in order, as the columns of `events_after`."""
    return connection.execute(SQL["events_after"], (seq, limit)).fetchall()


def forget_poisoned(connection: sqlite3.Connection, seq: int) -> None:
    """Remove a poisoned event, so that it can be taken in again."""
    connection.execute(SQL["unpoison_event"], (seq,))
