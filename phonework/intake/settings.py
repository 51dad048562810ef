"""How a person wants things shown: remembered, and said back to them in the language they have from now on."""

from collections.abc import Mapping
from typing import assert_never

from phonework import commands
from phonework.channels.base import Said
from phonework.fsm import effects as order
from phonework.intake.hand import Hand, Taken
from phonework.intake.messages import reply
from phonework.store import users
from phonework.texts import text


def set_how(hand: Hand, said: Said, command: commands.Setting) -> Taken:
    """Change one thing, or none, and say how all of them are, that one first."""
    changed = _change(hand, command)
    values = _as_they_are(hand)
    lines = {name: text(hand.language, f"settings.{name}_is", value=value) for name, value in values.items()}
    if not changed:
        return reply(hand, said, order.Say(text="say.settings", params={"all": "\n".join(lines.values())}))
    params = {
        "changed": text(hand.language, f"settings.{changed}_now", value=values[changed]),
        "others": "\n".join(one for name, one in lines.items() if name != changed),
    }
    return reply(hand, said, order.Say(text="say.settings_changed", params=params), applied=True)


def _change(hand: Hand, command: commands.Setting) -> str:
    """The name of what is changed now; empty when they only looked."""
    connection, user_id = hand.connection, hand.user_id
    match command:
        case commands.SetLanguage(language=language):
            users.choose_language(connection, user_id, language)
            return "language"
        case commands.SetVerbosity(verbosity=verbosity):
            users.choose_verbosity(connection, user_id, verbosity)
            return "verbosity"
        case commands.SetTimezone(name=name):
            users.choose_timezone(connection, user_id, name)
            return "timezone"
        case commands.SetQuietHours(hours=hours):
            _keep_quiet(hand, str(hours) if hours else "")
            return "quiet"
        case commands.Settings():
            return ""
        case _:
            assert_never(command)


def _keep_quiet(hand: Hand, hours: str) -> None:
    """The hours are those of a clock, so whoever chose none gets the one their times are shown in."""
    users.choose_quiet_hours(hand.connection, hand.user_id, hours, hand.now)
    user = users.get(hand.connection, hand.user_id)
    name = getattr(hand.desk.wishes.zone, "key", "")
    if user is not None and not user.timezone and name:
        users.choose_timezone(hand.connection, hand.user_id, name)


def _as_they_are(hand: Hand) -> Mapping[str, str]:
    """What holds now, in the person's words, by name."""
    user, language = users.get(hand.connection, hand.user_id), hand.language
    assert user is not None
    zone = user.timezone or getattr(hand.desk.wishes.zone, "key", "")
    return {
        "language": text(language, "language.name") if user.chosen_language else text(language, "settings.auto"),
        "verbosity": text(language, f"settings.{user.verbosity.value}"),
        "quiet": user.quiet_hours or text(language, "settings.no_quiet"),
        "timezone": zone or text(language, "settings.machine"),
    }
