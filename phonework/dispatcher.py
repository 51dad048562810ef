"""The dispatcher: carries owed effects out, each lane in order, and reports what came of them as events."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final, Protocol

import structlog

from phonework.clock import Clock
from phonework.errors import StoreError
from phonework.store.effects import Owed

log = structlog.get_logger(__name__)

STOP_WITHIN: Final = 2.0
LOOK_AGAIN: Final = timedelta(minutes=10)
"""What is due much later is looked at now and then: a machine that slept has slept through its pauses."""

Pause = Callable[[float], Awaitable[None]]
"""Waits for so many seconds."""


class Carrier(Protocol):
    """Carries out one kind of effect to its end: done, failed or postponed, committed either way."""

    async def carry_out(self, owed: Owed) -> timedelta | None:
        """None: the effect has left the outbox. A duration: it is still owed, try again after so long."""


class OrderCarrier(Carrier, Protocol):
    """The one for agents, whose orders may have been claimed by the commits that owe them."""

    def give_back(self, owed: Sequence[Owed]) -> None:
        """They are owed again: they were claimed for this process, which never began them."""


class Dispatcher:
    """Lanes side by side, each in order. What is kept here are copies of rows that are owed.

    A claimed order is this process's alone, so it is never dropped: it is carried out, or given back at the stop.

    chats: may be replaced before the start. pause: how a lane waits before it tries again.
    """

    def __init__(self, *, agents: OrderCarrier, chats: Carrier, clock: Clock, pause: Pause = asyncio.sleep) -> None:
        self._agents, self.chats, self._clock, self._pause = agents, chats, clock, pause
        self._lanes: dict[str, deque[Owed]] = {}
        self._early: list[Owed] = []  # claimed before the start
        self._tasks: set[asyncio.Task[None]] = set()
        self._resting: set[asyncio.Task[None]] = set()  # of them, those that wait for their time
        self._rests: dict[str, asyncio.Future[None]] = {}  # of their lanes
        self._open = self._stopped = False
        self._idle = asyncio.Event()
        self._idle.set()

    def start(self, owed: Iterable[Owed] = ()) -> None:
        """Begin to carry out; owed: what earlier processes left."""
        self._open = True
        early, self._early = self._early, []
        self.wake(sorted((*owed, *early), key=lambda one: one.seq))

    def committed(self, results: tuple[Any, ...]) -> None:
        """The writer's listener: whatever a commit owes is carried out from here on."""
        for result in results:
            if owed := getattr(result, "owed", None):
                self.wake(owed)

    def wake(self, owed: Iterable[Owed]) -> None:
        if not self._open:
            self._leave(owed)
            return
        for one in owed:
            lane = self._lanes.get(one.lane)
            if lane is None:
                lane = self._lanes[one.lane] = deque()
                self._idle.clear()
                task = asyncio.create_task(self._run(one.lane, lane), name=f"lane {one.lane}")
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)
            lane.append(one)
            if one.lane.startswith("agent:") and (rest := self._rests.get(one.lane)):
                rest.cancel()  # a stop need not wait for what is tried again before it

    def _leave(self, owed: Iterable[Owed]) -> None:
        """What is owed stays so and the next start finds it; what is claimed waits for the start, or goes back."""
        claimed = [replace(one, job=None) for one in owed if one.claimed]
        if not self._stopped:
            self._early += claimed
        elif claimed:
            self._agents.give_back(claimed)

    @property
    def working(self) -> int:
        """How many lanes have something to carry out."""
        return len(self._lanes)

    async def settled(self) -> None:
        """Return when nothing is being carried out."""
        await self._idle.wait()

    async def stop(self) -> None:
        """Begin nothing new and give what is under way a moment; what does not end stays owed or claimed."""
        self._open, self._stopped = False, True
        self._leave([one for lane in (self._early, *self._lanes.values()) for one in lane])
        self._lanes.clear()
        for task in self._resting:  # what has to wait anyway is not waited for
            task.cancel()
        if self._tasks:
            _done, late = await asyncio.wait(self._tasks, timeout=STOP_WITHIN)
            for task in late:
                task.cancel()
            if late:
                await asyncio.wait(late)
        self._idle.set()

    async def _rest(self, name: str, length: timedelta) -> None:
        """Nothing of the lane is under way meanwhile."""
        task = asyncio.current_task()
        assert task is not None
        self._resting.add(task)
        rest = self._rests[name] = asyncio.ensure_future(self._pause(length.total_seconds()))
        try:
            await asyncio.wait({rest})
        finally:
            rest.cancel()
            del self._rests[name]
            self._resting.discard(task)

    async def _run(self, name: str, lane: deque[Owed]) -> None:
        try:
            while lane and self._open:
                if (early := lane[0].not_before - self._clock.now()) > timedelta():
                    await self._rest(name, min(early, LOOK_AGAIN))
                    continue
                began, one = self._clock.now(), lane.popleft()
                if lane and one.claimed:  # what came behind it may have made it void: it is read anew
                    one = replace(one, job=None)
                if (again := await self._carry(one)) is not None:
                    lane.appendleft(replace(one, job=None, first_at=one.first_at or began))
                    await self._rest(name, again)
        except StoreError as error:
            log.error("a lane stopped with the store", lane=name, error=str(error))
        finally:
            if self._lanes.get(name) is lane:
                del self._lanes[name]
            if not self._lanes:
                self._idle.set()

    async def _carry(self, owed: Owed) -> timedelta | None:
        carrier = self._agents if owed.lane.startswith("agent:") else self.chats
        try:
            return await carrier.carry_out(owed)
        except StoreError:
            raise
        except Exception:
            # A bug: the row stays as it is for the next start, and what comes behind it is not kept waiting.
            log.exception("an effect could not be carried out", effect=owed.key)
            return None
