"""Markdown as Feishu shows it: what people and agents write is made safe, and nothing of it is lost."""

import re
from collections.abc import Callable, Iterator
from functools import cache
from typing import Final

from markdown_it import MarkdownIt
from markdown_it.token import Token

MAX_TABLES: Final = 4
"""Tables in one block of Markdown; Feishu refuses a card with more. Source: card JSON 2.0, rich text component."""

_ENTITIES: Final = {ord(char): f"&#{ord(char)};" for char in "*_`<>[]$\\|"} | {ord("~"): "&sim;"}
_AMPERSAND: Final = re.compile(r"&(?=#|[A-Za-z])")
_LINE_START: Final = re.compile(r"^([ \t]*)([#+\-!=])", re.MULTILINE)
_INDENT: Final = re.compile(r"^[ \t]+", re.MULTILINE)
_EMOJI: Final = re.compile(r":(?=[A-Za-z_0-9]+:)")
_NEWLINE: Final = re.compile(r"\r\n?")
_BACKTICKS: Final = re.compile(r"`+")
_LONGEST_FENCE: Final = 8
_ZERO_WIDTH_SPACE: Final = "\u200b"
_DIRECTION: Final = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")

_HIDDEN: Final = re.compile(f"[\x00-\x08\x0b-\x1f\x7f-\x9f\ufdd0-\ufdef{''.join(_DIRECTION)}]")
"""Control characters but line ends and tabs, characters that are none, marks of direction."""
_SPAN: Final = re.compile("\ufdd0(\\d+)\ufdd1")
_CODE_SPAN: Final = re.compile(r"(?<!`)(`+)(?!`)(.+?)(?<!`)\1(?!`)")
_CALLS_PEOPLE: Final = re.compile(r"<(?=\s*/?\s*(?:at|person)\b)", re.IGNORECASE)
_AUTOLINK: Final = re.compile(r"<(https?://[^\s<>]{1,2000})>", re.IGNORECASE)
_IMAGE: Final = re.compile(r"!\[([^\[\]\n]{0,500})\]\(\s*<?([^\s()<>]{0,2000})>?(?:\s+\"[^\"\n]{0,200}\")?\s*\)")
_LINK: Final = re.compile(r"(?<!!)\[([^\[\]\n]{1,500})\]\(\s*<?([^\s()<>]{0,2000})>?(?:\s+\"[^\"\n]{0,200}\")?\s*\)")
_TAG: Final = re.compile(r"<(?!(?:br|hr)\s*/?>)", re.IGNORECASE)
_TABLE_RULE: Final = re.compile(r"[\s>]*\|?\s*:?-+:?\s*(?:\|\s*:?-+:?\s*)+\|?\s*$")
_ITEM: Final = re.compile(r"[ \t]*(?:[-*+]|\d{1,9}[.)])[ \t]+(?![-*+][ \t]|\d{1,9}[.)][ \t])")
_WEB: Final = re.compile(r"https?://", re.IGNORECASE)


# Characters


def clean(text: str) -> str:
    """Without control characters, lone surrogates and marks that change the direction of display."""
    lines = _NEWLINE.sub("\n", text).encode("utf-8", "replace").decode()
    return _HIDDEN.sub("", lines)


def visible(text: str) -> str:
    """With control characters and hidden marks written out, so that code cannot look like something else."""
    lines = _NEWLINE.sub("\n", text).encode("utf-8", "replace").decode()
    return _HIDDEN.sub(lambda found: _spelled(found[0]), lines)


def has_hidden(text: str) -> bool:
    """Whether something in the text would not be seen, or would be seen in another order."""
    return _HIDDEN.search(_NEWLINE.sub("\n", text)) is not None


def _spelled(char: str) -> str:
    return chr(0x2400 + ord(char)) if ord(char) < 0x20 else f"⟨U+{ord(char):04X}⟩"


# Text of people and tools, shown as it is


def escape(text: str) -> str:
    """Text that Markdown shows as it was written. Not for use inside code."""
    safe = _AMPERSAND.sub("&#38;", clean(text)).translate(_ENTITIES)
    safe = _LINE_START.sub(lambda found: f"{found[1]}&#{ord(found[2])};", safe)
    safe = _INDENT.sub(lambda found: "\u00a0" * len(found[0].expandtabs(4)), safe)
    return _EMOJI.sub("&#58;", safe)


def inline_code(text: str) -> str:
    """The text as code within a line."""
    line = visible(" ".join(text.split())) or " "
    line = _CALLS_PEOPLE.sub("<" + _ZERO_WIDTH_SPACE, line)
    return f"`{line}`" if "`" not in line else escape(line)


