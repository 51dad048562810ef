"""One client of the SDK in a thread and an event loop of its own, used once and then thrown away.

The SDK's client (lark-oapi 1.7.5) keeps its loop in a module global, cannot be stopped, notices neither a missing pong
nor its own death, and blocks its loop while it asks for the socket's address. So nothing but it lives in that loop, its
reconnecting is off, and `Connection` makes a new one whenever this one ends.
"""

import asyncio
import contextlib
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NoReturn

import structlog
from pydantic import SecretStr

from phonework.channels.feishu import sdk
from phonework.clock import Clock

log = structlog.get_logger(__name__)

Handle = Callable[[bytes], object]
_FIRST: Final = asyncio.FIRST_COMPLETED
_FAREWELL_S: Final = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Periods:
    """How patient the connection is, in seconds.

    commit: for an event to be committed; Feishu waits 3. probe_every, probe_within: our own keep-alive on the socket.
    check_every, loop_within: the same for the socket's event loop. open_within: from start to open socket.
    silent_pings: after so many of the platform's ping periods without a frame the socket is given up.
    first_retry, longest_retry, refused_retry: before a new try; refused: wrong secret and the like.
    """

    commit: float = 2.5
    probe_every: float = 20
    probe_within: float = 10
    check_every: float = 5
    loop_within: float = 10
    open_within: float = 20
    endpoint: float = 8
    silent_pings: float = 2
    first_retry: float = 1
    longest_retry: float = 60
    refused_retry: float = 300
    stop_within: float = 2.5


@dataclass(frozen=True, slots=True, kw_only=True)
class App:
    """Who we are, and where Feishu is."""

    app_id: str
    app_secret: SecretStr
    domain: str


class SocketLost(Exception):
    """The connection ended; its text says how."""


class SocketRefused(Exception):
    """Feishu does not want this app to connect, and will not change its mind soon."""


