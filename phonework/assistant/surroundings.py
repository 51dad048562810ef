"""Whom the assistant speaks with, and what it knows of their sessions: read anew for each request to the model."""

import sqlite3
from dataclasses import dataclass
from datetime import datetime, tzinfo
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from phonework import texts
from phonework.channels.base import Chat
from phonework.fsm.types import SessionId, State, UserId
from phonework.one_line import one_line
from phonework.store import dialogue, sessions, views
from phonework.views import SessionView

MAX_SESSIONS: Final = 20
MAX_QUESTION: Final = 120
_STATES: Final = {
    State.IDLE: "idle",
    State.EXECUTING: "working",
    State.WAITING_CONFIRM: "waits for the person's decision",
    State.WAITING_INPUT: "waits for the person's words",
    State.STOPPING: "stopping",
    State.CLOSED: "closed",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """What is the same for everybody. zone: of people who chose none; None: the machine's."""

    root: Path
    language: str
    zone: tzinfo | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """One person. sessions: theirs that are open, numbered; cwd: where the active one works, else the root.

    zone: None is the machine's.
    """

    user_id: UserId
    language: str
    zone: tzinfo | None
    root: Path
    cwd: Path
    chat: Chat
    sessions: tuple[SessionView, ...] = ()

    @property
    def active(self) -> SessionView | None:
        return next((one for one in self.sessions if one.active), None)


def look(connection: sqlite3.Connection, companion: SessionId, house: House) -> Surroundings:
    """Raises KeyError when there is no such companion."""
    person = dialogue.person(connection, companion)
    chat = sessions.chat_of(connection, companion)
    found = views.status(connection, person.user_id, chat).sessions
    active = next((one for one in found if one.active), None)
    return Surroundings(
        user_id=person.user_id,
        language=texts.spoken(person.chosen_language, person.language, house.language),
        zone=_zone(person.timezone) or house.zone,
        root=house.root,
        cwd=Path(active.cwd) if active else house.root,
        chat=chat,
        sessions=found,
    )


def system_prompt(around: Surroundings, now: datetime) -> str:
    """What the model is told before each request: who, when, where, which sessions, and what it must not do."""
    local = now.astimezone(around.zone)
    return "\n".join(
        (
            "You are the assistant of PhoneWork, in a chat on a person's phone. The person has coding agents working in",
            "sessions, each in a directory of their machine. Answer questions yourself, briefly, in plain Markdown.",
            f"Write {texts.text(around.language, 'language.name')} unless the person writes another language.",
            f"Now: {local:%A %Y-%m-%d %H:%M} ({_zone_name(around.zone, local)}). Working root: {around.root}",
            "",
            *_sessions(around),
            "",
            "Rules: Work on code belongs to a session: hand it on in the person's own words. What an agent answers goes to",
            "the person directly, not to you: say only that you sent it. You cannot answer an agent's questions or approve",
            "anything; only the person can, on the card or by replying. Never say that something was done unless a tool",
            "did it. If a tool fails, say so. If you do not know which session is meant, ask.",
        )
    )


def _sessions(around: Surroundings) -> list[str]:
    if not around.sessions:
        return ["Open sessions: none."]
    more = len(around.sessions) - MAX_SESSIONS
    lines = [_line(one) for one in around.sessions[:MAX_SESSIONS]]
    return ["Open sessions (number, id, project, state):", *lines, *([f"… and {more} more"] if more > 0 else [])]


def _line(one: SessionView) -> str:
    asks = f', asks: "{one_line(one.asking, MAX_QUESTION)}"' if one.asking else ""
    queued = f", {one.queued} messages wait" if one.queued else ""
    active = ", active: the person talks to it" if one.active else ""
    return f"{one.number}. {one.session_id}, {one_line(one.project, 60)}, {_STATES[one.state]}{asks}{queued}{active}"


def _zone(name: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(name) if name else None
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def _zone_name(zone: tzinfo | None, local: datetime) -> str:
    return getattr(zone, "key", None) or local.strftime("UTC%z")
