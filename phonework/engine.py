"""The engine: seen before? → load → decide → one commit. Every way to change a session leads through `ingest`."""

import sqlite3
import uuid
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

import structlog

from phonework import ringing
from phonework.fsm import effects as order
from phonework.fsm import events as happened
from phonework.fsm.draft import Arm
from phonework.fsm.effects import Effect
from phonework.fsm.events import Event
from phonework.fsm.machine import Decision, decide
from phonework.fsm.reasons import Reason
from phonework.fsm.types import PromptId, Session, SessionId, State, UserId
from phonework.store import effects, events, reminders, sessions, timers, users
from phonework.store.batch import concerns_storage
from phonework.store.codec import dump
from phonework.store.effects import Ended, Job, Owed, Run
from phonework.store.events import Record, Status
from phonework.store.sessions import Found
from phonework.store.timers import Timer

log = structlog.get_logger(__name__)

NAMESPACE: Final = uuid.UUID("5b0a3a58-6f0c-4f0e-9a1e-7d3f5c1b2e90")
"""Of the ids that are derived from what caused them, so that a repeat derives the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Happened:
    """An event for one session. source and key name it for ever: message, click, agent, timer, effect or boot."""

    source: str
    key: str
    session_id: SessionId
    event: Event
    occurred_at: datetime
    user_id: UserId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of an event. reason: why nothing changed. owed: what the commit owes, in order.

    next_due: the earliest deadline that was set.
    """

    status: Status
    reason: Reason | None = None
    duplicate: bool = False
    session_id: SessionId | None = None
    source: State | None = None
    target: State | None = None
    owed: tuple[Owed, ...] = ()
    next_due: datetime | None = None

    @property
    def applied(self) -> bool:
        return self.status is Status.APPLIED


@dataclass(frozen=True, slots=True, kw_only=True)
class Swept:
    """What a look at the timers brought about. next_due: the earliest deadline left; None: there is none."""

    outcomes: tuple[Outcome, ...] = ()
    next_due: datetime | None = None
    owed: tuple[Owed, ...] = field(default=())


def ingest(connection: sqlite3.Connection, one: Happened, now: datetime, *, claim: bool = False) -> Outcome:
    """Take an event in, once: a repeat gets the first outcome and changes nothing.

    claim: the caller hears of what is owed after the commit, so an order that nothing is owed before is claimed in it.
    """
    if known := events.find(connection, one.source, one.key):
        return Outcome(status=known.status, reason=known.reason, duplicate=True, session_id=known.session_id)
    return ingest_new(connection, one, now, claim=claim)


def ingest_new(connection: sqlite3.Connection, one: Happened, now: datetime, *, claim: bool = False) -> Outcome:
    """`ingest` of an event that was looked for in this transaction and not found."""
    found = sessions.find(connection, one.session_id, one.event, now)
    if found is None:
        return _unknown_session(connection, one, now)
    session = found.session
    decision = decide(session, one.event, now)
    _record(connection, one, session, decision, now)
    if not decision.applied:
        return Outcome(
            status=_status_of(decision.reason),
            reason=decision.reason,
            session_id=one.session_id,
            source=decision.source,
            target=decision.target,
        )
    sessions.save(connection, session, decision, now)
    if decision.target is State.CLOSED:
        users.deactivate(connection, session.user_id, session.session_id)
    return Outcome(
        status=Status.APPLIED,
        session_id=one.session_id,
        source=decision.source,
        target=decision.target,
        owed=_owe(connection, found, decision, now, claim=claim),
        next_due=min((one.due for one in decision.timers if isinstance(one, Arm)), default=None),
    )


