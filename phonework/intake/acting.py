"""What the assistant, or a shell, does in a person's name: by the same events and checks as the person, under the key of its call.

A call made again changes nothing. Another's session is as good as none. No act of these answers an agent's question.
"""

import sqlite3
from dataclasses import dataclass
from datetime import datetime

from phonework import commands
from phonework.channels.base import Chat, Said
from phonework.engine import Happened, Outcome, ingest
from phonework.errors import RefusedError
from phonework.fsm import events as happened
from phonework.fsm.effects import Effect
from phonework.fsm.events import Event
from phonework.fsm.types import SessionId, UserId
from phonework.intake.commanded import capable, create
from phonework.intake.hand import Desk, Hand, Opened, Taken, find_session
from phonework.intake.messages import prompt_of
from phonework.link.base import Envelope
from phonework.store import effects, events, requests, sessions

SOURCE = "assistant"


@dataclass(frozen=True, slots=True, kw_only=True)
class Deputy:
    """For whom, by which call, and where the person reads what comes of it. source: of the events that come of it."""

    user_id: UserId
    key: str
    chat: Chat
    language: str
    source: str = SOURCE

    def hand(self, connection: sqlite3.Connection, desk: Desk, now: datetime, words: str = "") -> Hand:
        """As if the person had said the words now."""
        said = Said(key=self.key, user=self.user_id, chat=self.chat, message_id="", text=words, sent_at=now)
        envelope = Envelope(user_id=self.user_id, language=self.language, received_at=now, said=said)
        return Hand(connection, envelope, desk, now, source=self.source)


def send(hand: Hand, session_id: str) -> Taken:
    """Give a session the words. Raises RefusedError when it has a question open: only the person answers that."""
    found = _own(hand, session_id)
    if requests.open_prompt(hand.connection, found):
        raise RefusedError("session_asks", session_id=found)
    assert hand.envelope.said is not None
    sessions.move_chat(hand.connection, found, hand.envelope.said.chat)
    return _happens(hand, found, happened.MessageReceived(prompt=prompt_of(hand, hand.envelope.said), by=hand.user_id))


def close(hand: Hand, session_id: str) -> Taken:
    return _happens(hand, _own(hand, session_id), happened.CloseAsked(by=hand.user_id))


def begin(hand: Hand, opened: Opened, *, backend: str = "") -> Taken:
    """A new session in the directory, with the words as its first message if there are any. Raises RefusedError."""
    said = hand.envelope.said
    assert said is not None
    if known := events.find(hand.connection, hand.source, said.key):
        return Taken(outcome=Outcome(status=known.status, duplicate=True, session_id=known.session_id))
    name = backend or hand.desk.default_backend
    if capable(hand.desk, name) is None:
        known_names = sorted(one for one in hand.desk.backends if capable(hand.desk, one))
        raise RefusedError("backend_unknown", backend=name[:40], known=", ".join(known_names))
    return create(hand, said, commands.New(directory=opened.path, backend=name, message=said.text), opened)


def show(hand: Hand, session_id: str, *orders: Effect) -> tuple[effects.Owed, ...]:
    """Show the person something of a session of theirs."""
    said = hand.envelope.said
    assert said is not None
    return effects.add(
        hand.connection,
        orders,
        prefix=f"{said.key}:show",
        session_id=_own(hand, session_id),
        user_id=hand.user_id,
        chat=said.chat,
        now=hand.now,
    )


def _own(hand: Hand, session_id: str) -> SessionId:
    found = find_session(hand, session_id)
    if found is None:
        raise RefusedError("no_such_session", target=session_id[:80])
    return found


def _happens(hand: Hand, session_id: SessionId, event: Event) -> Taken:
    said = hand.envelope.said
    assert said is not None
    one = Happened(
        source=hand.source,
        key=said.key,
        session_id=session_id,
        event=event,
        occurred_at=hand.now,
        user_id=hand.user_id,
    )
    outcome = ingest(hand.connection, one, hand.now, claim=True)
    return Taken(outcome=outcome, owed=outcome.owed)
