"""Whose program listens on a port; a stranger's is never given the token."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from phonework.errors import RemoteError
from phonework.gateway import listeners
from phonework.gateway.client import Client
from phonework.gateway.listeners import is_strangers
from phonework.gateway.place import Place

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells whose a port is")

NOBODY = 65534
LISTENS = """
import os, socket, sys
os.setuid(int(sys.argv[1]))
listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
there, _ = listener.accept()
print(there.recv(65536), flush=True)
"""


def test_our_own_port_and_one_that_nobody_has_are_no_strangers() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        assert not is_strangers(port, os.geteuid())
    assert not is_strangers(port, os.geteuid())


@pytest.mark.parametrize("address", ["0100007F:20E4", "00000000:20E4"])
@pytest.mark.parametrize(("uid", "state", "strange"), [(1001, "0A", True), (1000, "0A", False), (0, "0A", False), (1001, "01", False)])  # fmt: skip
def test_a_port_is_judged_by_those_who_listen_on_it(
    address: str, uid: int, state: str, strange: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    heading = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
    row = f"   0: {address} 00000000:0000 {state} 00000000:00000000 00:00000000 00000000  {uid}        0 1 1\n"
    (tmp_path / "tcp").write_text(heading + row + row.replace("20E4", "0016").replace(f" {uid} ", " 1002 "))
    monkeypatch.setattr(listeners, "TABLES", (tmp_path / "tcp", tmp_path / "missing"))

    assert is_strangers(0x20E4, 1000) is strange


@pytest.mark.parametrize("text", ["", "\n", "heading\nx y\n", "heading\n" + "0A " * 20])
def test_what_cannot_be_read_tells_nothing(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "tcp").write_text(text)
    monkeypatch.setattr(listeners, "TABLES", (tmp_path / "tcp",))

    assert not is_strangers(8420, 1000)


@pytest.fixture
def stranger() -> Iterator[tuple[int, "subprocess.Popen[str]"]]:
    """Somebody else's program, which prints what it is told."""
    command = [sys.executable, "-c", LISTENS, str(NOBODY)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield int(process.stdout.readline()), process
        process.kill()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else")
def test_a_stranger_is_told_nothing(stranger: tuple[int, "subprocess.Popen[str]"]) -> None:
    port, process = stranger
    place = Place(f"http://127.0.0.1:{port}", "secret", "a test", owner=1000)
    with pytest.raises(RemoteError, match="somebody else's program listens") as caught, Client(lambda: place) as client:
        client.get("/v1/sessions")
    assert caught.value.code == "unreachable"

    with socket.create_connection(("127.0.0.1", port)) as there:
        there.sendall(b"hello")
    assert process.stdout is not None
    assert process.stdout.readline() == "b'hello'\n"
