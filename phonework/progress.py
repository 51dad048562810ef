"""Live cards: the newest glimpse of each running turn, shown at most once a second and never after the turn's end."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Final

import structlog

from phonework.backends.base import Progress, Step
from phonework.fsm.types import SessionId
from phonework.one_line import one_line

log = structlog.get_logger(__name__)

Show = Callable[[SessionId, int, Progress], Awaitable[bool]]
"""Bring one card up to date; False when the turn is over and there is nothing to keep up any more."""
EVERY: Final = timedelta(seconds=1)
AGAIN: Final = timedelta(seconds=3)
"""A silent agent's card goes on too: its time runs, and it may be waiting or stopping by now."""
TRIES: Final = 3
KEPT_STEPS: Final = 20
KEPT_CHARACTERS: Final = 120


class ProgressBoard:
    """Takes what backends report and keeps the cards up to date. Nothing of it is stored."""

    def __init__(self, show: Show, *, every: timedelta = EVERY, again: timedelta = AGAIN) -> None:
        self._show, self._every, self._again = show, every.total_seconds(), again.total_seconds()
        self._newest: dict[tuple[SessionId, int], Progress] = {}
        self._tasks: dict[tuple[SessionId, int], asyncio.Task[None]] = {}
        self._news: dict[tuple[SessionId, int], asyncio.Event] = {}

    def report(self, session_id: SessionId, turn: int, progress: Progress) -> None:
        """The newest report replaces the one that waits."""
        key = (session_id, turn)
        self._newest[key] = progress
        self._news.setdefault(key, asyncio.Event()).set()
        if key not in self._tasks:
            self._tasks[key] = asyncio.create_task(self._keep_up(key), name=f"progress {session_id}:{turn}")

    def newest(self, session_id: SessionId, turn: int) -> Progress:
        """What was reported last, or nothing yet."""
        return self._newest.get((session_id, turn), Progress())

    def steps(self, session_id: SessionId, turn: int) -> tuple[Step, ...]:
        """The last things the agent did, each in short: what is kept of them when the turn is over."""
        return tuple(
            replace(one, title=one_line(one.title, KEPT_CHARACTERS), output=one_line(one.output, KEPT_CHARACTERS))
            for one in self.newest(session_id, turn).steps[-KEPT_STEPS:]
        )

    async def finish(self, session_id: SessionId, turn: int) -> None:
        """From here on the card belongs to the result; returns when no update is under way."""
        key = (session_id, turn)
        self._newest.pop(key, None)
        self._news.pop(key, None)
        if task := self._tasks.pop(key, None):
            task.cancel()
            await asyncio.wait([task])

    async def close(self) -> None:
        for session_id, turn in list(self._tasks):
            await self.finish(session_id, turn)

    async def _keep_up(self, key: tuple[SessionId, int]) -> None:
        """Show what is new, and the same again after a while. A card that is only just being sent is tried again."""
        news, tries = self._news[key], 0
        try:
            while (progress := self._newest.get(key)) is not None and tries < TRIES:
                news.clear()
                live = await self._show_once(key, progress)
                if live is False:
                    return
                tries = 0 if live else tries + 1
                await asyncio.sleep(self._every)
                if live:
                    with contextlib.suppress(TimeoutError):
                        await asyncio.wait_for(news.wait(), self._again)
        finally:
            if self._tasks.get(key) is asyncio.current_task():
                del self._tasks[key]

    async def _show_once(self, key: tuple[SessionId, int], progress: Progress) -> bool | None:
        """What `Show` returns; None when it failed."""
        try:
            return await self._show(*key, progress)
        except Exception as error:
            # A live view may fail: the result is owed and will be shown by the outbox.
            log.debug("a live card was not updated", session_id=key[0], turn=key[1], error=str(error))
            return None