class Socket:
    """Made in the app's loop, which hears of `opened` and `ended`.

    ended: None when it was stopped, else SocketLost, SocketRefused or what the SDK raised.
    handle: gets what is pushed, in the socket's thread; what it returns is the answer, and that it returns is the
    acknowledgement.
    """

    def __init__(self, app: App, periods: Periods, clock: Clock, handle: Handle) -> None:
        self._app, self._periods, self._clock, self._handle = app, periods, clock, handle
        self._home = asyncio.get_running_loop()
        self.opened: asyncio.Future[None] = self._home.create_future()
        self.ended: asyncio.Future[Exception | None] = self._home.create_future()
        self.heard_at: datetime = clock.now()
        self._lock = threading.Lock()
        self._stopping = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._main: asyncio.Task[None] | None = None

    def start(self) -> None:
        threading.Thread(target=self._thread, name="feishu-socket", daemon=True).start()

    async def opens(self) -> None:
        """Return when the socket is open, has ended, or time is up."""
        waited: set[asyncio.Future[Any]] = {self.opened, self.ended}
        await asyncio.wait(waited, timeout=self._periods.open_within + 1, return_when=_FIRST)

    async def answers(self) -> bool:
        """Whether the socket's loop carries out an empty call in time."""
        loop = self._loop
        if loop is None or loop.is_closed():
            return self.ended.done()
        answered: asyncio.Future[None] = self._home.create_future()
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(self._tell, answered, None)
            waited: set[asyncio.Future[Any]] = {answered, self.ended}
            await asyncio.wait(waited, timeout=self._periods.loop_within, return_when=_FIRST)
        return answered.done() or self.ended.done()

    async def stop(self) -> bool:
        """End the thread; False when it did not in time and was left behind. It then ends itself as soon as it can."""
        with self._lock:
            self._stopping = True
            loop, main = self._loop, self._main
        if loop is not None and main is not None:
            with contextlib.suppress(RuntimeError):  # the loop is closed: it has ended by itself
                loop.call_soon_threadsafe(main.cancel)
        await asyncio.wait({self.ended}, timeout=self._periods.stop_within)
        return self.ended.done()

    def _thread(self) -> None:
        error: Exception | None = None
        try:
            asyncio.run(self._live())
        except asyncio.CancelledError:
            error = None
        except Exception as caught:  # whatever ended it, the app has to hear of it
            error = caught
        self._tell(self.ended, error)

    async def _live(self) -> None:
        with self._lock:
            if self._stopping:
                return
            self._loop, self._main = asyncio.get_running_loop(), asyncio.current_task()
        self._loop.set_exception_handler(_quietly)
        client = self._make_client()
        try:
            await self._open(client)
            self._tell(self.opened, None)
            await self._watch(client, asyncio.create_task(client._ping_loop()))
        except asyncio.CancelledError:
            with contextlib.suppress(Exception):
                async with asyncio.timeout(_FAREWELL_S):
                    await _say_goodbye(client)
            raise
        finally:
            await _cut(client)

    def _make_client(self) -> Any:
        lark = sdk.load()
        module = lark.ws
        module.loop = asyncio.get_running_loop()  # the global its tasks are started on
        module.requests = _Bounded(self._periods.endpoint)
        heard = self._heard

        base: Any = module.Client

        class Client(base):  # type: ignore[misc]
            async def _handle_message(self, msg: bytes) -> None:
                heard()
                await super()._handle_message(msg)

        return Client(
            self._app.app_id,
            self._app.app_secret.get_secret_value(),
            event_handler=_Handler(self._handle),
            domain=self._app.domain,
            auto_reconnect=False,
            log_level=lark.core.LogLevel.WARNING,
        )

    async def _open(self, client: Any) -> None:
        try:
            async with asyncio.timeout(self._periods.open_within):
                await client._connect()
        except sdk.load().ws_errors.ClientException as error:
            raise SocketRefused(sdk.redact(str(error))) from error
        self._frame_at = self._heard()

    async def _watch(self, client: Any, pings: asyncio.Task[None]) -> NoReturn:
        """Raises SocketLost when the socket is of no more use."""
        closed = asyncio.ensure_future(client._conn.wait_closed())
        while True:
            await asyncio.wait({closed, pings}, timeout=self._periods.probe_every, return_when=_FIRST)
            if closed.done() or pings.done() or client._conn is None:
                raise SocketLost("closed")
            await self._probe(client)
            silence = (self._clock.now() - self._frame_at).total_seconds()
            if silence > self._periods.silent_pings * client._ping_interval + self._periods.probe_within:
                raise SocketLost("silent")

    async def _probe(self, client: Any) -> None:
        try:
            async with asyncio.timeout(self._periods.probe_within):
                await (await client._conn.ping())
        except Exception as error:
            raise SocketLost("no answer to a ping") from error
        self.heard_at = self._clock.now()

    def _heard(self) -> datetime:
        self.heard_at = self._frame_at = self._clock.now()
        return self._frame_at

    def _tell(self, future: asyncio.Future[Any], result: object) -> None:
        def tell() -> None:
            if not future.done():
                future.set_result(result)

        with contextlib.suppress(RuntimeError):  # the app's loop is closed: nobody listens any more
            self._home.call_soon_threadsafe(tell)


async def _say_goodbye(client: Any) -> None:
    """Close the socket as its protocol wants it; the client's own tasks first, or it logs an error."""
    conn = client._conn
    for task in asyncio.all_tasks() - {asyncio.current_task()}:
        task.cancel()
    if conn is not None:
        await conn.close()


async def _cut(client: Any) -> None:
    """Leave no half-open connection behind, of which the platform would go on to choose one at random."""
    if client._conn is not None:
        client._conn.transport.abort()
        await asyncio.sleep(0)


class _Handler:
    """What the SDK's client asks of its event handler, and all it asks (1.7.5)."""

    def __init__(self, handle: Handle) -> None:
        self._handle = handle

    def _do_without_validation(self, payload: bytes) -> object:
        return self._handle(payload)


class _Bounded:
    """`requests` as lark_oapi.ws.client uses it, with the time limit it forgets: its one call blocks the whole loop."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    def post(self, url: str, **options: Any) -> Any:
        import requests

        return requests.post(url, timeout=self._seconds, **options)


def _quietly(_: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """The SDK's receiving task dies with the connection, unobserved; `_watch` has seen it already."""
    log.debug("feishu client task ended", error=sdk.redact(str(context.get("exception"))))
