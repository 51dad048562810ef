"""The emulator's parts, held together."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

from phonework.channels.emulator.clock import Clock
from phonework.channels.emulator.delivery import Post
from phonework.channels.emulator.faults import Faults
from phonework.channels.emulator.journal import Journal, Violation
from phonework.channels.emulator.limits import Limits
from phonework.channels.emulator.settings import Settings
from phonework.channels.emulator.socket import Hub
from phonework.channels.emulator.tokens import Tokens
from phonework.channels.emulator.world import Storage, World


class Emulator:
    """One emulated platform with one bot. Everything runs on one event loop."""

    def __init__(self, settings: Settings | None = None, storage: Storage | None = None) -> None:
        self.settings = settings or Settings()
        self._first_settings = self.settings.as_dict()
        self.clock = Clock()
        self.faults = Faults()
        self.world = World(self.settings, self.clock, storage)
        self.journal = Journal(self.world.wake)
        self.tokens = Tokens(self.settings, self.clock)
        self.limits = Limits(self.settings, self.clock)
        self.hub = Hub(self.settings, self.clock, self.faults, self.journal, self.world)
        self.post = Post(self.settings, self.clock, self.faults, self.journal, self.hub, self.spawn)
        self.clicking: dict[str, int] = {}
        """Cards with an unanswered tap, by message_id: their update is locked."""
        self.card_tokens: dict[str, tuple[str, int, int]] = {}
        """For the delayed update: token of a tap → message_id, when (ms), times used."""
        self.closing = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Run something beside; it is cancelled when the emulator ends or is reset."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def violation(self, code: int, what: str, call: int | None = None) -> None:
        self.journal.violations.append(Violation(at_ms=self.clock.now_ms(), code=code, what=what, call=call))

    def reset(self) -> None:
        """Back to the default world and the settings at the start, the clock running; live connections stay."""
        self.settings.update(self._first_settings)
        self.clock.stop(False)
        for task in self._tasks:
            task.cancel()
        self.faults.clear()
        self.journal.clear()
        self.limits.clear()
        self.tokens.clear()
        self.clicking.clear()
        self.card_tokens.clear()
        self.world.clear()

    def begin_close(self) -> None:
        """End long polls and event streams."""
        self.closing.set()
        self.world.wake()

    async def close(self) -> None:
        self.begin_close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self.hub.drop_all()
        if self.world.storage is not None:
            self.world.storage.close()
            self.world.storage = None
