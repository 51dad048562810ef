"""Keep one socket to Feishu alive: start it, watch it, replace it, and tell from when to when nothing could arrive."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import NoReturn

import structlog

from phonework.channels.base import Submit
from phonework.channels.feishu import sdk
from phonework.channels.feishu.handover import Handover, Known
from phonework.channels.feishu.socket import App, Periods, Socket, SocketLost, SocketRefused
from phonework.channels.feishu.threads import Threads
from phonework.clock import Clock

log = structlog.get_logger(__name__)

OnGap = Callable[[datetime, datetime], Awaitable[None]]
"""Told after each reconnect: nothing could arrive between these two times."""


class Connection:
    """The state of the connection, and the task that keeps it. One process serves one: the SDK has one loop."""

    def __init__(self, app: App, known: Known, clock: Clock, periods: Periods, on_gap: OnGap | None) -> None:
        self._app, self._known, self._clock, self._periods, self._on_gap = app, known, clock, periods, on_gap
        self.connected = False
        self.reconnects = 0
        self.deaf_since: datetime | None = None
        self.problem = ""
        self._failures = 0
        self._ever = False
        self._telling: set[asyncio.Task[None]] = set()

    async def run(self, submit: Submit) -> None:
        """Until cancelled."""
        self.deaf_since = self._clock.now()
        await Threads(1, "feishu-load").run(sdk.load)
        sdk.bypass_proxy(self._app.domain)
        try:
            while True:
                pause_s = await self._live_once(submit)
                await asyncio.sleep(pause_s)
        finally:
            for task in self._telling:
                task.cancel()

    async def _live_once(self, submit: Submit) -> float:
        """One socket from its start to its end; returns how long to wait before the next."""
        loop = asyncio.get_running_loop()
        handover = Handover(submit, self._known, self._clock, self._periods.commit, loop)
        socket = Socket(self._app, self._periods, self._clock, handover.handle)
        since = loop.time()
        try:
            socket.start()
            await self._serve(socket)
        except SocketRefused as error:
            self._lost(socket, f"refused: {error}")
            return self._periods.refused_retry
        except Exception as error:  # the SDK, requests and websockets raise their own; any of them means another try
            self._lost(socket, _words(error))
            return self._pause(lived_s=loop.time() - since if socket.opened.done() else 0)
        finally:
            self.connected = False
            hurry = loop.call_later(self._periods.stop_within / 3, handover.close)
            if not await socket.stop():
                log.warning("feishu client left behind", reason="its thread does not answer")
            hurry.cancel()
            handover.close()

    async def _serve(self, socket: Socket) -> NoReturn:
        """Raises what ended the socket."""
        await socket.opens()
        if socket.opened.done():
            self._opened()
        elif not socket.ended.done():
            raise SocketLost("did not open in time")
        while not socket.ended.done():
            await asyncio.wait({socket.ended}, timeout=self._periods.check_every)
            if not await socket.answers():
                raise SocketLost("its event loop does not answer")
        raise socket.ended.result() or SocketLost("ended")

    def _opened(self) -> None:
        now, since = self._clock.now(), self.deaf_since
        self.connected, self.deaf_since, self.problem = True, None, ""
        missed = self._ever or self._failures > 0
        self.reconnects += self._ever
        self._ever = True
        log.info("feishu connected", reconnects=self.reconnects)
        if missed and since is not None and self._on_gap is not None:
            task = asyncio.create_task(self._tell_gap(since, now))
            self._telling.add(task)
            task.add_done_callback(self._telling.discard)

    def _lost(self, socket: Socket, why: str) -> None:
        self.connected, self.problem = False, why
        self.deaf_since = self.deaf_since or socket.heard_at
        log.warning("feishu disconnected", reason=why, failures=self._failures, since=self.deaf_since.isoformat())

    def _pause(self, *, lived_s: float) -> float:
        """Exponential, with jitter; a connection that has lived a while starts over."""
        self._failures = 0 if lived_s > self._periods.longest_retry else self._failures + 1
        doubled = self._periods.first_retry * float(2 ** min(self._failures, 30))
        most = min(self._periods.longest_retry, doubled)
        return most * random.uniform(0.5, 1)

    async def _tell_gap(self, since: datetime, until: datetime) -> None:
        assert self._on_gap is not None
        try:
            await self._on_gap(since, until)
        except Exception:  # healing is the app's; whatever happens to it, the connection goes on
            log.exception("gap not healed", since=since.isoformat(), until=until.isoformat())


def _words(error: Exception) -> str:
    text = sdk.redact(str(error))
    return text if isinstance(error, SocketLost) else f"{type(error).__name__}: {text}"[:300]
