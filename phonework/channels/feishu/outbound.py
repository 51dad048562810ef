"""Put a delivery in front of a person: choose the kind of message, send it once, change it, find it again.

Source: Feishu Open Platform, "Send message", "Reply to message", "Update message card", "Upload file".
"""

import hashlib
import io
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

import stamina
import structlog

from phonework.channels.base import Action, Delivery, Receipt
from phonework.channels.feishu import errors
from phonework.channels.feishu.api import Api, Call, quoted
from phonework.channels.feishu.history import History
from phonework.channels.feishu.in_turn import InTurn
from phonework.channels.feishu.messages import Message, entity_message, file_type, from_markdown, marked_card
from phonework.channels.feishu.streaming import Streams
from phonework.channels.feishu.untrusted import mapping, string
from phonework.clock import Clock
from phonework.errors import ChannelError

log = structlog.get_logger(__name__)

LARGEST_FILE_BYTES: Final = 30 * 1024 * 1024
UUID_LIVES: Final = timedelta(minutes=50)  # one hour, less what clocks and queues may take
_MOST_REMEMBERED: Final = 1_000


class Outbound:
    """Sends and changes messages of one app."""

    def __init__(self, api: Api, history: History, clock: Clock) -> None:
        self._api, self._history, self._clock = api, history, clock
        self._streams, self._changes = Streams(api, clock), InTurn()
        self._sent: OrderedDict[str, str] = OrderedDict()  # message id → uuid

    async def deliver(self, delivery: Delivery) -> Receipt:
        """Raises ChannelError."""
        if delivery.action is Action.UPDATE:
            return await self._update(delivery)
        if delivery.action is Action.STREAM:
            return await self._streams.write(delivery)
        uuid = uuid_of(delivery.key)
        message = await self._message(delivery, uuid)
        if (found := await self._found(delivery, message, uuid)) is not None:
            return found
        if delivery.stream and (card_id := await self._streams.make(delivery, message.content)):
            return await self._send_entity(delivery, message, card_id, uuid)
        return await self._send(delivery, message, uuid)

    async def _message(self, delivery: Delivery, uuid: str) -> Message:
        if delivery.card is not None:
            return Message("interactive", marked_card(delivery.card, marker_of(uuid)), marker=marker_of(uuid))
        if delivery.markdown:
            return from_markdown(delivery.markdown, marker_of(uuid), mention=delivery.mention)
        return await self._uploaded(delivery)

    async def _send_entity(self, delivery: Delivery, message: Message, card_id: str, uuid: str) -> Receipt:
        """Send the card as an entity, or as it is when Feishu will not have that."""
        try:
            receipt = await self._send(delivery, entity_message(card_id), uuid)
        except ChannelError as error:
            if error.retry_after is not None or error.gone:
                raise
            log.info("card entity refused; sent as it is", code=error.code, why=str(error))
            return await self._send(delivery, message, uuid)
        self._streams.sent(delivery, receipt.message_id, card_id, message.content)
        return replace(receipt, entity=card_id)

    async def _send(self, delivery: Delivery, message: Message, uuid: str) -> Receipt:
        await self._api.limits.chat(delivery.chat.chat_id)
        content: dict[str, object] = {"msg_type": message.kind, "content": quoted(message.content), "uuid": uuid}
        if parent := delivery.reply_to or delivery.chat.root:
            answer = await self._reply(parent, content, in_thread=not delivery.chat.private)
            if answer is not None:
                return self._receipt(answer, uuid)
        return self._receipt(await self._create(delivery.chat.chat_id, content), uuid)

    async def _create(self, chat_id: str, content: Mapping[str, object]) -> Mapping[str, object]:
        call = Call(
            method="POST",
            path="/open-apis/im/v1/messages",
            query=(("receive_id_type", "open_id" if chat_id.startswith("ou_") else "chat_id"),),
            body={"receive_id": chat_id, **content},
        )
        return await self._api.call(call)

    async def _reply(
        self, parent: str, content: Mapping[str, object], *, in_thread: bool
    ) -> Mapping[str, object] | None:
        """None when what should be replied to has been recalled: then it is said in the chat."""
        call = Call(
            method="POST",
            path="/open-apis/im/v1/messages/:message_id/reply",
            parts={"message_id": parent},
            body={**content, "reply_in_thread": in_thread},
        )
        try:
            return await self._api.call(call)
        except ChannelError as error:
            if error.code in errors.NO_MESSAGE:
                return None
            if not in_thread or error.code not in errors.NO_TOPICS:
                raise
        return await self._reply(parent, content, in_thread=False)

    async def _update(self, delivery: Delivery) -> Receipt:
        """Change a card. While a tap on it is being answered Feishu refuses that; the answer leaves in a moment."""
        card = delivery.card if delivery.card is not None else from_markdown(delivery.markdown, "", card=True).content
        async for attempt in stamina.retry_context(
            on=errors.CardLocked, attempts=5, timeout=3, wait_initial=0.3, wait_max=0.3, wait_jitter=0
        ):
            with attempt:
                if (receipt := await self._streams.update(delivery, card)) is not None:
                    return receipt
                await self._patch(delivery.target, card)
        return Receipt(message_id=delivery.target, at=self._clock.now())

    async def _patch(self, message_id: str, card: Mapping[str, object]) -> None:
        call = Call(
            method="PATCH",
            path="/open-apis/im/v1/messages/:message_id",
            parts={"message_id": message_id},
            body={"content": quoted(card)},
        )
        await self._api.limits.message(message_id)
        await self._changes.run(message_id, lambda: self._api.call(call))

    async def _uploaded(self, delivery: Delivery) -> Message:
        size = len(delivery.file)
        if size > LARGEST_FILE_BYTES:
            words = f"{delivery.file_name} is {size / 1024 / 1024:.0f} MB; Feishu takes files up to 30 MB"
            raise ChannelError(words, hint="send a part of it, or an archive")
        if not size:
            raise ChannelError(f"{delivery.file_name} is empty; Feishu takes no empty files")
        call = Call(method="POST", path="/open-apis/im/v1/files", form=lambda: _form(delivery), changes=False)
        answer = await self._api.call(call)
        return Message("file", {"file_key": string(mapping(answer.get("data")).get("file_key"))}, delivery.file_name)

    async def _found(self, delivery: Delivery, message: Message, uuid: str) -> Receipt | None:
        """What an earlier attempt may have left in the chat, once the platform no longer knows its id.

        Raises ChannelError when that cannot be told now. Where the app may not look, it is sent again.
        """
        first = delivery.first_attempt_at
        if first is None or self._clock.now() - first < UUID_LIVES or not delivery.chat.chat_id.startswith("oc_"):
            return None
        try:
            mine = await self._history.find(
                delivery.chat.chat_id,
                "" if delivery.chat.private else delivery.reply_to or delivery.chat.root,
                first - timedelta(minutes=1),
                lambda item: message.stands_in(item) and self._may_be(item, uuid),
            )
        except ChannelError as error:
            if error.retry_after is not None:
                raise
            log.warning("chat's history unreadable", error=str(error), hint=error.hint)
            return None
        if mine is None:
            return None
        log.info("message found in the history", message_id=mine, uuid=uuid)
        return Receipt(message_id=mine, at=self._clock.now())

    def _may_be(self, item: Mapping[str, object], uuid: str) -> bool:
        """Not when it is known as another delivery, which happens to say the same."""
        return self._sent.get(string(item.get("message_id")), uuid) == uuid

    def _receipt(self, answer: Mapping[str, object], uuid: str) -> Receipt:
        message_id = string(mapping(answer.get("data")).get("message_id"))
        if not message_id:
            raise ChannelError(
                "Feishu did not name the message it sent", retry_after=errors.SERVER_TROUBLE, unknown=True
            )
        self._sent[message_id] = uuid
        while len(self._sent) > _MOST_REMEMBERED:
            self._sent.popitem(last=False)
        return Receipt(message_id=message_id, at=self._clock.now())


def uuid_of(key: str) -> str:
    """The idempotency id of a delivery, at most 50 characters: within an hour it sends once."""
    return "pw-" + hashlib.sha256(key.encode()).hexdigest()[:40]


def marker_of(uuid: str) -> str:
    """What a card carries as an `element_id`, to be recognised by: a letter first, at most 20 characters."""
    return "pw" + hashlib.sha256(uuid.encode()).hexdigest()[:18]


def _form(delivery: Delivery) -> Any:
    """A multipart body; used up by the call, so each attempt needs a new one."""
    from requests_toolbelt import MultipartEncoder  # type: ignore[import-untyped]  # comes with lark_oapi

    name = delivery.file_name or "file"
    return MultipartEncoder(
        {
            "file_type": file_type(name),
            "file_name": name,
            "file": (name, io.BytesIO(delivery.file), "application/octet-stream"),
        }
    )
