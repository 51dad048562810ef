"""A tap on a card until the agent has the answer: emulator, unmodified SDK, server and demo agent, all processes real."""

import asyncio
import os
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path

from benchmarks.rows import Row, at_most, main, percentile
from phonework.store.connect import open_reader
from phonework.testing.phone import Phone, Shown

TAPS = 40
DENY = {"op": "answer", "c": "deny"}


@asynccontextmanager
async def demo(place: Path) -> AsyncIterator[Phone]:
    """`phonework demo`, with an agent that types at once."""
    command = [sys.executable, "-m", "phonework", "demo", "--port", "0", "--no-browser", "--data-dir", str(place)]
    environment = {**os.environ, "PHONEWORK_DEMO__DELAY": "0"}
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL, env=environment
    )
    assert process.stdout
    try:
        line = await process.stdout.readline()
        while b"http://" not in line:
            line = await process.stdout.readline()
        async with Phone(line.decode().split()[-1], timeout_s=60) as phone:
            await phone.connected()
            yield phone
    finally:
        process.terminate()
        await process.wait()


def asks(shown: Shown) -> bool:
    """Whether the message is a card with a button that says no."""
    return '"op": "answer"' in repr(shown.card).replace("'", '"') if shown.msg_type == "interactive" else False


def deliveries(database: Path) -> list[int]:
    """When the agent had an answer, each time: milliseconds since the epoch."""
    with closing(open_reader(database)) as connection:
        rows = connection.execute("SELECT received_at_ms FROM event WHERE kind = 'AnswerDelivered' ORDER BY seq")
        return [row[0] for row in rows]


def says(shown: Shown) -> bool:
    """Whether the message is words: the answer to a command, or what the agent says at the end of its turn."""
    return shown.msg_type == "post"


async def tap(phone: Phone, chat: str, wish: str) -> float:
    """Have the agent ask, say no when it does, wait for the end of its turn; when the tap was, in ms since the epoch."""
    revision = await phone.revision()
    await phone.say(wish, chat=chat)
    shown = await phone.wait_for_message(asks, chat=chat, after=revision)
    tapped = time.time() * 1000
    await phone.click(shown, DENY)
    await phone.wait_for_message(says, chat=chat, after=revision)
    return tapped


async def waits() -> list[float]:
    """Milliseconds from tap to answer, for each of the taps."""
    with tempfile.TemporaryDirectory() as place:
        async with demo(Path(place)) as phone:
            chat = await phone.private_chat()
            await phone.say("/new --create hello", chat=chat)
            await phone.wait_for_message(says, chat=chat)
            tapped = [await tap(phone, chat, "confirm") for _ in range(TAPS)]
        arrived = deliveries(Path(place) / "server" / "phonework.db")  # the server has ended: all of them are there
    return [at - before for before, at in zip(tapped, arrived, strict=True)]


def measure() -> list[Row]:
    found = asyncio.run(waits())
    middle, slow = percentile(found, 0.5), percentile(found, 0.99)
    return [
        Row(
            what="card tap → the agent has the answer (emulator, SDK, demo agent)",
            bar="p50 <= 15 ms, p99 <= 60 ms",
            figure=f"p50 {middle:.0f} ms, p99 {slow:.0f} ms",
            reference=f"{TAPS} taps, all processes on one machine",
            verdict="met" if at_most(middle, 15) == at_most(slow, 60) == "good" else "missed",
        )
    ]


if __name__ == "__main__":
    main(measure)
