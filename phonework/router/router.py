"""The router: authorises, finds the node, hands over; and knows which message shows which card."""

import sqlite3
from collections import OrderedDict
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

import structlog

from phonework.channels.base import (
    Act,
    Action,
    Channel,
    Clicked,
    Delivery,
    Fetched,
    Recalled,
    Receipt,
    Reply,
    Said,
    Toast,
)
from phonework.clock import Clock
from phonework.errors import ChannelError
from phonework.fsm import effects as order
from phonework.fsm.reasons import Reason
from phonework.fsm.types import Attachment, UserId
from phonework.link.base import Envelope, Link
from phonework.router.authorise import Gate, Stranger
from phonework.router.routes import Routes
from phonework.store import effects, events, messages, users
from phonework.store.effects import Owed
from phonework.store.events import Record, Status
from phonework.store.writer import Writer
from phonework.texts import text

log = structlog.get_logger(__name__)

MOST_TARGETS: Final = 1_000
MOST_RECALLED: Final = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Greeted:
    """What a stranger's message committed."""

    stranger: Stranger
    owed: tuple[Owed, ...] = ()


class Router:
    """Both directions of the traffic between people and nodes. It decides nothing about sessions."""

    def __init__(
        self,
        *,
        writer: Writer,
        clock: Clock,
        gate: Gate,
        routes: Routes,
        link: Link,
        channels: dict[str, Channel],
        language: str,
    ) -> None:
        self._writer, self._clock, self._gate, self._routes, self._link = writer, clock, gate, routes, link
        self._channels, self._language = channels, language
        self._chats: set[str] = set()  # those known to be stored
        self._targets: OrderedDict[str, tuple[str, str]] = OrderedDict()  # card → message, entity
        self._recalled: OrderedDict[str, None] = OrderedDict()  # messages that were taken back before they came

    # People → nodes

    async def submit(self, act: Act) -> Reply:
        """Return when what the person did is committed. Raises StoreError when it is not."""
        if isinstance(act, Recalled):
            return await self._recall(act)
        if isinstance(act, Said) and (not act.addressed or act.key in self._recalled):
            return Reply()
        if not self._gate.allows(act.user):
            return await self._greet(act)
        envelope = Envelope(
            user_id=UserId(act.user),
            language=act.language if isinstance(act, Said) else "",
            received_at=self._clock.now(),
            said=act if isinstance(act, Said) else None,
            clicked=act if isinstance(act, Clicked) else None,
        )
        reply = await self._link.submit(self._routes.node_of(envelope.user_id), envelope)
        if act.chat.chat_id not in self._chats:
            await self._know(act)
        return reply

    async def _recall(self, act: Recalled) -> Reply:
        """It is for the node of whoever wrote the message. One that was not committed comes again: not any more."""
        user_id = await self._writer.run(lambda connection, _now: events.sender(connection, act.key))
        if user_id is None:
            self._recalled[act.key] = None
            while len(self._recalled) > MOST_RECALLED:
                self._recalled.popitem(last=False)
        if user_id is None or not self._gate.allows(user_id):
            return Reply()
        envelope = Envelope(user_id=user_id, language="", received_at=self._clock.now(), recalled=act)
        return await self._link.submit(self._routes.node_of(user_id), envelope)

    async def _know(self, act: Said | Clicked) -> None:
        """Remember the chat, so that its history is looked through for what never arrived."""
        await self._writer.run(lambda connection, now: messages.know(connection, act.chat, act.user, now))
        self._chats.add(act.chat.chat_id)

    async def _greet(self, act: Said | Clicked) -> Reply:
        if isinstance(act, Clicked):
            return await self._turn_away(act)
        user_id = UserId(act.user)

        def job(connection: sqlite3.Connection, now: datetime) -> Greeted:
            if events.find(connection, "message", act.key):
                return Greeted(stranger=Stranger())
            stranger = self._gate.greet(connection, user_id, act.text, now)
            if stranger.text is None:
                return Greeted(stranger=stranger)
            if act.language:
                users.hear(connection, user_id, act.language)
            events.add(connection, _written(act), now)
            words = order.Say(text=stranger.text, params={"open_id": act.user}, reply_to=act.message_id)
            owed = effects.add(
                connection,
                [words],
                prefix=f"{user_id}:{act.key}",
                session_id=None,
                user_id=user_id,
                chat=act.chat,
                now=now,
            )
            return Greeted(stranger=stranger, owed=owed)

        greeted = await self._writer.run(job)
        self._gate.settle(user_id, greeted.stranger)
        log.warning("a stranger wrote", user_id=user_id, paired=greeted.stranger.paired)
        return Reply()

    async def _turn_away(self, act: Clicked) -> Reply:
        """A stranger tapped."""
        user = await self._writer.run(lambda connection, _now: users.get(connection, act.user))
        language = users.language_of(user, self._language)
        return Reply(toast=Toast(kind="warning", text=text(language, "reason.not_allowed")))

    # Nodes → people

    async def deliver(self, delivery: Delivery) -> Receipt:
        """Show it, once: a delivery that was completed before returns its receipt. Raises ChannelError."""
        channel = self._channel(delivery.chat.channel)
        if delivery.action is not Action.CREATE:
            message_id, entity = await self._target(delivery)
            return await channel.deliver(replace(delivery, target=message_id, entity=entity))
        known = await self._writer.run(lambda connection, _now: messages.receipt(connection, delivery.key))
        if known is not None:
            return known
        receipt = await channel.deliver(delivery)
        await self._writer.run(lambda connection, _now: messages.add(connection, delivery, receipt))
        self._remember(delivery.card_key, (receipt.message_id, receipt.entity))
        return receipt

    async def _target(self, delivery: Delivery) -> tuple[str, str]:
        """The message that shows the card, and the channel's id of the card."""
        if (known := self._targets.get(delivery.card_key)) is not None:
            return known
        target = await self._writer.run(lambda connection, _now: messages.of_card(connection, delivery.card_key))
        if target is None:
            raise ChannelError("no message shows this card", gone=True)
        return self._targets.setdefault(delivery.card_key, target)  # one made meanwhile is newer

    def _remember(self, card_key: str, target: tuple[str, str]) -> None:
        """Words that are streamed come several times a second: the writer is not asked where each of them goes."""
        if card_key:
            self._targets[card_key] = target
            self._targets.move_to_end(card_key)
        while len(self._targets) > MOST_TARGETS:
            self._targets.popitem(last=False)

    async def fetch(self, attachment: Attachment) -> Fetched:
        """The bytes of what came with a message. Raises ChannelError."""
        (channel,) = self._channels.values()
        return await channel.fetch(attachment)

    def _channel(self, name: str) -> Channel:
        channel = self._channels.get(name)
        if channel is None:
            raise ChannelError(f"there is no channel called {name}", gone=True)
        return channel


def _written(act: Said) -> Record:
    """That a stranger wrote, without what: the same message again is recognised, also by those let in by it."""
    return Record(
        source="message",
        key=act.key,
        kind="Stranger",
        user_id=UserId(act.user),
        occurred_at=act.sent_at,
        status=Status.IGNORED,
        reason=Reason.NOT_ALLOWED,
        payload="{}",
    )
