"""Prompts: messages meant for an agent, waiting, run or dropped."""

import sqlite3

from phonework.fsm.types import Prompt, PromptStatus, Session, SessionId
from phonework.store.codec import dump, load
from phonework.store.queries import SQL

Prompts = tuple[Prompt, ...]


def waiting(connection: sqlite3.Connection, session_id: SessionId) -> tuple[Prompts, Prompts]:
    """The queued and the held ones, each in order."""
    found = [load(Prompt, body) for (body,) in connection.execute(SQL["waiting_prompts"], (session_id,))]
    queued = tuple(one for one in found if one.status is PromptStatus.QUEUED)
    return queued, tuple(one for one in found if one.status is PromptStatus.HELD)


def of_turn(connection: sqlite3.Connection, session_id: SessionId, turn: int) -> Prompts:
    """The messages that a turn took, in order."""
    return tuple(load(Prompt, body) for (body,) in connection.execute(SQL["turn_prompts"], (session_id, turn)))


def get(connection: sqlite3.Connection, prompt_id: str, session_id: SessionId) -> Prompt | None:
    if not prompt_id:
        return None
    row = connection.execute(SQL["get_prompt"], (prompt_id, session_id)).fetchone()
    return load(Prompt, row[0]) if row else None


def find(connection: sqlite3.Connection, prompt_id: str) -> tuple[SessionId, Prompt] | None:
    """The message and its session, whoever's it is."""
    row = connection.execute(SQL["find_prompt"], (prompt_id,)).fetchone()
    return (SessionId(row[0]), load(Prompt, row[1])) if row else None


def place_of(prompt: Prompt, before: Session, session: Session) -> int | None:
    """Where it stands in its line; None: where it stood. One put at the front goes before all, one put at the end behind all."""
    for rank, one in enumerate(session.last):
        if one.prompt_id == prompt.prompt_id:
            return rank
    if _stays(prompt, before.queue, session.queue) or _stays(prompt, before.held, session.held):
        return None
    for line in (session.queue, session.held):
        for rank, one in enumerate(line):
            if one.prompt_id == prompt.prompt_id:
                at_front = rank == 0 and len(line) > 1
                return -session.version if at_front else session.version * 1000 + rank
    return session.version * 1000


def _stays(prompt: Prompt, before: Prompts, after: Prompts) -> bool:
    ids = [one.prompt_id for one in after]
    return prompt.prompt_id in ids and ids == [one.prompt_id for one in before]


def put(connection: sqlite3.Connection, session_id: SessionId, prompt: Prompt, place: int | None) -> None:
    """place: None leaves it where it is."""
    values = (prompt.prompt_id, session_id, place, prompt.status.value, prompt.turn, dump(prompt))
    connection.execute(SQL["put_prompt"], values)


def queue_length(connection: sqlite3.Connection, session_id: SessionId) -> int:
    count: int = connection.execute(SQL["queue_length"], (session_id,)).fetchone()[0]
    return count
