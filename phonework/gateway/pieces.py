"""A stream that comes in pieces, each with a proof that the server sent it, in this place, in answer to this call; pure."""

import re
from collections.abc import Callable
from typing import Final

from phonework.gateway.sse import LONGEST, TooLong
from phonework.proof import SEAL, same

_MARK: Final = b"\n" + SEAL
_PROOF: Final = re.compile(rb"([0-9a-f]{64})\n\n")
_SIZE: Final = 64 + 2


class NotProvedError(ValueError):
    """It does not come from a server that knows the token, or not as it was sent."""


class Pieces:
    """Takes bytes as they come, and gives those that are proved. expected: the proof of a piece by its number."""

    def __init__(self, expected: Callable[[int, bytes], str]) -> None:
        self._expected, self._number = expected, 0
        self._held, self._searched = bytearray(), 0

    def feed(self, came: bytes) -> bytes:
        """What is proved by now and was not given yet. Raises NotProvedError, and TooLong for a piece without an end."""
        self._held += came
        proved = bytearray()
        while (piece := self._next()) is not None:
            proved += piece
        if len(self._held) > LONGEST:
            raise TooLong(f"a piece of more than {LONGEST} bytes")
        return bytes(proved)

    def _next(self) -> bytes | None:
        """One piece that is there whole."""
        at = self._held.find(_MARK, self._searched)
        begins = at + len(_MARK)
        if at < 0 or len(self._held) < begins + _SIZE:
            self._searched = at if at >= 0 else max(0, len(self._held) - len(_MARK))
            return None
        piece, found = bytes(self._held[: at + 1]), _PROOF.match(self._held, begins)
        if found is None or not same(found[1].decode(), self._expected(self._number, piece)):
            raise NotProvedError("a piece of the stream is not proved")
        del self._held[: begins + _SIZE]
        self._number, self._searched = self._number + 1, 0
        return piece
