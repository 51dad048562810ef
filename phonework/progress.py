"""Live cards: the newest glimpse of each running turn, shown at most once a second and never after the turn's end."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Final

import structlog

from phonework.backends.base import Progress
from phonework.fsm.types import SessionId

log = structlog.get_logger(__name__)

Show = Callable[[SessionId, int, Progress], Awaitable[None]]
EVERY: Final = timedelta(seconds=1)
TRIES: Final = 3


class ProgressBoard:
    """Takes what backends report and keeps the cards up to date. Nothing of it is stored."""

    def __init__(self, show: Show, *, every: timedelta = EVERY) -> None:
        self._show, self._every = show, every.total_seconds()
        self._newest: dict[tuple[SessionId, int], Progress] = {}
        self._tasks: dict[tuple[SessionId, int], asyncio.Task[None]] = {}

    def report(self, session_id: SessionId, turn: int, progress: Progress) -> None:
        """The newest report replaces the one that waits."""
        key = (session_id, turn)
        self._newest[key] = progress
        if key not in self._tasks:
            self._tasks[key] = asyncio.create_task(self._keep_up(key), name=f"progress {session_id}:{turn}")

    def newest(self, session_id: SessionId, turn: int) -> Progress:
        """What was reported last, or nothing yet."""
        return self._newest.get((session_id, turn), Progress())

    async def finish(self, session_id: SessionId, turn: int) -> None:
        """From here on the card belongs to the result; returns when no update is under way."""
        key = (session_id, turn)
        self._newest.pop(key, None)
        if task := self._tasks.pop(key, None):
            task.cancel()
            await asyncio.wait([task])

    async def close(self) -> None:
        for session_id, turn in list(self._tasks):
            await self.finish(session_id, turn)

    async def _keep_up(self, key: tuple[SessionId, int]) -> None:
        """Show until nothing newer came within the pause. A card that is only just being sent is tried again."""
        shown, tries = None, 0
        try:
            while (progress := self._newest.get(key)) is not shown and tries < TRIES:
                assert progress is not None
                if await self._show_once(key, progress):
                    shown, tries = progress, 0
                else:
                    tries += 1
                await asyncio.sleep(self._every)
        finally:
            if self._tasks.get(key) is asyncio.current_task():
                del self._tasks[key]

    async def _show_once(self, key: tuple[SessionId, int], progress: Progress) -> bool:
        try:
            await self._show(*key, progress)
        except Exception as error:
            # A live view may fail: the result is owed and will be shown by the outbox.
            log.debug("a live card was not updated", session_id=key[0], turn=key[1], error=str(error))
            return False
        return True
