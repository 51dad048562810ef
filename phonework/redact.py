"""Takes secrets out of whatever is written down: logs and the audit."""

import json
import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Final
from urllib.parse import quote

MASK: Final = "***"
SHORTEST_KNOWN: Final = 6
"""A known secret shorter than this is left alone: taking it out would tear up ordinary words, and hide nothing."""
SHORT: Final = 80
REMEMBERED: Final = 2048
"""Short texts whose outcome is kept: names of fields, states, ids of sessions. Most of a log line is such words."""

_NAMES: Final = (
    r"(?:app[_-]?)?secret(?:[_-]?(?:access[_-]?)?key)?|password|passwd|passphrase|pwd|(?:api|access|private)[_-]?key"
    r"|(?:[a-z]{1,20}[_-]){0,3}(?:token|secret|password|ticket)|credentials?|authorization|cookie"
)
_KEY: Final = re.compile(rf"(?:[a-z0-9]{{1,20}}[_-]){{0,3}}(?:{_NAMES})", re.IGNORECASE)
_COUNTS: Final = re.compile(r"(?:[a-z]{1,20}_)*tokens", re.IGNORECASE)

_SHAPES: Final = tuple(
    (re.compile(pattern, flags | re.ASCII), replacement)  # ASCII: a Chinese character ends a word
    for pattern, flags, replacement in (
        # A block cut off before its end is still a key.
        (
            r"-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----[^-]*(?:-(?!----)[^-]*)*(?:-----END [A-Z ]{0,30}PRIVATE KEY-----)?",
            0,
            MASK,
        ),
        (r"\b(Bearer|Basic)\s+[A-Za-z0-9._~+/=-]{8,}", re.IGNORECASE, rf"\1 {MASK}"),
        (r"\b(?:sk|rk|pk)-[A-Za-z0-9_-]{16,}", 0, MASK),  # OpenAI, Anthropic and their kin
        (r"\bgh[pousr]_[A-Za-z0-9]{20,}", 0, MASK),
        (r"\bgithub_pat_[A-Za-z0-9_]{20,}", 0, MASK),
        (r"\bglpat-[A-Za-z0-9_-]{16,}", 0, MASK),
        (r"\bxox[abeoprs]-[A-Za-z0-9-]{10,}", 0, MASK),
        (r"\b(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}\b", 0, MASK),
        (r"\bAIza[A-Za-z0-9_-]{35}", 0, MASK),
        (r"\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*", 0, MASK),  # JSON web tokens
        (r"(://[^/\s:@]{1,200}:)[^/\s@]{1,200}@", 0, rf"\1{MASK}@"),
        # key=value, key: value, "key": "value", --key value
        (
            rf"((?<![A-Za-z0-9])(?:--)?(?:{_NAMES})\\?[\"']?\s{{0,3}}[:=]\s{{0,3}}\\?[\"']?)[^\s\"'\\,;&}}]{{4,}}",
            re.IGNORECASE,
            rf"\1{MASK}",
        ),
        (rf"((?<!\S)--(?:{_NAMES})\s{{1,3}})[^\s\"'-][^\s\"']{{3,}}", re.IGNORECASE, rf"\1{MASK}"),
    )
)


class Redactor:
    """Knows secrets by value and by shape. known: the values; each is found in JSON and URLs too."""

    def __init__(self, known: Iterable[str] = ()) -> None:
        spellings = {spelling for value in known if len(value) >= SHORTEST_KNOWN for spelling in _spellings(value)}
        longest_first = sorted(spellings, key=lambda spelling: (-len(spelling), spelling))
        self._known = re.compile("|".join(map(re.escape, longest_first))) if longest_first else None
        self._seen_before = lru_cache(maxsize=REMEMBERED)(self._searched)

    def text(self, text: str) -> str:
        """Return the text without secrets. Linear in its length."""
        return self._seen_before(text) if len(text) <= SHORT else self._searched(text)

    def _searched(self, text: str) -> str:
        if self._known is not None:
            text = self._known.sub(MASK, text)
        for shape, replacement in _SHAPES:
            text = shape.sub(replacement, text)
        return text

    def value(self, value: object, *, depth: int = 12) -> object:
        """Return the like of a JSON value without secrets; what stands under a telling key is masked as a whole."""
        if isinstance(value, str):
            return self.text(value)
        if depth == 0:
            return MASK
        if isinstance(value, Mapping):
            return {self.text(str(key)): self.under(str(key), inner, depth=depth) for key, inner in value.items()}
        if isinstance(value, list | tuple | set | frozenset):
            return [self.value(inner, depth=depth - 1) for inner in value]
        return value

    def under(self, key: str, value: object, *, depth: int = 12) -> object:
        """Return the like of what stands under a key."""
        tells = _tells(key) if len(key) <= SHORT else _tells.__wrapped__(key)
        if tells and value not in (None, "", True, False):
            return MASK
        return self.value(value, depth=depth - 1)


@lru_cache(maxsize=REMEMBERED)
def _tells(key: str) -> bool:
    """Whether what stands under this key is a secret whatever it looks like."""
    return bool(_KEY.fullmatch(key) and not _COUNTS.fullmatch(key))


def _spellings(value: str) -> tuple[str, ...]:
    return value, json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1], quote(value, safe="")
