"""`/remind` and `/reminders`, however they are typed."""

import pytest

from phonework.commands import Command, Look, Remind, Wrong, parse_command


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ("/remind  10m  check the build ", Remind(words="10m  check the build")),
        ("/提醒 明天9点\n开会", Remind(words="明天9点\n开会")),
        (
            "/remind",
            Wrong(command="remind", text="say.missing_argument", params={"command": "remind"}, usage="usage.remind"),
        ),
        ("/reminders", Look(report="reminders")),
        ("/提醒列表", Look(report="reminders")),
    ],
)
def test_a_reminder_is_asked_for(text: str, command: Command) -> None:
    assert parse_command(text) == command
