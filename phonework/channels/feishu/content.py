"""What a message says: plain words, formatted posts with links, code and pictures, and files.

Source: Feishu Open Platform, "Received message content" and "Message resources".
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from phonework.channels.feishu.untrusted import mapping, parse, sequence, string
from phonework.fsm.types import Attachment

UNSUPPORTED: Final = "unsupported_message"
_PLACEHOLDER: Final = re.compile(r"(@_user_\d+|@_all)([ \u00a0]?)")
_MOST_ATTACHMENTS: Final = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Mention:
    """Somebody a message names."""

    name: str
    is_bot: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """problem: a key of the catalogue when there is nothing to work with."""

    text: str = ""
    attachments: tuple[Attachment, ...] = ()
    problem: str = ""


Mentions = Mapping[str, Mention]


def read_content(kind: str, content: object, message_id: str, mentions: Mentions) -> Content:
    """kind: `message_type`; content: JSON in a string, as the platform sends it, of any quality."""
    body = parse(content)
    match kind:
        case "text":
            read = Content(text=_without_bot(string(body.get("text")), mentions))
        case "post":
            read = _post(body, message_id, mentions)
        case "image" | "file" | "audio" | "media":
            read = Content(attachments=tuple(_resource(kind, body, message_id)))
        case _:
            read = Content()
    return read if read.text or read.attachments or _only_called(kind, body) else Content(problem=UNSUPPORTED)


def _only_called(kind: str, body: Mapping[str, object]) -> bool:
    """Nothing but the bot's name, or blanks: an empty message, but one that could be read."""
    return (kind == "text" and bool(string(body.get("text")))) or (kind == "post" and bool(body.get("content")))


def _without_bot(text: str, mentions: Mentions) -> str:
    """The text as typed, names instead of placeholders, and the bot's own name gone."""
    called = False

    def name(found: re.Match[str]) -> str:
        nonlocal called
        key, blank = found.groups()
        if key == "@_all":
            return f"@all{blank}"
        if (mention := mentions.get(key)) is None:
            return found.group()
        called = called or mention.is_bot
        return "" if mention.is_bot else f"@{mention.name}{blank}"

    named = _PLACEHOLDER.sub(name, text)
    return named.strip() if called else named


def _resource(kind: str, body: Mapping[str, object], message_id: str) -> Iterable[Attachment]:
    key = string(body.get("image_key" if kind == "image" else "file_key"))
    if not key:
        return
    name = string(body.get("file_name")) or {"audio": "voice.opus", "media": "video.mp4"}.get(kind, "")
    yield Attachment(kind=kind if kind in ("image", "audio") else "file", key=key, message_id=message_id, name=name)


def _post(body: Mapping[str, object], message_id: str, mentions: Mentions) -> Content:
    """A received post has no level for the language, unlike a sent one."""
    lines = [_line(line, mentions) for line in sequence(body.get("content"))]
    if title := string(body.get("title")):
        lines.insert(0, title)
    attachments = [
        attachment
        for line in sequence(body.get("content"))
        for element in map(mapping, sequence(line))
        if string(element.get("tag")) in ("img", "media")
        for attachment in _resource("image" if element.get("tag") == "img" else "media", element, message_id)
    ]
    return Content(text="\n".join(lines).strip("\n "), attachments=tuple(attachments[:_MOST_ATTACHMENTS]))


def _line(line: object, mentions: Mentions) -> str:
    parts = [_element(element, mentions) for element in map(mapping, sequence(line))]
    return "".join(parts).strip("\n") if any("```" in part for part in parts) else "".join(parts)


def _element(element: Mapping[str, object], mentions: Mentions) -> str:
    text = string(element.get("text"))
    match string(element.get("tag")):
        case "a":
            return _link(text, string(element.get("href")))
        case "at":
            return _at(element, mentions)
        case "code_block":
            return _code(text, string(element.get("language")))
        case "emotion":
            return f"[{string(element.get('emoji_type'))}]"
        case "hr":
            return "---"
        case _:
            return text


def _link(text: str, href: str) -> str:
    return href if text in ("", href) else f"[{text}]({href})"


def _at(element: Mapping[str, object], mentions: Mentions) -> str:
    key = string(element.get("user_id"))
    if key in ("all", "@_all"):
        return "@all"
    mention = mentions.get(key)
    if mention is not None and mention.is_bot:
        return ""
    name = mention.name if mention is not None else string(element.get("user_name"))
    return f"@{name}"


def _code(text: str, language: str) -> str:
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    name = language.lower() if re.fullmatch(r"[\w+#.-]{1,30}", language) else ""
    body = text.removesuffix("\n")
    return f"\n{fence}{name}\n{body}\n{fence}\n"
