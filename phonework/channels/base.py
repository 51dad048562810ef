"""The port to where people are: what comes in, what goes out, and how well the connection is."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final, Protocol

from phonework.fsm.types import Attachment


@dataclass(frozen=True, slots=True, kw_only=True)
class Chat:
    """Where to write. root: a message of the topic to reply to in group chats; empty in private ones."""

    channel: str
    chat_id: str
    private: bool = True
    root: str = ""


NOWHERE: Final = Chat(channel="", chat_id="")
"""Of a session that is followed in a shell or at a terminal: of it a phone is shown only what is asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """A message of a person. text: without the mention of the bot, otherwise as typed.

    addressed: private, or the bot was mentioned. problem: why the content could not be read (a key of the catalogue), else empty.
    language: the one the person's client speaks (zh or en); empty if the channel does not say.
    """

    key: str  # names the message for ever; Feishu: message_id
    user: str
    chat: Chat
    message_id: str
    text: str
    sent_at: datetime
    attachments: tuple[Attachment, ...] = ()
    reply_to: str = ""
    addressed: bool = True
    problem: str = ""
    language: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Clicked:
    """A tap on a card. value: the button's value, form: what a form held, both as they came, not yet believed."""

    key: str  # names the tap; Feishu: event_id
    user: str
    chat: Chat
    message_id: str
    value: dict[str, object]
    clicked_at: datetime
    form: dict[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recalled:
    """A message was taken back, by its writer or by who looks after the chat: a channel may not tell. key: as `Said`'s."""

    key: str
    recalled_at: datetime


Act = Said | Clicked | Recalled
"""What people do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Toast:
    """What the clicker sees for a moment. kind: info, success, warning, error."""

    kind: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """The answer to a tap: a toast, and the card's true form (card JSON 2.0) if it changed."""

    toast: Toast | None = None
    card: dict[str, object] | None = None


Submit = Callable[[Act], Awaitable[Reply]]
"""Returns when the event is committed; raises when it is not, and the channel must not acknowledge it."""


class Action(StrEnum):
    """How something is delivered."""

    CREATE = "create"  # a new message in the chat, or a reply if `reply_to` is set
    UPDATE = "update"  # the card `target` gets this content
    STREAM = "stream"  # the element `stream` of the card `target` gets this text, if the card streams


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One thing to put in front of a person. Exactly one of card, markdown and file is set.

    key: at most 200 characters, the same on every attempt; at the channel it makes the delivery idempotent.
    card_key: what the message shows (`request:<id>`, `turn:<session>:<n>`); the router remembers which message that became.
    target, entity: the channel's ids of the message to update and of its card (see Receipt); the router fills them in.
    stream: the element_id of the card's text that will go on growing; empty: nothing of it does, or no longer.
    mention: the person whom words in a group are meant for, else empty.
    first_attempt_at: set on repeated attempts, so that the channel can look for what it may have sent already.
    """

    key: str
    chat: Chat
    action: Action = Action.CREATE
    card_key: str = ""
    target: str = ""
    entity: str = ""
    stream: str = ""
    reply_to: str = ""
    mention: str = ""
    card: dict[str, object] | None = None
    markdown: str = ""
    file_name: str = ""
    file: bytes = b""
    first_attempt_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What became of a delivery: the channel's id of the message.

    entity: the channel's own id of its card, where a card has one. streams: its text can be written piece by piece now.
    """

    message_id: str
    at: datetime
    entity: str = ""
    streams: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """The bytes of an attachment."""

    name: str
    content: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelHealth:
    """How a channel is. deaf_since: nothing can arrive since then; None: all is well."""

    connected: bool
    last_event_at: datetime | None = None
    reconnects: int = 0
    deaf_since: datetime | None = None
    problem: str = ""
    calls: dict[str, int] = field(default_factory=dict)  # outcome → count, e.g. {"ok": 12, "230020": 1}


class Channel(Protocol):
    """A place where people read and write."""

    name: str

    async def run(self, submit: Submit) -> None:
        """Take in events until cancelled; on cancellation stop cleanly within 3 s."""

    async def deliver(self, delivery: Delivery) -> Receipt:
        """Put it in front of the person. Raises ChannelError, which says whether and when to try again."""

    async def fetch(self, attachment: Attachment) -> Fetched:
        """Get what came with a message. Raises ChannelError."""

    def health(self) -> ChannelHealth: ...
