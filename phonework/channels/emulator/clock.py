"""A clock that runs with the real one and can be made to jump ahead."""

from __future__ import annotations

import asyncio
import time


class Clock:
    """Seconds since 1970; `jump` moves it ahead and wakes everybody whose time has come; it can be stopped."""

    def __init__(self) -> None:
        self._offset = 0.0
        self._stopped_at: float | None = None
        self._moved = asyncio.Event()

    def now(self) -> float:
        return (time.time() if self._stopped_at is None else self._stopped_at) + self._offset

    def now_ms(self) -> int:
        return int(self.now() * 1000)

    def jump(self, seconds: float) -> None:
        self._offset += seconds
        self._wake()

    def stop(self, stopped: bool) -> None:
        """Stop: time passes only by jumps, so that nothing depends on how fast a test runs. Or let it run again."""
        if stopped and self._stopped_at is None:
            self._stopped_at = time.time()
        elif not stopped and self._stopped_at is not None:
            self._offset -= time.time() - self._stopped_at
            self._stopped_at = None
        self._wake()

    def _wake(self) -> None:
        self._moved.set()
        self._moved = asyncio.Event()

    async def sleep(self, seconds: float) -> None:
        await self.sleep_until(self.now() + seconds)

    async def sleep_until(self, moment: float) -> None:
        """Return when the clock has reached `moment`, by time passing or by a jump."""
        while (left := moment - self.now()) > 0:
            moved = self._moved
            try:
                async with asyncio.timeout(None if self._stopped_at is not None else left):
                    await moved.wait()
            except TimeoutError:
                continue
