"""Telling what a test started from all else that runs: by a word that it and whatever it starts carry."""

import asyncio
import contextlib
import os
import time
import uuid
from collections.abc import Callable, Iterator

import psutil  # type: ignore[import-untyped]

COMES_WITHIN_SECONDS = 30.0
LOOKS_EVERY_SECONDS = 0.02


@contextlib.contextmanager
def marked(*, in_words: bool = False) -> Iterator[str]:
    """A mark to put into the environment of what is started; at the end nobody may have it, and whoever has is killed."""
    mark = uuid.uuid4().hex
    yield mark
    left = alive(mark, in_words=in_words)
    for process in left:
        process.kill()
    assert left == []


def alive(mark: str, *, in_words: bool = False) -> list[psutil.Process]:
    """Who runs with the mark in the environment. in_words: or in the command line, for those whose environment is emptied."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            if process.pid == os.getpid() or process.status() == psutil.STATUS_ZOMBIE:
                continue
            if mark in process.environ().values() or (in_words and mark in " ".join(process.cmdline())):
                found.append(process)
    return found


async def until(holds: Callable[[], bool]) -> None:
    """Wait for what the system does. Looking at it without a pause would take the time it needs."""
    deadline = time.monotonic() + COMES_WITHIN_SECONDS
    while not await asyncio.to_thread(holds):
        assert time.monotonic() < deadline, "it does not come about"
        await asyncio.sleep(LOOKS_EVERY_SECONDS)
