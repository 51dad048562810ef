"""What every step of an intake needs: the node's facts, the transaction, and the writing down."""

import sqlite3
import uuid
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from phonework import texts
from phonework.backends.base import Capabilities
from phonework.channels.base import Clicked
from phonework.engine import NAMESPACE, Outcome
from phonework.errors import RefusedError
from phonework.fsm import effects as order
from phonework.fsm.effects import Effect
from phonework.fsm.reasons import Reason
from phonework.fsm.types import (
    PromptId,
    SessionId,
    Timeouts,
    UserId,
)
from phonework.link.base import Envelope
from phonework.store import effects, events, listing, sessions, topics, users, views
from phonework.store.codec import dump
from phonework.store.events import Record, Status
from phonework.views import (
    DeskView,
    ModeView,
    PendingView,
    PromptView,
    RemindersView,
    ReminderView,
    RequestView,
    TurnView,
    Wishes,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What a node knows of itself. backends: those that can be used, by name. new_id: proposes a session's name.

    wishes: of people who chose nothing. smart: they begin in smart mode. hears: voice messages are put into words.
    root: the working root. assistant, shell: the backends that smart mode and `/shell` talk to, or empty. routed: how many
    messages each rule sent on since the start. commands_of: the slash commands that the backend of this name knows of its
    agent of a session.
    """

    backends: Mapping[str, Capabilities]
    default_backend: str
    new_id: Callable[[], str]
    root: Path
    assistant: str = ""
    smart: bool = True
    shell: str = ""
    hears: bool = False
    routed: Counter[str] = field(default_factory=Counter)
    commands_of: Callable[[str, SessionId], frozenset[str]] = lambda _backend, _session_id: frozenset()
    timeouts: Timeouts = field(default_factory=Timeouts)
    stale_after: timedelta = timedelta(minutes=10)
    wishes: Wishes = field(default_factory=lambda: Wishes(language=texts.DEFAULT))


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """What an act is about, looked up before the commit; or why it cannot be used.

    path: the directory that a `/new` asked for. desk: the conversation begun at the desk to go on with.
    """

    path: str = ""
    refused: RefusedError | None = None
    desk: DeskView | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What a person's act came to. toast: kind and key of what a clicker sees. card: what is true of the card now.

    toast_params: what the toast names. wishes: how they want to be shown it.
    """

    outcome: Outcome
    owed: tuple[effects.Owed, ...] = ()
    toast: tuple[str, str] | None = None
    toast_params: Mapping[str, str] = field(default_factory=dict)
    card: RequestView | TurnView | PromptView | ModeView | PendingView | ReminderView | RemindersView | None = None
    wishes: Wishes | None = None

    @property
    def next_due(self) -> datetime | None:
        return self.outcome.next_due


@dataclass(slots=True)
class Hand:
    """What every step of one intake needs. source: of the events that come of it, as the history names it."""

    connection: sqlite3.Connection
    envelope: Envelope
    desk: Desk
    now: datetime
    source: str = "message"

    @property
    def user_id(self) -> UserId:
        return self.envelope.user_id

    @property
    def wishes(self) -> Wishes:
        """How the person wants things shown."""
        return users.wishes_of(users.get(self.connection, self.user_id), self.desk.wishes)

    @property
    def language(self) -> str:
        """In which the person is spoken to."""
        return self.wishes.language

    def derive(self, key: str, purpose: str) -> PromptId:
        """An id that a redelivery derives again."""
        return PromptId(str(uuid.uuid5(NAMESPACE, f"{purpose}:{key}")))


def find_session(hand: Hand, target: str) -> SessionId | None:
    """One of the person's own open sessions, by number, id or name; another's is as good as none."""
    own = sessions.ids_of(hand.connection, hand.user_id)
    if target.isdecimal() and len(target) < 6:
        number = int(target)
        return own[number - 1] if 1 <= number <= len(own) else None
    wanted = target.strip().lower()
    if wanted in own:
        return SessionId(wanted)
    return listing.named(hand.connection, hand.user_id, wanted) if wanted else None


def active(hand: Hand) -> SessionId | None:
    """The session that is meant where none is named: in a topic of a group the one it is about, else the one gone to last."""
    act = hand.envelope.said or hand.envelope.clicked
    here = topics.session_in(hand.connection, hand.user_id, act.chat) if act is not None else None
    return here or users.active_session(hand.connection, hand.user_id)


def is_smart(hand: Hand) -> bool:
    """There is an assistant, and the person wants it."""
    user = users.get(hand.connection, hand.user_id)
    chosen = user.mode if user else ""
    return bool(hand.desk.assistant) and (chosen == "smart" if chosen else hand.desk.smart)


def switched(hand: Hand, session_id: SessionId) -> Effect:
    view = views.session(hand.connection, session_id)
    return order.Say(text="say.switched", params={"project": view.project, "session_id": session_id})


def note(
    hand: Hand, source: str, key: str, kind: str, what: object, occurred_at: datetime, reason: Reason | None
) -> None:
    record = Record(
        source=source,
        key=key,
        kind=kind,
        user_id=hand.user_id,
        occurred_at=occurred_at,
        status=Status.APPLIED if reason is None else Status.IGNORED,
        reason=reason,
        payload=dump(what),
    )
    events.add(hand.connection, record, hand.now)


def owe(hand: Hand, orders: Sequence[Effect], *, key: str) -> tuple[effects.Owed, ...]:
    """Effects that belong to no session: shown to the person, where they wrote."""
    act = hand.envelope.said or hand.envelope.clicked
    assert act is not None
    return effects.add(
        hand.connection,
        orders,
        prefix=f"{hand.user_id}:{key}",
        session_id=None,
        user_id=hand.user_id,
        chat=act.chat,
        now=hand.now,
    )


def refused(reason: Reason, *, duplicate: bool = False) -> Taken:
    """A tap that changed nothing."""
    status = Status.STALE if reason.is_stale else Status.IGNORED
    return Taken(
        outcome=Outcome(status=status, reason=reason, duplicate=duplicate), toast=("warning", f"reason.{reason.value}")
    )


def stray(hand: Hand, clicked: Clicked, reason: Reason) -> Taken:
    """A tap that names nothing we know, or nothing of theirs."""
    what = {"value": dump(clicked.value)[:2000], "message_id": clicked.message_id}
    note(hand, "click", clicked.key, "Clicked", what, clicked.clicked_at, reason)
    return refused(reason)
