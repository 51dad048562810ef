"""What the service manager hears from us, on a real socket."""

import asyncio
import os
import secrets
import socket
import sys
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest

from phonework.supervision import Supervisor


class Manager:
    """The other end: what was said, one message after another."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.channel = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.channel.bind("\0" + address[1:] if address.startswith("@") else address)
        self.channel.settimeout(20)

    def hears(self) -> str:
        return self.channel.recv(4096).decode()


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[Manager]:
    manager = Manager(os.path.relpath(tmp_path / "notify"))  # short: such names have 107 bytes at most
    yield manager
    manager.channel.close()


def test_it_says_when_it_is_ready_and_when_it_stops(manager: Manager) -> None:
    supervisor = Supervisor(manager.address)

    supervisor.ready("runs at http://127.0.0.1:1")
    supervisor.stopping()

    assert manager.hears() == "READY=1\nSTATUS=runs at http://127.0.0.1:1"
    assert manager.hears() == "STOPPING=1"


@pytest.mark.skipif(sys.platform != "linux", reason="the abstract namespace is Linux's")
def test_it_finds_a_socket_of_the_abstract_namespace() -> None:
    manager = Manager(f"@phonework-{secrets.token_hex(8)}")
    with manager.channel:
        Supervisor(manager.address).stopping()
        assert manager.hears() == "STOPPING=1"


async def test_it_gives_signs_of_life_until_it_is_not_well(manager: Manager) -> None:
    asked, hangs = 0, asyncio.Event()

    async def well() -> None:
        nonlocal asked
        asked += 1
        if asked > 2:
            hangs.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(Supervisor(manager.address, timedelta(milliseconds=3)).watch(well))
    await asyncio.wait_for(hangs.wait(), 20)

    assert [manager.hears(), manager.hears()] == ["WATCHDOG=1", "WATCHDOG=1"]
    manager.channel.setblocking(False)
    with pytest.raises(BlockingIOError):
        manager.hears()
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def test_it_is_silent_where_nobody_listens(tmp_path: Path) -> None:
    Supervisor().ready("x")
    Supervisor(str(tmp_path / "nobody")).ready("x")
    await Supervisor().watch(pytest.fail)
    await Supervisor("@somebody").watch(pytest.fail)


@pytest.mark.parametrize(
    ("usec", "whose", "patience"),
    [
        ("120000000", "7", timedelta(minutes=2)),
        ("120000000", "", timedelta(minutes=2)),
        ("120000000", "8", None),  # meant for another process
        ("0", "7", None),
        ("soon", "7", None),
        ("²", "7", None),
        ("", "", None),
    ],
)
def test_what_the_manager_said_is_taken_out_of_the_environment(
    usec: str, whose: str, patience: timedelta | None
) -> None:
    environment = {"NOTIFY_SOCKET": "/run/x", "WATCHDOG_USEC": usec, "WATCHDOG_PID": whose, "HOME": "/h"}

    assert Supervisor.from_environment(environment, pid=7) == Supervisor("/run/x", patience)
    assert environment == {"HOME": "/h"}
