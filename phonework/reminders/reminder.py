"""A reminder and what happens to it, as values; pure. `phonework/store/reminders.py` keeps them."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, NewType, assert_never
from zoneinfo import ZoneInfo

from phonework.channels.base import Chat
from phonework.fsm.types import UserId
from phonework.reminders.recurrence import next_after
from phonework.reminders.schedule import Every, Schedule
from phonework.reminders.wallclock import moment_of, on_the_wall

ReminderId = NewType("ReminderId", str)

MOST_WAITING: Final = 100
"""Reminders of one person that wait at the same time."""
MOST_CHARACTERS: Final = 1_000
MOST_COUNTED: Final = 100
"""Times that were missed; more are not counted."""
_MORNING: Final = 9


class Status(StrEnum):
    """Where a reminder stands. broken: a bug kept it from coming; it is kept."""

    WAITING = "waiting"
    DONE = "done"
    DELETED = "deleted"
    BROKEN = "broken"


class Delay(StrEnum):
    """How much later it is to come."""

    TEN_MINUTES = "10m"
    HOUR = "1h"
    DAY = "1d"
    MORNING = "morning"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reminder:
    """What a person wants to be reminded of. due: when next, set exactly while it waits. chat: where it was asked for.

    version: raised with each change, so that a card can tell whether it is out of date. fired: how often it has come.
    """

    reminder_id: ReminderId
    user_id: UserId
    text: str
    schedule: Schedule
    due: datetime | None
    created_at: datetime
    chat: Chat
    status: Status = Status.WAITING
    version: int = 1
    fired: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Firing:
    """One coming of a reminder. missed: how many more times it would have come between `due` and `at`.

    settled: the person tapped its card. again: when it comes once more, if that is what they wanted.
    """

    reminder_id: ReminderId
    number: int
    due: datetime
    at: datetime
    missed: int = 0
    settled: bool = False
    again: datetime | None = None

    @property
    def key(self) -> str:
        """Names this firing for ever, so that it happens once."""
        return f"{self.reminder_id}:{self.number}"


def fire(reminder: Reminder, now: datetime) -> tuple[Reminder, Firing]:
    """It comes; all that was missed comes in this one. reminder: its due time is not after `now`."""
    assert reminder.due is not None
    every = reminder.schedule if isinstance(reminder.schedule, Every) else None
    firing = Firing(
        reminder_id=reminder.reminder_id,
        number=reminder.fired + 1,
        due=reminder.due,
        at=now,
        missed=_missed(every, reminder.due, now) if every else 0,
    )
    following = next_after(every, now) if every else None
    status = Status.DONE if following is None else Status.WAITING
    return _changed(reminder, status, following, fired=firing.number), firing


def postponed(reminder: Reminder, until: datetime) -> Reminder:
    """It comes next at this time, and not before; a repeated one goes on from there."""
    return _changed(reminder, Status.WAITING, until, fired=reminder.fired)


def deleted(reminder: Reminder) -> Reminder:
    return _changed(reminder, Status.DELETED, None, fired=reminder.fired)


def _changed(reminder: Reminder, status: Status, due: datetime | None, *, fired: int) -> Reminder:
    return replace(reminder, status=status, due=due, fired=fired, version=reminder.version + 1)


def _missed(every: Every, due: datetime, now: datetime) -> int:
    """How often it comes after `due` and until `now`; at most MOST_COUNTED."""
    count, at = 0, next_after(every, due)
    while at <= now and count < MOST_COUNTED:
        count, at = count + 1, next_after(every, at)
    return count


def later(delay: Delay, start: datetime, zone: ZoneInfo) -> datetime:
    """The moment so much later than `start`. zone: in which a morning begins, and a day is counted."""
    match delay:
        case Delay.TEN_MINUTES:
            return start + timedelta(minutes=10)
        case Delay.HOUR:
            return start + timedelta(hours=1)
        case Delay.DAY:
            return _tomorrow(start, zone, on_the_wall(start, zone).hour, on_the_wall(start, zone).minute)
        case Delay.MORNING:
            return _tomorrow(start, zone, _MORNING, 0)
        case _:
            assert_never(delay)


def _tomorrow(start: datetime, zone: ZoneInfo, hour: int, minute: int) -> datetime:
    day = on_the_wall(start, zone) + timedelta(days=1)
    return moment_of(day.replace(hour=hour, minute=minute, second=0, microsecond=0), zone)
