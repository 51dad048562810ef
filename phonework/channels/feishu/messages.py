"""The messages we send, in Feishu's shapes: cards with a marker, Markdown as a post or a card, files; pure.

Source: Feishu Open Platform, "Message content formats" and "Card JSON 2.0".
"""

import copy
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import PurePath
from typing import Final

from phonework.channels.feishu.untrusted import mapping, parse, sequence, string

ROOMY_BYTES: Final = 26 * 1024
"""What a post or card may hold and still fit, quoted and wrapped, into the request's 30 KB."""

_NEEDS_A_CARD: Final = re.compile(r"^(#{1,6} |\|.*\|\s*$|>|\s*[-*] \[[ x]\])", re.MULTILINE)
_FENCE: Final = re.compile(r"^ {0,3}(`{3,}|~{3,})", re.MULTILINE)
_CALLS: Final = re.compile(r"<(?=/?(?:at|person)\b)", re.IGNORECASE)
_PICTURE: Final = re.compile(r"!(?=\[[^\]\n]*\]\((?!img_))")
_NO_WORD: Final = re.compile(r"[\W_]+")
_FILE_TYPES: Final = {
    "pdf": "pdf",
    "doc": "doc",
    "docx": "doc",
    "xls": "xls",
    "xlsx": "xls",
    "ppt": "ppt",
    "pptx": "ppt",
}


@dataclass(frozen=True, slots=True)
class Message:
    """A message to send. name: of the file; marker: what its card is recognised by."""

    kind: str
    content: Mapping[str, object]
    name: str = ""
    marker: str = ""

    def stands_in(self, item: Mapping[str, object]) -> bool:
        """Whether an item of the chat's history is this very message."""
        if string(item.get("msg_type")) != self.kind or item.get("deleted") is True:
            return False
        body = parse(mapping(item.get("body")).get("content"))
        if self.kind == "file":
            return bool(self.name) and string(body.get("file_name")) == self.name
        if self.marker and self.marker in _identities(self.content):
            return self.marker in _identities(body)
        return bool(words := _words(self.content)) and words == _words(body)


def from_markdown(text: str, marker: str, *, card: bool = False, mention: str = "") -> Message:
    """Plain sentences as a post; what a post cannot show (headings, tables, quotes) as a card; very long ones as text.

    card: decides for a card, as when one is to be changed. mention: an open_id to begin with, where there is room.
    """
    safe = harmless(text)
    if len(safe.encode()) > ROOMY_BYTES and not card:
        return Message("text", {"text": _CALLS.sub("<\u200b", text)})  # a text has no code, and knows no entities
    if card or _NEEDS_A_CARD.search(_outside_fences(safe)):
        content = f"<at id={mention}></at>\n{safe}" if mention else safe
        element = {"tag": "markdown", "content": content} | ({"element_id": marker} if marker else {})
        config = {"update_multi": True, "enable_forward": False, "width_mode": "fill"}
        return Message(
            "interactive", {"schema": "2.0", "config": config, "body": {"elements": [element]}}, marker=marker
        )
    called = [[{"tag": "at", "user_id": mention}]] if mention else []
    return Message("post", {"zh_cn": {"content": [*called, [{"tag": "md", "text": safe}]]}})


def entity_message(card_id: str) -> Message:
    """A message that shows the card entity."""
    return Message("interactive", {"type": "card", "data": {"card_id": card_id}})


def harmless(text: str) -> str:
    """The Markdown without what calls people or refuses the whole message: mentions, pictures by address."""
    return _per_part(text, lambda part: _PICTURE.sub("", _CALLS.sub("&#60;", part)))


def marked_card(card: Mapping[str, object], marker: str) -> Mapping[str, object]:
    """The card with the marker as the `element_id` of the first element which has none."""
    marked = copy.deepcopy(dict(card))
    for element in sequence(mapping(marked.get("body")).get("elements")):
        if isinstance(element, dict) and "tag" in element and "element_id" not in element:
            element["element_id"] = marker
            break
    return marked


def file_type(name: str) -> str:
    """Feishu's `file_type`. Audio and video would need other kinds of message, so they go as plain files."""
    return _FILE_TYPES.get(PurePath(name).suffix.lower().removeprefix("."), "stream")


def _identities(value: object, depth: int = 0) -> frozenset[str]:
    if depth > 20:
        return frozenset()
    inside = [_identities(each, depth + 1) for each in (*sequence(value), *mapping(value).values())]
    own = string(mapping(value).get("element_id"))
    return frozenset({own} if own else ()).union(*inside)


def _words(content: object, depth: int = 0) -> str:
    """Letters and digits only: the platform hands a post back with its Markdown taken apart."""
    if isinstance(content, str):
        return _NO_WORD.sub("", content)
    if depth > 20:
        return ""
    spoken = [
        each
        for name, each in mapping(content).items()
        if name in ("text", "content", "title", "zh_cn", "body", "elements")
    ]
    return "".join(_words(each, depth + 1) for each in (*spoken, *sequence(content)))


def _per_part(text: str, change: Callable[[str], str]) -> str:
    """Change what stands outside of fenced code."""
    out, at, fence = [], 0, ""
    for found in _FENCE.finditer(text):
        mark = found[1]
        if not fence:
            out.append(change(text[at : found.start()]))
            at, fence = found.start(), mark
        elif mark[0] == fence[0] and len(mark) >= len(fence):
            out.append(text[at : found.end()])
            at, fence = found.end(), ""
    out.append(text[at:] if fence else change(text[at:]))
    return "".join(out)


def _outside_fences(text: str) -> str:
    kept: list[str] = []
    _per_part(text, lambda part: kept.append(part) or part)  # type: ignore[func-returns-value]
    return "\n".join(kept)
