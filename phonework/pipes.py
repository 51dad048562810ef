"""What programs print, read to its end: asyncio waits for a program until its pipes have ended too (seen in 3.11 to 3.13)."""

import asyncio
from typing import Final

_CHUNK: Final = 65_536
_KEPT: Final = 10_000


async def last_of(pipe: asyncio.StreamReader) -> bytes:
    """Read it to its end, and keep the last few kilobytes."""
    kept = b""
    while chunk := await pipe.read(_CHUNK):
        kept = (kept + chunk)[-_KEPT:]
    return kept


async def gone(process: asyncio.subprocess.Process) -> None:
    """Wait for a program that was killed, also in the middle of what it prints.

    Of a pipe that is full asyncio reads no more, never sees its end, and `process.wait()` alone would go on for ever.
    Nobody else may be reading the pipes.
    """
    pipes = (process.stdout, process.stderr)
    await asyncio.gather(*(last_of(pipe) for pipe in pipes if pipe is not None))
    await process.wait()
