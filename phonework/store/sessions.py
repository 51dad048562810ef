"""Sessions: loading what `decide` needs, storing what it decided."""

import sqlite3
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple

from phonework.channels.base import Chat
from phonework.fsm import events as happened
from phonework.fsm.events import Event
from phonework.fsm.machine import Decision
from phonework.fsm.table import TABLE_VERSION
from phonework.fsm.types import Carry, Request, RequestStatus, Session, SessionId, State, Timeouts, UserId
from phonework.store import meta, prompts, requests, tasks, timers, turns, users
from phonework.store.codec import dump, load, load_frozen, maybe_moment, milliseconds, moment
from phonework.store.effects import Run
from phonework.store.queries import SQL

_OF_TURN: Final = (happened.RetryAsked, happened.SendNowAsked, happened.PromptHeard, happened.MessageTakenBack)
"""What may concern the messages of the newest turn."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSession:
    """What a session begins with. name: as its person calls it, or empty; group_name: of the sessions it belongs to.

    container: the container engine its agent runs in, or empty.
    """

    session_id: SessionId
    user_id: UserId
    backend: str
    cwd: str
    chat: Chat
    timeouts: Timeouts
    can_steer: bool = False
    model: str = ""
    mode: str = ""
    companion: bool = False
    agent_session_id: str = ""
    fork_of: str = ""
    name: str = ""
    group_name: str = ""
    container: str = ""


class Found(NamedTuple):
    """A session as `decide` sees it, and what it does not look at. chat: where the session is shown."""

    session: Session
    chat: Chat
    fork_of: str = ""
    container: str = ""


def exists(connection: sqlite3.Connection, session_id: str) -> bool:
    return connection.execute(SQL["session_exists"], (session_id,)).fetchone() is not None


def is_of(connection: sqlite3.Connection, session_id: str, user_id: UserId) -> bool:
    """It is a session of this person, open or closed."""
    return connection.execute(SQL["session_is_of"], (session_id, user_id)).fetchone() is not None


def add(connection: sqlite3.Connection, new: NewSession, now: datetime) -> None:
    at = milliseconds(now)
    connection.execute(
        SQL["add_session"],
        (
            new.session_id, new.user_id, new.backend, new.cwd, TABLE_VERSION, at, at, at, new.can_steer,
            new.model, new.mode, dump(new.chat), dump(new.timeouts), new.companion,
            new.agent_session_id, new.fork_of, new.name, new.group_name, new.container,
        ),
    )  # fmt: skip


def find(
    connection: sqlite3.Connection, session_id: SessionId, event: Event | None = None, now: datetime | None = None
) -> Found | None:
    """The session with what the event names; None when there is no such session.

    now: for whether its person may be disturbed; None: that does not matter.
    """
    row = connection.execute(SQL["load_session"], (session_id,)).fetchone()
    if row is None:
        return None
    (
        user_id, backend, cwd, state, version, since, turn, generation, agent_session, can_steer, timeouts, carry, fork_of,
        container, model, mode, mode_after, mode_until, chat, quiet_hours, timezone, acted_at,
    ) = row  # fmt: skip
    state = State(state)
    opened, waiting = _requests(connection, session_id, state)
    queue, held = prompts.waiting(connection, session_id)
    session = Session(
        session_id=session_id,
        user_id=user_id,
        backend=backend,
        cwd=cwd,
        state=state,
        version=version,
        since=moment(since),
        turn=turn,
        generation=generation,
        agent_session_id=agent_session,
        model=model,
        mode=mode,
        mode_after=mode_after,
        mode_until=maybe_moment(mode_until),
        can_steer=bool(can_steer),
        timeouts=load_frozen(Timeouts, timeouts),
        open=opened,
        waiting=waiting,
        queue=queue,
        held=held,
        last=prompts.of_turn(connection, session_id, turn) if _needs_last(event) else (),
        carry=load(Carry, carry) if carry else None,
        live=turns.live(connection, session_id) if state not in (State.IDLE, State.CLOSED) else None,
        named_request=requests.get(connection, getattr(event, "request_id", ""), session_id),
        named_prompt=prompts.get(connection, getattr(event, "prompt_id", ""), session_id),
        quiet_until=users.quiet_by(quiet_hours, timezone, moment(acted_at), now) if quiet_hours and now else None,
    )
    return Found(session, load_frozen(Chat, chat), fork_of, container)


def _needs_last(event: Event | None) -> bool:
    return event is None or isinstance(event, _OF_TURN)


def _requests(
    connection: sqlite3.Connection, session_id: SessionId, state: State
) -> tuple[Request | None, tuple[Request, ...]]:
    if state not in (State.WAITING_CONFIRM, State.WAITING_INPUT):
        return None, ()
    found = requests.waiting(connection, session_id)
    opened = next((one for one in found if one.status is RequestStatus.OPEN), None)
    return opened, tuple(one for one in found if one.status is RequestStatus.QUEUED)


def save(connection: sqlite3.Connection, before: Session, decision: Decision, now: datetime) -> None:
    """Store everything the decision changed but its effects and its history. Raises when the row has moved on."""
    after = decision.session
    changed = connection.execute(
        SQL["save_session"],
        (
            after.state.value, after.version, TABLE_VERSION, milliseconds(after.since), milliseconds(now), after.turn,
            after.generation, after.open.request_id if after.open else None, after.agent_session_id, after.model,
            dump(after.carry) if after.carry else None, after.mode, after.mode_after,
            milliseconds(after.mode_until) if after.mode_until else None, after.session_id, before.version,
        ),
    )  # fmt: skip
    if changed.rowcount != 1:
        raise sqlite3.IntegrityError(f"session {after.session_id} is not at version {before.version}")
    for request in decision.requests:
        requests.put(connection, after.session_id, request)
    for prompt in decision.prompts:
        prompts.put(connection, after.session_id, prompt, prompts.place_of(prompt, before, after))
    for turn in decision.turns:
        turns.put(connection, after.session_id, turn)
        if turn.background:
            tasks.add(connection, after.user_id, after.session_id, turn.turn, now)
    timers.change(connection, after.session_id, decision.timers)


def run_of(connection: sqlite3.Connection, session_id: SessionId, now: datetime | None = None) -> Run:
    """How to reach the agent. Raises KeyError when there is no such session.

    now: a mode whose time is over then is not given, even if nobody has noticed yet; None: the mode does not matter.
    """
    row = connection.execute(SQL["session_run"], (session_id, milliseconds(now) if now else 0)).fetchone()
    if row is None:
        raise KeyError(session_id)
    backend, cwd, agent_session_id, model, mode, user_id, fork_of, container = row
    return Run(
        backend=backend,
        cwd=cwd,
        agent_session_id=agent_session_id,
        model=model,
        mode=mode,
        user_id=user_id,
        fork_of=fork_of,
        container=container,
    )


def base_of(connection: sqlite3.Connection, session_id: SessionId) -> str:
    """What its directory held when it began, as a git tree; empty when that is not known."""
    base: str = connection.execute(SQL["session_base"], (session_id,)).fetchone()[0]
    return base


def set_base(connection: sqlite3.Connection, session_id: SessionId, base: str) -> None:
    connection.execute(SQL["set_session_base"], (base, session_id))


def chat_of(connection: sqlite3.Connection, session_id: SessionId) -> Chat:
    (chat,) = connection.execute(SQL["session_chat"], (session_id,)).fetchone()
    return load_frozen(Chat, chat)


def move_chat(connection: sqlite3.Connection, session_id: SessionId, chat: Chat) -> None:
    """The session is shown where its person last wrote to it."""
    text = dump(chat)
    connection.execute(SQL["move_session_chat"], (text, session_id, text))


def ids_of(connection: sqlite3.Connection, user_id: UserId) -> tuple[SessionId, ...]:
    """A person's sessions that are not closed, in the order of their numbers; companions have none."""
    return tuple(SessionId(row[0]) for row in connection.execute(SQL["sessions_of"], (user_id,)))


