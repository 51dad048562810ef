"""The shell interface as a whole process: one message sent, two hundred sessions listed, beside Python that does nothing."""

import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from benchmarks.rows import Row, at_most, main
from phonework.gateway.client import Client
from phonework.gateway.place import from_file
from phonework.testing.phone import Phone

RUNS = 15
SESSIONS = 200
SEND_MS, LIST_MS = 120, 150


@asynccontextmanager
async def demo(place: Path) -> AsyncIterator[Path]:
    """`phonework demo` with somebody who may use it; the data directory of its server."""
    command = [sys.executable, "-m", "phonework", "demo", "--port", "0", "--no-browser", "--data-dir", str(place)]
    process = await asyncio.create_subprocess_exec(
        *command,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env={**os.environ, "PHONEWORK_DEMO__DELAY": "0"},
    )
    assert process.stdout
    try:
        line = await process.stdout.readline()
        while b"http://" not in line:
            line = await process.stdout.readline()
        async with Phone(line.decode().split()[-1], timeout_s=60) as phone:
            await phone.connected()
        yield place / "server"
    finally:
        process.terminate()
        await process.wait()


def fill(data_dir: Path) -> str:
    """Two hundred sessions with an answer each; the id of one."""
    with Client(lambda: from_file(data_dir / "gateway.json")) as client:
        made = [client.post("/v1/sessions", {"cwd": "hello", "create": True, "text": "echo hello"}) for _ in range(SESSIONS)]  # fmt: skip
    return str(made[0]["id"])


def timed(command: list[str], environment: dict[str, str]) -> tuple[float, bytes]:
    """Milliseconds until a program has ended, and what it printed."""
    begun = time.perf_counter()
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True, env=environment)
    return (time.perf_counter() - begun) * 1000, done.stdout


async def fastest() -> dict[str, float]:
    """Of each command its fastest run, in ms: whatever else the machine does only slows it down."""
    program = str(Path(sys.executable).with_name("phonework"))
    with tempfile.TemporaryDirectory() as place:
        async with demo(Path(place)) as data_dir:
            session = await asyncio.to_thread(fill, data_dir)
            environment = {**os.environ, "PHONEWORK_SERVER__DATA_DIR": str(data_dir)}
            commands = {
                "send": [program, "session", "send", session, "echo again"],
                "list": [program, "session", "list", "--json"],
                "bare": [sys.executable, "-c", "pass"],
            }
            spent: dict[str, float] = {}
            for _ in range(RUNS):
                for name, command in commands.items():
                    ms, printed = await asyncio.to_thread(timed, command, environment)
                    spent[name] = min(ms, spent.get(name, ms))
                    if name == "list" and len(json.loads(printed)["sessions"]) != SESSIONS:
                        raise RuntimeError("not all sessions were listed")
    return spent


def measure() -> list[Row]:
    found = asyncio.run(fastest())
    bare = f"python that does nothing: {found['bare']:.0f} ms"
    return [
        Row(
            what=what,
            bar=f"<= {most} ms",
            figure=f"{found[name]:.0f} ms ({found[name] / found['bare']:.1f} times)",
            reference=bare,
            verdict=at_most(found[name], most),
        )
        for name, what, most in (
            ("send", "`phonework session send`, the whole process", SEND_MS),
            ("list", f"`phonework session list` of {SESSIONS} sessions, the whole process", LIST_MS),
        )
    ]


if __name__ == "__main__":
    main(measure)
