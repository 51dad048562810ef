"""A terminal's question until its card is on the phone: the hook's program, server and emulator, all processes real."""

import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Mapping
from pathlib import Path

from benchmarks.rows import Row, at_most, main, percentile
from benchmarks.taps import asks, demo
from phonework.backends import hook_client
from phonework.testing.phone import Phone

STARTS = 40
QUESTIONS = 12
QUIET_SECONDS = 1.0  # a chat takes a few messages a second; people ask and answer slower than this
BACKEND = "claude-tmux"
PROGRAM = (sys.executable, "-I", "-S", hook_client.__file__)


def start_ms() -> float:
    """The hook's program where there is no server: what it costs an agent at least."""
    begun = time.perf_counter()
    subprocess.run([*PROGRAM, "/nowhere", BACKEND], input=b"{}", check=True, capture_output=True)
    return (time.perf_counter() - begun) * 1000


def python_ms() -> float:
    """The interpreter alone."""
    begun = time.perf_counter()
    subprocess.run([sys.executable, "-I", "-S", "-c", ""], input=b"{}", check=True, capture_output=True)
    return (time.perf_counter() - begun) * 1000


async def tell(gateway: Path, call: Mapping[str, object], *flags: str) -> asyncio.subprocess.Process:
    """Run the hook's program as an agent does; return when it has been given everything."""
    process = await asyncio.create_subprocess_exec(
        *[*PROGRAM, str(gateway), BACKEND, *flags, "CLAUDE_PID"],
        env={"CLAUDE_PID": str(os.getpid())},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.DEVNULL,
    )
    assert process.stdin
    process.stdin.write(json.dumps(call).encode())
    process.stdin.close()
    return process


async def question_ms(phone: Phone, gateway: Path, number: int) -> float:
    """From the start of the hook's program to its card on the phone."""
    call = {"session_id": str(uuid.UUID(int=1)), "cwd": "/tmp", "prompt_id": str(uuid.UUID(int=number))}
    await (await tell(gateway, {**call, "hook_event_name": "UserPromptSubmit", "prompt": f"number {number}"})).wait()
    command = f"touch number-{number}"
    await asyncio.sleep(QUIET_SECONDS)
    asking = {"hook_event_name": "PermissionRequest", "tool_name": "Bash", "tool_input": {"command": command}}
    begun = time.perf_counter()
    held = await tell(gateway, {**call, **asking}, "--hold")
    await phone.wait_for_message(lambda shown: asks(shown) and command in shown.text)
    took = (time.perf_counter() - begun) * 1000
    held.kill()  # as when it is answered there
    await held.wait()
    await (await tell(gateway, {**call, "hook_event_name": "Stop", "last_assistant_message": "Done."})).wait()
    return took


def gateway_in(folder: str) -> Path:
    (found,) = Path(folder).rglob("gateway.json")
    return found


async def questions() -> list[float]:
    with tempfile.TemporaryDirectory() as folder:
        async with demo(Path(folder)) as phone:
            await phone.say("/help")
            await phone.wait_for_message("/new")
            gateway = gateway_in(folder)
            return [await question_ms(phone, gateway, number) for number in range(1, QUESTIONS + 1)]


def measure() -> list[Row]:
    starts, pythons = sorted(start_ms() for _ in range(STARTS)), sorted(python_ms() for _ in range(STARTS))
    took = asyncio.run(questions())
    start, shown = percentile(starts, 0.5), percentile(took, 0.5)
    return [
        Row(
            what="hook client, start to end without a server",
            bar="30 ms",
            figure=f"{start:.0f} ms",
            reference=f"the interpreter alone {percentile(pythons, 0.5):.0f} ms",
            verdict=at_most(start, 30, 20),
        ),
        Row(
            what="a terminal's question to its card on the phone, p50",
            bar="100 ms",
            figure=f"{shown:.0f} ms",
            reference=f"p95 {percentile(took, 0.95):.0f} ms",
            verdict=at_most(shown, 100),
        ),
    ]


if __name__ == "__main__":
    main(measure)
