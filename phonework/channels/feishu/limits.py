"""Keep calls within Feishu's rates, so that the platform need not refuse them.

Source: Feishu Open Platform, "Rate limits": 5/s per chat, 5/s per message, 50/s and 1000/min for an app. A leaky bucket
lets `burst` pass at once and `rate` a second after, so any window sees at most burst + rate × window.
"""

from collections import OrderedDict
from typing import Final

from aiolimiter import AsyncLimiter

CARD_CALLS_PER_SECOND: Final = 8
_MOST_REMEMBERED: Final = 2_000


def bucket(burst: int, per_second: float) -> AsyncLimiter:
    return AsyncLimiter(burst, burst / per_second)


class Limits:
    """Waits before calls. One event loop only, that of the first wait."""

    def __init__(self) -> None:
        self._app_second = bucket(20, 30)
        self._app_minute = bucket(100, 15)
        self._each: OrderedDict[str, AsyncLimiter] = OrderedDict()

    async def app(self) -> None:
        """Before every call."""
        await self._app_minute.acquire()
        await self._app_second.acquire()

    async def chat(self, chat_id: str) -> None:
        """Before a new message: 4/s evenly, since the chat's limit is shared with other bots."""
        await self._bucket(f"chat {chat_id}").acquire()

    async def message(self, message_id: str) -> None:
        """Before a change of a message."""
        await self._bucket(f"message {message_id}").acquire()

    async def card(self, card_id: str) -> None:
        """Before each call about a card entity: they may be called 10 times a second."""
        await self._bucket(f"card {card_id}", CARD_CALLS_PER_SECOND).acquire()

    def spare(self) -> bool:
        """Whether there is room for a call that may as well not be made."""
        return self._app_minute.has_capacity(50) and self._app_second.has_capacity(10)

    def _bucket(self, key: str, per_second: float = 4) -> AsyncLimiter:
        """A forgotten bucket is an empty one: with so many others in between, its second has passed."""
        found = self._each.pop(key, None) or bucket(1, per_second)
        self._each[key] = found
        while len(self._each) > _MOST_REMEMBERED:
            self._each.popitem(last=False)
        return found