def take_in(connection: sqlite3.Connection, one: Happened, now: datetime) -> Outcome:
    """`ingest` for what comes of itself: if deciding raises, a bug, the event is kept alone as poisoned.

    So a deadline, an effect or a start that meets the bug goes on with the others. Raises what concerns the storage.
    """
    connection.execute("SAVEPOINT take_in")
    try:
        outcome = ingest(connection, one, now)
    except Exception as error:
        if concerns_storage(error):
            raise
        log.exception("deciding raised; the event is kept as poisoned", session_id=one.session_id, key=one.key)
        connection.execute("ROLLBACK TO take_in")
        outcome = keep(connection, one, repr(error), now)
    connection.execute("RELEASE take_in")
    return outcome


def keep(connection: sqlite3.Connection, one: Happened, error: str, now: datetime) -> Outcome:
    """Store an event that could not be decided, alone, so that it is not lost and can be run again."""
    if known := events.find(connection, one.source, one.key):
        return Outcome(status=known.status, reason=known.reason, duplicate=True, session_id=known.session_id)
    record = Record(
        source=one.source,
        key=one.key,
        kind=type(one.event).__name__,
        session_id=one.session_id if sessions.exists(connection, one.session_id) else None,
        user_id=one.user_id,
        occurred_at=one.occurred_at,
        status=Status.POISONED,
        reason=Reason.ERROR,
        payload=dump({"event": one.event, "error": error[:2000]}),
    )
    events.add(connection, record, now)
    return Outcome(status=Status.POISONED, reason=Reason.ERROR, session_id=one.session_id)


def _owe(
    connection: sqlite3.Connection, found: Found, decision: Decision, now: datetime, *, claim: bool
) -> tuple[Owed, ...]:
    """Write a session's effects down under the keys `session:version:n`."""
    if not decision.effects:
        return ()
    session = decision.session
    return effects.add(
        connection,
        decision.effects,
        prefix=f"{session.session_id}:{session.version}",
        session_id=session.session_id,
        user_id=session.user_id,
        chat=found.chat,
        now=now,
        jobs=_jobs(found, decision, now) if claim else effects.NO_JOBS,
        quiet_until=found.session.quiet_until,
    )


def _jobs(found: Found, decision: Decision, now: datetime) -> dict[int, Job]:
    """What the orders that may be claimed at once are about, by their place among the effects."""
    made = ((place, _job(effect, found, decision, now)) for place, effect in enumerate(decision.effects))
    return {place: job for place, job in made if job is not None}


def _job(effect: Effect, found: Found, decision: Decision, now: datetime) -> Job | None:
    """None when it must be read at its turn: the step did not touch what it names, or pictures are fetched first."""
    match effect:
        case order.StartTurn(prompt_ids=wanted):
            return _with_prompts(found, decision, wanted, now)
        case order.SteerTurn(prompt_id=wanted):
            return _with_prompts(found, decision, (wanted,), now)
        case order.AnswerAgent(request_id=wanted):
            request = next((one for one in decision.requests if one.request_id == wanted), None)
            return Job(run=_run(found, decision.session, now), request=request) if request is not None else None
        case _:
            return None


def _with_prompts(found: Found, decision: Decision, wanted: tuple[PromptId, ...], now: datetime) -> Job | None:
    prompts = tuple(one for one in decision.prompts if one.prompt_id in wanted)
    complete = len(prompts) == len(wanted) and not any(one.attachments for one in prompts)
    return Job(run=_run(found, decision.session, now), prompts=prompts) if complete else None


def _run(found: Found, session: Session, now: datetime) -> Run:
    return Run(
        backend=session.backend,
        cwd=session.cwd,
        agent_session_id=session.agent_session_id,
        model=session.model,
        mode=session.mode_at(now),
        user_id=session.user_id,
        fork_of=found.fork_of,
        container=found.container,
    )


def _status_of(reason: Reason | None) -> Status:
    return Status.STALE if reason is not None and reason.is_stale else Status.IGNORED


