"""What people do on their phones: say something, send a file, recall, react."""

from __future__ import annotations

from typing import Any

from phonework.channels.emulator import events
from phonework.channels.emulator.api_messages import link
from phonework.channels.emulator.core import Emulator
from phonework.channels.emulator.world import Blob, Chat, Json, Message, Reaction, User, new_id


class NotThere(LookupError):
    """A person, chat or message that does not exist, or where that person is not."""


def user_of(emulator: Emulator, open_id: str | None) -> User:
    """The person; the first one when none is named."""
    users = emulator.world.users
    if not open_id:
        return next(iter(users.values()))
    if open_id not in users:
        raise NotThere(f"no user {open_id}")
    return users[open_id]


def chat_of(emulator: Emulator, user: User, chat_id: str | None) -> Chat:
    """The chat; the private one with the bot when none is named."""
    if not chat_id:
        return emulator.world.private_chat(user)
    chat = emulator.world.chats.get(chat_id)
    if chat is None or user.open_id not in chat.members:
        raise NotThere(f"no chat {chat_id} of {user.open_id}")
    return chat


def message_of(emulator: Emulator, message_id: str) -> Message:
    message = emulator.world.messages.get(message_id)
    if message is None:
        raise NotThere(f"no message {message_id}")
    return message


def say(
    emulator: Emulator,
    user: User,
    chat: Chat,
    msg_type: str,
    content: Json,
    *,
    reply_to: str = "",
    mention_bot: bool = False,
    created_ms: int | None = None,
    message_id: str = "",
    silent: bool = False,
) -> Message:
    """A message of a person, told to the bot. `silent`: the bot is not told (it must find it in the history)."""
    now = emulator.clock.now_ms() if created_ms is None else created_ms
    message = Message(
        message_id=message_id or new_id("om_"),
        chat_id=chat.chat_id,
        sender_id=user.open_id,
        sender_type="user",
        msg_type=msg_type,
        content=content,
        created_ms=now,
        updated_ms=now,
    )
    if reply_to:
        link(message, message_of(emulator, reply_to))
    elif chat.topics:
        message.thread_id = new_id("omt_")
    if mention_bot and msg_type == "text":
        _mention(emulator, message)
    emulator.world.add_message(message)
    heard = chat.kind == "p2p" or bool(message.mentions) or emulator.settings.group_all_messages
    if heard and not silent and chat.bot_inside and not chat.dissolved:
        emulator.post.send(events.message_received(emulator, message))
    return message


def _mention(emulator: Emulator, message: Message) -> None:
    settings = emulator.settings
    if "@_user_1" not in message.content["text"]:
        message.content = {**message.content, "text": f"@_user_1 {message.content['text']}"}
    message.mentions = [
        {
            "key": "@_user_1",
            "id": {"union_id": "on_" + settings.bot_open_id.removeprefix("ou_"), "open_id": settings.bot_open_id},
            "mentioned_type": "bot",
            "name": settings.bot_name,
            "tenant_key": settings.tenant_key,
        }
    ]


def send_blob(
    emulator: Emulator,
    user: User,
    chat: Chat,
    name: str,
    media_type: str,
    data: bytes,
    *,
    duration: int = 1000,
    **options: Any,
) -> Message:
    """A picture, a voice message or a file, by its media type."""
    if media_type.startswith("image/"):
        kind, msg_type, key = "image", "image", new_id("img_v3_")
        content: Json = {"image_key": key}
    elif media_type.startswith("audio/"):
        kind, msg_type, key = "opus", "audio", new_id("file_v3_")
        content = {"file_key": key, "duration": duration}
    else:
        kind, msg_type, key = "stream", "file", new_id("file_v3_")
        content = {"file_key": key, "file_name": name}
    emulator.world.add_blob(Blob(key=key, name=name, media_type=media_type, kind=kind, owner=user.open_id, data=data))
    return say(emulator, user, chat, msg_type, content, **options)


def recall(emulator: Emulator, user: User, message: Message) -> None:
    if message.sender_id != user.open_id:
        raise NotThere(f"{message.message_id} is not a message of {user.open_id}")
    if not message.recalled:
        emulator.world.recall(message)
        emulator.post.send(events.message_recalled(emulator, message))


def react(emulator: Emulator, user: User, message: Message, emoji: str) -> Reaction:
    reaction = Reaction(
        reaction_id=new_id("r_"),
        emoji=emoji,
        operator_id=user.open_id,
        operator_type="user",
        at_ms=emulator.clock.now_ms(),
    )
    message.reactions.append(reaction)
    emulator.world.changed("reaction", message)
    emulator.post.send(events.reaction_changed(emulator, message, reaction, "created"))
    return reaction
