"""Small builders of card JSON 2.0, and the limits every card keeps to."""

import json
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Final

from phonework.channels.cards.decisions import decision, reason
from phonework.channels.cards.values import Value
from phonework.channels.markdown import clean, escape, fence, normalise
from phonework.channels.split import wire_bytes
from phonework.fsm.types import Late, Prompt, Usage
from phonework.texts import text

MAX_BYTES: Final = 28_000
"""Of a request; Feishu takes 30 KB and does not say what is counted, so the wrapper gets the rest."""
MAX_ELEMENTS: Final = 200
LABEL_CHARS: Final = 100
LINE_CHARS: Final = 300
WORDS_CHARS: Final = 1_000
_NAMED: Final = 5
_COUNTED: Final = {
    "image": ("message.one_picture", "message.pictures"),
    "audio": ("message.one_voice", "message.voices"),
}
_WRAPPER_BYTES: Final = 400  # receive_id, msg_type, uuid and their keys
_BUDGETS: Final = (24_000, 20_000, 16_000, 11_000, 7_000, 4_000, 2_000, 800, 200)

Element = dict[str, object]
Card = dict[str, object]


# Text


def plain(text: str, limit: int = LABEL_CHARS) -> str:
    """The text for a place that takes no Markdown: one line of at most `limit` characters."""
    return clip(" ".join(clean(text).split()), limit)


def clip(text: str, limit: int) -> str:
    """At most `limit` characters, an ellipsis in place of the rest."""
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


def line(text: str, limit: int = LINE_CHARS) -> str:
    """Somebody's words as one line of Markdown, shown as written."""
    return escape(plain(text, limit))


def words(text: str, limit: int = WORDS_CHARS) -> str:
    """Somebody's words as Markdown, shown as written, with their lines."""
    return escape(clip(clean(text).strip(), limit))


def quote(text: str, limit: int = WORDS_CHARS) -> str:
    """Somebody's words as a quotation."""
    return "\n".join(f"> {each}" for each in words(text, limit).split("\n"))


def written(prompt: Prompt, language: str) -> str:
    """What a person sent: the text, or what came without any; or that they answered late, and what."""
    if prompt.late is not None:
        return text(language, "message.answered_late", said=late_words(prompt.late, language))
    return prompt.text.strip() or along(prompt, language) or text(language, "message.nothing_written")


def late_words(late: Late, language: str) -> str:
    """What was decided, with the reason of a no."""
    because = f" ({late.answer.text})" if reason(late.answer) else ""
    return f"{decision(late.kind, late.answer, language)}{because}"


def along(prompt: Prompt, language: str) -> str:
    """What came with a message: how many pictures and voice messages, and the names of files; may be empty."""
    counts = [(kind, sum(one.kind == kind for one in prompt.attachments)) for kind in ("image", "audio")]
    said = [_counted(kind, count, language) for kind, count in counts if count]
    names = [plain(one.name or one.kind, 40) for one in prompt.attachments if one.kind not in ("image", "audio")]
    more = [text(language, "message.more_files", count=len(names) - _NAMED)] if len(names) > _NAMED else []
    return text(language, "message.comma").join([*said, *names[:_NAMED], *more])


def _counted(kind: str, count: int, language: str) -> str:
    one, several = _COUNTED[kind]
    return text(language, one) if count == 1 else text(language, several, count=count)


# Elements


def plain_text(text: str, limit: int = LABEL_CHARS) -> Element:
    return {"tag": "plain_text", "content": plain(text, limit)}


def markdown(content: str, element_id: str = "") -> Element:
    return {
        "tag": "markdown",
        "content": content if content.strip() else "…",
        **({"element_id": element_id} if element_id else {}),
    }


def small(content: str) -> Element:
    """Small grey text, for what matters less."""
    return {"tag": "markdown", "text_size": "notation", "content": f"<font color='grey'>{content}</font>"}


