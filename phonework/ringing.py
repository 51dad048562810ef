"""Reminders that are due: in one transaction each is recorded as having come, owed to its person, and given its next time.

They come at any hour, quiet ones too: the person asked for that very time. What was due while the program did not run comes
at its start, once, and its card says that it is late.
"""

import sqlite3
from datetime import datetime
from typing import Final

import structlog

from phonework.fsm import effects as order
from phonework.fsm.effects import Effect
from phonework.fsm.reasons import Reason
from phonework.one_line import one_line
from phonework.reminders.reminder import fire
from phonework.store import effects, events, reminders
from phonework.store.batch import concerns_storage
from phonework.store.codec import dump, load
from phonework.store.effects import Owed
from phonework.store.events import Record, Status, Stored
from phonework.store.reminders import Due

log = structlog.get_logger(__name__)

SOURCE: Final = "reminder"
_SHOWN: Final = 80  # characters of a reminder by which a sentence names it
AT_ONCE: Final = 64
"""So many come in one transaction; the rest in the next."""


def ring(connection: sqlite3.Connection, now: datetime, limit: int = AT_ONCE) -> tuple[Owed, ...]:
    """Let the reminders that are due come, the oldest first; returns what is owed for it."""
    return tuple(owed for one in reminders.due(connection, now, limit) for owed in _ring(connection, one, now))


def _ring(connection: sqlite3.Connection, one: Due, now: datetime) -> tuple[Owed, ...]:
    """If one cannot come, a bug, it alone is set aside and its person told; the others come."""
    connection.execute("SAVEPOINT ring")
    try:
        owed = _fire(connection, one, now)
    except Exception as error:
        if concerns_storage(error):
            raise
        log.exception("a reminder could not come; it is kept as poisoned", reminder_id=one.reminder_id)
        connection.execute("ROLLBACK TO ring")
        owed = _set_aside(connection, one, repr(error), now)
    connection.execute("RELEASE ring")
    return owed


def _fire(connection: sqlite3.Connection, one: Due, now: datetime) -> tuple[Owed, ...]:
    reminder = reminders.get(connection, one.reminder_id)
    assert reminder is not None
    after, firing = fire(reminder, now)
    reminders.save(connection, after)
    reminders.add_firing(connection, firing)
    _record(connection, one, "ReminderFired", firing.key, dump(firing), now)
    log.info("reminder came", reminder_id=one.reminder_id, number=firing.number, missed=firing.missed)
    shown = order.ShowReminder(reminder_id=one.reminder_id, fired=firing.number)
    return _owe(connection, one, shown, firing.key, now)


def _set_aside(connection: sqlite3.Connection, one: Due, error: str, now: datetime) -> tuple[Owed, ...]:
    reminders.set_aside(connection, one.reminder_id)
    key = f"{one.reminder_id}:broken:{one.due.isoformat()}"
    payload = dump({"reminder_id": one.reminder_id, "due": one.due, "error": error[:2000]})
    _record(connection, one, "ReminderFired", key, payload, now, poisoned=True)
    sorry = order.Say(text="say.reminder_broken", params={"about": one_line(one.text, _SHOWN)})
    return _owe(connection, one, sorry, key, now)


def rerun(connection: sqlite3.Connection, poisoned: Stored, now: datetime) -> tuple[Owed, ...]:
    """Let a reminder that was set aside come after all. poisoned: its event, which is off the history already."""
    reminder_id = str(load(dict[str, object], poisoned.payload)["reminder_id"])
    reminders.take_back(connection, reminder_id, poisoned.occurred_at)
    due = [one for one in reminders.due(connection, now, -1) if one.reminder_id == reminder_id]
    return tuple(owed for one in due for owed in _fire(connection, one, now))


def _record(
    connection: sqlite3.Connection,
    one: Due,
    kind: str,
    key: str,
    payload: str,
    now: datetime,
    *,
    poisoned: bool = False,
) -> None:
    record = Record(
        source=SOURCE,
        key=key,
        kind=kind,
        user_id=one.user_id,
        occurred_at=one.due,
        status=Status.POISONED if poisoned else Status.APPLIED,
        reason=Reason.ERROR if poisoned else None,
        payload=payload,
    )
    events.add(connection, record, now)


def _owe(connection: sqlite3.Connection, one: Due, effect: Effect, key: str, now: datetime) -> tuple[Owed, ...]:
    prefix = f"{SOURCE}:{key}"
    return effects.add(
        connection, [effect], prefix=prefix, session_id=None, user_id=one.user_id, chat=one.chat, now=now
    )
