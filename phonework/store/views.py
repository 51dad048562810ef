"""Views: stored facts gathered for cards, read inside the writer's transaction so that they are what is true now."""

import sqlite3
from pathlib import PurePath

from phonework.channels.base import Chat
from phonework.fsm.types import PromptId, PromptStatus, Request, RequestId, RequestStatus, SessionId, State, UserId
from phonework.store import effects, prompts, requests, sessions, tasks, topics, turns, users
from phonework.store.codec import maybe_moment, moment
from phonework.store.queries import SQL
from phonework.views import PendingView, PromptView, RequestView, SessionView, StatusView, TurnView

_Row = tuple[str, str, str, str, int, int, int, str, str, str, int, str | None, int, int | None, str]


def _session(connection: sqlite3.Connection, row: _Row, number: int, active: str | None) -> SessionView:
    (
        session_id, backend, cwd, state, since, active_at, turn, agent_session, model, mode, can_steer, asks, companion,
        mode_until, name,
    ) = row  # fmt: skip
    identity = SessionId(session_id)
    return SessionView(
        session_id=identity,
        number=number,
        project=PurePath(cwd).name,
        cwd=cwd,
        backend=backend,
        state=State(state),
        since=moment(since),
        last_activity=moment(active_at),
        turn=turn,
        agent_session_id=agent_session,
        model=model,
        mode=mode,
        mode_until=maybe_moment(mode_until),
        queued=prompts.queue_length(connection, identity),
        active=session_id == active,
        asking=requests.open_prompt(connection, identity) if asks else "",
        can_steer=bool(can_steer),
        companion=bool(companion),
        name=name,
    )


def session(connection: sqlite3.Connection, session_id: SessionId) -> SessionView:
    """One session. Raises KeyError when there is none of that id."""
    row = connection.execute(SQL["session_view"], (session_id,)).fetchone()
    if row is None:
        raise KeyError(session_id)
    *facts, user_id = row
    (number,) = connection.execute(SQL["session_number"], (session_id,)).fetchone()
    user = users.get(connection, user_id)
    return _session(connection, tuple(facts), number, user.active_session if user else None)


def status(connection: sqlite3.Connection, user_id: UserId, chat: Chat) -> StatusView:
    """A person's sessions, numbered. chat: where they will be shown; in a topic the one it is about is the active one."""
    user = users.get(connection, user_id)
    active = topics.session_in(connection, user_id, chat) or (user.active_session if user else None)
    rows = connection.execute(SQL["sessions_of"], (user_id,)).fetchall()
    found = tuple(_session(connection, row, number, active) for number, row in enumerate(rows, start=1))
    return StatusView(sessions=found, mode=user.mode if user else "", person=None if chat.private else user_id)


def request(connection: sqlite3.Connection, request_id: RequestId) -> RequestView:
    """A request as its card shows it. Raises KeyError."""
    found = requests.find(connection, request_id)
    if found is None:
        raise KeyError(request_id)
    session_id, value = found
    return RequestView(
        session=session(connection, session_id),
        request=value,
        behind=requests.behind(connection, session_id),
        person=_person(connection, session_id, f"request:{request_id}"),
        task=tasks.number_of(connection, session_id, value.turn),
        together=_together(connection, session_id, value),
        unknown=value.status is RequestStatus.VOID and effects.answer_is_unknown(connection, session_id, request_id),
    )


def pending(connection: sqlite3.Connection, user_id: UserId) -> PendingView:
    """Everything that is asked of a person now."""
    rows = connection.execute(SQL["open_requests_of_user"], (user_id,)).fetchall()
    late = connection.execute(SQL["late_requests_of_user"], (user_id,)).fetchall()
    return PendingView(
        requests=tuple(request(connection, RequestId(row[0])) for row in rows),
        late=tuple(request(connection, RequestId(row[0])) for row in late),
    )


def _together(connection: sqlite3.Connection, session_id: SessionId, request: Request) -> tuple[Request, ...]:
    """Those its card shows too: still to be answered while it is open, answered with it afterwards."""
    found = (requests.get(connection, one, session_id) for one in request.shown_with)
    is_open = request.status is RequestStatus.OPEN
    return tuple(
        one
        for one in found
        if one is not None and (one.status is RequestStatus.QUEUED if is_open else one.together == request.request_id)
    )


def turn(connection: sqlite3.Connection, session_id: SessionId, number: int) -> TurnView:
    """A turn as its card shows it. Raises KeyError."""
    value, owner = turns.get(connection, session_id, number), session(connection, session_id)
    if value is None:
        raise KeyError(f"{session_id}:{number}")
    ((unanswered,),) = connection.execute(SQL["unanswered_of_turn"], (session_id, number))
    return TurnView(
        session=owner,
        turn=value,
        prompts=prompts.of_turn(connection, session_id, number),
        actionable=owner.turn == number and owner.state is not State.CLOSED,
        queued=owner.queued,
        person=_person(connection, session_id, f"turn:{session_id}:{number}"),
        task=tasks.number_of(connection, session_id, number) if value.background else 0,
        unanswered=bool(unanswered),
    )


def of_tasks(connection: sqlite3.Connection, user_id: UserId, *, at_work: int, ended: int) -> tuple[TurnView, ...]:
    """A person's tasks: those at work, then those that ended last; the newest first, at most so many of each."""
    rows = [
        *connection.execute(SQL["tasks_at_work"], (user_id, at_work)),
        *connection.execute(SQL["tasks_ended"], (user_id, ended)),
    ]
    return tuple(turn(connection, SessionId(session_id), number) for session_id, number in rows)


def prompt(connection: sqlite3.Connection, prompt_id: PromptId) -> PromptView:
    """A queued or held message as its card shows it. Raises KeyError."""
    found = prompts.find(connection, prompt_id)
    if found is None:
        raise KeyError(prompt_id)
    session_id, value = found
    queue, _held = prompts.waiting(connection, session_id)
    place = next((place for place, one in enumerate(queue, start=1) if one.prompt_id == prompt_id), 1)
    return PromptView(
        session=session(connection, session_id),
        prompt=value,
        position=place if value.status is PromptStatus.QUEUED else 1,
        person=_person(connection, session_id, f"prompt:{prompt_id}"),
    )


def _person(connection: sqlite3.Connection, session_id: SessionId, card_key: str) -> UserId | None:
    """Whose session it is, if the card stands in a group; None in a private chat.

    A card stays where it was first shown, also when its session has moved on to another chat.
    """
    row = connection.execute(SQL["card_is_private"], (card_key,)).fetchone()
    private = bool(row[0]) if row else sessions.chat_of(connection, session_id).private
    return None if private else sessions.run_of(connection, session_id).user_id
