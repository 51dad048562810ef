"""What is in a file: text in some encoding, or bytes that are none; and text as numbered lines. Pure."""

import codecs
from dataclasses import dataclass
from typing import Final

LINE_CHARS: Final = 2_000
_LOOKED_AT: Final = 8_192  # bytes from which binary data is told
_MANY_CONTROLS: Final = 0.02
_PLAIN_CONTROLS: Final = frozenset(b"\t\n\r\f\x08\x1b")
_MARKS: Final = (
    # UTF-32 first: its mark begins with that of UTF-16.
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_WITHOUT_MARK: Final = ("utf-8", "gb18030", "cp1252", "latin-1")


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """A file's text. encoding: Python's name; mark: the bytes before it that say so. Line ends are as in the file."""

    text: str
    encoding: str = "utf-8"
    mark: bytes = b""

    @property
    def line_end(self) -> str:
        """What ends its lines: CR LF when all of them do so."""
        ends = self.text.count("\n")
        return "\r\n" if ends and self.text.count("\r\n") == ends else "\n"


def decode(raw: bytes) -> Text | None:
    """The text; None when the bytes are none. Never raises.

    Without a mark UTF-8, else GB 18030, else the Western code page: text that is not GB 18030 nearly always breaks its rules.
    """
    for mark, encoding in _MARKS:
        if raw.startswith(mark):
            return _decoded(raw[len(mark) :], encoding, mark)
    if is_binary(raw):
        return None
    return next(found for encoding in _WITHOUT_MARK if (found := _decoded(raw, encoding, b"")))


def is_binary(raw: bytes) -> bool:
    """Whether text would hold such bytes: NUL, or many control characters."""
    sample = raw[:_LOOKED_AT]
    controls = sum(1 for each in sample if each < 0x20 and each not in _PLAIN_CONTROLS)
    return 0 in sample or controls > len(sample) * _MANY_CONTROLS


def _decoded(raw: bytes, encoding: str, mark: bytes) -> Text | None:
    try:
        return Text(text=raw.decode(encoding), encoding=encoding, mark=mark)
    except ValueError:
        return None


def encode(text: str, like: Text | None = None) -> bytes:
    """The bytes of a text for a file that had `like` before: its encoding, mark and line ends are kept where they can be."""
    like = like or Text(text="")
    lines = text.replace("\r\n", "\n").replace("\n", like.line_end) if like.line_end != "\n" else text
    try:
        return like.mark + lines.encode(like.encoding)
    except ValueError:
        return lines.encode("utf-8", "replace")


def appended(before: Text, more: str) -> str:
    """The text with more at its end, which begins on a line of its own."""
    gap = before.line_end if before.text and not before.text.endswith("\n") else ""
    return before.text + gap + more


@dataclass(frozen=True, slots=True, kw_only=True)
class Numbered:
    """Lines with their numbers. first, last: of those shown, from 1; 0 when there are none. total: lines of the text."""

    text: str
    first: int
    last: int
    total: int


def numbered(text: str, *, start: int = 1, count: int, budget: int) -> Numbered:
    """Lines from `start` on, `count` at most and within `budget` characters. start below 0: counted from the end."""
    lines = lines_of(text)
    first = max(1, len(lines) + start + 1) if start < 0 else max(1, start)
    shown: list[str] = []
    for number, line in enumerate(lines[first - 1 : first - 1 + count], start=first):
        made = f"{number:>6}\t{clipped(line)}"
        budget -= len(made) + 1
        if budget < 0:
            break
        shown.append(made)
    last = first + len(shown) - 1 if shown else 0
    return Numbered(text="\n".join(shown), first=first if shown else 0, last=last, total=len(lines))


def lines_of(text: str) -> list[str]:
    """The lines as an editor counts them, without their ends."""
    if not text:
        return []
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return lines[:-1] if lines[-1] == "" else lines


def clipped(line: str, limit: int = LINE_CHARS) -> str:
    """At most `limit` characters of a line, and how many are missing."""
    return line if len(line) <= limit else f"{line[:limit]}… ({len(line) - limit} more characters)"
