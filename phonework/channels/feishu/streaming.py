"""Cards whose text is written piece by piece, as long as Feishu plays along; otherwise nobody is the worse for it.

A card that may stream is sent as an entity. Streaming begins with its first words and ends before anything else is to
be done with the card. Whatever Feishu refuses in between, from there on the card is an ordinary one, changed through its
message. Source: Feishu Open Platform, "Streaming updates of cards".
"""

import asyncio
import contextlib
from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, TypeVar

import structlog

from phonework.channels.base import Delivery, Receipt
from phonework.channels.feishu import errors
from phonework.channels.feishu.api import Api, quoted
from phonework.channels.feishu.card_texts import differences, with_text
from phonework.channels.feishu.cardkit import Card, CardKit, Step
from phonework.channels.feishu.limits import CARD_CALLS_PER_SECOND
from phonework.channels.feishu.untrusted import mapping
from phonework.clock import Clock
from phonework.errors import ChannelError

log = structlog.get_logger(__name__)
T = TypeVar("T")

RENEWED_AFTER: Final = timedelta(minutes=8)
"""Streaming ends by itself ten minutes after it was last begun."""
MOST_BYTES: Final = 28_000
"""Of the card as JSON; Feishu takes 30 KB."""
_TYPED: Final = {"print_frequency_ms": {"default": 50}, "print_step": {"default": 4}, "print_strategy": "fast"}
_MOST_REMEMBERED: Final = 1_000
_NUMBERS: Final = 2**31 - 2**20
"""From the last of them it begins anew, every eight years; there is room for those of one run beyond each."""
_NOT_ALLOWED_FOR: Final = timedelta(minutes=10)
_IN_TROUBLE_FOR: Final = timedelta(minutes=1)


@dataclass(slots=True)
class _Entity:
    """What is known of a card. shown: its form, None when unknown. streams_since: None when it does not stream.

    unsure: it was sent before the program was started, so that it may stream. refused: an ordinary card from now on.
    """

    card_id: str
    sequence: int = 0
    shown: Card | None = None
    streams_since: datetime | None = None
    unsure: bool = False
    refused: bool = False
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    def step(self) -> Step:
        self.sequence += 1
        return Step(self.card_id, self.sequence)


