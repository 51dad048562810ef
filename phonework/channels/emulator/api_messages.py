"""Messages: create, reply, patch, put, get, list, delete."""

from __future__ import annotations

import json

from phonework.channels.emulator.api_cardkit import streams
from phonework.channels.emulator.calls import ApiError, Call, field_error, parameter_error
from phonework.channels.emulator.cards import CardError, schema_of
from phonework.channels.emulator.content import as_item, parse_object, prepare, prepare_card, refused
from phonework.channels.emulator.world import Chat, Json, Message, new_id


async def create(call: Call) -> Json:
    chat = _receiver(call)
    return _send(call, chat, parent=None)


async def reply(call: Call) -> Json:
    parent = find(call, own=False)
    if parent.recalled:
        raise ApiError(230011, "The message was recalled.")
    chat = call.emulator.world.chats[parent.chat_id]
    if call.body.get("reply_in_thread") and chat.kind == "p2p" and not call.emulator.settings.p2p_topics:
        raise ApiError(230071, "The chat does not support replying in a topic.")
    return _send(call, chat, parent=parent)


def _receiver(call: Call) -> Chat:
    """The chat to write into. Raises 99992402, 99992351, 230001 and what `_check_chat` raises."""
    kind = call.query.get("receive_id_type", "")
    receive_id = call.text("receive_id")
    world = call.emulator.world
    if kind == "chat_id":
        chat = world.chats.get(receive_id)
        if chat is None:
            raise parameter_error("invalid receive_id")
        return chat
    if kind not in {"open_id", "union_id"}:
        raise field_error("receive_id_type", "is required, one of open_id, union_id, chat_id")
    user = world.find_user(receive_id)
    if user is None:
        raise ApiError(99992351, f"not a valid {{{kind}}} {{{receive_id}}}")
    return world.private_chat(user)


def _check_chat(call: Call, chat: Chat) -> None:
    if chat.dissolved:
        raise ApiError(232009, "The group has been dissolved.")
    if not chat.bot_inside:
        raise ApiError(230002, "The bot can not be outside the group.")
    if not call.emulator.limits.allow(f"chat:{chat.chat_id}", call.emulator.settings.chat_per_s):
        raise ApiError(230020, "This operation triggers the frequency limit, ext=chat rate limit.")


def _send(call: Call, chat: Chat, parent: Message | None) -> Json:
    emulator = call.emulator
    msg_type, content = call.text("msg_type"), call.text("content")
    uuid = call.text("uuid", required=False)
    if len(uuid) > 50:
        raise field_error("uuid", "is longer than 50 characters")
    if uuid and (known := emulator.limits.sent_before(uuid)):
        return _ok(call, emulator.world.messages[known])
    _check_chat(call, chat)
    parsed = prepare(call, msg_type, content)
    now = emulator.clock.now_ms()
    message = Message(
        message_id=new_id("om_"),
        chat_id=chat.chat_id,
        sender_id=call.app_id,
        sender_type="app",
        msg_type=msg_type,
        content=parsed,
        created_ms=now,
        updated_ms=now,
    )
    if parent is not None:
        link(message, parent)
        if call.body.get("reply_in_thread") and not message.thread_id:
            parent.thread_id = message.thread_id = new_id("omt_")
            emulator.world.changed("message", parent)
    elif chat.topics:
        message.thread_id = new_id("omt_")
    _bind_entity(call, message, content)
    emulator.world.add_message(message)
    emulator.limits.remember(uuid, message.message_id)
    return _ok(call, message)


def link(message: Message, parent: Message) -> None:
    """Make `message` a reply; in a topic both ids name the topic's first message."""
    message.root_id = parent.root_id or parent.message_id
    message.parent_id = parent.message_id
    message.thread_id = parent.thread_id
    if parent.thread_id:
        message.parent_id = message.root_id


def _bind_entity(call: Call, message: Message, content: str) -> None:
    """A card made by cardkit is sent once; from then on its changes show in this message."""
    card = parse_object(content)
    if message.msg_type != "interactive" or card.get("type") != "card":
        return
    entity = call.emulator.world.cards[card["data"]["card_id"]]
    if entity.message_id:
        raise refused(CardError(200741, "the card was sent before"))
    entity.message_id, message.card_id = message.message_id, entity.card_id


