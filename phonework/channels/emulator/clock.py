"""A clock that runs with the real one and can be made to jump ahead."""

from __future__ import annotations

import asyncio
import time


class Clock:
    """Seconds since 1970; `jump` moves it ahead and wakes everybody whose time has come."""

    def __init__(self) -> None:
        self._offset = 0.0
        self._jumped = asyncio.Event()

    def now(self) -> float:
        return time.time() + self._offset

    def now_ms(self) -> int:
        return int(self.now() * 1000)

    def jump(self, seconds: float) -> None:
        self._offset += seconds
        self._jumped.set()
        self._jumped = asyncio.Event()

    async def sleep(self, seconds: float) -> None:
        await self.sleep_until(self.now() + seconds)

    async def sleep_until(self, moment: float) -> None:
        """Return when the clock has reached `moment`, by time passing or by a jump."""
        while (left := moment - self.now()) > 0:
            jumped = self._jumped
            try:
                async with asyncio.timeout(left):
                    await jumped.wait()
            except TimeoutError:
                continue
