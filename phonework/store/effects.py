"""Effects: the outbox. A row is owed until it is done, given up, or replaced by a newer one."""

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType

from phonework.channels.base import NOWHERE, Chat
from phonework.fsm import effects as order
from phonework.fsm.effects import EFFECTS, Effect
from phonework.fsm.types import Prompt, Request, RequestId, SessionId, UserId
from phonework.store import messages
from phonework.store.codec import dump, load, load_frozen, maybe_moment, milliseconds, moment
from phonework.store.queries import SQL

ONCE = (order.StartTurn, order.SteerTurn, order.AnswerAgent)
"""Claimed before they are carried out: after a crash the person is asked rather than the agent told twice."""
AGENT = (
    *ONCE,
    order.InterruptTurn,
    order.KillAgent,
    order.CloseAgent,
    order.SetMode,
    order.RemoveRule,
    order.TakeBase,
    order.TakeOver,
)
UPDATES = (order.UpdateRequest, order.UpdatePrompt, order.UpdateTurn)
"""Only the newest of these matters for one card."""
RINGS = (
    order.ShowRequest, order.ShowTurn, order.ShowTask, order.ShowPrompt, order.TellResult, order.Say, order.Relay,
)  # fmt: skip
"""A new message, at which a phone may ring: it waits while its person is not to be disturbed."""

WAITS = frozenset(
    f"say.{what}{kind}" for what in ("wait_reminder", "wait_expired") for kind in ("", "_choice", "_input", "_plan")
)
"""What is said of a question, of a session that is shown nowhere too."""


class Ended(StrEnum):
    """How an effect left the outbox."""

    DONE = "done"
    FAILED = "failed"
    UNKNOWN = "unknown"
    SUPERSEDED = "superseded"


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """How to reach the agent of a session."""

    backend: str
    cwd: str
    agent_session_id: str
    model: str
    mode: str
    user_id: UserId
    fork_of: str = ""
    container: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What an order to an agent is about. prompts, request: those the effect names."""

    run: Run
    prompts: tuple[Prompt, ...] = ()
    request: Request | None = None
    current: bool = True  # the order still makes sense
    stopping: bool = False  # the turn that it is to start is being stopped

    @property
    def has_attachments(self) -> bool:
        return any(prompt.attachments for prompt in self.prompts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Owed:
    """One row of the outbox. key: `session:version:n`; lane: what is ordered among itself; chat: where it is shown.

    claimed: by the very commit that owes it, for this process to carry out or to give back. job: what that commit knew
    of a claimed order; None: it is to be read when its turn comes.
    """

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
    claimed: bool = False
    job: Job | None = None


NO_JOBS: Mapping[int, Job] = MappingProxyType({})


def add(
    connection: sqlite3.Connection,
    effects: Sequence[Effect],
    *,
    prefix: str,
    session_id: SessionId | None,
    user_id: UserId,
    chat: Chat,
    now: datetime,
    jobs: Mapping[int, Job] = NO_JOBS,
    quiet_until: datetime | None = None,
) -> tuple[Owed, ...]:
    """Owe them, in order. prefix: of their keys, unique for this step.

    jobs: of the orders, by their place, that are claimed at once if nothing is owed before them in their lane.
    quiet_until: what rings waits for it, in a lane of its own, so that nothing else waits behind it.
    chat: of a session shown nowhere only what is asked is owed, to its person alone.
    """
    nowhere = chat == NOWHERE
    if nowhere:
        chat = messages.private_chat(connection, user_id) or NOWHERE
    at, chat_text = milliseconds(now), dump(chat)
    added = []
    for number, effect in enumerate(effects):
        if nowhere and not (isinstance(effect, AGENT) or (chat != NOWHERE and _is_asked(effect))):
            continue
        key, lane, once = f"{prefix}:{number}", _lane(effect, session_id, user_id), isinstance(effect, ONCE)
        not_before = now
        if quiet_until is not None and isinstance(effect, RINGS):
            lane, not_before = held_lane(user_id), quiet_until
        job = jobs.get(number)
        claimed = job is not None and _is_free(connection, lane)
        (seq,) = connection.execute(
            SQL["add_effect"],
            (
                key, session_id, user_id, lane, type(effect).__name__, "once" if once else "repeat",
                "claimed" if claimed else "owed", int(claimed), at if claimed else None, at, milliseconds(not_before),
                chat_text, dump(effect),
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
                not_before=not_before,
                claimed=claimed,
                job=job if claimed else None,
            )
        )
    return tuple(added)


def _is_asked(effect: Effect) -> bool:
    """It is about a question that only its person can answer."""
    match effect:
        case order.ShowRequest() | order.UpdateRequest():
            return True
        case order.Say(text=text):
            return text in WAITS
        case _:
            return False


def _is_free(connection: sqlite3.Connection, lane: str) -> bool:
    """Whether nothing of the lane is on its way."""
    return connection.execute(SQL["pending_in_lane"], (lane, lane)).fetchone() is None


def _lane(effect: Effect, session_id: SessionId | None, user_id: UserId) -> str:
    return f"agent:{session_id}" if isinstance(effect, AGENT) else f"chat:{session_id or user_id}"


def held_lane(user_id: UserId) -> str:
    """Where things wait for the end of a person's quiet hours."""
    return f"held:{user_id}"


