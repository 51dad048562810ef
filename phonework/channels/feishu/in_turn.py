"""Calls that change the same thing, one after another, also those that nobody waits for any longer."""

import asyncio
import contextlib
from collections.abc import Callable, Coroutine
from datetime import timedelta
from typing import Final

KEPT_BACK_FOR: Final = timedelta(seconds=40)
"""Twice the time limit of a call; one that takes longer keeps nothing back."""


class InTurn:
    """A call that was cancelled goes on in its thread: overtaken by the next one it would bring an old form back."""

    def __init__(self) -> None:
        self._under_way: dict[str, asyncio.Task[object]] = {}

    async def run(self, of: str, call: Callable[[], Coroutine[object, object, object]]) -> None:
        """Make the call once the one before has ended. of: what it changes. Raises what the call raises."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(KEPT_BACK_FOR.total_seconds()):
                while (before := self._under_way.get(of)) is not None:
                    await asyncio.wait([before])
        task = self._under_way[of] = asyncio.create_task(call(), name=f"change of {of}")
        task.add_done_callback(lambda ended: self._end(of, ended))
        await asyncio.shield(task)

    def _end(self, of: str, task: "asyncio.Task[object]") -> None:
        if self._under_way.get(of) is task:
            del self._under_way[of]
        if not task.cancelled():
            task.exception()  # looked at, also when nobody waits any more
