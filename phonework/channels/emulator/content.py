"""What the bot may put into a message: parsing and checking of `msg_type` and `content`, and how it reads back."""

from __future__ import annotations

import json
from typing import Any, Final

from phonework.channels.emulator.calls import ApiError, Call, parameter_error
from phonework.channels.emulator.cards import CardError, check_card, plain_text
from phonework.channels.emulator.world import Json, Message, World

FILE_KINDS: Final = {"audio": {"opus"}, "media": {"mp4"}, "file": {"pdf", "doc", "xls", "ppt", "stream"}}
_TEXT_LIMITED: Final = {"text"}


def prepare(call: Call, msg_type: str, content: str) -> Json:
    """The parsed content of a message to be sent. Raises ApiError with the code the platform would give."""
    settings = call.emulator.settings
    limit = settings.text_bytes if msg_type in _TEXT_LIMITED else settings.card_bytes
    if call.size_bytes > limit:
        raise ApiError(230025, f"The length of the message content reaches its limit, ext={call.size_bytes} > {limit}.")
    parsed = parse_object(content)
    match msg_type:
        case "text":
            if not isinstance(parsed.get("text"), str) or not parsed["text"]:
                raise parameter_error("text content is empty")
        case "post":
            _check_post(call.emulator.world, parsed)
        case "image":
            _check_key(call.emulator.world, parsed.get("image_key"), {"image"})
        case "file" | "audio" | "media":
            _check_key(call.emulator.world, parsed.get("file_key"), FILE_KINDS[msg_type])
            if msg_type != "audio":  # as files of people read: the name comes from the upload
                parsed["file_name"] = call.emulator.world.blobs[parsed["file_key"]].name
        case "interactive":
            return prepare_card(call, parsed)
        case "share_chat" | "share_user" | "sticker" | "system":
            pass
        case _:
            raise parameter_error(f"invalid msg_type {msg_type}")
    return parsed


def parse_object(content: str) -> Json:
    try:
        parsed = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise parameter_error("content is not a string in json format") from error
    if not isinstance(parsed, dict):
        raise parameter_error("content is not a json object")
    return parsed


def prepare_card(call: Call, card: Json) -> Json:
    """A card to be shown: checked, or fetched by its `card_id`."""
    if card.get("type") == "card":
        data = card.get("data")
        card_id = data.get("card_id") if isinstance(data, dict) else None
        entity = call.emulator.world.cards.get(card_id) if isinstance(card_id, str) else None
        if entity is None:
            raise refused(CardError(200740, "card not found"))
        return entity.card
    try:
        check_card(card, call.emulator.settings, image_keys(call.emulator.world), people(call.emulator.world))
    except CardError as error:
        raise refused(error) from error
    return card


def refused(error: CardError) -> ApiError:
    """How a bad card is reported when sending or patching: 230099 with the inner code in the text."""
    path = f" ErrPath: {error.path};" if error.path else ""
    return ApiError(230099, f"Failed to create card content, ext=ErrCode: {error.code}; ErrMsg: {error.reason};{path} ")


def image_keys(world: World) -> set[str]:
    return {key for key, blob in world.blobs.items() if blob.owner == "app" and blob.kind == "image"}


def people(world: World) -> set[str]:
    return {*world.users, *(user.union_id for user in world.users.values())}


def _check_post(world: World, post: Json) -> None:
    """The sent form has a language level; each has `content`: lines of elements."""
    languages = [value for key, value in post.items() if key in {"zh_cn", "en_us", "ja_jp"} and isinstance(value, dict)]
    if not languages:
        raise parameter_error("post content needs a language such as zh_cn")
    for language in languages:
        lines = language.get("content")
        if not isinstance(lines, list) or not all(isinstance(line, list) for line in lines):
            raise parameter_error("post content is not a list of lines")
        for line in lines:
            _check_line(world, line)


def _check_line(world: World, line: list[Any]) -> None:
    for element in line:
        if not isinstance(element, dict) or not isinstance(element.get("tag"), str):
            raise parameter_error("post element without a tag")
        tag = element["tag"]
        if tag not in {"text", "a", "at", "img", "media", "emotion", "hr", "code_block", "md"}:
            raise parameter_error(f"post element {tag} is unknown")
        if tag in {"img", "media", "md", "hr"} and len(line) > 1:
            raise parameter_error(f"post element {tag} must stand alone in its line")
        if tag == "img":
            _check_key(world, element.get("image_key"), {"image"})


def _check_key(world: World, key: object, kinds: set[str]) -> None:
    blob = world.blobs.get(key) if isinstance(key, str) else None
    if blob is None or blob.owner != "app":
        raise parameter_error("invalid image_key or file_key")
    if blob.kind not in kinds:
        raise ApiError(230055, "The file type does not match the message type.")


def without_language(content: Json, language: str = "zh") -> Json:
    """A post as it reads back: the language level is gone."""
    for key in ("en_us", "zh_cn") if language == "en" else ("zh_cn", "en_us"):
        if isinstance(content.get(key), dict):
            return {"title": "", **content[key]}
    return content


def as_read(message: Message, *, whole_card: bool = False) -> str:
    """`body.content` of a message that is fetched: a card gives its texts only, unless the whole is asked for."""
    if message.recalled:
        return "This message was recalled"
    content = message.content
    if message.msg_type == "post":
        content = without_language(content)
    elif message.msg_type == "interactive" and not whole_card:
        title, texts = plain_text(content)
        content = {"title": title, "elements": [[{"tag": "text", "text": text}] for text in texts]}
    return json.dumps(content, ensure_ascii=False)


def as_item(message: Message, tenant_key: str, *, whole_card: bool = False) -> Json:
    """A message as the API returns it."""
    item: Json = {
        "message_id": message.message_id,
        "msg_type": message.msg_type,
        "create_time": str(message.created_ms),
        "update_time": str(message.updated_ms),
        "deleted": message.recalled,
        "updated": message.version > 1,
        "chat_id": message.chat_id,
        "sender": {
            "id": message.sender_id,
            "id_type": "app_id" if message.from_bot else "open_id",
            "sender_type": message.sender_type,
            "tenant_key": tenant_key,
        },
        "body": {"content": as_read(message, whole_card=whole_card)},
    }
    for name in ("root_id", "parent_id", "thread_id"):
        if value := getattr(message, name):
            item[name] = value
    if message.mentions:
        item["mentions"] = [
            {
                "key": each["key"],
                "id": each["id"]["open_id"],
                "id_type": "open_id",
                "name": each["name"],
                "tenant_key": tenant_key,
            }
            for each in message.mentions
        ]
    return item