def fence(text: str, language: str = "") -> str:
    """The text as a block of code, whatever is in it."""
    body = visible(text).rstrip("\n")
    longest = max((len(found) for found in _BACKTICKS.findall(body)), default=0)
    if longest >= _LONGEST_FENCE:
        body, longest = body.replace("```", "``" + _ZERO_WIDTH_SPACE + "`"), 2
    marker = "`" * max(3, longest + 1)
    return f"{marker}{language}\n{body}\n{marker}"


# Markdown of agents


def normalise(markdown: str, max_tables: int = MAX_TABLES) -> str:
    """An agent's Markdown as Feishu can show it: nobody is called, nothing makes Feishu refuse the message.

    Fences stand at the start of a line and are closed, indented code becomes a fence, tables past the limit become
    code, images and links that are no web addresses become text, HTML is shown as it is written.
    """
    text = clean(markdown)
    tokens = block_parser().parse(text)
    lines = _indented_lists(text, tokens)
    out: list[str] = []
    at = 0
    rules = _RuleCounter(max_tables)
    for start, end, write in _special_blocks(tokens, len(lines), max_tables):
        if start < at:
            continue
        out.extend(rules.kept(_inline_lines(lines[at:start])))
        out.extend(write(lines[start:end]))
        at = end
    out.extend(rules.kept(_inline_lines(lines[at:])))
    return "\n".join(out)


class _RuleCounter:
    """Feishu may count a table wherever a line looks like the rule below its header: no more of them than tables."""

    def __init__(self, limit: int) -> None:
        self._left = limit

    def kept(self, lines: list[str]) -> list[str]:
        return [self._line(each) for each in lines]

    def _line(self, line: str) -> str:
        if not _TABLE_RULE.match(line):
            return line
        self._left -= 1
        return line if self._left >= 0 else line.replace("|", "&#124;")


@cache
def block_parser() -> MarkdownIt:
    """Finds blocks only; what is inside a line does not matter here."""
    return MarkdownIt("commonmark").enable("table").disable("inline")


def _indented_lists(text: str, tokens: list[Token]) -> list[str]:
    """The lines, each item of an inner list four spaces in for each list around it, which is what Feishu expects."""
    lines = text.split("\n")
    depth = 0
    for token in tokens:
        if token.type in ("bullet_list_open", "ordered_list_open"):
            depth += 1
        elif token.type in ("bullet_list_close", "ordered_list_close"):
            depth -= 1
        elif token.type == "list_item_open" and token.map and _ITEM.match(lines[token.map[0]]):
            lines[token.map[0]] = "    " * (depth - 1) + lines[token.map[0]].lstrip()
    return lines


Write = Callable[[list[str]], list[str]]


def _special_blocks(tokens: list[Token], count: int, max_tables: int) -> Iterator[tuple[int, int, Write]]:
    tables = 0
    for token in tokens:
        if token.map is None:
            continue
        start, end = token.map[0], min(token.map[1], count)
        if token.type in ("fence", "code_block"):
            yield start, end, _code_writer(token)
        elif token.type == "table_open":
            tables += 1
            if tables > max_tables:
                yield start, end, _as_code


def _code_writer(token: Token) -> Write:
    language = token.info.split()[0][:32] if token.info.split() else ""
    block = fence(token.content, re.sub(r"[^\w+#.-]", "", language))

    def write(lines: list[str]) -> list[str]:
        trailing = len(lines) - len("\n".join(lines).rstrip().split("\n"))
        return [*block.split("\n"), *([""] * trailing)]

    return write


def _as_code(lines: list[str]) -> list[str]:
    return fence("\n".join(lines)).split("\n")


def _inline_lines(lines: list[str]) -> list[str]:
    return _inline("\n".join(lines)).split("\n") if lines else []


def _inline(text: str) -> str:
    """Text with code spans in it: the spans stay, the rest is made safe."""
    spans: list[str] = []

    def hide(found: re.Match[str]) -> str:
        spans.append(_harmless(found[0]))
        return f"\ufdd0{len(spans) - 1}\ufdd1"

    safe = _outside_code(_CODE_SPAN.sub(hide, text))
    return _SPAN.sub(lambda found: spans[int(found[1])], safe)


def _harmless(span: str) -> str:
    """A code span that stays harmless where it is not taken for one."""
    span = _CALLS_PEOPLE.sub("<" + _ZERO_WIDTH_SPACE, span)
    return _IMAGE.sub(lambda found: "!" + _ZERO_WIDTH_SPACE + found[0][1:], span)


def _outside_code(text: str) -> str:
    text = _AUTOLINK.sub(lambda found: f"[{found[1]}]({found[1]})", text)
    text = _IMAGE.sub(lambda found: _link(found[1] or found[2], found[2]), text)
    text = _LINK.sub(lambda found: _link(found[1], found[2]), text)
    return _TAG.sub("&#60;", text).replace("![", "&#33;[")


def _link(label: str, target: str) -> str:
    if _WEB.match(target):
        return f"[{label}]({target})"
    return label if label == target or not target else f"{label} ({target})"
