"""People's names: asked of the channel once for each person, for `phonework inspect NAME` and the like.

Nothing waits for them: cards of a group name people by their ids, which Feishu fills in.
"""

import asyncio
from datetime import timedelta
from typing import Final, Protocol

import structlog

from phonework.errors import ChannelError, StoreError
from phonework.fsm.types import UserId
from phonework.store import users
from phonework.store.writer import Writer

log = structlog.get_logger(__name__)

EVERY: Final = timedelta(minutes=1)


class Directory(Protocol):
    """A channel that knows people's names."""

    async def name_of(self, user: str) -> str:
        """The name; empty when it may not be read. Raises ChannelError."""


class Names:
    """Fills in the names that are missing. What cannot be had is logged once, and not asked for again in this life."""

    def __init__(self, *, writer: Writer, directory: Directory) -> None:
        self._writer, self._directory = writer, directory
        self._asked: set[UserId] = set()
        self._told = False

    async def run(self) -> None:
        """Look every minute, for ever."""
        while True:
            await self.look()
            await asyncio.sleep(EVERY.total_seconds())

    async def look(self) -> None:
        """Ask for the names of people who have none yet. Never raises."""
        try:
            nameless = await self._writer.run(lambda connection, _now: users.nameless(connection))
            for user_id in nameless:
                if user_id not in self._asked:
                    await self._ask(user_id)
        except StoreError as error:
            self._tell(str(error))

    async def _ask(self, user_id: UserId) -> None:
        try:
            name = await self._directory.name_of(user_id)
        except ChannelError as error:
            if error.retry_after is None:
                self._asked.add(user_id)
            self._tell(str(error), error.hint)
            return
        self._asked.add(user_id)
        if name:
            await self._writer.run(lambda connection, _now: users.name(connection, user_id, name))
        else:
            self._tell("the app may not read them", "grant contact:user.base:readonly in the developer console")

    def _tell(self, why: str, hint: str = "") -> None:
        if not self._told:
            log.info("people's names are not known", why=why, hint=hint)
        self._told = True
