"""What must be true of the database after every step, told in SQL and by deciding the whole history again."""

import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from itertools import pairwise
from typing import Any, Final

from phonework.fsm.draft import Arm
from phonework.fsm.effects import EFFECTS
from phonework.fsm.events import EVENTS, Event
from phonework.fsm.machine import decide
from phonework.fsm.table import TABLE, Row
from phonework.fsm.types import Prompt, PromptStatus, Request, Session, SessionId, State, Turn
from phonework.store.codec import dump, load, maybe_moment, milliseconds, moment
from phonework.store.sessions import NewSession
from phonework.testing.world import BrokenPromiseError

BUSY: Final = "('executing', 'waiting_input', 'waiting_confirm', 'stopping')"
WAITING: Final = "('waiting_input', 'waiting_confirm')"
MOVES: Final = {(row.source.value, row.event.__name__, row.target.value) for row in TABLE if isinstance(row, Row)}

PROMISES: Final = {
    "a waiting session has one open request, and no other has any": f"""
        SELECT session_id, state FROM session AS s WHERE iif(state IN {WAITING}, open_request, '') !=
          (SELECT coalesce(group_concat(request_id), '') FROM request
           WHERE session_id = s.session_id AND status = 'open')""",
    "requests wait in line only behind an open one": f"""
        SELECT request_id FROM request JOIN session USING (session_id)
        WHERE status = 'queued' AND state NOT IN {WAITING}""",
    "an open request was ordered to be shown": """
        SELECT request_id FROM request AS r WHERE status = 'open' AND NOT EXISTS
          (SELECT 1 FROM effect WHERE kind = 'ShowRequest' AND json_extract(payload, '$.request_id') = r.request_id)""",
    "a busy session has one live turn, its newest, and no other has one": f"""
        SELECT session_id, state FROM session AS s WHERE iif(state IN {BUSY}, turn || '', '') !=
          (SELECT coalesce(group_concat(turn), '') FROM turn WHERE session_id = s.session_id AND status = 'live')""",
    "a turn at work has a deadline": f"""
        SELECT session_id FROM session AS s WHERE state IN {BUSY} AND NOT EXISTS (SELECT 1 FROM timer
          WHERE session_id = s.session_id AND turn = s.turn AND timer.name = iif(s.state = 'stopping', 'stop', 'turn'))""",
    "a wait has a deadline, and nothing else has one": f"""
        SELECT session_id FROM session AS s WHERE iif(state IN {WAITING}, generation || '', '') !=
          (SELECT coalesce(group_concat(generation), '') FROM timer
           WHERE session_id = s.session_id AND timer.name = 'wait')""",
    "a session at rest has no deadline but those of rest and of its mode, and a closed one has none": """
        SELECT session_id, timer.name FROM timer JOIN session USING (session_id)
        WHERE state = 'closed' OR (state = 'idle' AND timer.name NOT IN ('idle', 'mode')) OR (state != 'idle' AND timer.name = 'idle')""",
    "a mode with an end has the deadline for it, and nothing else has one": """
        SELECT session_id FROM session AS s WHERE ifnull(mode_until_ms, '') !=
          ifnull((SELECT due_at_ms FROM timer WHERE session_id = s.session_id AND timer.name = 'mode'), '')""",
    "nothing is in line at rest, and nothing waits in a closed session": """
        SELECT prompt_id FROM prompt JOIN session USING (session_id)
        WHERE (status = 'queued' AND state IN ('idle', 'closed')) OR (status = 'held' AND state = 'closed')""",
    "a turn that went to the background is a task of its person, and nothing else is one": """
        SELECT t.session_id, t.turn FROM turn AS t JOIN session AS s ON s.session_id = t.session_id
          LEFT JOIN task AS k ON k.session_id = t.session_id AND k.turn = t.turn
        WHERE coalesce(json_extract(t.body, '$.background'), 0) != (k.number IS NOT NULL) OR k.user_id != s.user_id""",
    "what waits for the end of quiet hours disturbs nobody before": """
        SELECT key FROM effect WHERE lane LIKE 'held:%' AND status = 'done' AND ended_at_ms < not_before_ms""",
    "only the owner answers": """
        SELECT request_id FROM request JOIN session USING (session_id) WHERE answered_by != user_id""",
    "an event that changed nothing says why, and one that did not move a session has no version": """
        SELECT seq FROM event WHERE (status != 'applied' AND reason IS NULL)
          OR (version IS NOT NULL) != (status = 'applied' AND session_id IS NOT NULL)""",
    "a stored column is what the stored value says": """
        SELECT request_id FROM request WHERE status != json_extract(body, '$.status')
        UNION ALL SELECT prompt_id FROM prompt WHERE status != json_extract(body, '$.status')
        UNION ALL SELECT session_id FROM turn WHERE status != json_extract(body, '$.status')""",
    "an agent's order of another turn than the newest is not owed for a session at rest": """
        SELECT key FROM effect JOIN session USING (session_id)
        WHERE effect.kind = 'StartTurn' AND effect.status = 'claimed' AND json_extract(payload, '$.turn') > session.turn""",
}
"""The sentence → rows that break it."""


