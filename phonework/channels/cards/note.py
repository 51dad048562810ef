"""Our own sentences as a card, and as Markdown."""

import re
from typing import Final

from phonework.channels.cards.parts import Card, Head, card, cut, fitted, markdown, plain
from phonework.channels.markdown import escape, inline_code
from phonework.texts import text

_CODE: Final = re.compile(r"`([^`\n]+)`")
_COLORS: Final = {"info": "blue", "success": "green", "warning": "yellow", "error": "red"}


def rich(said: str) -> str:
    """A sentence of the catalogue as Markdown: `code` stays code, all else is shown as written."""
    out: list[str] = []
    at = 0
    for found in _CODE.finditer(said):
        out += [_escaped(said, at, found.start()), inline_code(found[1])]
        at = found.end()
    return "".join([*out, _escaped(said, at, len(said))])


def _escaped(said: str, start: int, end: int) -> str:
    """A stretch of the sentence; what stands within a line is not taken for the beginning of one."""
    within = start > 0 and said[start - 1] != "\n"
    return escape(f".{said[start:end]}")[1:] if within else escape(said[start:end])


def note_card(said: str, language: str, *, title: str = "", kind: str = "info") -> Card:
    """What we have to say. title: the project it concerns; kind: info, success, warning or error."""
    first = plain(said.replace("`", ""), 80)

    def build(budget: int) -> Card:
        shown = cut(said, budget // 6)
        note = f"\n{text(language, 'card.cut_plain', omitted=f'{shown.omitted:,}')}\n" if shown.omitted else ""
        head = Head(title=title or text(language, "note.title"), color=_COLORS.get(kind, "blue"), summary=first)
        return card(head, [markdown(rich(f"{shown.head}{note}{shown.tail}"))])

    return fitted(build)[0]


def help_card(language: str) -> Card:
    """Every command, and how to talk to the agent, in groups as the catalogue parts them by empty lines."""
    head = Head(title=text(language, "note.help"), color="blue", summary=text(language, "note.help"))
    return card(head, [markdown(_group(group)) for group in text(language, "say.help").strip().split("\n\n")])


def _group(group: str) -> str:
    """The first of several lines is their heading."""
    first, *lines = group.split("\n")
    return "\n".join([f"**{rich(first)}**", *map(rich, lines)]) if lines else rich(first)
