"""Companions: sessions that are a person's own helpers, made when they are first needed."""

import hashlib
from dataclasses import replace
from datetime import timedelta

from phonework.channels.base import Chat
from phonework.fsm import events as happened
from phonework.fsm.types import SessionId, UserId
from phonework.intake.hand import Hand
from phonework.store import events, sessions
from phonework.store.codec import dump
from phonework.store.events import Record, Status
from phonework.store.sessions import NewSession


def companion_of(user_id: UserId, backend: str) -> SessionId:
    """The id a person's companion has, for ever."""
    return SessionId(f"{backend}-{hashlib.sha256(user_id.encode()).hexdigest()[:8]}")


def companion(hand: Hand, backend: str, chat: Chat) -> SessionId:
    """The person's companion of this kind, shown in the chat from now on. It never closes for want of use."""
    session_id = companion_of(hand.user_id, backend)
    if sessions.exists(hand.connection, session_id):
        sessions.move_chat(hand.connection, session_id, chat)
        return session_id
    capabilities = hand.desk.backends[backend]
    new = NewSession(
        session_id=session_id,
        user_id=hand.user_id,
        backend=backend,
        cwd=str(hand.desk.root),
        chat=chat,
        timeouts=replace(hand.desk.timeouts, idle=timedelta()),
        can_steer=capabilities.can_steer,
        companion=True,
    )
    sessions.add(hand.connection, new, hand.now)
    record = Record(
        source="companion",
        key=session_id,
        kind=happened.Created.__name__,
        session_id=session_id,
        user_id=hand.user_id,
        occurred_at=hand.now,
        status=Status.APPLIED,
        target_state="idle",
        version=1,
        payload=dump(new),
    )
    events.add(hand.connection, record, hand.now)
    return session_id
