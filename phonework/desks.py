"""Conversations begun at the desk, of all agents that know theirs: which there are, and what a person may do with each."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Final

import structlog

from phonework import workdir
from phonework.backends.base import Backend, DeskBackend, DeskSession
from phonework.errors import BackendError, RefusedError
from phonework.fsm.types import UserId
from phonework.store import desk
from phonework.store.desk import Owner
from phonework.store.reader import Reader
from phonework.views import DeskView

log = structlog.get_logger(__name__)

LISTED: Final = 12
LOOKED_WITHIN: Final = timedelta(seconds=15)
FOUND_WITHIN: Final = timedelta(seconds=1.5)
"""A message waits for this: Feishu waits 3 s."""


class Desks:
    """root: the working root; what began elsewhere is neither shown nor gone on with."""

    def __init__(self, *, root: Path, reader: Reader) -> None:
        self.root, self._reader = root, reader
        self._backends: dict[str, DeskBackend] = {}
        self._shown: dict[UserId, tuple[tuple[str, str], ...]] = {}  # what the numbers on a person's last list mean

    def connect(self, backends: Mapping[str, Backend]) -> None:
        """Know those backends that know conversations begun at the desk."""
        found = {name: one for name, one in backends.items() if one.capabilities.desk and isinstance(one, DeskBackend)}
        self._backends.update(found)

    async def listed(self, user_id: UserId) -> tuple[DeskView, ...]:
        """The newest, numbered; those that are another person's sessions are left out. Raises TimeoutError."""
        async with asyncio.timeout(LOOKED_WITHIN.total_seconds()):
            found = [(name, one) for name, backend in self._backends.items() for one in await self._of(backend)]
        found.sort(key=lambda pair: pair[1].active_at, reverse=True)
        owners = await self._reader.run(lambda connection: desk.owners(connection, found))
        views = [_view(name, one, owners, user_id) for name, one in found]
        shown = tuple(one for one in views if one is not None)[:LISTED]
        self._shown[user_id] = tuple((one.backend, one.session.agent_session_id) for one in shown)
        return tuple(replace(one, number=number) for number, one in enumerate(shown, start=1))

    async def _of(self, backend: DeskBackend) -> tuple[DeskSession, ...]:
        try:
            return await backend.transcripts(self.root, LISTED * 2)
        except (BackendError, OSError) as error:
            log.warning("an agent's conversations could not be listed", backend=backend.name, why=str(error))
            return ()

    async def numbered(self, user_id: UserId, number: int) -> DeskView | None:
        """The one of this number on the list the person saw last; None when it is gone since.

        Raises RefusedError when the list has no such number, and as `find` does.
        """
        if user_id not in self._shown:
            try:
                async with asyncio.timeout(FOUND_WITHIN.total_seconds()):
                    await self.listed(user_id)
            except TimeoutError:
                raise RefusedError("report_slow") from None
        shown = self._shown[user_id]
        if not 1 <= number <= len(shown):
            raise RefusedError("desk_no_number", number=str(number))
        return await self.find(user_id, *shown[number - 1])

    async def find(self, user_id: UserId, backend: str, agent_session_id: str) -> DeskView | None:
        """One of them as it is now; None when it is not there for this person.

        Raises RefusedError, with the sentence, when its directory is gone or outside the working root, or it takes too long.
        """
        known = self._backends.get(backend)
        try:
            async with asyncio.timeout(FOUND_WITHIN.total_seconds()):
                found = await known.transcript(agent_session_id) if known is not None else None
        except TimeoutError:
            raise RefusedError("report_slow") from None
        except (BackendError, OSError) as error:
            log.warning("a conversation could not be looked up", backend=backend, why=repr(error))
            return None
        if found is None:
            return None
        owners = await self._reader.run(lambda connection: desk.owners(connection, [(backend, found)]))
        view = _view(backend, found, owners, user_id)
        if view is None or view.mine:
            return view
        path = await asyncio.to_thread(workdir.resolve, found.cwd or "?", self.root)
        return replace(view, session=replace(found, cwd=str(path)))

    async def context_tokens(self, backend: str, agent_session_id: str) -> int:
        """How much the model had before it at its last reply; 0 when that is not known."""
        known = self._backends.get(backend)
        try:
            async with asyncio.timeout(LOOKED_WITHIN.total_seconds()):
                found = await known.transcript(agent_session_id) if known is not None else None
        except (BackendError, OSError) as error:
            log.warning("a conversation could not be looked up", backend=backend, why=repr(error))
            return 0
        return found.context_tokens if found is not None else 0


def _view(
    backend: str, session: DeskSession, owners: Mapping[tuple[str, str], Owner], user_id: UserId
) -> DeskView | None:
    """None when it is a session of somebody else, open or closed: they might as well not exist."""
    owner = owners.get((backend, session.agent_session_id))
    if owner is not None and owner.user_id != user_id:
        return None
    mine = owner.session_id if owner is not None and owner.open else None
    return DeskView(backend=backend, session=session, mine=mine)
