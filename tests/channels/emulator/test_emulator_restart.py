"""What survives a restart of the emulator, the command line, and several at once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx2
import pytest

from phonework.testing.emulator import EmulatorThread, running_emulator
from phonework.testing.phone import NotShown, Phone

CARD = {"schema": "2.0", "body": {"elements": [{"tag": "markdown", "content": "v"}]}}


async def test_chats_files_and_cards_survive(tmp_path: Path) -> None:
    async with running_emulator(data_dir=str(tmp_path)) as first:
        await first.phone.add_user("ou_eve", "Eve")
        group = await first.phone.add_group("team", ["ou_demo", "ou_eve"])
        said = await first.phone.say("hello", chat=group)
        sent = await first.phone.send_file("a.txt", b"data")
        for number in range(6):
            await first.phone.say(str(number))
        before = await first.phone.messages()
    async with running_emulator(data_dir=str(tmp_path)) as second:
        after = await second.phone.messages()
        assert [each.message_id for each in after] == [each.message_id for each in before]
        assert (await second.phone.message(said)).chat_id == group
        key = (await second.phone.message(sent)).content["file_key"]
        async with httpx2.AsyncClient(base_url=second.url, trust_env=False) as client:
            assert (await client.get(f"/phone/api/resource/{sent}/{key}")).content == b"data"
        await second.phone.reset()
    async with running_emulator(data_dir=str(tmp_path)) as third:
        assert await third.phone.messages() == []


async def test_without_a_folder_nothing_is_kept() -> None:
    async with running_emulator() as first:
        await first.phone.say("hello")
    async with running_emulator() as second:
        assert await second.phone.messages() == []


async def test_a_wait_that_fails_says_what_is_shown() -> None:
    async with running_emulator() as emulator:
        await emulator.phone.say("the only message")
        with pytest.raises(NotShown, match="the only message"):
            await emulator.phone.wait_for_message("something else", timeout_s=0.05)
        with pytest.raises(NotShown, match="connection"):
            await emulator.phone.connected(timeout_s=0.05)


async def test_waiting_for_messages_over_plain_http() -> None:
    """For scripts without the client."""
    async with running_emulator() as emulator, httpx2.AsyncClient(base_url=emulator.url, trust_env=False) as client:
        await emulator.phone.say("one")
        await emulator.phone.say("two")
        both = {"messages": 2, "from": "user", "timeout": 0}
        assert [each["texts"] for each in (await client.post("/_control/wait", json=both)).json()["messages"]] == [
            ["one"],
            ["two"],
        ]
        never = (await client.post("/_control/wait", json={"contains": "three", "timeout": 0.01})).json()
        assert (never["met"], never["messages"]) == (False, [])


async def test_a_wait_ends_when_the_emulator_ends() -> None:
    """Long polls and event streams do not hold up the end."""
    import asyncio

    thread = EmulatorThread()
    await asyncio.to_thread(thread.start)
    async with Phone(thread.url) as phone:
        waiting = asyncio.create_task(phone.connected(timeout_s=60))
        await phone.is_connected()
        await asyncio.to_thread(thread.stop)
        with pytest.raises((NotShown, httpx2.TransportError)):
            await waiting


def run_emulator(*options: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "phonework", "emulator", *options]
    if not (Path(__file__).parents[3] / "phonework" / "__main__.py").exists():
        command = [sys.executable, "-c", "from phonework.cli import main; main()", "emulator", *options]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
async def test_the_command_prints_its_address_and_ends_on_a_signal(ending: signal.Signals) -> None:
    with run_emulator("--port", "0") as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        async with Phone(url) as phone:
            await phone.say("hello")
            assert len(await phone.messages()) == 1
        os.kill(process.pid, ending)
        process.communicate(timeout=10)
    assert process.returncode == (0 if ending == signal.SIGINT else -ending)


def test_a_taken_port_is_said_plainly(emulator_thread: Any) -> None:
    port = emulator_thread.url.rsplit(":", 1)[1]
    with run_emulator("--port", port) as process:
        _, errors = process.communicate(timeout=20)
    assert process.returncode == 1
    assert "--port 0" in errors
    assert "Traceback" not in errors


def test_a_damaged_file_is_said_plainly(tmp_path: Path) -> None:
    (tmp_path / "emulator.sqlite3").write_bytes(b"no database" * 100)
    with run_emulator("--port", "0", "--data-dir", str(tmp_path)) as process:
        _, errors = process.communicate(timeout=20)
    assert process.returncode == 1
    assert str(tmp_path) in errors
    assert "Traceback" not in errors
