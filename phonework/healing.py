"""Healing: what was missed while the connection was away is fetched from the chats' history, and people are told."""

import asyncio
import sqlite3
from collections.abc import Sequence
from datetime import datetime, timedelta, tzinfo
from typing import Final, Protocol

import structlog

from phonework.channels.base import Chat, Said, Submit
from phonework.channels.cards.parts import clock_time
from phonework.clock import Clock
from phonework.errors import ChannelError, StoreError
from phonework.fsm import effects as order
from phonework.fsm.types import UserId
from phonework.store import effects, messages, topics, users
from phonework.store.effects import Owed
from phonework.store.writer import Writer

log = structlog.get_logger(__name__)

EVERY: Final = timedelta(minutes=5)
OVERLAP: Final = timedelta(minutes=2)
"""Looked at again before the mark: deliveries are in no order, and what is known is recognised."""
WORTH_TELLING: Final = timedelta(minutes=1)
TOPICS: Final = 20
"""So many topics of a group are looked through, those used last."""
TOPICS_LIVE: Final = timedelta(days=14)
"""Cards can be changed for as long; a topic that rested longer is left alone."""


class History(Protocol):
    """A channel whose past can be read."""

    name: str

    async def heal(self, chat_id: str, since: datetime, *, private: bool = True) -> Sequence[Said]: ...

    async def heal_topic(self, root: str, since: datetime) -> Sequence[Said]:
        """What was said in the topic of a group that begins with the message `root`; nothing if there is no topic."""


class Healer:
    """Keeps, for each chat, up to when it was read. zone: of the times it tells; None: the machine's."""

    def __init__(
        self, *, writer: Writer, clock: Clock, channel: History, submit: Submit, zone: tzinfo | None = None
    ) -> None:
        self._writer, self._clock, self._channel, self._submit, self._zone = writer, clock, channel, submit, zone
        self._lock = asyncio.Lock()

    async def run(self) -> None:
        """Look every few minutes, for ever."""
        while True:
            await self.heal()
            await asyncio.sleep(EVERY.total_seconds())

    async def on_gap(self, since: datetime, until: datetime) -> None:
        """The connection was away from `since` to `until`."""
        await self.heal(since - OVERLAP)
        if until - since >= WORTH_TELLING:
            await self._tell(since, until)

    async def heal(self, since: datetime | None = None) -> int:
        """Take in what each known chat holds beyond its mark; returns how many messages were looked at."""
        async with self._lock:
            chats = await self._writer.run(lambda connection, _now: messages.chats(connection, self._channel.name))
            looked = 0
            for chat_id, user_id, private, seen in chats:
                looked += await self._heal_chat(chat_id, user_id, private, min(seen - OVERLAP, since or seen))
            return looked

    async def _heal_chat(self, chat_id: str, user_id: str, private: bool, since: datetime) -> int:
        begun = self._clock.now()
        try:
            missed = await self._missed(chat_id, private, since)
            for said in missed:
                await self._submit(said)
        except (ChannelError, StoreError) as error:
            log.warning("a chat's history could not be read", chat_id=chat_id, why=str(error))
            return 0
        chat = Chat(channel=self._channel.name, chat_id=chat_id, private=private)
        await self._writer.run(lambda connection, _now: messages.see(connection, chat, user_id, begun))
        return len(missed)

    async def _missed(self, chat_id: str, private: bool, since: datetime) -> list[Said]:
        """Everything, oldest first. A group's own history has of each topic the first message only."""
        missed = list(await self._channel.heal(chat_id, since, private=private))
        if not private:
            begun = [said.chat.root for said in reversed(missed) if said.addressed]
            for root in list(dict.fromkeys([*begun, *await self._topics(chat_id)]))[:TOPICS]:
                missed += await self._missed_in_topic(root, since)
        return sorted({said.key: said for said in missed}.values(), key=lambda said: said.sent_at)

    async def _topics(self, chat_id: str) -> list[str]:
        return await self._writer.run(
            lambda connection, now: topics.known(connection, self._channel.name, chat_id, now - TOPICS_LIVE)
        )

    async def _missed_in_topic(self, root: str, since: datetime) -> Sequence[Said]:
        """One that can never be read, because it was recalled, say, holds up nothing. Raises ChannelError for now."""
        try:
            return await self._channel.heal_topic(root, since)
        except ChannelError as error:
            if error.retry_after is not None:
                raise
            log.warning("a topic's history could not be read", root=root, why=str(error))
            return ()

    async def _tell(self, since: datetime, until: datetime) -> None:
        chats = await self._writer.run(lambda connection, _now: messages.chats(connection, self._channel.name))

        def job(connection: sqlite3.Connection, now: datetime) -> "Told":
            told: list[Owed] = []
            for chat_id, user_id, private, _seen in chats:
                if not private:
                    continue
                user = users.get(connection, user_id)
                zone = (users.zone_named(user.timezone) if user else None) or self._zone
                params = {"since": clock_time(since, zone), "until": clock_time(until, zone)}
                told += effects.add(
                    connection,
                    [order.Say(text="say.deaf_window", params=params)],
                    prefix=f"{user_id}:deaf:{until.timestamp():.0f}",
                    session_id=None,
                    user_id=UserId(user_id),
                    chat=Chat(channel=self._channel.name, chat_id=chat_id),
                    now=now,
                    quiet_until=users.quiet_until(connection, UserId(user_id), now),
                )
            return Told(tuple(told))

        await self._writer.run(job)


class Told:
    """What the commit owes; the dispatcher picks it up."""

    __slots__ = ("owed",)

    def __init__(self, owed: tuple[Owed, ...]) -> None:
        self.owed = owed
