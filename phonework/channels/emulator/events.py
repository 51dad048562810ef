"""The events as they travel: `im.message.receive_v1`, `card.action.trigger` and the smaller ones."""

from __future__ import annotations

import json

from phonework.channels.emulator.core import Emulator
from phonework.channels.emulator.world import Json, Message, Reaction, User, new_id


def header(emulator: Emulator, event_type: str, *, microseconds: bool = False) -> Json:
    """The common header; callbacks count microseconds, events milliseconds."""
    now = emulator.clock.now()
    return {
        "event_id": new_id(""),
        "event_type": event_type,
        "create_time": str(int(now * (1_000_000 if microseconds else 1000))),
        "token": "",
        "app_id": app_id(emulator),
        "tenant_key": emulator.settings.tenant_key,
    }


def app_id(emulator: Emulator) -> str:
    """The connected app; the configured one while nobody is connected."""
    connections = emulator.hub.connections
    return connections[0].app_id if connections else emulator.settings.app_id


def event(emulator: Emulator, event_type: str, body: Json) -> Json:
    return {"schema": "2.0", "header": header(emulator, event_type), "event": body}


def message_received(emulator: Emulator, message: Message) -> Json:
    """What a message of a person looks like. Absent fields are absent, not empty."""
    settings, world = emulator.settings, emulator.world
    chat = world.chats[message.chat_id]
    fields: Json = {
        "message_id": message.message_id,
        "create_time": str(message.created_ms),
        "update_time": str(message.updated_ms),
        "chat_id": message.chat_id,
        "chat_type": chat.kind,
        "message_type": message.msg_type,
        "content": json.dumps(message.content, ensure_ascii=False),
    }
    for name in ("root_id", "parent_id", "thread_id", "mentions"):
        if value := getattr(message, name):
            fields[name] = value
    if settings.user_agents:
        fields["user_agent"] = user_agent(world.users[message.sender_id])
    sender = {
        "sender_id": person(world.users[message.sender_id]),
        "sender_type": "user",
        "tenant_key": settings.tenant_key,
    }
    return event(emulator, "im.message.receive_v1", {"sender": sender, "message": fields})


def message_recalled(emulator: Emulator, message: Message) -> Json:
    body = {
        "message_id": message.message_id,
        "chat_id": message.chat_id,
        "recall_time": str(message.updated_ms),
        "recall_type": "message_owner",
    }
    return event(emulator, "im.message.recalled_v1", body)


def reaction_changed(emulator: Emulator, message: Message, reaction: Reaction, what: str) -> Json:
    """`what`: created or deleted. The app's own reactions come back too."""
    body: Json = {
        "message_id": message.message_id,
        "reaction_type": {"emoji_type": reaction.emoji},
        "operator_type": reaction.operator_type,
        "action_time": str(reaction.at_ms),
    }
    if reaction.operator_type == "user":
        body["user_id"] = person(emulator.world.users[reaction.operator_id])
    else:
        body["app_id"] = reaction.operator_id
    return event(emulator, f"im.message.reaction.{what}_v1", body)


def menu_chosen(emulator: Emulator, user: User, key: str) -> Json:
    body = {
        "operator": {"operator_name": user.name, "operator_id": person(user)},
        "event_key": key,
        "timestamp": emulator.clock.now_ms() // 1000,
    }
    return event(emulator, "application.bot.menu_v6", body)


def card_clicked(emulator: Emulator, user: User, message: Message, action: Json, token: str) -> Json:
    tenant = emulator.settings.tenant_key
    body = {
        "operator": {"tenant_key": tenant, **person(user)},
        "token": token,
        "action": action,
        "host": "im_message",
        "context": {"open_message_id": message.message_id, "open_chat_id": message.chat_id},
    }
    return {
        "schema": "2.0",
        "header": header(emulator, "card.action.trigger", microseconds=True),
        "event": body,
    }


def user_agent(user: User) -> str:
    """What the client of an app with the scope `im:user_agent:read` says of itself."""
    locale = "en_US" if user.language == "en" else "zh_CN"
    return f"Mozilla/5.0 (Macintosh; Intel Mac OS X 13_2_1) Lark/6.7.5 LarkLocale/{locale} ttnet SDK-Version/6.7.8"


def person(user: User) -> Json:
    return {"union_id": user.union_id, "open_id": user.open_id}
