"""Keeps the beginning and the end of an output, however long it is, in a bounded piece of memory."""

import re
from collections import deque
from typing import Final

_INCOMPLETE_END: Final = re.compile(rb"(?:[\xc2-\xdf]|[\xe0-\xef][\x80-\xbf]?|[\xf0-\xf4][\x80-\xbf]{0,2})\Z")
_INCOMPLETE_START: Final = re.compile(rb"\A[\x80-\xbf]{1,3}")


class Output:
    """The bytes of an output. limit_bytes: how many are kept, half of them from the beginning."""

    def __init__(self, limit_bytes: int) -> None:
        self._half = max(limit_bytes // 2, 1)
        self._head = bytearray()
        self._tail: deque[bytes] = deque()
        self._tail_size = 0
        self.total_bytes = 0

    def add(self, data: bytes) -> None:
        self.total_bytes += len(data)
        room = self._half - len(self._head)
        self._head += data[:room]
        if rest := data[room:]:
            self._tail.append(rest)
            self._tail_size += len(rest)
        while self._tail and self._tail_size - len(self._tail[0]) >= self._half:
            self._tail_size -= len(self._tail.popleft())

    @property
    def truncated(self) -> bool:
        return self.total_bytes > 2 * self._half

    @property
    def text(self) -> str:
        """What is kept; between beginning and end, a line that says how many bytes are missing."""
        tail = b"".join(self._tail)
        if not self.truncated:
            return (bytes(self._head) + tail).decode("utf-8", "replace")
        tail = tail[-self._half :]
        # No letter is cut in two.
        head, tail = _INCOMPLETE_END.sub(b"", self._head), _INCOMPLETE_START.sub(b"", tail)
        missing = self.total_bytes - len(head) - len(tail)
        return f"{head.decode('utf-8', 'replace')}\n[… {missing} bytes …]\n{tail.decode('utf-8', 'replace')}"