def _ok(call: Call, message: Message) -> Json:
    return {"code": 0, "msg": "success", "data": as_item(message, call.emulator.settings.tenant_key)}


def find(call: Call, *, own: bool = True, name: str = "message_id") -> Message:
    """The message of the path. Raises 230001 for a malformed id, 231003 when there is none."""
    message_id = call.path.get(name) or ""
    if not message_id.startswith("om_"):
        raise parameter_error("invalid message_id")
    message = call.emulator.world.messages.get(message_id)
    if message is None:
        raise ApiError(231003, "The message is not found.")
    if own and not message.from_bot:
        raise ApiError(230071, "The operator is not the sender of the message.")
    return message


async def patch(call: Call) -> Json:
    """Replace a card. 230099/11310 while a tap on it is unanswered, 230031 after 14 days."""
    emulator, settings = call.emulator, call.emulator.settings
    message = find(call)
    content = call.text("content")
    _check_alive(call, message)
    if message.msg_type != "interactive":
        raise ApiError(230054, "This operation is not supported for this message type.")
    if emulator.clock.now_ms() - message.created_ms > settings.editable_s * 1000:
        raise ApiError(230031, "The message has been sent for more than 14 days.")
    if not emulator.limits.allow(f"patch:{message.message_id}", settings.patch_per_s):
        raise ApiError(230020, "This operation triggers the frequency limit, ext=message update rate limit.")
    if call.size_bytes > settings.card_bytes:
        raise ApiError(230025, f"The length of the message content reaches its limit, ext={call.size_bytes}.")
    if emulator.clicking.get(message.message_id):
        raise refused(CardError(11310, "card action is lock"))
    card = prepare_card(call, parse_object(content))
    if schema_of(message.content) == "2.0" and schema_of(card) != "2.0":
        raise refused(CardError(200830, "a card 2.0 can not become 1.0"))
    entity = emulator.world.cards.get(message.card_id)
    if entity is not None and streams(emulator, entity) and not settings.patch_streaming:
        raise refused(CardError(200850, "the card is streaming"))
    emulator.world.show_card(message, card, "patch")
    return {"code": 0, "msg": "success", "data": {}}


async def put(call: Call) -> Json:
    """Edit a text or post: 20 times."""
    emulator = call.emulator
    message = find(call)
    msg_type, content = call.text("msg_type"), call.text("content")
    _check_alive(call, message)
    if message.msg_type not in {"text", "post"} or msg_type not in {"text", "post"}:
        raise ApiError(230054, "This operation is not supported for this message type.")
    if message.edits >= emulator.settings.edits:
        raise ApiError(230072, "The message has reached the number of times it can be edited.")
    if emulator.clock.now_ms() - message.created_ms > emulator.settings.editable_s * 1000:
        raise ApiError(230075, "The message can no longer be edited.")
    if not emulator.limits.allow(f"patch:{message.message_id}", emulator.settings.patch_per_s):
        raise ApiError(230020, "This operation triggers the frequency limit, ext=message update rate limit.")
    parsed = prepare(call, msg_type, content)
    message.msg_type = msg_type
    message.edits += 1
    emulator.world.rewrite(message, parsed, "put")
    return _ok(call, message)


def _check_alive(call: Call, message: Message) -> None:
    if message.recalled:
        raise ApiError(230011, "The message was recalled.")
    chat = call.emulator.world.chats[message.chat_id]
    if chat.dissolved:
        raise ApiError(232009, "The group has been dissolved.")
    if not chat.bot_inside:
        raise ApiError(230002, "The bot can not be outside the group.")


async def delete(call: Call) -> Json:
    message = find(call)
    if message.recalled:
        raise ApiError(230011, "The message was recalled.")
    call.emulator.world.recall(message)
    return {"code": 0, "msg": "success", "data": {}}


async def get(call: Call) -> Json:
    message = find(call, own=False)
    item = as_item(message, call.emulator.settings.tenant_key, whole_card=_whole_card(call))
    return {"code": 0, "msg": "success", "data": {"items": [item]}}


