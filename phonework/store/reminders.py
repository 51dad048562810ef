"""Reminders: what people asked to be reminded of, and each time it came."""

import hashlib
import sqlite3
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from phonework.channels.base import Chat
from phonework.fsm.types import UserId
from phonework.reminders.reminder import Firing, Reminder, ReminderId, Status
from phonework.reminders.schedule import from_json, to_json
from phonework.store.codec import dump, load_frozen, maybe_moment, milliseconds, moment
from phonework.store.queries import SQL
from phonework.views import RemindersView, ReminderView

_LETTERS: Final = "23456789abcdefghjkmnpqrstuvwxyz"
"""Of an id: nothing that looks like something else."""
_LETTERS_OF_ID: Final = 4
_SHORT_IDS_TRIED: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """A reminder whose time has come, as far as it can be read without understanding it."""

    reminder_id: ReminderId
    user_id: UserId
    chat: Chat
    due: datetime
    text: str


def free_id(connection: sqlite3.Connection, origin: str) -> ReminderId:
    """An id like r7k2q that no reminder has; the same for the same origin, until it is taken."""
    for attempt in range(_SHORT_IDS_TRIED):
        found = ReminderId(f"r{_letters(f'{origin}:{attempt}', _LETTERS_OF_ID)}")
        if connection.execute(SQL["reminder_exists"], (found,)).fetchone() is None:
            return found
    return ReminderId(f"r{_letters(origin, 16)}")


def _letters(seed: str, count: int) -> str:
    digest = hashlib.sha256(seed.encode("utf-8", "replace")).digest()
    return "".join(_LETTERS[byte % len(_LETTERS)] for byte in digest[:count])


def add(connection: sqlite3.Connection, reminder: Reminder, origin: str) -> None:
    """origin: source and key of what asked for it; a second one of the same origin is an error."""
    values = {
        "origin": origin,
        "user_id": reminder.user_id,
        "created_at": milliseconds(reminder.created_at),
        "chat": dump(reminder.chat),
        "body": reminder.text,
        "schedule": to_json(reminder.schedule),
        **_state(reminder),
    }
    connection.execute(SQL["add_reminder"], values)


def save(connection: sqlite3.Connection, reminder: Reminder) -> None:
    """What changed, one version after the stored one."""
    if connection.execute(SQL["save_reminder"], _state(reminder)).rowcount != 1:
        raise ValueError(f"reminder {reminder.reminder_id} is not at version {reminder.version - 1}")


def _state(reminder: Reminder) -> dict[str, Any]:
    return {
        "reminder_id": reminder.reminder_id,
        "status": reminder.status.value,
        "version": reminder.version,
        "fired": reminder.fired,
        "due": milliseconds(reminder.due) if reminder.due else None,
    }


def get(connection: sqlite3.Connection, reminder_id: str) -> Reminder | None:
    row = connection.execute(SQL["get_reminder"], (reminder_id,)).fetchone()
    return _reminder(row) if row else None


def of_origin(connection: sqlite3.Connection, origin: str) -> Reminder | None:
    """The one that this asked for."""
    row = connection.execute(SQL["reminder_of_origin"], (origin,)).fetchone()
    return get(connection, row[0]) if row else None


def waiting(connection: sqlite3.Connection, user_id: str) -> tuple[Reminder, ...]:
    """A person's reminders that are still to come, the next one first."""
    return tuple(_reminder(row) for row in connection.execute(SQL["waiting_reminders"], (user_id,)))


def count_waiting(connection: sqlite3.Connection, user_id: str) -> int:
    (count,) = connection.execute(SQL["count_waiting_reminders"], (user_id,)).fetchone()
    return int(count)


def _reminder(row: tuple[Any, ...]) -> Reminder:
    """Raises msgspec.ValidationError when its schedule cannot be understood."""
    reminder_id, user_id, status, version, fired, due, created_at, chat, body, schedule = row
    return Reminder(
        reminder_id=ReminderId(reminder_id),
        user_id=UserId(user_id),
        text=body,
        schedule=from_json(schedule),
        due=maybe_moment(due),
        created_at=moment(created_at),
        chat=load_frozen(Chat, chat),
        status=Status(status),
        version=version,
        fired=fired,
    )


# Coming


def due(connection: sqlite3.Connection, now: datetime, limit: int) -> list[Due]:
    """Those whose time has come, the oldest first."""
    rows = connection.execute(SQL["due_reminders"], (milliseconds(now), limit)).fetchall()
    return [
        Due(
            reminder_id=ReminderId(reminder_id),
            user_id=UserId(user_id),
            chat=load_frozen(Chat, chat),
            due=moment(at),
            text=body,
        )
        for reminder_id, user_id, chat, at, body in rows
    ]


def next_due(connection: sqlite3.Connection) -> datetime | None:
    return maybe_moment(connection.execute(SQL["next_reminder_due"]).fetchone()[0])


def set_aside(connection: sqlite3.Connection, reminder_id: ReminderId) -> None:
    """A bug keeps it from coming; it is kept, and stands in nobody's way."""
    connection.execute(SQL["break_reminder"], (reminder_id,))


def take_back(connection: sqlite3.Connection, reminder_id: str, due: datetime) -> None:
    """One that was set aside waits again."""
    connection.execute(SQL["mend_reminder"], (milliseconds(due), reminder_id))


def add_firing(connection: sqlite3.Connection, firing: Firing) -> None:
    values = (firing.reminder_id, firing.number, milliseconds(firing.due), milliseconds(firing.at), firing.missed)
    connection.execute(SQL["add_firing"], values)


def firing(connection: sqlite3.Connection, reminder_id: str, number: int) -> Firing | None:
    row = connection.execute(SQL["get_firing"], (reminder_id, number)).fetchone()
    if row is None:
        return None
    due_at, fired_at, missed, settled, again = row
    return Firing(
        reminder_id=ReminderId(reminder_id),
        number=number,
        due=moment(due_at),
        at=moment(fired_at),
        missed=missed,
        settled=bool(settled),
        again=maybe_moment(again),
    )


def settle(connection: sqlite3.Connection, firing: Firing, again: datetime | None) -> bool:
    """The person tapped its card; False when they had already."""
    at = milliseconds(again) if again else None
    return connection.execute(SQL["settle_firing"], (at, firing.reminder_id, firing.number)).rowcount == 1


# For cards


def card_key(reminder_id: str, number: int) -> str:
    """Of the card that shows it: as it was set (0), or one time that it came."""
    return f"reminder:{reminder_id}:{number}"


def view(connection: sqlite3.Connection, reminder_id: str, number: int) -> ReminderView:
    """As it was set (0), or one time that it came. Raises KeyError."""
    reminder, came = get(connection, reminder_id), firing(connection, reminder_id, number)
    if reminder is None or (number and came is None):
        raise KeyError(f"{reminder_id}:{number}")
    (shown_at,) = connection.execute(SQL["card_shown_at"], (card_key(reminder_id, number),)).fetchone()
    return ReminderView(
        reminder=reminder,
        firing=came,
        shown_at=maybe_moment(shown_at),
        person=None if reminder.chat.private else reminder.user_id,
    )


def listed(connection: sqlite3.Connection, user_id: UserId, page: int = 0) -> RemindersView:
    """A person's reminders that are to come. page: from 0."""
    return RemindersView(user_id=user_id, reminders=waiting(connection, user_id), page=page)
