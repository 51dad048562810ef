"""What exists on the emulated platform: people, chats, messages with all their versions, and who watches them."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final, Literal, Protocol

from phonework.channels.emulator.clock import Clock
from phonework.channels.emulator.settings import Settings

Json = dict[str, Any]
Change = Literal["message", "recalled", "reaction", "bot", "reset"]


MOST_VERSIONS: Final = 200
"""Of a message; a card whose text is streamed has a new one several times a second."""


def new_id(prefix: str) -> str:
    return prefix + uuid.uuid4().hex


@dataclass(slots=True, kw_only=True)
class User:
    """A person with a phone; `language` is `zh` or `en`."""

    open_id: str
    union_id: str
    name: str
    language: str = "zh"


@dataclass(slots=True, kw_only=True)
class Chat:
    """A private chat of one person with the bot, or a group."""

    chat_id: str
    kind: str
    name: str
    members: list[str]
    bot_inside: bool = True
    topics: bool = False
    """A topic group: every root message opens a topic of its own."""
    dissolved: bool = False


@dataclass(slots=True, kw_only=True)
class Version:
    """One form a message had: from when, and what made it (create, patch, put, answer, delayed, recall)."""

    at_ms: int
    cause: str
    content: Json


@dataclass(slots=True, kw_only=True)
class Reaction:
    reaction_id: str
    emoji: str
    operator_id: str
    operator_type: str
    at_ms: int


@dataclass(slots=True, kw_only=True)
class Message:
    """A message in its newest form; `content` is the parsed JSON of the wire's `content` string."""

    message_id: str
    chat_id: str
    sender_id: str
    sender_type: str
    msg_type: str
    content: Json
    created_ms: int
    updated_ms: int
    version: int = 1
    root_id: str = ""
    parent_id: str = ""
    thread_id: str = ""
    recalled: bool = False
    edits: int = 0
    mentions: list[Json] = field(default_factory=list)
    reactions: list[Reaction] = field(default_factory=list)
    versions: list[Version] = field(default_factory=list)
    card_id: str = ""
    pinned: bool = False
    urgent: list[str] = field(default_factory=list)
    revision: int = 0
    number: int = 0
    """Counts all messages: the order of those of one millisecond."""

    @property
    def order(self) -> tuple[int, int]:
        return self.created_ms, self.number

    @property
    def from_bot(self) -> bool:
        return self.sender_type == "app"


@dataclass(slots=True, kw_only=True)
class Blob:
    """A file or picture; `owner` is `app` or the open_id of who uploaded it."""

    key: str
    name: str
    media_type: str
    kind: str
    owner: str
    data: bytes


@dataclass(slots=True, kw_only=True)
class CardEntity:
    """A card made by cardkit, shown by at most one message."""

    card_id: str
    card: Json
    created_ms: int
    sequence: int = 0
    message_id: str = ""
    streaming_since_ms: int = 0
    timeout_told: bool = False
    uuids: set[str] = field(default_factory=set)


class Storage(Protocol):
    """Where the world is kept when it must survive a restart."""

    def save(self, kind: str, key: str, value: object) -> None: ...
    def clear(self) -> None: ...
    def close(self) -> None: ...


