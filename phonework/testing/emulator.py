"""The Feishu emulator on a free port, in a thread of its own."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import Any

from phonework.channels.emulator.server import listen, make_server, url_of
from phonework.channels.emulator.settings import Settings
from phonework.channels.emulator.storage import open_emulator
from phonework.testing.phone import Phone

_START_S = 10.0


@dataclass(slots=True)
class RunningEmulator:
    """An emulator that runs; `phone` is a client of its control API on the caller's event loop."""

    url: str
    phone: Phone


class EmulatorThread:
    """Runs an emulator on an event loop of its own, so that blocking clients may be used beside it.

    A context manager: `with EmulatorThread() as emulator: emulator.url`. Settings are given by name.
    """

    def __init__(self, *, port: int = 0, data_dir: str | None = None, **settings: Any) -> None:
        self._settings = Settings()
        self._settings.update(settings)
        self._listening = listen(port=port)
        self.url = url_of(self._listening)
        self._data_dir = data_dir
        self._started = threading.Event()
        self._thread = threading.Thread(target=self._run, name="feishu-emulator", daemon=True)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._error: BaseException | None = None

    def start(self) -> None:
        """Start and return when it answers. Raises what went wrong."""
        self._thread.start()
        if not self._started.wait(_START_S):
            raise RuntimeError("the emulator did not start in time")
        if self._error is not None:
            raise self._error

    def stop(self) -> None:
        if self._loop is not None and self._stop is not None and self._loop.is_running():
            self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(_START_S)

    def __enter__(self) -> EmulatorThread:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, at: TracebackType | None) -> None:
        self.stop()

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except BaseException as error:  # handed to whoever started us
            self._error = error
        finally:
            self._started.set()
            self._listening.close()

    async def _serve(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        emulator = open_emulator(self._settings, self._data_dir)
        server = make_server(emulator)
        server.capture_signals = _no_signals  # type: ignore[method-assign]
        serving = asyncio.create_task(server.serve(sockets=[self._listening]))
        # The socket listens already: a client that connects before the server runs waits in the kernel's queue.
        self._started.set()
        stopping = asyncio.create_task(self._stop.wait())
        await asyncio.wait({serving, stopping}, return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        server.should_exit = True
        await serving


@contextmanager
def _no_signals() -> Any:
    """Signals belong to whoever runs the test."""
    yield


@asynccontextmanager
async def running_emulator(**settings: Any) -> AsyncIterator[RunningEmulator]:
    """`async with running_emulator(time_scale=0.001) as emulator: emulator.url, emulator.phone`."""
    thread = EmulatorThread(**settings)
    await asyncio.to_thread(thread.start)
    try:
        async with Phone(thread.url) as phone:
            yield RunningEmulator(thread.url, phone)
    finally:
        await asyncio.to_thread(thread.stop)