def released_lane(user_id: UserId) -> str:
    """Where they are carried out once their person is there before that."""
    return f"released:{user_id}"


def is_held(effect: Owed) -> bool:
    return effect.lane == held_lane(effect.user_id)


def is_late(effect: Owed) -> bool:
    """It had to wait for the person: much may have happened since it was owed."""
    return effect.lane in (held_lane(effect.user_id), released_lane(effect.user_id))


def release(connection: sqlite3.Connection, user_id: UserId, now: datetime) -> tuple[Owed, ...]:
    """The person is there: what waited for the end of their quiet hours is due now. Returns it."""
    held = [_owed(row) for row in connection.execute(SQL["held_effects"], (held_lane(user_id),))]
    due = tuple(replace(one, lane=released_lane(user_id), not_before=now) for one in held)
    for one in due:
        connection.execute(SQL["release_effect"], (one.lane, milliseconds(now), one.seq))
    return due


def is_there(connection: sqlite3.Connection, effect: Owed) -> bool:
    """It is still owed, and in this lane."""
    return connection.execute(SQL["effect_is_there"], (effect.seq, effect.lane)).fetchone() is not None


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


def owe_again(connection: sqlite3.Connection, effects: Iterable[Owed]) -> None:
    """They were claimed and certainly not carried out."""
    for one in effects:
        connection.execute(SQL["owe_again"], (one.seq,))


def start_is_owed(connection: sqlite3.Connection, session_id: SessionId, turn: int) -> bool:
    """The turn has not been handed to the agent, or it is not known whether it was."""
    return connection.execute(SQL["session_has_start_owed"], (session_id, turn)).fetchone() is not None


def is_unheard(connection: sqlite3.Connection, session_id: SessionId, prompt: Prompt) -> bool:
    """The order that hands the message to the agent is owed, and nobody has claimed it."""
    return (
        connection.execute(SQL["prompt_is_unheard"], (session_id, prompt.turn, prompt.prompt_id)).fetchone() is not None
    )


def answer_is_unknown(connection: sqlite3.Connection, session_id: SessionId, request_id: RequestId) -> bool:
    """An answer was on its way when the program ended, and nobody knows whether the agent got it."""
    return connection.execute(SQL["answer_is_unknown"], (session_id, request_id)).fetchone() is not None


def owe_start_again(connection: sqlite3.Connection, session_id: SessionId, turn: int, attempts: int) -> bool:
    """The turn that was handed over goes on by being handed over again; False when that was tried often enough."""
    return connection.execute(SQL["owe_start_again"], (session_id, turn, attempts)).rowcount == 1


def counts(connection: sqlite3.Connection) -> dict[str, int]:
    """How many are owed, claimed, failed and unknown."""
    return dict(connection.execute(SQL["count_effects"]).fetchall())


def note_attempt(connection: sqlite3.Connection, effect: Owed, now: datetime) -> None:
    """An effect that may be repeated is about to be tried."""
    connection.execute(SQL["try_effect"], (milliseconds(now), effect.seq))
