"""Feishu as a channel: messages and taps in, cards, words and files out."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

import stamina
import structlog
from pydantic import SecretStr

from phonework.channels.base import ChannelHealth, Delivery, Fetched, Receipt, Said, Submit
from phonework.channels.feishu import contact, resources
from phonework.channels.feishu.api import Api, Call
from phonework.channels.feishu.connection import Connection, OnGap
from phonework.channels.feishu.handover import Known
from phonework.channels.feishu.history import History
from phonework.channels.feishu.inbound import CHANNEL
from phonework.channels.feishu.outbound import Outbound
from phonework.channels.feishu.socket import App, Periods
from phonework.channels.feishu.untrusted import mapping, string
from phonework.clock import Clock, SystemClock
from phonework.errors import ChannelError
from phonework.fsm.types import Attachment

log = structlog.get_logger(__name__)

FEISHU: Final = "https://open.feishu.cn"
LARGEST_BYTES: Final = 50 * 1024 * 1024
_PATIENCE_S: Final = 10.0


class FeishuChannel:
    """One app. on_gap(from, to) is called after each reconnect: heal the chats, tell the people.
    largest_bytes: of what is fetched.

    A process can have one that runs; the SDK's client has one event loop for all.
    """

    name = CHANNEL

    def __init__(
        self,
        app_id: str,
        app_secret: SecretStr,
        domain: str = FEISHU,
        *,
        clock: Clock | None = None,
        on_gap: OnGap | None = None,
        periods: Periods | None = None,
        largest_bytes: int = LARGEST_BYTES,
    ) -> None:
        clock = clock or SystemClock()
        self._known = Known()
        self._named = asyncio.Event()
        self._api, self._largest_bytes = Api(app_id, app_secret, domain), largest_bytes
        self._history = History(self._api)
        self._outbound = Outbound(self._api, self._history, clock)
        app = App(app_id=app_id, app_secret=app_secret, domain=domain)
        self._connection = Connection(app, self._known, clock, periods or Periods(), on_gap)

    async def run(self, submit: Submit) -> None:
        """Take in events until cancelled; then stop within 3 s."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._learn_who_we_are())
            group.create_task(self._connection.run(submit))

    async def deliver(self, delivery: Delivery) -> Receipt:
        """Put it in front of the person. Raises ChannelError."""
        return await self._outbound.deliver(delivery)

    async def fetch(self, attachment: Attachment) -> Fetched:
        """Get what came with a message, under a name that is safe in a directory. Raises ChannelError."""
        return await resources.fetch(self._api, attachment, self._largest_bytes)

    async def heal(self, chat_id: str, since: datetime, *, private: bool = True) -> Sequence[Said]:
        """What people said in a chat since then, oldest first, under the keys the lost events would have had.

        The history does not tell whether a chat is private: the caller does. Raises ChannelError, which says in words
        which permission is missing.
        """
        private = private and chat_id not in self._known.groups
        if not private:
            await self._who_we_are()
        return await self._history.missed(chat_id, since, bot_open_id=self._known.bot_open_id, private=private)

    async def heal_topic(self, root: str, since: datetime) -> Sequence[Said]:
        """The same for the topic of a group that begins with the message `root`; nothing when there is no topic."""
        await self._who_we_are()
        return await self._history.missed_in_topic(root, since, bot_open_id=self._known.bot_open_id)

    async def name_of(self, user: str) -> str:
        """A person's name; empty when the app may not read it. Raises ChannelError."""
        return await contact.name_of(self._api, user)

    def health(self) -> ChannelHealth:
        connection = self._connection
        return ChannelHealth(
            connected=connection.connected,
            last_event_at=self._known.last_event_at,
            reconnects=connection.reconnects,
            deaf_since=connection.deaf_since,
            problem=connection.problem,
            calls=dict(self._api.outcomes),
        )

    async def _who_we_are(self) -> None:
        """Without that, whether a group spoke to the bot could not be told."""
        try:
            async with asyncio.timeout(_PATIENCE_S):
                await self._named.wait()
        except TimeoutError:
            raise ChannelError("the bot's own id is not known yet", retry_after=timedelta(seconds=1)) from None

    async def _learn_who_we_are(self) -> None:
        """The bot's own open_id, by which it knows that a group speaks to it. Tried until it works."""
        async for attempt in stamina.retry_context(on=ChannelError, attempts=None, timeout=None, wait_max=60):
            with attempt:
                answer = await self._api.call(Call(method="GET", path="/open-apis/bot/v3/info", changes=False))
                self._known.bot_open_id = string(mapping(answer.get("bot")).get("open_id"))
                if not self._known.bot_open_id:
                    raise ChannelError(
                        "Feishu does not name the bot", hint="switch on the app's bot ability and publish"
                    )
        self._named.set()
        log.info("feishu bot known", bot_open_id=self._known.bot_open_id)
