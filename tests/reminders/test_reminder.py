"""What happens to a reminder: it comes, is put off, is deleted."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from phonework.channels.base import Chat
from phonework.fsm.types import UserId
from phonework.reminders.reminder import (
    MOST_COUNTED,
    Delay,
    Reminder,
    ReminderId,
    Status,
    deleted,
    fire,
    later,
    postponed,
)
from phonework.reminders.schedule import Daily, Every, Interval, Once, Rule, Schedule
from phonework.reminders.zones import named

NOON = datetime(2026, 3, 7, 12, tzinfo=UTC)
YORK = ZoneInfo("America/New_York")


def a_reminder(schedule: Schedule, due: datetime) -> Reminder:
    return Reminder(
        reminder_id=ReminderId("r7k2q"),
        user_id=UserId("ou_ada"),
        text="tea",
        schedule=schedule,
        due=due,
        created_at=NOON,
        chat=Chat(channel="feishu", chat_id="oc_1"),
    )


def every(rule: Rule, zone: str = "UTC") -> Every:
    return Every(rule=rule, zone=zone)


def test_one_for_one_moment_comes_once_however_it_was_put_off() -> None:
    reminder = a_reminder(Once(at=NOON), NOON)
    moved = postponed(reminder, NOON + timedelta(hours=1))
    after, firing = fire(moved, NOON + timedelta(hours=2))

    assert (after.status, after.due, after.fired, after.version) == (Status.DONE, None, 1, 3)
    assert (firing.number, firing.due, firing.missed, firing.key) == (1, NOON + timedelta(hours=1), 0, "r7k2q:1")


@pytest.mark.parametrize(
    ("rule", "late", "missed", "following"),
    [
        (Daily(at=time(12)), timedelta(), 0, timedelta(days=1)),
        (Daily(at=time(12)), timedelta(hours=23, minutes=59), 0, timedelta(days=1)),
        (Daily(at=time(12)), timedelta(days=3), 3, timedelta(days=4)),
        (Daily(at=time(12), days=2, first=date(2026, 3, 7)), timedelta(days=5), 2, timedelta(days=6)),
        (Interval(minutes=30, anchor=NOON), timedelta(hours=2), 4, timedelta(hours=2, minutes=30)),
        (Interval(minutes=30, anchor=NOON), timedelta(hours=2, seconds=1), 4, timedelta(hours=2, minutes=30)),
        (Interval(minutes=5, anchor=NOON), timedelta(days=300), MOST_COUNTED, timedelta(days=300, minutes=5)),
    ],
)
def test_a_repeated_one_says_what_was_missed_and_goes_on(
    rule: Rule, late: timedelta, missed: int, following: timedelta
) -> None:
    after, firing = fire(a_reminder(every(rule), NOON), NOON + late)

    assert (firing.missed, after.due, after.status) == (missed, NOON + following, Status.WAITING)


def test_a_deleted_one_is_never_due() -> None:
    gone = deleted(a_reminder(every(Daily(at=time(12))), NOON))

    assert (gone.status, gone.due) == (Status.DELETED, None)


@pytest.mark.parametrize(
    ("delay", "wall"),
    [
        (Delay.TEN_MINUTES, "2026-03-07 07:10"),
        (Delay.HOUR, "2026-03-07 08:00"),
        (Delay.DAY, "2026-03-08 07:00"),  # clocks go forward that night
        (Delay.MORNING, "2026-03-08 09:00"),
    ],
)
def test_later_is_by_the_clock_on_the_wall(delay: Delay, wall: str) -> None:
    assert f"{later(delay, NOON, YORK).astimezone(YORK):%Y-%m-%d %H:%M}" == wall


def test_a_zone_without_a_name_is_the_machines() -> None:
    assert named(YORK) is YORK
    assert named(None).key
    assert named(UTC) == named(None)
