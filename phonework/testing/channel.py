"""A channel that remembers: Feishu's side of the chat, with its idempotency by key and outcomes that the test decides."""

import asyncio
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum

from phonework.channels.base import Action, ChannelHealth, Chat, Delivery, Fetched, Receipt, Submit
from phonework.clock import Clock
from phonework.errors import ChannelError
from phonework.fsm.types import Attachment


class Fate(StrEnum):
    """What becomes of a delivery."""

    OK = "ok"
    BUSY = "busy"  # refused for now, may be tried again in two seconds
    REFUSED = "refused"  # refused for good
    GONE = "gone"  # the chat or the message is not there any more
    HANG = "hang"  # nothing happens until `release`
    UNKNOWN = "unknown"  # it arrived, and the answer was lost
    ODD = "odd"  # something nobody thought of


@dataclass(slots=True)
class Post:
    """One message as the person sees it. versions: every content a card had, the newest last.

    streams: its text can be written piece by piece now; streamed: what it was given so.
    """

    message_id: str
    delivery: Delivery
    versions: list[Delivery] = field(default_factory=list)
    streams: bool = False
    streamed: list[str] = field(default_factory=list)

    @property
    def chat(self) -> Chat:
        return self.delivery.chat

    @property
    def shows(self) -> Delivery:
        """What it shows now."""
        return self.versions[-1]

    @property
    def words(self) -> str:
        """Everything that can be read on it."""
        return self.shows.markdown or "\n".join(_words(self.shows.card))


def _words(node: object) -> Iterator[str]:
    if isinstance(node, dict):
        for key, value in node.items():
            if key in ("content", "label", "text") and isinstance(value, str):
                yield value
            else:
                yield from _words(value)
    elif isinstance(node, list):
        for one in node:
            yield from _words(one)


class FakeChannel:
    """Outlives the program: what was posted stays posted. fates: of the next calls, one each; afterwards `usual`."""

    name = "feishu"

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.posts: dict[str, Post] = {}
        self.calls: list[Delivery] = []
        self.fates: deque[Fate] = deque()
        self.usual = Fate.OK
        self.files: dict[str, bytes] = {}
        self.refused: dict[str, ChannelError] = {}  # files that cannot be had, and why
        self.fetched: list[Attachment] = []
        self.blocked = 0
        self.streams = False  # as where the app may not use card entities
        self.entities = False  # cards have ids of their own
        self._sent: dict[str, str] = {}
        self._released = asyncio.Event()

    async def run(self, submit: Submit) -> None:
        """Nothing comes in by itself; a test hands messages to the router."""
        await asyncio.Event().wait()

    async def deliver(self, delivery: Delivery) -> Receipt:
        self.calls.append(delivery)
        await asyncio.sleep(0)
        match self._fate():
            case Fate.BUSY:
                raise ChannelError("too many requests", retry_after=timedelta(seconds=2), code=99991400)
            case Fate.REFUSED:
                raise ChannelError("the card is not valid", code=230099)
            case Fate.GONE:
                raise ChannelError("the bot is not in the chat", gone=True, code=230002)
            case Fate.ODD:
                raise RuntimeError("nobody thought of this")
            case Fate.HANG:
                await self._hang()
            case Fate.UNKNOWN:
                self._post(delivery)
                raise ChannelError("no answer in time", retry_after=timedelta(), unknown=True)
            case Fate.OK:
                pass
        return self._post(delivery)

    async def fetch(self, attachment: Attachment) -> Fetched:
        self.fetched.append(attachment)
        if self._fate() is Fate.BUSY:
            raise ChannelError("too many requests", retry_after=timedelta(seconds=2))
        if attachment.key in self.refused:
            raise self.refused[attachment.key]
        content = self.files.get(attachment.key)
        if content is None:
            raise ChannelError(f"there is no file {attachment.key}")
        return Fetched(name=attachment.name, content=content)

    def health(self) -> ChannelHealth:
        return ChannelHealth(connected=True)

    def release(self) -> None:
        """Calls that hang go on."""
        self._released.set()
        self._released = asyncio.Event()

    # What a test looks at

    def shown(self, card_key: str) -> Post:
        """The newest message that shows the card. Raises KeyError."""
        for post in reversed(self.posts.values()):
            if post.delivery.card_key == card_key:
                return post
        raise KeyError(card_key)

    def texts(self) -> list[str]:
        """The plain messages, in order."""
        return [post.shows.markdown for post in self.posts.values() if post.shows.markdown]

    def values(self, card_key: str) -> list[dict[str, object]]:
        """What the buttons of a card carry now."""
        return list(_values(self.shown(card_key).shows.card))

    def _fate(self) -> Fate:
        return self.fates.popleft() if self.fates else self.usual

    async def _hang(self) -> None:
        self.blocked += 1
        try:
            await self._released.wait()
        finally:
            self.blocked -= 1

    def _post(self, delivery: Delivery) -> Receipt:
        if delivery.action is Action.UPDATE:
            post = self.posts.get(delivery.target)
            if post is None:
                raise ChannelError("there is no such message", gone=True)
            post.versions.append(delivery)
            post.streams = self.streams and bool(delivery.stream)
            return Receipt(message_id=post.message_id, at=self._clock.now(), streams=post.streams)
        if delivery.action is Action.STREAM:
            post = self.posts[delivery.target]
            post.streamed += [delivery.markdown] if post.streams else []
            return Receipt(message_id=post.message_id, at=self._clock.now(), streams=post.streams)
        # Feishu: the same `uuid` within an hour is the same message.
        message_id = self._sent.setdefault(delivery.key, f"om_{len(self._sent) + 1}")
        if message_id not in self.posts:
            self.posts[message_id] = Post(message_id, delivery, [delivery])
        entity = f"card of {message_id}" if self.entities and delivery.stream else ""
        return Receipt(message_id=message_id, at=self._clock.now(), entity=entity)


def _values(node: object) -> Iterator[dict[str, object]]:
    if isinstance(node, dict):
        value = node.get("value")
        if node.get("type") == "callback" and isinstance(value, dict):
            yield value
        for one in node.values():
            yield from _values(one)
    elif isinstance(node, list):
        for one in node:
            yield from _values(one)
