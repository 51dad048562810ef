"""Where a file is: inside the working root, opened part by part from the root down, so that no link leads out (S10)."""

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from phonework import workdir
from phonework.errors import RefusedError
from phonework.files.names import is_odd

MAX_TYPED: Final = 1000
_SHOWN: Final = 200
_SYSTEM: Final = (Path("/proc"), Path("/sys"), Path("/dev"))
"""What looks like files there is the system itself: reading may never end, writing changes the machine."""
# O_NONBLOCK: a pipe put there in the meantime must not make us wait for its writer.
_READ: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
_LIST: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


@dataclass(frozen=True, slots=True, kw_only=True)
class Root:
    """The working root. hidden: what may lie in it and is nobody's business: our own data and settings."""

    path: Path
    hidden: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A path that lies inside the root. Both are without links, as long as nobody puts one there: opening makes sure."""

    root: Path
    real: Path

    @property
    def shown(self) -> str:
        """The path below the root, `.` for the root itself."""
        return str(self.real.relative_to(self.root))


def locate(typed: str, root: Root, cwd: Path) -> Place:
    """Where the path leads, whether there is something or not.

    typed: relative to cwd, absolute, or beginning with `~`; `..` and links are followed as the system does.
    Raises RefusedError. Blocks on the disk: call it in a thread, like everything here.
    """
    try:
        real_root = root.path.expanduser().resolve()
        real = (real_root / cwd / _expanded(typed)).resolve()
    except (OSError, RuntimeError, ValueError) as error:  # a loop of links, a NUL, a name too long, no such user
        raise refused("file_missing", typed) from error
    if not real.is_relative_to(real_root):
        raise RefusedError("file_outside_root", path=shown(typed), root=str(root.path))
    if is_odd(str(real.relative_to(real_root))):
        raise refused("file_bad_name", typed)
    if is_hidden(real, root):
        raise refused("file_private", typed)
    return Place(root=real_root, real=real)


def is_hidden(real: Path, root: Root) -> bool:
    """Whether nothing is done with this path, although it lies in the root."""
    ours = [place.expanduser().resolve() for place in root.hidden]
    return any(real.is_relative_to(place) for place in [*_SYSTEM, *ours])


def shown(name: str, limit: int = _SHOWN) -> str:
    """The name for a sentence that has it between backticks."""
    line = "".join("�" if is_odd(each) or each == "`" else each for each in name.strip()[:limit])
    return line or "."


def refused(key: str, name: str, **params: str) -> RefusedError:
    return RefusedError(key, path=shown(name), **params)


@contextmanager
def folder_of(place: Place, *, create: bool = False) -> Iterator[int]:
    """A descriptor of the directory the file lies in, for `dir_fd`. create: make what is missing.

    Raises RefusedError, also for what the system says of the work done with the descriptor.
    """
    if place.real == place.root:
        raise refused("file_is_dir", place.shown)
    with told(place):
        descriptor = workdir.descend(place.root, place.real.parent, create=create)
        try:
            yield descriptor
        finally:
            os.close(descriptor)


@contextmanager
def opened(place: Place) -> Iterator[BinaryIO]:
    """The file, to read. Raises RefusedError: for what is no plain file too, which is not even opened."""
    with folder_of(place) as folder, told(place):
        name = place.real.name
        check_plain(os.stat(name, dir_fd=folder, follow_symlinks=False), place)
        with os.fdopen(os.open(name, _READ, dir_fd=folder), "rb") as file:
            check_plain(os.fstat(file.fileno()), place)
            yield file


@contextmanager
def opened_folder(place: Place) -> Iterator[int]:
    """A descriptor of the directory itself, good for reading its entries and as a place to work in."""
    with told(place):
        found = workdir.descend(place.root, place.real)
        try:
            descriptor = os.open(".", _LIST, dir_fd=found)
        finally:
            os.close(found)
        try:
            yield descriptor
        finally:
            os.close(descriptor)


def is_folder(place: Place) -> bool:
    """Whether it is a directory. Raises RefusedError when there is nothing."""
    if place.real == place.root:
        return True
    with folder_of(place) as folder:
        return stat.S_ISDIR(os.stat(place.real.name, dir_fd=folder, follow_symlinks=False).st_mode)


def check_plain(found: os.stat_result, place: Place) -> None:
    """Raises RefusedError unless it is a plain file of the disk."""
    if stat.S_ISDIR(found.st_mode):
        raise refused("file_is_dir", place.shown)
    if stat.S_ISLNK(found.st_mode):
        raise RefusedError("file_outside_root", path=shown(place.shown), root=str(place.root))
    if not stat.S_ISREG(found.st_mode) or found.st_dev in _devices():
        raise refused("file_not_plain", place.shown)


def _devices() -> set[int]:
    """The system's own file systems, wherever a link or a second mount shows them."""
    found = set()
    for place in _SYSTEM[:2]:
        try:
            found.add(place.stat().st_dev)
        except OSError:
            continue  # another system, which has none
    return found


@contextmanager
def told(place: Place) -> Iterator[None]:
    """What the system says, as a sentence for people."""
    try:
        yield
    except OSError as error:
        raise _refusal(error, place) from error


def _refusal(error: OSError, place: Place) -> RefusedError:
    name = place.shown
    if isinstance(error, workdir.LinkError) or error.errno == errno.ELOOP:
        return RefusedError("file_outside_root", path=shown(name), root=str(place.root))
    if isinstance(error, FileNotFoundError | NotADirectoryError):
        return refused("file_missing", name)
    if isinstance(error, IsADirectoryError):
        return refused("file_is_dir", name)
    if isinstance(error, PermissionError) or error.errno == errno.EROFS:
        return refused("file_no_permission", name)
    if error.errno == errno.ENAMETOOLONG:
        return refused("file_bad_name", name)
    return refused("file_failed", name, problem=error.strerror or type(error).__name__)


def _expanded(typed: str) -> Path:
    if len(typed) > MAX_TYPED:
        raise ValueError("too long for a path")
    return Path(typed.strip() or ".").expanduser()
