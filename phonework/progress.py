"""Live cards: the newest glimpse of each running turn, shown at most once a second and never after the turn's end.

Where the channel lets words be written piece by piece, they come several times a second in between.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from enum import Enum, auto
from typing import Final

import structlog

from phonework.backends.base import Progress, Step
from phonework.fsm.types import SessionId
from phonework.one_line import one_line

log = structlog.get_logger(__name__)


class Look(Enum):
    """What became of bringing a card up to date."""

    OVER = auto()  # the turn is over: there is nothing to keep up any more
    SHOWN = auto()
    STREAMS = auto()  # and its words can be written piece by piece


Key = tuple[SessionId, int]
Show = Callable[[SessionId, int, Progress], Awaitable[Look]]
"""Bring one card up to date."""
Write = Callable[[SessionId, int, Progress], Awaitable[bool]]
"""Write the words alone; False: the card does not stream any longer."""
EVERY: Final = timedelta(seconds=1)
AGAIN: Final = timedelta(seconds=3)
"""A silent agent's card goes on too: its time runs, and it may be waiting or stopping by now."""
FRAME: Final = timedelta(milliseconds=300)
SHARE: Final = timedelta(milliseconds=100)
"""Where many turns run, each waits so long for each of them before its next words."""
STILL_WITHIN: Final = timedelta(seconds=3)
TRIES: Final = 3
KEPT_STEPS: Final = 20
KEPT_CHARACTERS: Final = 120


class ProgressBoard:
    """Takes what backends report and keeps the cards up to date. Nothing of it is stored."""

    def __init__(
        self,
        show: Show,
        write: Write | None = None,
        *,
        every: timedelta = EVERY,
        again: timedelta = AGAIN,
        frame: timedelta = FRAME,
        share: timedelta = SHARE,
    ) -> None:
        self._show, self._write = show, write
        self._every, self._again = every.total_seconds(), again.total_seconds()
        self._frame, self._share = frame.total_seconds(), share.total_seconds()
        self._newest: dict[Key, Progress] = {}
        self._tasks: dict[Key, asyncio.Task[None]] = {}
        self._news: dict[Key, asyncio.Event] = {}
        self._streaming: set[Key] = set()

    def report(self, session_id: SessionId, turn: int, progress: Progress) -> None:
        """The newest report replaces the one that waits."""
        key = (session_id, turn)
        self._newest[key] = progress
        self._news.setdefault(key, asyncio.Event()).set()
        if key not in self._tasks:
            self._tasks[key] = asyncio.create_task(self._keep_up(key), name=f"progress {session_id}:{turn}")

    def begin(self, session_id: SessionId, turn: int) -> None:
        """Keep up a card that was just shown, also while there is nothing to report: its time runs, and it may wait."""
        key = (session_id, turn)
        if key not in self._tasks:
            self._newest.setdefault(key, Progress())
            self._news.setdefault(key, asyncio.Event())
            self._tasks[key] = asyncio.create_task(self._keep_up(key, shown=True), name=f"progress {session_id}:{turn}")

    def nudge(self, session_id: SessionId, turn: int) -> None:
        """Bring a card up to date soon: something is new that no report tells of."""
        if (news := self._news.get((session_id, turn))) is not None:
            news.set()

    def newest(self, session_id: SessionId, turn: int) -> Progress:
        """What was reported last, or nothing yet."""
        return self._newest.get((session_id, turn), Progress())

    def steps(self, session_id: SessionId, turn: int) -> tuple[Step, ...]:
        """The last things the agent did, each in short: what is kept of them when the turn is over."""
        return tuple(
            replace(one, title=one_line(one.title, KEPT_CHARACTERS), output=one_line(one.output, KEPT_CHARACTERS))
            for one in self.newest(session_id, turn).steps[-KEPT_STEPS:]
        )

    def streams(self, session_id: SessionId, turn: int) -> bool:
        """Whether the words of a card are being written piece by piece."""
        return (session_id, turn) in self._streaming

    async def catch_up(self, session_id: SessionId, turn: int) -> None:
        """Bring a card up to date now if its words are being written; it ends that when it is no longer the time for it.

        A person has to answer, and waits for this: it is given up after a moment.
        """
        key = (session_id, turn)
        if key not in self._streaming:
            return
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(STILL_WITHIN.total_seconds()):
                await self._show_once(key, self.newest(session_id, turn))

    async def finish(self, session_id: SessionId, turn: int) -> None:
        """From here on the card belongs to the result; returns when no update is under way."""
        key = (session_id, turn)
        self._newest.pop(key, None)
        self._news.pop(key, None)
        self._streaming.discard(key)
        if task := self._tasks.pop(key, None):
            task.cancel()
            await asyncio.wait([task])

    async def close(self) -> None:
        for session_id, turn in list(self._tasks):
            await self.finish(session_id, turn)

    async def _keep_up(self, key: Key, *, shown: bool = False) -> None:
        """Show what is new, and the same again after a while. A card that is only just being sent is tried again."""
        news, tries = self._news[key], 0
        try:
            if shown:
                await self._news_within(key, self._again)
            while (progress := self._newest.get(key)) is not None and tries < TRIES:
                news.clear()
                look = await self._show_once(key, progress)
                if look is Look.OVER:
                    self._newest.pop(key, None)  # nobody else takes away what is reported after the end
                    self._news.pop(key, None)
                    return
                tries = 0 if look else tries + 1
                if look is Look.STREAMS:
                    await self._stream(key, progress)
                    continue
                await asyncio.sleep(self._every)
                if look:
                    await self._news_within(key, self._again)
        finally:
            self._streaming.discard(key)
            if self._tasks.get(key) is asyncio.current_task():
                del self._tasks[key]

    async def _stream(self, key: Key, shown: Progress) -> None:
        """Let the words grow until something else of the card is new, or for a while; the card was shown like this."""
        loop = asyncio.get_running_loop()
        soonest, latest, words = loop.time() + self._every, loop.time() + self._again, shown.text
        while (progress := self._newest.get(key)) is not None:
            same = (progress.steps, progress.note) == (shown.steps, shown.note)
            until = latest if same else min(soonest, latest)
            if loop.time() >= until:
                return
            if progress.text != words:
                words = progress.text
                if not await self._write_once(key, progress):
                    await asyncio.sleep(max(0.0, soonest - loop.time()))
                    return
            await asyncio.sleep(max(self._frame, self._share * len(self._tasks)))
            if words == self.newest(*key).text:
                await self._news_within(key, until - loop.time())

    async def _news_within(self, key: Key, seconds: float) -> None:
        if (news := self._news.get(key)) is None:
            return
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(news.wait(), max(0.0, seconds))
        news.clear()

    async def _show_once(self, key: Key, progress: Progress) -> Look | None:
        """What `Show` returns; None when it failed."""
        look = None
        try:
            look = await self._show(*key, progress)
        except Exception as error:
            # A live view may fail: the result is owed and will be shown by the outbox.
            log.debug("a live card was not updated", session_id=key[0], turn=key[1], error=str(error))
        if look is Look.STREAMS:
            self._streaming.add(key)
        elif look is not None:
            self._streaming.discard(key)
        return look

    async def _write_once(self, key: Key, progress: Progress) -> bool:
        if self._write is None or key not in self._streaming:
            return False
        try:
            return await self._write(*key, progress)
        except Exception as error:
            log.debug("words were not written", session_id=key[0], turn=key[1], error=str(error))
            return False
