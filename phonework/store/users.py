"""Users: who was let in, which session is theirs to talk to, and where they wrote last."""

import sqlite3
from dataclasses import dataclass
from datetime import datetime, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from phonework import quiet
from phonework.channels.base import Chat
from phonework.fsm.types import SessionId, UserId
from phonework.store.codec import dump, load, maybe_moment, milliseconds, moment
from phonework.store.queries import SQL
from phonework.texts import spoken
from phonework.views import Verbosity, Wishes


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """A person. mode: direct or smart, empty if they chose none. chat: None when they have not written yet.

    language: their client's; chosen_language: by themselves; either may be empty. quiet_hours, timezone: as chosen, or empty.
    """

    user_id: UserId
    name: str
    allowed: bool
    language: str
    mode: str
    active_session: SessionId | None
    chat: Chat | None
    refused_at: datetime | None
    wrong_codes: int
    chosen_language: str = ""
    verbosity: Verbosity = Verbosity.NORMAL
    quiet_hours: str = ""
    timezone: str = ""
    acted_at: datetime | None = None


def get(connection: sqlite3.Connection, user_id: str) -> User | None:
    row = connection.execute(SQL["get_user"], (user_id,)).fetchone()
    if row is None:
        return None
    user_id, name, allowed, language, mode, active, chat, refused, wrong, chosen, verbosity, quiet, zone, acted = row
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
        chosen_language=chosen,
        verbosity=Verbosity(verbosity),
        quiet_hours=quiet,
        timezone=zone,
        acted_at=moment(acted),
    )


def language_of(user: User | None, default: str) -> str:
    """The language to speak to a person in; default: of those nobody knows."""
    return spoken(user.chosen_language, user.language, default) if user else default


def wishes_of(user: User | None, house: Wishes) -> Wishes:
    """How they want things shown. house: how those get it who chose nothing."""
    if user is None:
        return house
    zone = zone_named(user.timezone) or house.zone
    return Wishes(language=language_of(user, house.language), zone=zone, verbosity=user.verbosity)


def active_session(connection: sqlite3.Connection, user_id: UserId) -> SessionId | None:
    """The one their messages go to."""
    row = connection.execute(SQL["active_session"], (user_id,)).fetchone()
    return row[0] if row else None


def touch(
    connection: sqlite3.Connection,
    user_id: UserId,
    language: str,
    chat: Chat,
    now: datetime,
    acted_at: datetime | None = None,
) -> None:
    """They wrote here. language: their client's, or empty if it does not say. acted_at: when, if not now."""
    acted = min(acted_at or now, now)
    connection.execute(
        SQL["touch_user"], (user_id, language, dump(chat), milliseconds(now), max(0, milliseconds(acted)))
    )


def acted(connection: sqlite3.Connection, user_id: UserId, at: datetime) -> None:
    """They did something; only with quiet hours it matters when."""
    connection.execute(SQL["user_acted"], (milliseconds(at), user_id))


def hear(connection: sqlite3.Connection, user_id: UserId, language: str) -> None:
    """Their client speaks this language."""
    connection.execute(SQL["hear_user"], (language, user_id))


def quiet_until(connection: sqlite3.Connection, user_id: UserId, now: datetime) -> datetime | None:
    """Until when the person is not to be disturbed; None: they may be."""
    user = get(connection, user_id)
    if user is None or user.acted_at is None:
        return None
    return quiet_by(user.quiet_hours, user.timezone, user.acted_at, now)


def quiet_by(hours: str, timezone: str, acted_at: datetime, now: datetime) -> datetime | None:
    """The same by what is stored of the person."""
    chosen = quiet.parse(hours)
    if chosen is None or now - acted_at < quiet.PRESENT:
        return None
    return chosen.until(now, zone_named(timezone))


def zone_named(name: str) -> tzinfo | None:
    """The time zone of this name; None when there is none on this machine."""
    try:
        return ZoneInfo(name) if name else None
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def choose_language(connection: sqlite3.Connection, user_id: UserId, language: str) -> None:
    """zh or en; empty: their client's."""
    connection.execute(SQL["choose_language"], (language, user_id))


def choose_verbosity(connection: sqlite3.Connection, user_id: UserId, verbosity: Verbosity) -> None:
    connection.execute(SQL["choose_verbosity"], (verbosity.value, user_id))


def choose_quiet_hours(connection: sqlite3.Connection, user_id: UserId, hours: str, now: datetime) -> None:
    """hours: like `22:00-08:00`; empty: none. They are there as they choose them."""
    connection.execute(SQL["choose_quiet_hours"], (hours, milliseconds(now), user_id))


def choose_timezone(connection: sqlite3.Connection, user_id: UserId, name: str) -> None:
    """name: of the time zone database; empty: the house's."""
    connection.execute(SQL["choose_timezone"], (name, user_id))


def nameless(connection: sqlite3.Connection) -> tuple[UserId, ...]:
    """Those who have written and whose name is not known."""
    return tuple(UserId(row[0]) for row in connection.execute(SQL["nameless_users"]))


def name(connection: sqlite3.Connection, user_id: UserId, name: str) -> None:
    connection.execute(SQL["name_user"], (name, user_id))


def activate(
    connection: sqlite3.Connection, user_id: UserId, session_id: SessionId, *, switched_at: datetime | None = None
) -> None:
    """Their messages go there from now on. switched_at: when they went there; None: it begins."""
    at = milliseconds(switched_at) if switched_at else None
    connection.execute(SQL["activate"], (session_id, at, user_id))


def switched_at(connection: sqlite3.Connection, user_id: UserId) -> datetime | None:
    """When they went to the active session; None when there is none, or it was not gone to but begun."""
    row = connection.execute(SQL["switched_at"], (user_id,)).fetchone()
    return maybe_moment(row[0]) if row else None


def choose_mode(connection: sqlite3.Connection, user_id: UserId, mode: str) -> None:
    """direct or smart."""
    connection.execute(SQL["choose_mode"], (mode, user_id))


def deactivate(connection: sqlite3.Connection, user_id: UserId, session_id: SessionId) -> None:
    """The session is closed; nobody talks to it any more."""
    connection.execute(SQL["deactivate"], (user_id, session_id))


def allowed(connection: sqlite3.Connection) -> frozenset[UserId]:
    """Those who were let in by the pairing code."""
    return frozenset(UserId(row[0]) for row in connection.execute(SQL["allowed_users"]))


def writers(connection: sqlite3.Connection) -> tuple[UserId, ...]:
    """Those who have written."""
    return tuple(UserId(row[0]) for row in connection.execute(SQL["writers"]))


def meet(connection: sqlite3.Connection, user_id: UserId, now: datetime) -> None:
    """Have a row for them, whether or not they ever wrote."""
    connection.execute(SQL["meet_user"], (user_id, milliseconds(now)))


def allow(connection: sqlite3.Connection, user_id: UserId, now: datetime) -> None:
    connection.execute(SQL["allow_user"], (user_id, milliseconds(now)))


def note_refusal(connection: sqlite3.Connection, user_id: UserId, now: datetime) -> None:
    connection.execute(SQL["refuse_user"], (user_id, milliseconds(now), milliseconds(now)))


def note_wrong_code(connection: sqlite3.Connection, user_id: UserId, now: datetime) -> None:
    connection.execute(SQL["count_wrong_code"], (user_id, milliseconds(now)))


def forget_wrong_codes(connection: sqlite3.Connection) -> None:
    """A new code is printed; everybody may try again."""
    connection.execute(SQL["forget_wrong_codes"])
