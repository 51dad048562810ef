"""Turn what Feishu pushes into what a person said or tapped; pure, and nothing in the content can make it fail.

Source: Feishu Open Platform, "Receive messages" (`im.message.receive_v1`) and "Card interaction callbacks"
(`card.action.trigger`), "Message recalled" (`im.message.recalled_v1`).
"""

import re
from collections.abc import Container, Mapping
from datetime import UTC, datetime, timedelta
from typing import Final

from phonework.channels.base import Chat, Clicked, Recalled, Said
from phonework.channels.feishu.content import Mention, read_content
from phonework.channels.feishu.untrusted import clean, mapping, sequence, string
from phonework.texts import language_of

CHANNEL: Final = "feishu"
LONG_AGO: Final = datetime(1970, 1, 1, tzinfo=UTC)
_LOCALE: Final = re.compile(r"\bLarkLocale/([A-Za-z]{2,3}(?:[_-][A-Za-z]{2,4})?)\b")
_FIELDS_OF_AN_ACTION: Final = ("option", "options", "input_value", "checked")


def read_message(event: Mapping[str, object], *, bot_open_id: str) -> Said | None:
    """What a person said, or None when it was not a person, or nobody could tell who said what where.

    event: the `event` object of `im.message.receive_v1`.
    """
    message, sender = mapping(event.get("message")), mapping(event.get("sender"))
    if string(sender.get("sender_type")) not in ("", "user"):
        return None  # bots, this one among them: answering them could go on for ever
    return _said(
        message,
        user=string(mapping(sender.get("sender_id")).get("open_id")),
        kind=string(message.get("message_type")),
        content=message.get("content"),
        private=string(message.get("chat_type")) != "group",
        mentions=_mentions(message.get("mentions"), bot_open_id),
        language=read_language(message.get("user_agent")),
    )


def read_language(user_agent: object) -> str:
    """The language of the person's client, like `… Lark/6.7.5 LarkLocale/en_US …`; empty when it is not told.

    Source: "Receive messages", `user_agent`: only for apps with the scope `im:user_agent:read`.
    """
    found = _LOCALE.search(string(user_agent)[:2000])
    return language_of(found[1]) if found else ""


def read_history_item(item: Mapping[str, object], *, bot_open_id: str, private: bool) -> Said | None:
    """The same message as it stands in the chat's history, with the same key; None for what no person said.

    item: one of `items` of GET /im/v1/messages; it names neither the kind of chat nor ids as the event does.
    """
    sender = mapping(item.get("sender"))
    if string(sender.get("sender_type")) != "user" or item.get("deleted") is True:
        return None
    return _said(
        item,
        user=string(sender.get("id")) if string(sender.get("id_type")) in ("", "open_id") else "",
        kind=string(item.get("msg_type")),
        content=mapping(item.get("body")).get("content"),
        private=private,
        mentions=_mentions(item.get("mentions"), bot_open_id),
    )


def read_click(
    header: Mapping[str, object], event: Mapping[str, object], *, groups: Container[str] = ()
) -> Clicked | None:
    """A tap on a card, or None when who tapped on what is missing.

    A callback does not tell whether its chat is private; groups: those known to be not.
    """
    operator, action, context = (mapping(event.get(name)) for name in ("operator", "action", "context"))
    key, user = string(header.get("event_id")), string(operator.get("open_id"))
    message_id, chat_id = string(context.get("open_message_id")), string(context.get("open_chat_id"))
    if not (key and user and message_id):
        return None
    private = chat_id not in groups
    return Clicked(
        key=key,
        user=user,
        chat=Chat(channel=CHANNEL, chat_id=chat_id, private=private, root="" if private else message_id),
        message_id=message_id,
        value=_cleaned(action.get("value")),
        clicked_at=read_time(header.get("create_time")),
        form=_form(action),
    )


def read_recall(event: Mapping[str, object]) -> Recalled | None:
    """Which message was taken back, or None when that is missing. Feishu does not say who wrote it."""
    message_id = string(event.get("message_id"))
    return Recalled(key=message_id, recalled_at=read_time(event.get("recall_time"))) if message_id else None


def read_time(value: object) -> datetime:
    """When: Feishu counts seconds, milliseconds (events) or microseconds (callbacks) since 1970, as text.

    What cannot be read was long ago: then the message is shown and neither run nor taken for an answer.
    """
    digits = string(value) if isinstance(value, str) else str(value)
    if not (digits.isascii() and digits.isdigit() and 9 <= len(digits) <= 16):
        return LONG_AGO
    unit = timedelta(microseconds=1) if len(digits) > 14 else timedelta(milliseconds=1)
    try:
        return LONG_AGO + int(digits) * (timedelta(seconds=1) if len(digits) < 12 else unit)
    except OverflowError:
        return LONG_AGO


def _said(
    message: Mapping[str, object],
    *,
    user: str,
    kind: str,
    content: object,
    private: bool,
    mentions: Mapping[str, Mention],
    language: str = "",
) -> Said | None:
    message_id, chat_id = string(message.get("message_id")), string(message.get("chat_id"))
    if not (message_id and chat_id and user):
        return None
    read = read_content(kind, content, message_id, mentions)
    root = "" if private else string(message.get("root_id")) or message_id
    return Said(
        key=message_id,
        user=user,
        chat=Chat(channel=CHANNEL, chat_id=chat_id, private=private, root=root),
        message_id=message_id,
        text=read.text,
        sent_at=read_time(message.get("create_time")),
        attachments=read.attachments,
        reply_to=string(message.get("parent_id")),
        addressed=private or any(mention.is_bot for mention in mentions.values()),
        problem=read.problem,
        language=language,
    )


def _mentions(value: object, bot_open_id: str) -> dict[str, Mention]:
    found = {}
    for each in map(mapping, sequence(value)):
        known_as = each.get("id")  # an object in events, a string in the history
        open_id = string(known_as) or string(mapping(known_as).get("open_id"))
        if key := string(each.get("key")):
            found[key] = Mention(name=string(each.get("name")), is_bot=bool(bot_open_id) and open_id == bot_open_id)
    return found


def _form(action: Mapping[str, object]) -> dict[str, object]:
    alone = {name: action[name] for name in _FIELDS_OF_AN_ACTION if action.get(name) is not None}
    return _cleaned({**mapping(action.get("form_value")), **alone})


def _cleaned(value: object) -> dict[str, object]:
    cleaned = clean(value)
    return cleaned if isinstance(cleaned, dict) else {}
