"""What the buttons of reminders carry, read with nothing believed."""

import pytest

from phonework.channels.cards.clicks import Malformed, ReminderClick, ReminderOp, RemindersClick
from phonework.channels.cards.reading import parse
from phonework.channels.cards.values import reminder_value, reminders_value
from phonework.fsm.types import UserId
from phonework.reminders.reminder import Delay, ReminderId


def test_the_buttons_read_back_as_they_were_made() -> None:
    made = reminder_value(ReminderOp.LATER, "r7k2q", number=3, delay=Delay.DAY, page=1)

    assert parse(made) == ReminderClick(
        op=ReminderOp.LATER, reminder_id=ReminderId("r7k2q"), number=3, delay=Delay.DAY, page=1
    )
    assert parse(reminders_value("ou_ada", 2)) == RemindersClick(user_id=UserId("ou_ada"), page=2)


@pytest.mark.parametrize(
    "wrong",
    [
        {"c": "1y"},
        {"c": None},
        {"p": -1},
        {"p": True},
        {"p": None},
        {"g": "1"},
        {"g": 2**40},
        {"id": "../x"},
        {"id": 7},
    ],
)
def test_a_forged_button_is_none(wrong: dict[str, object]) -> None:
    made = reminder_value(ReminderOp.LATER, "r7k2q", number=3)

    assert isinstance(parse({**made, **wrong}), Malformed)
