"""What is done for a session before its agent is first told anything: its directory taken down, the desk's process ended."""

import asyncio
import sqlite3
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

import structlog

from phonework.backends.base import Backend, DeskBackend
from phonework.changes.bases import Bases
from phonework.engine import Outcome
from phonework.errors import BackendError
from phonework.fsm import effects as order
from phonework.fsm.types import SessionId
from phonework.store import effects, sessions
from phonework.store.effects import Ended, Owed
from phonework.store.events import Status
from phonework.store.writer import Writer

log = structlog.get_logger(__name__)

ENDED_WITHIN: Final = timedelta(seconds=20)


class Beginnings:
    """Carries out TakeBase and TakeOver; both may be repeated after a crash."""

    def __init__(self, *, writer: Writer, bases: Bases, backends: Mapping[str, Backend]) -> None:
        self._writer, self._bases, self._backends = writer, bases, backends

    async def take_base(self, owed: Owed) -> None:
        session_id = owed.session_id
        assert session_id is not None
        run = await self._writer.run(lambda connection, _now: sessions.run_of(connection, session_id))
        base = await self._bases.take(session_id, run.cwd)

        def job(connection: sqlite3.Connection, now: datetime) -> None:
            sessions.set_base(connection, session_id, base)
            effects.end(connection, owed, Ended.DONE, base, now)

        await self._writer.run(job)

    async def take_over(self, owed: Owed, effect: order.TakeOver) -> None:
        """The person hears what came of it. While the process stays, no turn is begun: the backend sees to that."""
        session_id = owed.session_id
        assert session_id is not None
        run = await self._writer.run(lambda connection, _now: sessions.run_of(connection, session_id))
        says = order.Say(text="say.taken_over")
        try:
            await self._ended(run.backend, effect)
        except BackendError as error:
            log.warning("a process at the desk was not ended", session_id=session_id, why=str(error))
            problem = error.problem
            says = order.Say(text=problem.key, params=problem.params) if problem else _failed(str(error))
        except TimeoutError:
            says = _failed(f"{ENDED_WITHIN.total_seconds():.0f} s")

        def job(connection: sqlite3.Connection, now: datetime) -> Outcome:
            effects.end(connection, owed, Ended.DONE, says.text, now)
            told = effects.add(
                connection,
                [says],
                prefix=f"{owed.key}:told",
                session_id=session_id,
                user_id=owed.user_id,
                chat=owed.chat,
                now=now,
            )
            return Outcome(status=Status.APPLIED, session_id=session_id, owed=told)

        await self._writer.run(job)

    async def _ended(self, name: str, effect: order.TakeOver) -> None:
        backend = self._backends.get(name)
        if not isinstance(backend, DeskBackend):
            raise BackendError("agent.unknown", backend=name)
        async with asyncio.timeout(ENDED_WITHIN.total_seconds()):
            await backend.end_at_desk(effect.agent_session_id, effect.key)

    async def forget(self, session_id: SessionId) -> None:
        """The session is closed; what was taken down of its directory is of no use any more."""
        await self._bases.forget(session_id)


def _failed(problem: str) -> order.Say:
    return order.Say(text="say.not_taken_over", params={"problem": problem})
