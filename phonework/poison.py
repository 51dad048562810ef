"""Events that could not be decided because of a bug: kept whole, so that nothing is lost and they can be run again."""

import sqlite3
from dataclasses import replace
from datetime import datetime

from phonework import ringing
from phonework.channels.base import Recalled
from phonework.engine import Happened, Outcome, ingest
from phonework.engine import keep as keep  # an agent's, a timer's or an effect's event
from phonework.fsm import effects as order
from phonework.fsm.events import EVENTS
from phonework.fsm.reasons import Reason
from phonework.intake import Desk, take
from phonework.link.base import Envelope
from phonework.store import effects, events, users
from phonework.store.codec import convert, dump, load
from phonework.store.effects import Owed
from phonework.store.events import Record, Status


def keep_envelope(connection: sqlite3.Connection, envelope: Envelope, error: str, now: datetime) -> Outcome:
    """Store what a person did alone, and owe them a sentence about it."""
    act = envelope.said or envelope.clicked or envelope.recalled
    assert act is not None
    source = "click" if envelope.clicked is not None else "message"
    key = f"{act.key}:recalled" if isinstance(act, Recalled) else act.key
    if known := events.find(connection, source, key):
        return Outcome(status=known.status, reason=known.reason, duplicate=True)
    if not isinstance(act, Recalled):
        users.touch(connection, envelope.user_id, envelope.language, act.chat, now)
    record = Record(
        source=source,
        key=key,
        kind=type(act).__name__,
        user_id=envelope.user_id,
        occurred_at=envelope.received_at,
        status=Status.POISONED,
        reason=Reason.ERROR,
        payload=dump({"envelope": envelope, "error": error[:2000]}),
    )
    events.add(connection, record, now)
    owed = () if isinstance(act, Recalled) else _sorry(connection, envelope, act.key, now)
    return Outcome(status=Status.POISONED, reason=Reason.ERROR, owed=owed)


def _sorry(connection: sqlite3.Connection, envelope: Envelope, key: str, now: datetime) -> tuple[Owed, ...]:
    act = envelope.said or envelope.clicked
    assert act is not None
    return effects.add(
        connection,
        [order.Say(text="say.poisoned", reply_to=act.message_id)],
        prefix=f"{envelope.user_id}:{key}:poisoned",
        session_id=None,
        user_id=envelope.user_id,
        chat=act.chat,
        now=now,
    )


def rerun(connection: sqlite3.Connection, seq: int, desk: Desk, now: datetime) -> Outcome:
    """Take a poisoned event in again, in the place of the stored one; if that raises, it stays as it was.

    Raises KeyError when there is no such event, or it is not poisoned.
    """
    stored = events.get(connection, seq)
    if stored is None or stored.status is not Status.POISONED:
        raise KeyError(seq)
    events.forget_poisoned(connection, seq)
    if stored.source == ringing.SOURCE:
        return Outcome(status=Status.APPLIED, owed=ringing.rerun(connection, stored, now))
    kept = load(dict[str, object], stored.payload)
    if "envelope" in kept:
        envelope = convert(kept["envelope"], Envelope)
        return take(connection, replace(envelope, received_at=now), None, desk, now).outcome
    assert stored.session_id is not None
    one = Happened(
        source=stored.source,
        key=stored.key,
        session_id=stored.session_id,
        event=convert(kept["event"], EVENTS[stored.kind]),
        occurred_at=stored.occurred_at,
        user_id=stored.user_id,
    )
    return ingest(connection, one, now)
