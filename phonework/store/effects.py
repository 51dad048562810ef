"""Effects: the outbox. A row is owed until it is done, given up, or replaced by a newer one."""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from phonework.channels.base import Chat
from phonework.fsm import effects as order
from phonework.fsm.effects import EFFECTS, Effect
from phonework.fsm.types import SessionId, UserId
from phonework.store.codec import dump, load, load_frozen, maybe_moment, milliseconds, moment
from phonework.store.queries import SQL

ONCE = (order.StartTurn, order.SteerTurn, order.AnswerAgent)
"""Claimed before they are carried out: after a crash the person is asked rather than the agent told twice."""
AGENT = (*ONCE, order.InterruptTurn, order.KillAgent, order.CloseAgent)
UPDATES = (order.UpdateRequest, order.UpdatePrompt)
"""Only the newest of these matters for one card."""


class Ended(StrEnum):
    """How an effect left the outbox."""

    DONE = "done"
    FAILED = "failed"
    UNKNOWN = "unknown"
    SUPERSEDED = "superseded"


@dataclass(frozen=True, slots=True, kw_only=True)
class Owed:
    """One row of the outbox. key: `session:version:n`; lane: what is ordered among itself; chat: where it is shown."""

    seq: int
    key: str
    session_id: SessionId | None
    user_id: UserId
    lane: str
    effect: Effect
    once: bool
    chat: Chat
    not_before: datetime
    attempts: int = 0
    first_at: datetime | None = None


def add(
    connection: sqlite3.Connection,
    effects: Sequence[Effect],
    *,
    prefix: str,
    session_id: SessionId | None,
    user_id: UserId,
    chat: Chat,
    now: datetime,
) -> tuple[Owed, ...]:
    """Owe them, in order. prefix: of their keys, unique for this step."""
    at, chat_text = milliseconds(now), dump(chat)
    added = []
    for number, effect in enumerate(effects):
        key, lane, once = f"{prefix}:{number}", _lane(effect, session_id, user_id), isinstance(effect, ONCE)
        (seq,) = connection.execute(
            SQL["add_effect"],
            (
                key, session_id, user_id, lane, type(effect).__name__, "once" if once else "repeat",
                at, at, chat_text, dump(effect),
            ),
        ).fetchone()  # fmt: skip
        added.append(
            Owed(
                seq=seq,
                key=key,
                session_id=session_id,
                user_id=user_id,
                lane=lane,
                effect=effect,
                once=once,
                chat=chat,
                not_before=now,
            )
        )
    return tuple(added)


def _lane(effect: Effect, session_id: SessionId | None, user_id: UserId) -> str:
    return f"agent:{session_id}" if isinstance(effect, AGENT) else f"chat:{session_id or user_id}"


def owed(connection: sqlite3.Connection) -> tuple[Owed, ...]:
    """Everything not yet carried out, in order."""
    return tuple(_owed(row) for row in connection.execute(SQL["owed_effects"]))


def claimed(connection: sqlite3.Connection) -> tuple[Owed, ...]:
    """What an earlier process had begun to carry out when it died."""
    return tuple(_owed(row) for row in connection.execute(SQL["claimed_effects"]))


def _owed(row: tuple[object, ...]) -> Owed:
    seq, key, session_id, user_id, lane, kind, policy, attempts, first_at, not_before, chat, payload = row
    return Owed(
        seq=seq,  # type: ignore[arg-type]  # STRICT columns have their types
        key=key,  # type: ignore[arg-type]
        session_id=session_id,  # type: ignore[arg-type]
        user_id=user_id,  # type: ignore[arg-type]
        lane=lane,  # type: ignore[arg-type]
        effect=load(EFFECTS[str(kind)], str(payload)),
        once=policy == "once",
        attempts=attempts,  # type: ignore[arg-type]
        first_at=maybe_moment(first_at),  # type: ignore[arg-type]
        not_before=moment(not_before),  # type: ignore[arg-type]
        chat=load_frozen(Chat, str(chat)),
    )


def claim(connection: sqlite3.Connection, effect: Owed, now: datetime) -> bool:
    """Take a `once` effect; False when it is no longer owed."""
    return connection.execute(SQL["claim_effect"], (milliseconds(now), effect.seq)).rowcount == 1


def is_superseded(connection: sqlite3.Connection, effect: Owed) -> bool:
    """A newer order to bring the same card up to date is waiting behind it."""
    if not isinstance(effect.effect, UPDATES):
        return False
    values = (effect.lane, type(effect.effect).__name__, dump(effect.effect), effect.seq)
    return connection.execute(SQL["newer_update"], values).fetchone() is not None


def end(connection: sqlite3.Connection, effect: Owed, how: Ended, result: str, now: datetime) -> bool:
    """Take it off the outbox; False when it was already."""
    values = (how.value, milliseconds(now), result[:2000], effect.seq)
    return connection.execute(SQL["end_effect"], values).rowcount == 1


def postpone(connection: sqlite3.Connection, effect: Owed, until: datetime, why: str, now: datetime) -> None:
    """Try again later."""
    values = (milliseconds(until), milliseconds(now), why[:2000], effect.seq)
    connection.execute(SQL["postpone_effect"], values)


def owe_again(connection: sqlite3.Connection, effect: Owed) -> None:
    """It was claimed and certainly not carried out."""
    connection.execute(SQL["owe_again"], (effect.seq,))


def start_is_owed(connection: sqlite3.Connection, session_id: SessionId, turn: int) -> bool:
    """The turn has not been handed to the agent, or it is not known whether it was."""
    return connection.execute(SQL["session_has_start_owed"], (session_id, turn)).fetchone() is not None


def counts(connection: sqlite3.Connection) -> dict[str, int]:
    """How many are owed, claimed, failed and unknown."""
    return dict(connection.execute(SQL["count_effects"]).fetchall())


def note_attempt(connection: sqlite3.Connection, effect: Owed, now: datetime) -> None:
    """An effect that may be repeated is about to be tried."""
    connection.execute(SQL["try_effect"], (milliseconds(now), effect.seq))