def of_agent(connection: sqlite3.Connection, user_id: UserId, backend: str, agent_session_id: str) -> SessionId | None:
    """A person's open session that goes on with this conversation of the agent."""
    row = connection.execute(SQL["open_session_of_agent"], (user_id, backend, agent_session_id)).fetchone()
    return SessionId(row[0]) if row else None


def busy(connection: sqlite3.Connection) -> list[tuple[SessionId, str, int, UserId]]:
    """Sessions with a live turn: id, backend, turn, user."""
    return [
        (SessionId(one), backend, turn, UserId(user))
        for one, backend, turn, user in connection.execute(SQL["busy_sessions"])
    ]


def count(connection: sqlite3.Connection) -> int:
    """How many are open."""
    number: int = connection.execute(SQL["count_sessions"]).fetchone()[0]
    return number


def unknown_states(connection: sqlite3.Connection) -> list[str]:
    """Stored states that this program's table does not have, each with the version it was written by.

    All sessions are looked through, which may be many, but only when another version ran last.
    """
    if meta.get(connection, "table_version") == str(TABLE_VERSION):
        return []
    known = {state.value for state in State}
    rows = connection.execute(SQL["known_states"]).fetchall()
    unknown = sorted(
        f"{state} (table {version})" for state, version in rows if state not in known or version > TABLE_VERSION
    )
    if not unknown:
        meta.put(connection, "table_version", str(TABLE_VERSION))
    return unknown
