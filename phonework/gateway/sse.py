"""Server-sent events: from bytes as they come off a connection to events; pure.

Source: HTML Living Standard, 9.2.6 "Interpreting an event stream".
"""

import codecs
import re
from dataclasses import dataclass
from typing import Final

LONGEST: Final = 16 * 1024 * 1024
"""Characters of one event; more is no event of ours."""

_END_OF_LINE: Final = re.compile(r"\r\n|\r|\n")


@dataclass(frozen=True, slots=True)
class Event:
    """kind: `message` where the stream names none. id: the last one said, by this event or before it."""

    kind: str
    data: str
    id: str = ""


class TooLong(ValueError):
    """An event that does not end."""


class Parser:
    """Takes the stream in pieces of any size and gives the events that are whole."""

    def __init__(self, last_id: str = "") -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        self._begun, self._held = False, ""  # a CR that may be half of an end of line
        self._line = list[str]()  # pieces of one that has not ended
        self._kind, self._data, self._size = "", list[str](), 0
        self.last_id = self._next_id = last_id

    def feed(self, piece: bytes) -> list[Event]:
        """The events that ended in this piece. Raises TooLong."""
        text = self._held + self._decoder.decode(piece)
        if not self._begun and text:
            text, self._begun = text.removeprefix("\ufeff"), True
        self._size += len(text)  # since the last event that ended
        self._held = "\r" if text.endswith("\r") else ""
        first, *more = _END_OF_LINE.split(text.removesuffix("\r"))
        found = [event for line in self._ended(first, more) if (event := self._take(line))]
        if self._size > LONGEST:
            raise TooLong(f"an event of more than {LONGEST} characters")
        return found

    def _ended(self, first: str, more: list[str]) -> list[str]:
        """The lines that are whole, when the piece goes on with these."""
        self._line.append(first)
        if not more:
            return []
        lines = ["".join(self._line), *more[:-1]]
        self._line = [more[-1]]
        return lines

    def _take(self, line: str) -> Event | None:
        if not line:
            return self._dispatch()
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "data":
            self._data.append(value)
        elif name == "event":
            self._kind = value
        elif name == "id" and "\0" not in value:
            self._next_id = value
        return None  # comments (no name), `retry`, and what nobody knows

    def _dispatch(self) -> Event | None:
        kind, data = self._kind or "message", self._data
        self._kind, self._data, self._size = "", [], 0
        self.last_id = self._next_id
        return Event(kind, "\n".join(data), self.last_id) if data else None
