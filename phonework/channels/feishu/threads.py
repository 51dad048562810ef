"""Run blocking calls beside the event loop, in threads that never keep the program from ending."""

import asyncio
import threading
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


class Threads:
    """At most `size` calls at a time, the others wait their turn.

    An executor's threads are joined when the program ends, so one hanging call would hold it up; these are daemons.
    """

    def __init__(self, size: int, name: str) -> None:
        self._free, self._name = asyncio.Semaphore(size), name

    async def run(self, function: Callable[[], T]) -> T:
        """The function's result or error. Cancelled: the call goes on, its result is dropped."""
        await self._free.acquire()
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()

        def finish(result: T | None, error: BaseException | None) -> None:
            self._free.release()
            if future.done():
                return
            if error is not None:
                future.set_exception(error)
            else:
                future.set_result(result)  # type: ignore[arg-type]  # a T unless there was an error

        def work() -> None:
            result: T | None = None
            error: BaseException | None = None
            try:
                result = function()
            except BaseException as caught:  # every end of the call must be told, or the caller waits for ever
                error = caught
            try:
                loop.call_soon_threadsafe(finish, result, error)
            except RuntimeError:  # the loop is closed: nobody waits any more
                return

        try:
            threading.Thread(target=work, name=self._name, daemon=True).start()
        except RuntimeError:  # the machine has no threads left
            self._free.release()
            raise
        return await future
