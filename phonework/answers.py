"""What the node answers to live questions."""

import sqlite3
from collections.abc import Callable, Mapping
from datetime import datetime

import msgspec

from phonework.audit.auditor import Auditor
from phonework.backends.base import Backend
from phonework.errors import BackendError, StoreError
from phonework.link.health import NodeHealth, Part, Smoked
from phonework.store import effects, sessions
from phonework.store.writer import Writer


class HealthAnswer:
    """Asks the node's parts how they are; starts nothing, unless a real turn is asked for."""

    def __init__(
        self,
        *,
        writer: Writer,
        backends: Mapping[str, Backend],
        auditor: Auditor,
        assistant: Callable[[], Part | None] = lambda: None,
    ) -> None:
        self._writer, self._backends, self._auditor, self._assistant = writer, backends, auditor, assistant

    async def __call__(self, params: Mapping[str, object]) -> object:
        """`NodeHealth` in the types of JSON. params: `smoke`, the backend that is to run a real one-line turn."""
        smoke = params.get("smoke")
        smoked = await self._smoke(str(smoke)) if smoke is not None else None
        database, queues = await self._database()
        health = NodeHealth(
            backends={
                name: await _backend(backend)
                for name, backend in self._backends.items()
                if not backend.capabilities.companion
            },
            database=database,
            audit=self._auditor.health(),
            queues=queues,
            assistant=self._assistant(),
            smoked=smoked,
        )
        return msgspec.to_builtins(health)

    async def _smoke(self, name: str) -> Smoked:
        if (backend := self._backends.get(name)) is None:
            return Smoked(known=False)
        try:
            return Smoked(answer=await backend.ping(smoke=True))
        except BackendError as error:
            return Smoked(problem=str(error))

    async def _database(self) -> tuple[Part, dict[str, int]]:
        """Asked through the writer, so that the answer tells whether it still commits."""

        def job(connection: sqlite3.Connection, _now: datetime) -> dict[str, int]:
            counted = effects.counts(connection)
            names = ("owed", "claimed", "failed", "unknown")
            return {
                **{f"effects_{name}": counted.get(name, 0) for name in names},
                "sessions": sessions.count(connection),
            }

        try:
            queues = await self._writer.run(job)
        except StoreError as error:
            return Part(ok=False, problem=str(error)), {}
        return Part(ok=True, facts={"sqlite": sqlite3.sqlite_version}), {**queues, "jobs_waiting": self._writer.waiting}


async def _backend(backend: Backend) -> Part:
    try:
        return Part(ok=True, facts={"version": await backend.ping()})
    except BackendError as error:
        return Part(ok=False, problem=str(error))
