"""Agents met at terminals of this machine become sessions of whoever works at it."""

import sqlite3
from dataclasses import replace
from datetime import datetime, timedelta

from phonework.backends.base import Arrival
from phonework.channels.base import NOWHERE
from phonework.fsm.types import SessionId, UserId
from phonework.intake.acting import Deputy
from phonework.intake.beginning import begun, free_name
from phonework.intake.hand import Desk
from phonework.store import sessions, users
from phonework.store.sessions import NewSession


def adopt(
    connection: sqlite3.Connection, desk: Desk, owner: UserId, backend: str, arrival: Arrival, now: datetime
) -> SessionId:
    """The owner's open session with this agent, made if there is none.

    Its time is its own: somebody sits at the terminal, so no turn and no question ends for want of an answer here.
    """
    if known := sessions.of_agent(connection, owner, backend, arrival.agent_session_id):
        return known
    users.meet(connection, owner, now)
    key = f"{backend}:{arrival.agent_session_id}:{now.isoformat()}"
    hand = Deputy(user_id=owner, key=key, chat=NOWHERE, language="", source="terminal").hand(connection, desk, now)
    nothing = timedelta()
    new = NewSession(
        session_id=free_name(hand),
        user_id=owner,
        backend=backend,
        cwd=arrival.cwd,
        chat=NOWHERE,
        timeouts=replace(desk.timeouts, wait=nothing, turn=nothing, background=nothing),
        can_steer=desk.backends[backend].can_steer,
        agent_session_id=arrival.agent_session_id,
    )
    begun(hand, new, key=key, occurred_at=now, orders=(), active=False)
    return new.session_id
