"""Words of a command: one after another, quoted or not, options among them, and lengths of time."""

import re
import unicodedata
from datetime import timedelta
from typing import Final

MAX_DURATION: Final = timedelta(days=30)

_DURATION: Final = re.compile(
    r"(?P<number>\d{1,7})(?P<unit>s|sec|秒|m|min|分|分钟|h|小时|时|d|天)?", re.ASCII | re.IGNORECASE
)
_UNITS: Final = {
    "s": 1,
    "sec": 1,
    "秒": 1,
    "m": 60,
    "min": 60,
    "分": 60,
    "分钟": 60,
    "h": 3600,
    "小时": 3600,
    "时": 3600,
}
_DAYS: Final = {"d": 86400, "天": 86400}
_QUOTES: Final = {'"': '"', "'": "'", "“": "”", "”": "”", "‘": "’", "「": "」", "『": "』"}


class OptionError(Exception):
    """text: a key of the catalogue; params: what it names."""

    def __init__(self, text: str, **params: str) -> None:
        super().__init__(text)
        self.text, self.params = text, params


def duration(option: str, typed: str | None) -> timedelta | None:
    """Seconds, or a number with s, m, h or d (Chinese too)."""
    if typed is None:
        return None
    found = _DURATION.fullmatch(unicodedata.normalize("NFKC", typed))
    if found is None:
        raise OptionError("say.bad_option", option=option, value=typed)
    unit = (found["unit"] or "s").lower()
    length = timedelta(seconds=int(found["number"]) * (_UNITS | _DAYS)[unit])
    if length > MAX_DURATION:
        raise OptionError("say.bad_option", option=option, value=typed)
    return length


def raw_word(rest: str) -> tuple[str, str]:
    """The next word as typed, and what follows it."""
    stripped = rest.lstrip()
    word = re.match(r"\S*", stripped)
    end = word.end() if word else 0
    return stripped[:end], stripped[end:].removeprefix(" ")


def next_word(rest: str) -> tuple[str, str]:
    """The next word and what follows it. A word may be quoted, or hold spaces after backslashes."""
    stripped = rest.lstrip()
    closing = _QUOTES.get(stripped[:1])
    end = stripped.find(closing, 1) if closing else -1
    if end > 0 and (end + 1 == len(stripped) or stripped[end + 1].isspace()):
        return stripped[1:end].strip(), stripped[end + 1 :].removeprefix(" ")
    word = re.match(r"(?:\\[ \"'\\]|\S)*", stripped)
    end = word.end() if word else 0
    return re.sub(r"\\([ \"'\\])", r"\1", stripped[:end]), stripped[end:].removeprefix(" ")


def unquoted(word: str) -> str:
    return word[1:-1] if len(word) > 2 and _QUOTES.get(word[0]) == word[-1] else word


def target(rest: str) -> str:
    word, _ = next_word(rest)
    return unicodedata.normalize("NFKC", word).strip().lstrip("#").rstrip(".。")