class Streams:
    """The cards of one app that may stream."""

    def __init__(self, api: Api, clock: Clock) -> None:
        self._kit, self._limits, self._clock = CardKit(api), api.limits, clock
        self._made: OrderedDict[str, str] = OrderedDict()  # key of a delivery under way → entity
        self._entities: OrderedDict[str, _Entity] = OrderedDict()  # by message
        self._off_until: datetime | None = None

    # A card is sent

    async def make(self, delivery: Delivery, card: Card) -> str:
        """The id of an entity to send for this card; empty: it has to be sent as it is.

        An earlier try, of which nothing is known, may have sent another entity already under the same `uuid`, and Feishu
        would answer with that message; so what is not known to have been made for it is not made.
        """
        if (known := self._made.get(delivery.key)) is not None:
            return known
        if delivery.first_attempt_at is not None or self._is_off():
            return ""
        try:
            card_id = await self._kit.create(card)
        except ChannelError as error:
            self._turn_off(error)
            return ""
        _remember(self._made, delivery.key, card_id)
        return card_id

    def sent(self, delivery: Delivery, message_id: str, card_id: str, card: Card) -> None:
        """The message shows the entity."""
        self._made.pop(delivery.key, None)
        _remember(self._entities, message_id, _Entity(card_id, shown=card))

    def _is_off(self) -> bool:
        return self._off_until is not None and self._clock.now() < self._off_until

    def _turn_off(self, error: ChannelError) -> None:
        """A card Feishu does not like says nothing of the next one; a missing permission does."""
        log.info("cards are not streamed for now", error=str(error), hint=error.hint)
        if error.code in (errors.SCOPE, 404):
            self._off_until = self._clock.now() + _NOT_ALLOWED_FOR
        elif error.retry_after is not None or error.unknown:
            self._off_until = self._clock.now() + _IN_TROUBLE_FOR

    # A card is changed

    async def update(self, delivery: Delivery, card: Card) -> Receipt | None:
        """Give the card this form, streaming or not; None: it has to be done through its message.

        Raises ChannelError when the same may well succeed in a moment.
        """
        entity = self._of(delivery)
        if entity is None or entity.refused:
            return None
        async with entity.lock:
            try:
                streams = await (self._grow if delivery.stream else self._settle)(entity, card)
            except ChannelError as error:
                if _passes(error):
                    raise
                await self._give_up(entity, error)
                return None
        return Receipt(message_id=delivery.target, at=self._clock.now(), streams=streams)

    async def write(self, delivery: Delivery) -> Receipt:
        """Let a text of a streaming card grow. Never raises ChannelError: the next whole form has the words too."""
        entity = self._entities.get(delivery.target)
        if entity is None:
            return self._receipt(delivery, streams=False)
        async with entity.lock:
            if entity.streams_since is None or entity.shown is None:
                return self._receipt(delivery, streams=False)
            shown = with_text(entity.shown, delivery.stream, delivery.markdown)
            if not self._limits.spare() or len(quoted(shown).encode()) > MOST_BYTES:
                return self._receipt(delivery, streams=True)
            try:
                await self._write(entity, delivery.stream, delivery.markdown)
                entity.shown = shown
            except ChannelError as error:
                if not _passes(error):
                    await self._give_up(entity, error)
            return self._receipt(delivery, streams=not entity.refused)

    def _receipt(self, delivery: Delivery, *, streams: bool) -> Receipt:
        return Receipt(message_id=delivery.target, at=self._clock.now(), streams=streams)

    def _of(self, delivery: Delivery) -> _Entity | None:
        found = self._entities.get(delivery.target)
        if found is None and delivery.entity:
            found = _Entity(delivery.entity, sequence=_beyond(self._clock.now()), unsure=True)
            _remember(self._entities, delivery.target, found)
        return found

    async def _settle(self, entity: _Entity, card: Card) -> bool:
        if entity.streams_since is not None or entity.unsure:
            await self._stop(entity, card)
        await self._kit.replace(entity.step(), card)
        entity.shown = card
        return False

    async def _stop(self, entity: _Entity, card: Card) -> None:
        summary = mapping(mapping(card.get("config")).get("summary"))
        config: dict[str, object] = {"streaming_mode": False} | ({"summary": summary} if summary else {})
        await self._kit.configure(entity.step(), config)
        entity.streams_since, entity.unsure = None, False

    async def _grow(self, entity: _Entity, card: Card) -> bool:
        texts = differences(entity.shown, card) if entity.streams_since is not None else None
        if texts is None:
            await self._begin(entity, card)
            return True
        assert entity.streams_since is not None
        if self._clock.now() - entity.streams_since > RENEWED_AFTER:
            await self._renew(entity)
        for element_id, text in texts.items():
            await self._write(entity, element_id, text)
        entity.shown = card
        return True

    async def _begin(self, entity: _Entity, card: Card) -> None:
        """Show the whole card and let it stream, or go on streaming."""
        since = entity.streams_since
        if since is not None and self._clock.now() - since > RENEWED_AFTER:
            await self._renew(entity)
        elif since is None:
            entity.streams_since = self._clock.now()  # said before it is asked for: the answer may be lost
        await self._kit.replace(entity.step(), _streaming(card))
        entity.shown, entity.unsure = card, False

    async def _renew(self, entity: _Entity) -> None:
        entity.streams_since = self._clock.now()
        await self._kit.configure(entity.step(), {"streaming_mode": True})

    async def _write(self, entity: _Entity, element_id: str, text: str) -> None:
        try:
            await self._kit.write(entity.step(), element_id, text)
        except ChannelError as error:
            if error.code not in errors.STREAMING_OVER:
                raise
            await self._renew(entity)
            await self._kit.write(entity.step(), element_id, text)

    async def _give_up(self, entity: _Entity, error: ChannelError) -> None:
        """From here on it is an ordinary card, and must not be left saying that more is to come."""
        log.info("a card streams no longer", card_id=entity.card_id, code=error.code, error=str(error), hint=error.hint)
        entity.refused = True
        # A call that was not answered may still arrive: with a newer number taken it is refused then.
        if entity.streams_since is not None or entity.unsure or error.unknown:
            with contextlib.suppress(ChannelError):
                await self._stop(entity, entity.shown or {})
        entity.shown = entity.streams_since = None


def _beyond(now: datetime) -> int:
    """A number beyond those of earlier runs: a card's number cannot grow faster than this does. It fits into 32 bits."""
    return int(now.timestamp() * CARD_CALLS_PER_SECOND) % _NUMBERS


def _passes(error: ChannelError) -> bool:
    """Whether it was refused for the moment only, and certainly refused."""
    return error.retry_after is not None and not error.unknown


def _remember(what: OrderedDict[str, T], key: str, value: T) -> None:
    what[key] = value
    what.move_to_end(key)
    while len(what) > _MOST_REMEMBERED:
        what.popitem(last=False)


def _streaming(card: Card) -> Card:
    return {**card, "config": {**mapping(card.get("config")), "streaming_mode": True, "streaming_config": _TYPED}}