def _whole_card(call: Call) -> bool:
    return call.query.get("card_msg_content_type") == "user_card_content"


async def history(call: Call) -> Json:
    """Messages of a chat or a topic; of a chat `start_time` and `end_time` in seconds, both inclusive.

    A topic cannot be asked for from a time on, which is documented; that it is refused is a guess.
    """
    kind, container = call.query.get("container_id_type", ""), call.query.get("container_id", "")
    if kind not in {"chat", "thread"}:
        raise field_error("container_id_type", "is chat or thread")
    found = _container(call, kind, container)
    start, end = _seconds(call, "start_time"), _seconds(call, "end_time")
    if kind == "thread" and (start is not None or end is not None):
        raise parameter_error("invalid start_time" if start is not None else "invalid end_time")
    if start is not None:
        found = [each for each in found if each.created_ms // 1000 >= start]
    if end is not None:
        found = [each for each in found if each.created_ms // 1000 <= end]
    if call.query.get("sort_type", "ByCreateTimeAsc") == "ByCreateTimeDesc":
        found.reverse()
    return _page(call, found)


def _container(call: Call, kind: str, container: str) -> list[Message]:
    """What is in it, oldest first: of the topics of a chat only their first messages."""
    world = call.emulator.world
    if kind == "thread":
        found = [each for each in world.messages.values() if each.thread_id and each.thread_id == container]
        if not found:
            raise parameter_error("invalid container_id")
        _check_readable(call, world.chats[found[0].chat_id])
        return sorted(found, key=lambda each: each.order)
    chat = world.chats.get(container)
    if chat is None:
        raise parameter_error("invalid container_id")
    _check_readable(call, chat)
    return [each for each in world.in_chat(container) if not (each.thread_id and each.root_id)]


def _check_readable(call: Call, chat: Chat) -> None:
    if not chat.bot_inside:
        raise ApiError(230002, "The bot can not be outside the group.")
    if chat.kind == "group" and not call.emulator.settings.group_all_messages:
        raise ApiError(230027, "Lack of necessary permissions, ext=need scope: im:message.group_msg.")


def _seconds(call: Call, name: str) -> int | None:
    value = call.query.get(name)
    if not value:
        return None
    if not value.isdigit():
        raise field_error(name, "is not a number of seconds")
    return int(value)


def _page(call: Call, found: list[Message]) -> Json:
    size = call.query.get("page_size", "20")
    if not size.isdigit() or not 1 <= int(size) <= 50:
        raise field_error("page_size", "is 1 to 50")
    token = call.query.get("page_token", "")
    start = 0
    if token:
        ids = [each.message_id for each in found]
        if token not in ids:
            raise parameter_error("invalid page_token")
        start = ids.index(token)
    page = found[start : start + int(size)]
    rest = found[start + int(size) :]
    tenant, whole = call.emulator.settings.tenant_key, _whole_card(call)
    data = {
        "has_more": bool(rest),
        "page_token": rest[0].message_id if rest else "",
        "items": [as_item(each, tenant, whole_card=whole) for each in page],
    }
    return {"code": 0, "msg": "success", "data": data}


async def delayed_update(call: Call) -> Json:
    """`POST /interactive/v1/card/update` with the token of a tap: 30 min, twice."""
    emulator = call.emulator
    message_id, at_ms, used = emulator.card_tokens.get(call.text("token"), ("", 0, 0))
    card = call.body.get("card")
    if not message_id or emulator.clock.now_ms() - at_ms > 30 * 60_000 or used >= 2:
        raise ApiError(300020 if not message_id else 300010, "the token is unknown, expired or used up")
    if not isinstance(card, dict):
        raise field_error("card")
    if emulator.clicking.get(message_id):
        raise refused(CardError(11310, "card action is lock"))
    emulator.card_tokens[call.body["token"]] = (message_id, at_ms, used + 1)
    emulator.world.show_card(emulator.world.messages[message_id], prepare_card(call, card), "delayed")
    return {"code": 0, "msg": "success", "data": {}}


def dumps(content: Json) -> str:
    return json.dumps(content, ensure_ascii=False)