class World:
    """All state the phone shows. Each change raises `revision`, is stored, and wakes the watchers."""

    def __init__(self, settings: Settings, clock: Clock, storage: Storage | None = None) -> None:
        self.settings = settings
        self.clock = clock
        self.storage = storage
        self.users: dict[str, User] = {}
        self.chats: dict[str, Chat] = {}
        self.messages: dict[str, Message] = {}
        self.blobs: dict[str, Blob] = {}
        self.cards: dict[str, CardEntity] = {}
        self.read_ms: dict[tuple[str, str], int] = {}
        self.revision = 0
        self._last_number = 0
        self._waiting: set[asyncio.Event] = set()
        self._listeners: list[Callable[[Change, Message | None], None]] = []

    # --- watching

    def listen(self, listener: Callable[[Change, Message | None], None]) -> Callable[[], None]:
        """Call `listener` at each change until the returned function is called."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def changed(self, what: Change, message: Message | None = None) -> None:
        self.revision += 1
        if message is not None:
            message.revision = self.revision
            self._store("message", message.message_id, message)
        for listener in list(self._listeners):
            listener(what, message)
        self.wake()

    def wake(self) -> None:
        """Let everybody who waits look again."""
        for event in self._waiting:
            event.set()

    async def wait_change(self, seconds: float) -> None:
        """Return at the next change of anything, or when the time is up."""
        event = asyncio.Event()
        self._waiting.add(event)
        try:
            async with asyncio.timeout(seconds):
                await event.wait()
        except TimeoutError:
            return
        finally:
            self._waiting.discard(event)

    # --- people and chats

    def add_user(self, open_id: str = "", name: str = "", language: str = "zh") -> User:
        open_id = open_id or new_id("ou_")
        user = User(
            open_id=open_id, union_id="on_" + open_id.removeprefix("ou_"), name=name or open_id, language=language
        )
        self.users[open_id] = user
        self._store("user", open_id, user)
        self.private_chat(user)
        return user

    def private_chat(self, user: User) -> Chat:
        """The chat of this person with the bot, made at the first need."""
        for chat in self.chats.values():
            if chat.kind == "p2p" and chat.members == [user.open_id]:
                return chat
        chat_id = "oc_" + user.open_id.removeprefix("ou_")
        return self.add_chat(kind="p2p", name=self.settings.bot_name, members=[user.open_id], chat_id=chat_id)

    def add_chat(
        self, *, kind: str = "group", name: str, members: list[str], chat_id: str = "", topics: bool = False
    ) -> Chat:
        chat = Chat(chat_id=chat_id or new_id("oc_"), kind=kind, name=name, members=members, topics=topics)
        self.chats[chat.chat_id] = chat
        self.chat_changed(chat)
        return chat

    def chat_changed(self, chat: Chat) -> None:
        self._store("chat", chat.chat_id, chat)
        self.changed("reset")

    def find_user(self, user_id: str) -> User | None:
        """By open_id or union_id."""
        return self.users.get(user_id) or next((u for u in self.users.values() if u.union_id == user_id), None)

    # --- messages

    def add_message(self, message: Message, cause: str = "create") -> Message:
        message.versions.append(Version(at_ms=message.created_ms, cause=cause, content=message.content))
        message.number = self._last_number = self._last_number + 1
        self.messages[message.message_id] = message
        if not message.from_bot:
            self.mark_read(message.sender_id, message.chat_id)
        self.changed("message", message)
        return message

    def rewrite(self, message: Message, content: Json, cause: str) -> None:
        """Give a message a new form and keep the old one in its history, which is that of its beginning and its end."""
        message.content = content
        message.updated_ms = self.clock.now_ms()
        message.version += 1
        message.versions.append(Version(at_ms=message.updated_ms, cause=cause, content=content))
        del message.versions[1 : max(1, len(message.versions) - MOST_VERSIONS + 1)]
        self.changed("message", message)

    def restore(self, messages: Iterable[Message]) -> None:
        """Take back what was stored, in order."""
        self.messages = {message.message_id: message for message in sorted(messages, key=lambda each: each.order)}
        self.revision = max((message.revision for message in self.messages.values()), default=0)
        self._last_number = max((message.number for message in self.messages.values()), default=0)

    def recall(self, message: Message) -> None:
        message.recalled = True
        message.updated_ms = self.clock.now_ms()
        self.changed("recalled", message)

    def in_chat(self, chat_id: str) -> Iterator[Message]:
        """Messages of a chat, oldest first."""
        found = (message for message in self.messages.values() if message.chat_id == chat_id)
        return iter(sorted(found, key=lambda message: message.order))

    def mark_read(self, open_id: str, chat_id: str) -> None:
        self.read_ms[open_id, chat_id] = self.clock.now_ms()

    def unread(self, open_id: str, chat_id: str) -> int:
        since = self.read_ms.get((open_id, chat_id), 0)
        return sum(
            message.created_ms > since and message.from_bot and not message.recalled
            for message in self.in_chat(chat_id)
        )

    # --- files

    def add_blob(self, blob: Blob) -> Blob:
        self.blobs[blob.key] = blob
        self._store("blob", blob.key, blob)
        return blob

    def show_card(self, message: Message, card: Json, cause: str) -> None:
        """Give a message another card; its card entity, if it has one, is that card from now on."""
        if entity := self.cards.get(message.card_id):
            entity.card = card
            self._store("card", entity.card_id, entity)
        self.rewrite(message, card, cause)

    def card_changed(self, entity: CardEntity) -> None:
        """Store a card entity and let the message that shows it show its newest form."""
        self._store("card", entity.card_id, entity)
        if message := self.messages.get(entity.message_id):
            self.rewrite(message, entity.card, "cardkit")

    def clear(self) -> None:
        """Forget everything but the default person; watchers are told to fetch anew."""
        for everything in (self.users, self.chats, self.messages, self.blobs, self.cards, self.read_ms):
            everything.clear()
        if self.storage is not None:
            self.storage.clear()
        self.populate()
        self.changed("reset")

    def populate(self) -> None:
        """Make the friendly default: one person with a private chat, unless there are people already."""
        language = self.settings.language
        if not self.users:
            self.add_user("ou_demo", "Demo", language or "en")
        elif language and (person := self.users.get("ou_demo")):
            person.language = language
            self._store("user", person.open_id, person)

    def _store(self, kind: str, key: str, value: object) -> None:
        if self.storage is not None:
            self.storage.save(kind, key, value)