def check(connection: sqlite3.Connection, now: datetime) -> None:
    """Raises BrokenPromiseError with everything that is not as it must be."""
    problems = list(_problems(connection, now))
    if problems:
        raise BrokenPromiseError("; ".join(problems))


def _problems(connection: sqlite3.Connection, now: datetime) -> Iterator[str]:
    for sentence, statement in PROMISES.items():
        if rows := connection.execute(statement).fetchall():
            yield f"{sentence}: {rows[:3]}"
    if late := connection.execute("SELECT * FROM timer WHERE due_at_ms <= ?", (milliseconds(now),)).fetchall():
        yield f"a deadline that has passed was processed: {late[:3]}"
    for session_id, state, version in connection.execute("SELECT session_id, state, version FROM session").fetchall():
        yield from _history(connection, session_id, state, version)


def _history(connection: sqlite3.Connection, session_id: str, state: str, version: int) -> Iterator[str]:
    """Versions without a gap, each step from where the last one led, and along a row of the table."""
    rows = connection.execute(
        "SELECT version, kind, from_state, to_state FROM event WHERE session_id = ? AND status = 'applied' ORDER BY seq",
        (session_id,),
    ).fetchall()
    if [row[0] for row in rows] != list(range(1, version + 1)):
        yield f"{session_id} has versions {[row[0] for row in rows]} and is at {version}"
    if rows and rows[-1][3] != state:
        yield f"{session_id} is {state}, its history says {rows[-1][3]}"
    for (_, _, _, before), (number, kind, source, target) in pairwise(rows):
        if source != before or (source, kind, target) not in MOVES:
            yield f"{session_id}:{number} {kind} led from {source} (it was {before}) to {target}"


# The history, decided again


def check_replay(connection: sqlite3.Connection, now: datetime) -> None:
    """Each session is what its own events make of it, and owes what they say: nothing else has a say in it."""
    for (session_id,) in connection.execute("SELECT session_id FROM session").fetchall():
        replayed = _Replay(connection, SessionId(session_id))
        replayed.run()
        replayed.compare(now)


