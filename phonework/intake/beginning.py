"""How a session begins: its row, its first history entry, what is said of it, and what is taken down before it works."""

import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from phonework.engine import Outcome
from phonework.fsm import effects as order
from phonework.fsm import events as happened
from phonework.fsm.draft import Arm
from phonework.fsm.effects import Effect
from phonework.fsm.types import SessionId
from phonework.intake.hand import Hand, Taken
from phonework.store import effects, events, listing, sessions, timers, users
from phonework.store.codec import dump
from phonework.store.events import Record, Status
from phonework.store.sessions import NewSession

_NAMES_TRIED: Final = 100


def free_name(hand: Hand) -> SessionId:
    for _ in range(_NAMES_TRIED):
        name = hand.desk.new_id()
        if not sessions.exists(hand.connection, name) and not listing.named(hand.connection, hand.user_id, name):
            return SessionId(name)
    return SessionId(f"{hand.desk.new_id()}-{uuid.uuid4().hex[:8]}")


def begun(
    hand: Hand, new: NewSession, *, key: str, occurred_at: datetime, orders: Sequence[Effect], active: bool = True
) -> Taken:
    """The session: all in this commit. orders: owed first, before the agent can be told anything.

    active: its person's words go there from now on.
    """
    sessions.add(hand.connection, new, hand.now)
    if active:
        users.activate(hand.connection, hand.user_id, new.session_id)
    record = Record(
        source=hand.source,
        key=key,
        kind=happened.Created.__name__,
        session_id=new.session_id,
        user_id=hand.user_id,
        occurred_at=occurred_at,
        status=Status.APPLIED,
        target_state="idle",
        version=1,
        payload=dump(new),
    )
    events.add(hand.connection, record, hand.now)
    owed = effects.add(
        hand.connection,
        [*orders, order.TakeBase()],
        prefix=f"{new.session_id}:1",
        session_id=new.session_id,
        user_id=hand.user_id,
        chat=new.chat,
        now=hand.now,
    )
    if new.timeouts.idle > timedelta():
        rests = Arm(name="idle", due=hand.now + new.timeouts.idle, turn=0, generation=0)
        timers.change(hand.connection, new.session_id, [rests])
    outcome = Outcome(status=Status.APPLIED, session_id=new.session_id, next_due=timers.next_due(hand.connection))
    return Taken(outcome=outcome, owed=owed)
