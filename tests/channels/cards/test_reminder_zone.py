"""By which clock a reminder's times are told: named only where the reader cannot know it."""

import json
from datetime import UTC, datetime, time

import pytest

from phonework.channels.base import Chat
from phonework.channels.cards.reminder import Reader, reminder_card, reminders_card
from phonework.fsm.types import UserId
from phonework.reminders.reminder import Reminder, ReminderId
from phonework.reminders.schedule import Daily, Every, Interval, Once, Schedule
from phonework.reminders.zones import named
from phonework.store.users import zone_named
from phonework.views import RemindersView, ReminderView, Wishes

NOW = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
TOMORROW = datetime(2026, 1, 6, 9, 0, tzinfo=UTC)
MACHINE = named(None).key
ADA = UserId("ou_ada")


def reader(zone: str) -> Reader:
    return Reader.of(Wishes(language="en", zone=zone_named(zone)), NOW)


def reminder(schedule: Schedule) -> Reminder:
    return Reminder(
        reminder_id=ReminderId("r1"), user_id=ADA, text="tea", schedule=schedule, due=TOMORROW, created_at=NOW,
        chat=Chat(channel="feishu", chat_id="oc"),
    )  # fmt: skip


def answer(schedule: Schedule, zone: str) -> str:
    return json.dumps(reminder_card(ReminderView(reminder=reminder(schedule)), reader(zone)))


def test_an_answer_names_the_clock_as_long_as_nobody_chose_one() -> None:
    for schedule in (Once(at=TOMORROW), Every(rule=Daily(at=time(9)), zone=MACHINE)):
        assert f"({MACHINE})" in answer(schedule, "")


@pytest.mark.parametrize("zone", ["Europe/Berlin", "Asia/Shanghai", "UTC", MACHINE])
def test_a_clock_that_was_chosen_is_not_named(zone: str) -> None:
    for schedule in (Once(at=TOMORROW), Every(rule=Daily(at=time(9)), zone=zone)):
        assert f"({zone})" not in answer(schedule, zone)


def test_another_clock_than_the_readers_is_named() -> None:
    every = Every(rule=Daily(at=time(9)), zone="Asia/Tokyo")
    assert "every day at 9:00 (Asia/Tokyo)" in answer(every, "Europe/Berlin")
    assert answer(every, "").count("(Asia/Tokyo)") == answer(every, "Europe/Berlin").count("(Asia/Tokyo)")


def test_what_is_counted_in_hours_needs_no_clock() -> None:
    assert MACHINE not in answer(Every(rule=Interval(minutes=60, anchor=NOW), zone=MACHINE), "")


def test_a_list_does_not_repeat_a_guess_at_every_line() -> None:
    view = RemindersView(user_id=ADA, reminders=(reminder(Once(at=TOMORROW)), reminder(Once(at=TOMORROW))), page=0)
    assert f"({MACHINE})" not in json.dumps(reminders_card(view, reader("")))
