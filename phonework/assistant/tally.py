"""How the model has done since the start: how often it was asked, how long it took, how it failed."""

import statistics
from collections import Counter, deque
from typing import Final

from phonework.assistant.model import Trouble

KEPT: Final = 200


class Tally:
    """Counts, and the durations of the newest answers in seconds."""

    def __init__(self) -> None:
        self.asked = 0
        self.errors: Counter[Trouble] = Counter()
        self.last_error: Trouble | None = None
        self._durations: deque[float] = deque(maxlen=KEPT)

    def answered(self, seconds: float) -> None:
        self.asked += 1
        self._durations.append(seconds)
        self.last_error = None

    def failed(self, trouble: Trouble) -> None:
        self.asked += 1
        self.errors[trouble] += 1
        self.last_error = trouble

    def facts(self) -> dict[str, str | int | float | bool | None]:
        """For `/health`."""
        longest = max(self._durations, default=None)
        middle = statistics.median(self._durations) if self._durations else None
        return {
            "requests": self.asked,
            "errors": self.errors.total(),
            "last_error": self.last_error.value if self.last_error else None,
            "seconds_median": round(middle, 2) if middle is not None else None,
            "seconds_longest": round(longest, 2) if longest is not None else None,
        }
