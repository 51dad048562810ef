"""Long Markdown in several messages: parted between blocks, nothing lost, each part well-formed."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from phonework.channels.markdown import block_parser

_LINE: Final = re.compile(r"[^\r\n]*(?:\r\n?|\n)|[^\r\n]+")
_FENCE: Final = re.compile(r"[ \t]*(?P<mark>`{3,}|~{3,})[ \t]*(?P<language>[\w+#.-]{0,32})")
_BREAKS: Final = re.compile(r"[\s。！？；，、.!?;,]")
_HEADING_BYTES: Final = len("[9999/9999]\n")
_MIN_BYTES: Final = 64
_ESCAPED: Final = re.compile(r'["\\\x00-\x1f]')
_WIDE: Final = {'"': 4, "\\": 4, "\n": 3, "\r": 3, "\t": 3, "\b": 3, "\f": 3}


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of the text. before, after: the fence opened anew and closed early around it."""

    body: str
    before: str = ""
    after: str = ""

    def __str__(self) -> str:
        return f"{self.before}{self.body}{self.after}"


def wire_bytes(text: str) -> int:
    """Bytes of the text in a request: UTF-8, in JSON, in a JSON string."""
    escaped = sum(_char_bytes(char) - 1 for char in _ESCAPED.findall(text))
    return len(text.encode("utf-8", "surrogatepass")) + escaped


def _char_bytes(char: str) -> int:
    if char in _WIDE:
        return _WIDE[char]
    code = ord(char)
    if code < 0x20:
        return 7
    return 1 if code < 0x80 else 2 if code < 0x800 else 3 if code < 0x10000 else 4


def split(markdown: str, limit_bytes: int) -> tuple[str, ...]:
    """The text in parts of at most `limit_bytes` (as `wire_bytes` counts them, so in UTF-8 too), each headed `[1/3]`.

    One part has no heading. limit_bytes: at least 64.
    """
    found = pieces(markdown, limit_bytes)
    if len(found) <= 1:
        return tuple(str(piece) for piece in found)
    return tuple(f"[{number}/{len(found)}]\n{piece}" for number, piece in enumerate(found, 1))


def pieces(markdown: str, limit_bytes: int) -> tuple[Piece, ...]:
    """The parts without their headings; their bodies, one after another, are the text."""
    if not markdown:
        return ()
    text = markdown.encode("utf-8", "replace").decode()
    limit = max(limit_bytes, _MIN_BYTES)
    if wire_bytes(text) <= limit:
        return (Piece(text),)
    return tuple(_packed(_fitting(_blocks(text), limit - _HEADING_BYTES), limit - _HEADING_BYTES))


# Packing


def _packed(parts: Iterable[Piece], limit: int) -> Iterator[Piece]:
    """Whole blocks share a message as long as they fit; a piece of a fence stands with what precedes it if it can."""
    waiting: list[str] = []
    size = 0
    for part in parts:
        part_size = wire_bytes(str(part))
        if waiting and (size + part_size > limit or part.before):
            yield Piece("".join(waiting))
            waiting, size = [], 0
        if part.before or part.after:
            yield Piece("".join(waiting) + part.body, part.before, part.after)
            waiting, size = [], 0
        else:
            waiting.append(part.body)
            size += part_size
    if waiting:
        yield Piece("".join(waiting))


def _fitting(blocks: Iterable[str], limit: int) -> Iterator[Piece]:
    for block in blocks:
        if wire_bytes(block) <= limit:
            yield Piece(block)
            continue
        for inner in _inner_blocks(block):
            fence = _FENCE.match(inner)
            if wire_bytes(inner) <= limit:
                yield Piece(inner)
            elif fence and len(fence["mark"]) <= limit // 8:
                yield from _fenced(inner, fence["mark"], fence["language"], limit)
            else:
                yield from (Piece(body) for body in _cut(inner, limit))


def _fenced(block: str, mark: str, language: str, limit: int) -> Iterator[Piece]:
    """A block of code too long for one message: closed and opened anew between lines."""
    before, after = f"{mark}{language}\n", f"\n{mark}"
    bodies = list(_cut(block, limit - wire_bytes(before) - wire_bytes(after)))
    for number, body in enumerate(bodies):
        is_first, is_last = number == 0, number == len(bodies) - 1
        closing = "" if is_last else after.lstrip("\n") if body.endswith(("\n", "\r")) else after
        yield Piece(body, "" if is_first else before, closing)


# Cutting


def _blocks(text: str) -> Iterator[str]:
    """The text between the starts of its outermost blocks."""
    return _parted(text, {token.map[0] for token in block_parser().parse(text) if token.map and token.level == 0})


def _inner_blocks(block: str) -> Iterator[str]:
    """A block too long for one message, between the starts of what it consists of; each fence is a block of its own."""
    starts: set[int] = set()
    for token in block_parser().parse(block):
        if token.map and not token.type.startswith(("t", "inline")):  # not inside tables
            starts.add(token.map[0])
            if token.type == "fence":
                starts.add(token.map[1])
    return _parted(block, starts)


def _parted(text: str, starts: set[int]) -> Iterator[str]:
    current: list[str] = []
    for number, line in enumerate(_LINE.findall(text)):
        if number in starts and current:
            yield "".join(current)
            current = []
        current.append(line)
    if current:
        yield "".join(current)


def _cut(block: str, limit: int) -> Iterator[str]:
    """Runs of whole lines, or of characters where one line is too long."""
    current: list[str] = []
    size = 0
    for line in _LINE.findall(block):
        for part in _cut_line(line, limit):
            part_size = wire_bytes(part)
            if current and size + part_size > limit:
                yield "".join(current)
                current, size = [], 0
            current.append(part)
            size += part_size
    if current:
        yield "".join(current)


def _cut_line(line: str, limit: int) -> Iterator[str]:
    while wire_bytes(line) > limit:
        end = _break(line, _fit(line, limit))
        yield line[:end]
        line = line[end:]
    if line:
        yield line


def _fit(line: str, limit: int) -> int:
    """How many characters fit."""
    size = 0
    for number, char in enumerate(line):
        size += _char_bytes(char)
        if size > limit:
            return max(1, number)
    return len(line)


def _break(line: str, end: int) -> int:
    """A place to part the line at or before `end`: behind a space or a stop, if one is near; never inside CR LF."""
    nearby = [found.end() for found in _BREAKS.finditer(line, max(0, end - 80), end)]
    place = nearby[-1] if nearby else end
    return place - 1 if place > 1 and line[place - 1 : place + 1] == "\r\n" else place
