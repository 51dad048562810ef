"""The small signals: reactions, pins, urgent pushes."""

from __future__ import annotations

from phonework.channels.emulator import events
from phonework.channels.emulator.api_messages import find
from phonework.channels.emulator.calls import ApiError, Call, field_error, parameter_error
from phonework.channels.emulator.emojis import EMOJIS
from phonework.channels.emulator.world import Json, Message, Reaction, new_id


async def add_reaction(call: Call) -> Json:
    """231001 for an unknown name, 231003 when the message is gone."""
    message = _living(call)
    kind = call.body.get("reaction_type")
    emoji = kind.get("emoji_type") if isinstance(kind, dict) else None
    if not isinstance(emoji, str):
        raise field_error("reaction_type.emoji_type")
    if emoji not in EMOJIS:
        raise ApiError(231001, "The reaction type is invalid.")
    for known in message.reactions:
        if (known.operator_id, known.emoji) == (call.app_id, emoji):
            return _reaction_data(known)
    reaction = Reaction(
        reaction_id=new_id("r_"),
        emoji=emoji,
        operator_id=call.app_id,
        operator_type="app",
        at_ms=call.emulator.clock.now_ms(),
    )
    message.reactions.append(reaction)
    call.emulator.world.changed("reaction", message)
    call.emulator.post.send(events.reaction_changed(call.emulator, message, reaction, "created"))
    return _reaction_data(reaction)


async def remove_reaction(call: Call) -> Json:
    """231010 for an unknown reaction, 231007 for somebody else's."""
    message = _living(call)
    found = next((each for each in message.reactions if each.reaction_id == call.path["reaction_id"]), None)
    if found is None:
        raise ApiError(231010, "The reaction_id is invalid.")
    if found.operator_id != call.app_id:
        raise ApiError(231007, "The reaction was not added by the operator.")
    message.reactions.remove(found)
    call.emulator.world.changed("reaction", message)
    call.emulator.post.send(events.reaction_changed(call.emulator, message, found, "deleted"))
    return _reaction_data(found)


async def list_reactions(call: Call) -> Json:
    message = _living(call)
    wanted = call.query.get("reaction_type", "")
    items = [_reaction_data(each)["data"] for each in message.reactions if wanted in {"", each.emoji}]
    return {"code": 0, "msg": "success", "data": {"items": items, "has_more": False, "page_token": ""}}


def _living(call: Call) -> Message:
    message = find(call, own=False)
    if message.recalled:
        raise ApiError(231003, "The message is not found.")
    return message


def _reaction_data(reaction: Reaction) -> Json:
    data = {
        "reaction_id": reaction.reaction_id,
        "operator": {"operator_id": reaction.operator_id, "operator_type": reaction.operator_type},
        "action_time": str(reaction.at_ms),
        "reaction_type": {"emoji_type": reaction.emoji},
    }
    return {"code": 0, "msg": "success", "data": data}


async def pin(call: Call) -> Json:
    return _set_pin(call, call.text("message_id"), True)


async def unpin(call: Call) -> Json:
    return _set_pin(call, call.path["message_id"], False)


def _set_pin(call: Call, message_id: str, pinned: bool) -> Json:
    message = call.emulator.world.messages.get(message_id)
    if message is None:
        raise parameter_error("invalid message_id")
    if not call.emulator.limits.allow(f"pin:{message_id}", call.emulator.settings.pin_per_s):
        raise ApiError(230047, "Pin operations are too frequent.")
    message.pinned = pinned
    call.emulator.world.changed("message", message)
    data = {"pin": {"message_id": message_id, "chat_id": message.chat_id, "operator_id": call.app_id}} if pinned else {}
    return {"code": 0, "msg": "success", "data": data}


async def list_pins(call: Call) -> Json:
    chat_id = call.query.get("chat_id", "")
    items = [
        {"message_id": each.message_id, "chat_id": chat_id, "operator_id": each.sender_id}
        for each in call.emulator.world.in_chat(chat_id)
        if each.pinned
    ]
    return {"code": 0, "msg": "success", "data": {"items": items, "has_more": False, "page_token": ""}}


async def urgent(call: Call) -> Json:
    """A push that breaks through; own messages only."""
    message = find(call)
    wanted = call.ids("user_id_list")
    if not wanted:
        raise field_error("user_id_list")
    members = call.emulator.world.chats[message.chat_id].members
    message.urgent += [each for each in wanted if each in members and each not in message.urgent]
    call.emulator.world.changed("message", message)
    invalid = [each for each in wanted if each not in members]
    return {"code": 0, "msg": "success", "data": {"invalid_user_id_list": invalid}}
