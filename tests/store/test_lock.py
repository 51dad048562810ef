"""The lock of the data directory: one owner, known by name, gone with its process."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from phonework.clock import Clock
from phonework.errors import StoreBusyError, StoreError
from phonework.store import lock
from phonework.store.lock import DirectoryLock, holder

HOLD = """
import sys, time
from pathlib import Path
from phonework.clock import SystemClock
from phonework.store.lock import DirectoryLock

with DirectoryLock(Path(sys.argv[1]), SystemClock()):
    print("held", flush=True)
    sys.stdin.read()
"""


@contextmanager
def other_process(directory: Path) -> Iterator["subprocess.Popen[str]"]:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(directory)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout
    assert process.stdout.readline() == "held\n"
    try:
        yield process
    finally:
        process.kill()
        process.communicate(timeout=20)


def test_a_second_process_is_refused_and_told_who_holds_it(tmp_path: Path, clock: Clock) -> None:
    with other_process(tmp_path) as process:
        with pytest.raises(StoreBusyError, match=f"in use by process {process.pid} on .* since 20") as caught:
            DirectoryLock(tmp_path, clock).acquire()
        assert "stop that process" in caught.value.hint
        found = holder(tmp_path)
        assert found
        assert found.pid == process.pid
        with pytest.raises(StoreBusyError, match=str(process.pid)):  # being refused does not blot out the name
            DirectoryLock(tmp_path, clock).acquire()


def test_the_lock_ends_with_a_killed_process(tmp_path: Path, clock: Clock) -> None:
    with other_process(tmp_path) as process:
        process.kill()
        process.wait(20)
        assert holder(tmp_path) is None
        with DirectoryLock(tmp_path, clock):
            found = holder(tmp_path)
            assert found
            assert (found.pid, found.since) == (os.getpid(), clock.now())


def test_a_released_lock_can_be_taken_again(tmp_path: Path, clock: Clock) -> None:
    first = DirectoryLock(tmp_path, clock)
    with first, pytest.raises(StoreBusyError):
        DirectoryLock(tmp_path, clock).acquire()
    first.release()
    assert holder(tmp_path) is None
    with first:
        assert holder(tmp_path)


def test_programs_started_by_the_owner_do_not_keep_the_lock(tmp_path: Path, clock: Clock) -> None:
    script = "import sys; print('started', flush=True); sys.stdin.read()"
    with DirectoryLock(tmp_path, clock):
        child = subprocess.Popen(
            [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, close_fds=False
        )
        assert child.stdout
        assert child.stdout.readline() == "started\n"
    assert holder(tmp_path) is None
    child.communicate(timeout=20)


def test_an_owner_that_has_not_signed_is_refused_all_the_same(tmp_path: Path, clock: Clock) -> None:
    for content in (b"", b"\xff\xfe nonsense", b'{"pid": "x"}', b"[]"):
        with DirectoryLock(tmp_path, clock):
            (tmp_path / "lock").write_bytes(content)
            with pytest.raises(StoreBusyError, match=r"in use by process \(unknown\)"):
                DirectoryLock(tmp_path, clock).acquire()


def test_a_network_file_system_is_refused(tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lock, "file_system", lambda directory: "nfs4")
    with pytest.raises(StoreError, match=r"network file system \(nfs4\)") as caught:
        DirectoryLock(tmp_path, clock).acquire()
    assert "local disk" in caught.value.hint
    assert list(tmp_path.iterdir()) == []


def test_the_file_system_of_a_folder_is_found() -> None:
    assert lock.file_system(Path("/proc/self")) in ("proc", "")
    assert lock.file_system(Path("/")) != "proc"


def test_a_missing_folder_is_named(tmp_path: Path, clock: Clock) -> None:
    with pytest.raises(StoreError, match="No such file or directory"):
        DirectoryLock(tmp_path / "none", clock).acquire()
    assert holder(tmp_path / "none") is None
