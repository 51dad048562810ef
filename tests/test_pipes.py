"""Programs that are ended while they print."""

import asyncio
import sys
from asyncio.subprocess import DEVNULL, PIPE

from phonework.pipes import gone, last_of

FLOOD = "import os\nwhile True: os.write(1, bytes(65536))"


async def test_a_program_that_is_killed_in_the_middle_of_what_it_prints_is_gone() -> None:
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", FLOOD, stdin=DEVNULL, stdout=PIPE)
    assert process.stdout is not None
    async with asyncio.timeout(20):
        while not process.stdout._paused:  # type: ignore[attr-defined]  # noqa: ASYNC110  # nobody says when it is full
            await asyncio.sleep(0)
        process.kill()
        await gone(process)
    assert process.returncode == -9


async def test_of_a_long_text_the_end_is_kept() -> None:
    pipe = asyncio.StreamReader()
    pipe.feed_data(b"x" * 30_000 + b"fatal: no")
    pipe.feed_eof()
    kept = await last_of(pipe)
    assert kept.endswith(b"xfatal: no")
    assert len(kept) == 10_000