def button(label: str, value: Value, *, kind: str = "default", element_id: str = "", wide: bool = False) -> Element:
    """kind: default, primary, danger, …"""
    return {
        "tag": "button",
        "type": kind,
        "text": plain_text(label),
        **({"element_id": element_id} if element_id else {}),
        **({"width": "fill"} if wide else {}),
        "behaviors": [{"type": "callback", "value": value}],
    }


def submit(label: str, value: Value, name: str, *, kind: str = "default") -> Element:
    """The button that sends a form."""
    return {**button(label, value, kind=kind), "name": name, "form_action_type": "submit"}


def row(buttons: Sequence[Element]) -> Element:
    """Buttons side by side, wrapping where the screen is narrow."""
    columns = [{"tag": "column", "width": "auto", "elements": [one]} for one in buttons]
    return {"tag": "column_set", "flex_mode": "flow", "columns": columns}


def form(name: str, elements: Sequence[Element]) -> Element:
    return {"tag": "form", "name": name, "elements": list(elements)}


def input_row(field: Element, send: Element) -> Element:
    """A line to write in with its button beside it; stands in a form."""
    columns = [
        {"tag": "column", "width": "weighted", "weight": 1, "elements": [field]},
        {"tag": "column", "width": "auto", "elements": [send]},
    ]
    return {"tag": "column_set", "flex_mode": "none", "columns": columns}


def text_input(name: str, placeholder: str, *, lines: int = 1) -> Element:
    several: Element = {"input_type": "multiline_text", "rows": lines} if lines > 1 else {}
    return {
        "tag": "input",
        "name": name,
        "max_length": 1000,
        "width": "fill",
        "placeholder": plain_text(placeholder),
        **several,
    }


def select(name: str, placeholder: str, labels: Sequence[str], *, multiple: bool) -> Element:
    """Options by their index, from 0."""
    return {
        "tag": "multi_select_static" if multiple else "select_static",
        "name": name,
        "width": "fill",
        "placeholder": plain_text(placeholder),
        "options": [{"text": plain_text(label), "value": str(number)} for number, label in enumerate(labels)],
    }


def panel(title: str, elements: Sequence[Element]) -> Element:
    """Something long, folded away."""
    icon = {"tag": "standard_icon", "token": "down-small-ccm_outlined", "size": "16px 16px"}
    return {
        "tag": "collapsible_panel",
        "expanded": False,
        "header": {
            "title": markdown(title),
            "icon": icon,
            "icon_position": "right",
            "icon_expanded_angle": -180,
        },
        "elements": list(elements),
    }


# Cards


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """The top of a card. tag: a word on where things stand. summary: what the chat list shows."""

    title: str
    color: str
    tag: str = ""
    subtitle: str = ""
    summary: str = ""


def card(head: Head, elements: Sequence[Element | None]) -> Card:
    """A whole card; elements that are None are left out."""
    tags = [{"tag": "text_tag", "text": plain_text(head.tag, 30), "color": _tag_color(head.color)}] if head.tag else []
    header: Element = {"title": plain_text(head.title), "template": head.color, "text_tag_list": tags}
    if head.subtitle:
        header["subtitle"] = plain_text(head.subtitle)
    summary = plain(head.summary or " · ".join(filter(None, (head.title, head.tag))), 120).strip() or "·"
    return {
        "schema": "2.0",
        "config": {
            "update_multi": True,
            "enable_forward": False,
            "width_mode": "fill",
            "summary": {"content": summary},
        },
        "header": header,
        "body": {"direction": "vertical", "elements": [one for one in elements if one is not None]},
    }


def _tag_color(template: str) -> str:
    return {"grey": "neutral", "default": "neutral"}.get(template, template)


# Limits


def size_bytes(card: Card) -> int:
    """Bytes of the request that carries the card, at most: the card is JSON in a JSON string."""
    text = json.dumps(card, ensure_ascii=False)
    escaped = text.count('"') + text.count("\\")  # nothing else in JSON needs it
    return len(text.encode("utf-8", "surrogatepass")) + escaped + _WRAPPER_BYTES


