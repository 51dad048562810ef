"""How the running program is, for `GET /health`."""

import sqlite3
from collections.abc import Mapping
from datetime import datetime

from phonework.backends.base import Backend
from phonework.channels.base import Channel
from phonework.core import Core
from phonework.errors import BackendError, StoreError
from phonework.http.health import HealthParts, Part
from phonework.store import effects, sessions


class Health:
    """Asks the parts; starts nothing."""

    def __init__(self, *, core: Core, channel: Channel) -> None:
        self._core, self._channel = core, channel

    async def health(self) -> HealthParts:
        database, queues = await self._database()
        return HealthParts(
            feishu=self._channel.health(),
            backends={name: await _backend(backend) for name, backend in self._backends().items()},
            database=database,
            queues=queues,
        )

    async def smoke(self, backend: str) -> str:
        """A real one-line turn. Raises KeyError for an unknown backend, BackendError when it fails."""
        return await self._backends()[backend].ping(smoke=True)

    def _backends(self) -> Mapping[str, Backend]:
        return self._core.backends

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
            queues = await self._core.writer.run(job)
        except StoreError as error:
            return Part(ok=False, problem=str(error)), {}
        return Part(ok=True, facts={"sqlite": sqlite3.sqlite_version}), {
            **queues,
            "jobs_waiting": self._core.writer.waiting,
        }


async def _backend(backend: Backend) -> Part:
    try:
        return Part(ok=True, facts={"version": await backend.ping()})
    except BackendError as error:
        return Part(ok=False, problem=str(error))
