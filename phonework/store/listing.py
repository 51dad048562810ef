"""A person's sessions as scripts see them: looked up by what they are called, listed with what is true of them now."""

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from phonework.fsm.types import Request, SessionId, State, Turn, UserId
from phonework.store.codec import dump, load, milliseconds, moment
from phonework.store.queries import SQL


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """One session. queued: messages in line. request: the open one. last: the newest turn that ended."""

    session_id: SessionId
    user_id: UserId
    name: str
    group: str
    backend: str
    cwd: str
    state: State
    turn: int
    since: datetime
    active_at: datetime
    created_at: datetime
    model: str
    mode: str
    container: str
    queued: int
    request: Request | None
    last: Turn | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which are listed. Empty: no matter. after: the place of the last one seen, by time and id."""

    states: tuple[State, ...] = ()
    backend: str = ""
    name: str = ""
    group: str = ""
    closed: bool = False
    after: tuple[int, str] = (-1, "")
    limit: int = 100


def find(connection: sqlite3.Connection, user_id: UserId, wanted: str) -> SessionId | None:
    """One of the person's sessions, by id, else by name: the open one of that name, else the newest. Another's is none."""
    row = connection.execute(SQL["session_called"], (user_id, wanted)).fetchone()
    return SessionId(row[0]) if row else None


def of(connection: sqlite3.Connection, user_id: UserId, ids: Iterable[str], now: datetime) -> list[Listed]:
    """Those of the ids that are the person's."""
    rows = connection.execute(SQL["listed_sessions"], (user_id, dump(list(ids))))
    return [_listed(row, now) for row in rows]


def listed(connection: sqlite3.Connection, user_id: UserId, wanted: Wanted, now: datetime) -> list[Listed]:
    """In the order they were begun."""
    values = {
        "user_id": user_id,
        "closed": wanted.closed,
        "states": dump([state.value for state in wanted.states]),
        "backend": wanted.backend,
        "name": wanted.name,
        "group_name": wanted.group,
        "after_ms": wanted.after[0],
        "after_id": wanted.after[1],
        "limit": wanted.limit,
    }
    return [_listed(row, now) for row in connection.execute(SQL["list_sessions"], values)]


def place_of(one: Listed) -> tuple[int, str]:
    """Where it stands in the list."""
    return milliseconds(one.created_at), one.session_id


def _listed(row: tuple[object, ...], now: datetime) -> Listed:
    (
        session_id, user_id, name, group, backend, cwd, state, turn, since, active_at, created_at, model,
        mode, mode_after, mode_until, container, queued, request, last,
    ) = row  # fmt: skip
    over = mode_until is not None and moment(mode_until) <= now  # type: ignore[arg-type]  # STRICT columns have their types
    return Listed(
        session_id=SessionId(str(session_id)),
        user_id=UserId(str(user_id)),
        name=str(name),
        group=str(group),
        backend=str(backend),
        cwd=str(cwd),
        state=State(str(state)),
        turn=turn,  # type: ignore[arg-type]
        since=moment(since),  # type: ignore[arg-type]
        active_at=moment(active_at),  # type: ignore[arg-type]
        created_at=moment(created_at),  # type: ignore[arg-type]
        model=str(model),
        mode=str(mode_after if over else mode),
        container=str(container),
        queued=queued,  # type: ignore[arg-type]
        request=load(Request, str(request)) if request is not None else None,
        last=load(Turn, str(last)) if last is not None else None,
    )


def named(connection: sqlite3.Connection, user_id: UserId, name: str) -> SessionId | None:
    """The person's open session of this name."""
    row = connection.execute(SQL["open_session_named"], (user_id, name)).fetchone()
    return SessionId(row[0]) if row else None


def rename(connection: sqlite3.Connection, session_id: SessionId, name: str) -> None:
    """name: free among the open ones of its person; empty: it is called by its id alone."""
    connection.execute(SQL["rename_session"], (name, session_id))


def unused(connection: sqlite3.Connection, user_id: UserId, since: datetime) -> tuple[SessionId, ...]:
    """The person's sessions at rest in which nothing has happened since then."""
    rows = connection.execute(SQL["unused_sessions"], (user_id, milliseconds(since)))
    return tuple(SessionId(row[0]) for row in rows)


def newest_event(connection: sqlite3.Connection) -> int:
    """The number of the last event; 0: there is none."""
    number: int = connection.execute(SQL["last_event"]).fetchone()[0]
    return number


def changed(connection: sqlite3.Connection, after: int) -> dict[SessionId, int]:
    """The sessions that moved after this event, each with the number of the last one that moved it, in its order."""
    rows = connection.execute(SQL["sessions_changed"], (after,))
    return {SessionId(session_id): seq for session_id, seq in rows}