def element_count(card: Card) -> int:
    """Every object with a tag counts, texts in buttons too."""
    return sum(1 for node in _objects(card) if "tag" in node)


def _objects(node: object) -> Iterator[dict[str, object]]:
    if isinstance(node, dict):
        yield node
        for each in node.values():
            yield from _objects(each)
    elif isinstance(node, list):
        for each in node:
            yield from _objects(each)


def fitted(build: Callable[[int], Card]) -> tuple[Card, int]:
    """The card made with the largest budget (in wire bytes, for its long texts) that keeps it within the limits."""
    made, budget = build(_BUDGETS[0]), _BUDGETS[0]
    for budget in _BUDGETS[1:]:
        if size_bytes(made) <= MAX_BYTES:
            return made, budget
        made = build(budget)
    return made, budget


# Long texts


@dataclass(frozen=True, slots=True)
class Cut:
    """Head and tail of a text that is too long. omitted: bytes between them; 0: the head is the whole text."""

    head: str
    tail: str = ""
    omitted: int = 0


def cut(text: str, budget: int) -> Cut:
    """The text within `budget` wire bytes, two thirds of it from the beginning, cut between lines where possible."""
    if len(text) <= budget and wire_bytes(text) <= budget:
        return Cut(text)
    head = text[: budget * 2 // 3]
    head = _whole_lines(head[: _fitting(head, budget * 2 // 3)])
    rest = text[len(head) :]
    tail = rest[-(budget // 3) :][::-1]
    tail = tail[: _fitting(tail, budget // 3)][::-1]
    newline = tail.find("\n")
    tail = tail[newline + 1 :] if 0 <= newline < len(tail) // 2 else tail
    omitted = rest[: len(rest) - len(tail)]
    return Cut(head, tail, len(omitted.encode("utf-8", "replace")))


def _whole_lines(head: str) -> str:
    newline = head.rfind("\n")
    return head[: newline + 1] if newline > len(head) // 2 else head


def _fitting(text: str, budget: int) -> int:
    """How many characters of the text fit."""
    return bisect_right(range(1, len(text) + 1), budget, key=lambda count: wire_bytes(text[:count]))


def code_elements(text: str, language: str, budget: int, omitted: Callable[[int], str]) -> list[Element]:
    """Code in full, or its head and tail with a line on what is missing between them."""
    shown = cut(text, budget)
    if not shown.omitted:
        return [markdown(fence(text, language))]
    return [
        markdown(fence(shown.head, language)),
        small(escape(omitted(shown.omitted))),
        markdown(fence(shown.tail, language)),
    ]


def markdown_elements(text: str, budget: int, omitted: Callable[[int], str]) -> list[Element]:
    """An agent's Markdown in full, or its head and tail with a line on what is missing between them."""
    shown = cut(text, budget)
    if not shown.omitted:
        return [markdown(normalise(text))]
    note = small(escape(omitted(shown.omitted)))
    return [markdown(normalise(shown.head, 2)), note, markdown(normalise(shown.tail, 2))]


# Figures


def clock_time(at: datetime, zone: tzinfo | None) -> str:
    """HH:MM; zone None: the machine's own."""
    return at.astimezone(zone).strftime("%H:%M")


def duration(seconds: float) -> str:
    """Like 0:07, 12:30 or 1:02:03."""
    whole = max(0, int(seconds))
    hours, minutes = divmod(whole // 60, 60)
    return f"{hours}:{minutes:02}:{whole % 60:02}" if hours else f"{minutes}:{whole % 60:02}"


def amount(number: int) -> str:
    """Like 950, 12.3k or 1.2M."""
    if number < 1_000:
        return str(max(0, number))
    return f"{number / 1_000:.1f}k" if number < 1_000_000 else f"{number / 1_000_000:.1f}M"


def cost(usage: Usage) -> str:
    """Like $0.04; empty when the agent does not say."""
    if usage.cost_usd is None:
        return ""
    return f"${usage.cost_usd:.2f}" if usage.cost_usd >= 0.005 or usage.cost_usd == 0 else "<$0.01"