class _Replay:
    """One session, from its first event on."""

    def __init__(self, connection: sqlite3.Connection, session_id: SessionId) -> None:
        self._connection, self._session_id = connection, session_id
        self._requests: dict[str, Request] = {}
        self._prompts: dict[str, Prompt] = {}
        self._turns: dict[int, Turn] = {}
        self._timers: dict[str, Arm] = {}
        self._effects: dict[str, object] = {}
        self._session: Session

    def run(self) -> None:
        rows = self._connection.execute(
            "SELECT kind, payload, received_at_ms, quiet_until_ms FROM event"
            " WHERE session_id = ? AND status = 'applied' ORDER BY seq",
            (self._session_id,),
        ).fetchall()
        (_, created, at, _), *rest = rows
        new = load(NewSession, created)
        self._session = Session(
            session_id=new.session_id,
            user_id=new.user_id,
            backend=new.backend,
            cwd=new.cwd,
            state=State.IDLE,
            version=1,
            since=moment(at),
            can_steer=new.can_steer,
            timeouts=new.timeouts,
        )
        if new.timeouts.idle:
            due = moment(at) + new.timeouts.idle
            self._timers["idle"] = Arm(name="idle", due=due, turn=0, generation=0)
        for kind, payload, at, quiet_until in rest:
            self._step(load(EVENTS[kind], payload), moment(at), maybe_moment(quiet_until))

    def _step(self, event: Event, now: datetime, quiet_until: datetime | None) -> None:
        decision = decide(replace(self._named(event), quiet_until=quiet_until), event, now)
        if not decision.applied:
            raise BrokenPromiseError(f"{self._session_id}: {type(event).__name__} was applied, now {decision.reason}")
        self._session = decision.session
        self._requests.update({one.request_id: one for one in decision.requests})
        self._prompts.update({one.prompt_id: one for one in decision.prompts})
        self._turns.update({one.turn: one for one in decision.turns})
        for change in decision.timers:
            self._timers.pop(change.name, None)
            if isinstance(change, Arm):
                self._timers[change.name] = change
        for number, effect in enumerate(decision.effects):
            self._effects[f"{self._session_id}:{decision.session.version}:{number}"] = effect

    def _named(self, event: Event) -> Session:
        last = tuple(
            one
            for one in self._prompts.values()
            if one.turn and one.turn == self._session.turn and one.status is PromptStatus.TAKEN
        )
        order = {one.prompt_id: rank for rank, one in enumerate(self._session.last)}
        return replace(
            self._session,
            last=tuple(sorted(last, key=lambda one: order.get(one.prompt_id, len(order)))),
            named_request=self._requests.get(getattr(event, "request_id", "")),
            named_prompt=self._prompts.get(getattr(event, "prompt_id", "")),
        )

    def compare(self, now: datetime) -> None:
        session = self._session
        # The greeting of a new session belongs to no event of it.
        owed = self._rows("SELECT key, kind, payload FROM effect WHERE session_id = ? AND key NOT LIKE '%:1:%'")
        self._same("effects", {key: load(EFFECTS[kind], payload) for key, kind, payload in owed}, self._effects)
        requests = self._rows("SELECT request_id, body FROM request WHERE session_id = ?")
        self._same("requests", {key: load(Request, body) for key, body in requests}, self._requests)
        prompts = self._rows("SELECT prompt_id, body FROM prompt WHERE session_id = ?")
        self._same("messages", {key: load(Prompt, body) for key, body in prompts}, self._prompts)
        turns = self._rows("SELECT turn, body FROM turn WHERE session_id = ?")
        self._same("turns", {turn: load(Turn, body) for turn, body in turns}, self._turns)
        due = milliseconds(now)
        timers = self._rows("SELECT name, due_at_ms, turn, generation FROM timer WHERE session_id = ?")
        # Those that have passed went with the event they caused.
        armed = {(one.name, milliseconds(one.due), one.turn, one.generation) for one in self._timers.values()}
        self._same("deadlines", set(timers), {one for one in armed if one[1] > due})
        row = self._rows(
            "SELECT state, version, turn, generation, agent_session_id, carry FROM session WHERE session_id = ?"
        )[0]
        told = (session.state.value, session.version, session.turn, session.generation, session.agent_session_id)
        self._same("session", row, (*told, dump(session.carry) if session.carry else None))

    def _rows(self, statement: str) -> list[tuple[Any, ...]]:
        return self._connection.execute(statement, (self._session_id,)).fetchall()

    def _same(self, what: str, stored: object, replayed: object) -> None:
        if stored != replayed:
            raise BrokenPromiseError(f"{self._session_id}: {what} are {stored!r}, the history makes {replayed!r}")