def _record(connection: sqlite3.Connection, one: Happened, session: Session, decision: Decision, now: datetime) -> None:
    events.add(
        connection,
        Record(
            source=one.source,
            key=one.key,
            kind=type(one.event).__name__,
            session_id=one.session_id,
            user_id=one.user_id or session.user_id,
            occurred_at=one.occurred_at,
            status=Status.APPLIED if decision.applied else _status_of(decision.reason),
            reason=decision.reason,
            source_state=decision.source.value,
            target_state=decision.target.value,
            version=decision.session.version if decision.applied else None,
            payload=dump(one.event),
            quiet_until=session.quiet_until,
        ),
        now,
    )


def _unknown_session(connection: sqlite3.Connection, one: Happened, now: datetime) -> Outcome:
    record = Record(
        source=one.source,
        key=one.key,
        kind=type(one.event).__name__,
        user_id=one.user_id,
        occurred_at=one.occurred_at,
        status=Status.IGNORED,
        reason=Reason.NO_SESSION,
        payload=dump(one.event),
    )
    events.add(connection, record, now)
    return Outcome(status=Status.IGNORED, reason=Reason.NO_SESSION)


def sweep(connection: sqlite3.Connection, now: datetime) -> Swept:
    """Turn the deadlines that have passed into events, and let the reminders come whose time it is.

    Each row goes with the event it causes.
    """
    outcomes = tuple(
        _fire(connection, timer, now) for timer in timers.due(connection, now) if timers.take(connection, timer)
    )
    owed = tuple(one for outcome in outcomes for one in outcome.owed)
    reminded = ringing.ring(connection, now)
    return Swept(outcomes=outcomes, next_due=next_due(connection), owed=(*owed, *reminded))


def next_due(connection: sqlite3.Connection) -> datetime | None:
    """When the next deadline passes or the next reminder comes; None: nothing is to come."""
    due = (timers.next_due(connection), reminders.next_due(connection))
    return min((one for one in due if one is not None), default=None)


def _fire(connection: sqlite3.Connection, timer: Timer, now: datetime) -> Outcome:
    one = Happened(
        source="timer", key=timer.key, session_id=timer.session_id, event=timer.event(), occurred_at=timer.due
    )
    return take_in(connection, one, now)


def on_the_way(connection: sqlite3.Connection, effect: Owed, event: Event, about: str, now: datetime) -> Outcome | None:
    """Something came of an effect before it was carried out. about: what, as several things may come of it."""
    if effect.session_id is None:
        return None
    key = f"{effect.key}:{about}"
    one = Happened(source="effect", key=key, session_id=effect.session_id, event=event, occurred_at=now)
    return take_in(connection, one, now)


def complete(
    connection: sqlite3.Connection, effect: Owed, event: Event | None, now: datetime, *, result: str = ""
) -> Outcome | None:
    """An effect was carried out: it leaves the outbox together with the event it led to."""
    return _end(connection, effect, Ended.DONE, result, event, now)


def give_up(
    connection: sqlite3.Connection, effect: Owed, why: str, event: Event | None, now: datetime, *, unknown: bool = False
) -> Outcome | None:
    """An effect cannot be carried out, or nobody knows whether it was; the event tells the session."""
    return _end(connection, effect, Ended.UNKNOWN if unknown else Ended.FAILED, why, event, now)


def _end(
    connection: sqlite3.Connection, effect: Owed, how: Ended, result: str, event: Event | None, now: datetime
) -> Outcome | None:
    if not effects.end(connection, effect, how, result, now) or event is None or effect.session_id is None:
        return None
    one = Happened(source="effect", key=effect.key, session_id=effect.session_id, event=event, occurred_at=now)
    return take_in(connection, one, now)


def lose_agent(
    connection: sqlite3.Connection, session_id: SessionId, turn: int, boot: str, now: datetime, *, text: str = ""
) -> Outcome:
    """The agent of a busy session did not survive our restart. text: what it had said."""
    event = happened.AgentLost(turn=turn, reason=happened.RESTART, restart=True, text=text)
    one = Happened(source="boot", key=f"{boot}:{session_id}", session_id=session_id, event=event, occurred_at=now)
    return take_in(connection, one, now)
