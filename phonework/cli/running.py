"""Running until told to stop: the first signal asks, the second does not."""

import asyncio
import os
import signal
import sys
import threading
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, Final

from phonework.errors import PhoneWorkError

STOP_SECONDS: Final = 4.9  # a stop takes 5 s at most, whatever hangs (O6)
SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def run(main: Coroutine[Any, Any, None]) -> None:
    """Run to the end, or until SIGINT, SIGTERM or SIGHUP; then `main` is cancelled and has 5 s to clean up.

    Returns when it ended or was stopped. Raises what it raised; of a group the first of our own errors.
    """
    try:
        asyncio.run(_until_stopped(main))
    except BaseExceptionGroup as group:
        raise (_ours(group) or group) from None


async def _until_stopped(main: Coroutine[Any, Any, None]) -> None:
    task = asyncio.create_task(main, name="main")
    with _signals(task) as asked:
        try:
            await task
        except asyncio.CancelledError:
            if not asked.is_set():
                raise


@contextmanager
def _signals(task: "asyncio.Task[None]") -> Iterator[threading.Event]:
    """Plain handlers, not the loop's: they run even when the loop does not."""
    loop, asked = asyncio.get_running_loop(), threading.Event()

    def on_signal(number: int, _frame: FrameType | None) -> None:
        if asked.is_set():
            os._exit(128 + number)
        asked.set()
        last = threading.Timer(STOP_SECONDS, _give_up)
        last.daemon = True
        last.start()
        loop.call_soon_threadsafe(task.cancel)

    heard = [number for number in SIGNALS if signal.getsignal(number) is not signal.SIG_IGN]  # nohup stays in force
    before = {number: signal.signal(number, on_signal) for number in heard}
    try:
        yield asked
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _give_up() -> None:
    print(f"Error: not everything ended within {STOP_SECONDS + 0.1:.0f} s; ended by force", file=sys.stderr, flush=True)
    os._exit(1)


def _ours(group: BaseExceptionGroup[BaseException]) -> PhoneWorkError | None:
    for error in group.exceptions:
        found = _ours(error) if isinstance(error, BaseExceptionGroup) else error
        if isinstance(found, PhoneWorkError):
            return found
    return None
