"""The lock of the data directory: one process owns it, and a second one is told who."""

import fcntl
import json
import os
import socket
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import structlog

from phonework.clock import Clock
from phonework.errors import StoreBusyError, StoreError

LOCK_FILE: Final = "lock"
# Write-ahead logs need memory shared between processes, which these do not give (sqlite.org/wal.html).
_NETWORK: Final = frozenset(
    {"nfs", "nfs4", "cifs", "smb2", "smb3", "smbfs", "afs", "afpfs", "webdav", "ceph", "glusterfs", "lustre", "9p"}
    | {"gfs2", "ocfs2", "ncpfs", "fuse.sshfs", "fuse.s3fs", "fuse.rclone", "fuse.glusterfs", "fuse.ceph"}
)
_HOLDER_BYTES: Final = 4096

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """Who owns a data directory. pid 0 and since None: it has not said so yet."""

    pid: int
    since: datetime | None
    host: str

    def __str__(self) -> str:
        since = f" since {self.since:%Y-%m-%d %H:%M:%S} UTC" if self.since else ""
        return f"process {self.pid or '(unknown)'}{f' on {self.host}' if self.host else ''}{since}"


class DirectoryLock:
    """Owns a data directory until released, or until the process ends, however it ends.

    The system's `flock` is used as it is: `filelock` empties the file when it opens it, and with it the holder's name.
    Programs started by this one do not inherit the lock.
    """

    def __init__(self, directory: Path, clock: Clock) -> None:
        self._directory, self._clock = directory, clock
        self._descriptor: int | None = None

    def acquire(self) -> None:
        """Raises StoreBusyError with the owner's pid, StoreError when the directory cannot be used."""
        refuse_network(self._directory)
        descriptor = _open(self._directory)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            owner = _read(descriptor)
            os.close(descriptor)
            raise StoreBusyError(
                f"{self._directory} is in use by {owner}", hint="stop that process, or choose another data directory"
            ) from error
        except OSError as error:
            os.close(descriptor)
            raise StoreError(
                f"{self._directory} cannot be locked: {error.strerror}", hint="use a local disk"
            ) from error
        self._descriptor = descriptor
        self._sign(descriptor)

    def release(self) -> None:
        """Let another process in. The file stays: removing it would let two in at once. Twice does no harm."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def __enter__(self) -> Self:
        self.acquire()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()

    def _sign(self, descriptor: int) -> None:
        text = json.dumps({"pid": os.getpid(), "since": self._clock.now().isoformat(), "host": socket.gethostname()})
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{text}\n".encode(), 0)


def holder(directory: Path) -> Holder | None:
    """Who owns the directory now; None when nobody does. Changes nothing."""
    try:
        descriptor = os.open(directory / LOCK_FILE, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _read(descriptor)
    finally:
        os.close(descriptor)
    return None


def refuse_network(directory: Path) -> None:
    """Raises StoreError when the directory is on a network file system; a FUSE one that is not known is only named."""
    kind = file_system(directory)
    if kind in _NETWORK:
        raise StoreError(
            f"{directory} is on a network file system ({kind}), on which SQLite can lose data",
            hint="put the data directory on a local disk",
        )
    if kind.startswith("fuse"):
        log.warning("data directory is on a file system SQLite may not be safe on", directory=str(directory), kind=kind)


def file_system(directory: Path) -> str:
    """The type of the file system a directory is on, such as `ext4`; empty when the system does not say."""
    import psutil  # type: ignore[import-untyped]  # 20 ms, and only whoever takes the lock needs it

    place = directory.resolve()
    try:
        mounts = {Path(mount.mountpoint): mount.fstype for mount in psutil.disk_partitions(all=True)}
    except (OSError, psutil.Error):
        return ""
    return next((mounts[parent].lower() for parent in (place, *place.parents) if parent in mounts), "")


def _open(directory: Path) -> int:
    try:
        return os.open(directory / LOCK_FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise StoreError(
            f"{directory}: {error.strerror}", hint="check that the data directory exists and may be written to"
        ) from error


def _read(descriptor: int) -> Holder:
    try:
        said = json.loads(os.pread(descriptor, _HOLDER_BYTES, 0))
        return Holder(pid=int(said["pid"]), since=datetime.fromisoformat(said["since"]), host=str(said["host"]))
    except (OSError, ValueError, KeyError, TypeError):  # it is about to sign, or something else wrote there
        return Holder(pid=0, since=None, host="")
