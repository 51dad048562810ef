"""After a start: what earlier processes left behind is finished, given up with a question, or carried on."""

import asyncio
import sqlite3
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

import structlog

from phonework import engine
from phonework.backends.base import Accepted, Backend, Beginner, Liveness, TurnStart
from phonework.carriers.agents import give_up_claimed, read, turn_of, turn_start
from phonework.errors import StoreError
from phonework.fsm import effects as order
from phonework.fsm.types import SessionId, State, UserId
from phonework.store import effects, meta, sessions, users
from phonework.store.effects import Job, Owed
from phonework.store.writer import Writer

log = structlog.get_logger(__name__)

BEGINS_WITHIN: Final = timedelta(seconds=20)
SAYS_WITHIN: Final = timedelta(seconds=10)
"""How long a backend may take to say what it knows of its agents."""
MAX_STARTS: Final = 3
"""How often one turn of a companion is begun, so that one that brings the program down does not do so for ever."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """What the last process left: orders it had begun, sessions it had at work, people it had let in."""

    boot_id: str
    claimed: tuple[Owed, ...] = ()
    busy: tuple[tuple[SessionId, str, int, UserId], ...] = ()
    paired: frozenset[UserId] = field(default_factory=frozenset)


async def look(writer: Writer) -> Left:
    """Begin a new life of the database. Raises StoreError, and touches nothing, when it holds states we do not know."""

    def job(connection: sqlite3.Connection, _now: datetime) -> Left:
        understand(connection)
        boot_id = uuid.uuid4().hex
        meta.put(connection, "boot_id", boot_id)
        return Left(
            boot_id=boot_id,
            claimed=effects.claimed(connection),
            busy=tuple(sessions.busy(connection)),
            paired=users.allowed(connection),
        )

    return await writer.run(job)


def understand(connection: sqlite3.Connection) -> None:
    """A job of the writer before any other. Raises StoreError when the database holds states we do not know."""
    if unknown := sessions.unknown_states(connection):
        raise StoreError(
            f"the database holds session states this program does not know: {', '.join(unknown)}",
            hint="install the version that wrote it, or a newer one",
        )


async def recover(writer: Writer, backends: Mapping[str, Backend], left: Left) -> tuple[Owed, ...]:
    """Settle what was under way and return everything that is owed now, in order.

    The dispatcher must not run yet: it would begin what is still being judged here.
    """
    for backend in backends.values():
        if isinstance(backend, Beginner):
            await _begin(backend)
    for owed in left.claimed:
        await _settle(writer, backends, owed)
    for session_id, backend_name, turn, _user in left.busy:
        await _judge(writer, backends.get(backend_name), session_id, turn, left.boot_id)
    return await writer.run(lambda connection, _now: effects.owed(connection))


async def _begin(backend: Beginner) -> None:
    try:
        async with asyncio.timeout(BEGINS_WITHIN.total_seconds()):
            await backend.begin()
    except Exception as error:
        log.warning("a backend could not begin as it should", error=repr(error))


async def _settle(writer: Writer, backends: Mapping[str, Backend], owed: Owed) -> None:
    """An order that was claimed when we died: run it if it certainly was not, else ask the person."""
    job = await writer.run(lambda connection, now: read(connection, owed, now))
    if job is not None and await _never_arrived(backends.get(job.run.backend), owed, job):
        await writer.run(lambda connection, _now: effects.owe_again(connection, [owed]))
        log.info("an order had not arrived; it is owed again", effect=owed.key)
        return
    await writer.run(lambda connection, now: give_up_claimed(connection, owed, now))
    log.warning("nobody knows what became of an order", effect=owed.key)


async def _never_arrived(backend: Backend | None, owed: Owed, job: Job) -> bool:
    effect, session_id = owed.effect, owed.session_id
    if backend is None or session_id is None or not isinstance(effect, order.StartTurn):
        return False
    return await _is_safe(backend, turn_start(session_id, effect, job, {}))


async def _judge(writer: Writer, backend: Backend | None, session_id: SessionId, turn: int, boot_id: str) -> None:
    """A session that was at work: if its agent is dead the turn is reported with Retry; a turn not yet begun stays."""

    def still_to_start(connection: sqlite3.Connection, _now: datetime) -> bool:
        return effects.start_is_owed(connection, session_id, turn)

    if await writer.run(still_to_start):
        return
    liveness = await _liveness(backend, session_id) if backend is not None else Liveness.DEAD
    if liveness is not Liveness.DEAD:
        return  # alive goes on; of an unknown one its deadlines will tell
    if backend is not None and await _goes_on(writer, backend, session_id, turn):
        return
    said = await _said(writer, backend, session_id, turn) if backend is not None else ""
    await writer.run(lambda connection, now: engine.lose_agent(connection, session_id, turn, boot_id, now, text=said))


async def _goes_on(writer: Writer, backend: Backend, session_id: SessionId, turn: int) -> bool:
    """A companion's turn lives in our process and in the store: unless something may have been done twice, it goes on.

    One that waits for a person does not: the answer would find nobody. One that ends with every start is given up.
    """
    if not backend.capabilities.companion:
        return False

    def start(connection: sqlite3.Connection, _now: datetime) -> TurnStart | None:
        found = sessions.find(connection, session_id)
        executing = found is not None and found.session.state is State.EXECUTING
        return turn_of(connection, session_id, turn) if executing else None

    handed_over = await writer.run(start)
    if handed_over is None or not await _is_safe(backend, handed_over):
        return False
    return await writer.run(lambda connection, _now: effects.owe_start_again(connection, session_id, turn, MAX_STARTS))


async def _is_safe(backend: Backend, start: TurnStart) -> bool:
    try:
        async with asyncio.timeout(SAYS_WITHIN.total_seconds()):
            return await backend.accepted(start) is Accepted.NO
    except Exception as error:
        log.warning("a backend could not say what it had taken", session_id=start.session_id, error=repr(error))
        return False


async def _said(writer: Writer, backend: Backend, session_id: SessionId, turn: int) -> str:
    """The agent's words of the turn, from its own record; a backend that cannot say costs nothing but them."""
    start = await writer.run(lambda connection, _now: turn_of(connection, session_id, turn))
    try:
        async with asyncio.timeout(SAYS_WITHIN.total_seconds()):
            return await backend.said(start) if start is not None else ""
    except Exception as error:
        log.warning("a backend could not say what its agent had said", session_id=session_id, error=repr(error))
        return ""


async def _liveness(backend: Backend, session_id: SessionId) -> Liveness:
    """What the backend says; a backend that cannot say ends no turn and holds up no start."""
    try:
        async with asyncio.timeout(SAYS_WITHIN.total_seconds()):
            return await backend.liveness(session_id)
    except Exception as error:
        log.warning("a backend could not say whether its agent lives", session_id=session_id, error=repr(error))
        return Liveness.UNKNOWN
