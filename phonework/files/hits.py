"""What `rg --json` says, as hits. Pure.

Source: ripgrep's `grep_printer::JSON`: one object a line; `{"type": "match", "data": {"path", "lines", "line_number"}}`, where
a text that is no UTF-8 stands as `{"bytes": base64}` instead of `{"text"}`.
"""

import base64
import binascii
import json
from dataclasses import dataclass
from typing import Final

LARGEST_LINE: Final = 256 * 1024
"""Bytes of one answer; a longer one is a hit in a line that nobody reads, and is left out."""
SHOWN: Final = 300  # characters of a line


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """A line that was found. path: below where it was searched."""

    path: str
    line: int
    text: str


def hit_of(answer: bytes) -> Hit | None:
    """The hit on one line of answer; None when the line says something else, or nothing sensible. Never raises."""
    try:
        said = json.loads(answer)
        data = said["data"] if said["type"] == "match" else None
        if data is None:
            return None
        text = _text(data["lines"]).rstrip("\r\n")
        return Hit(path=_text(data["path"]).removeprefix("./"), line=int(data["line_number"]), text=_shown(text))
    except (ValueError, KeyError, TypeError, RecursionError, binascii.Error):
        return None


def _text(found: dict[str, str]) -> str:
    if "text" in found:
        return str(found["text"])
    return base64.b64decode(found["bytes"]).decode("utf-8", "replace")


def _shown(text: str) -> str:
    return text if len(text) <= SHOWN else text[:SHOWN] + "…"


class Lines:
    """Cuts a stream into lines, those that are too long left out."""

    def __init__(self) -> None:
        self._rest = b""
        self._skipping = False

    def feed(self, data: bytes) -> list[bytes]:
        """The lines that are whole now."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        if lines and self._skipping:
            lines, self._skipping = lines[1:], False
        if len(self._rest) > LARGEST_LINE:
            self._rest, self._skipping = b"", True
        return [line for line in lines if len(line) <= LARGEST_LINE]
