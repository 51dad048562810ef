"""The directory a session may work in: inside the working root, whatever links say (S10)."""

import errno
import os
import stat
from pathlib import Path

from phonework.errors import RefusedError
from phonework.files.names import is_odd

MAX_TYPED = 1000
_SHOWN = 200
# O_PATH (Linux) opens a directory that may be passed but not listed; elsewhere reading is needed.
_STEP = os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC | getattr(os, "O_PATH", os.O_RDONLY)
_ACCESS = os.R_OK | os.W_OK | os.X_OK


def resolve(typed: str, root: Path, *, create: bool = False) -> Path:
    """Return the real path of an existing directory inside the working root.

    typed: as the person wrote it: relative to the root, absolute, or beginning with `~`; `..` and links are followed
    as the system does. create: make what is missing, the root too.
    Raises RefusedError with the key (below `say.`) and `dir`, `root`: dir_outside_root, dir_is_file, dir_no_permission,
    dir_missing, and dir_bad_name for what cannot be a name, or is to be made and would deceive a screen.
    Blocks on the disk: call it in a thread. The directory is walked again without following any link, so that one put
    there in between leads nowhere; what happens after the return is the caller's risk.
    """
    try:
        real_root = _real(root.expanduser())
        real = _real(real_root / _expanded(typed))
    except ValueError as error:  # a NUL, half of a letter
        raise _refused("dir_bad_name", typed, root) from error
    except (OSError, RuntimeError) as error:  # a loop of links, a name too long, no such user
        raise _refused(_key(error), typed, root) from error
    if not real.is_relative_to(real_root):
        raise _refused("dir_outside_root", typed, root)
    if create and is_odd(str(real.relative_to(real_root))) and not real.is_dir():
        raise _refused("dir_bad_name", typed, root)
    try:
        os.close(descend(real_root, real, create=create))
        _check(real)
    except OSError as error:
        raise _refused(_key(error), typed, root) from error
    return real


class LinkError(OSError):
    """A link stands where none was a moment ago."""


def descend(root: Path, real: Path, *, create: bool = False) -> int:
    """A descriptor of the directory `real`, for the caller to close; good for `dir_fd`, not for reading (O_PATH).

    root, real: without links, the second inside the first. Each part below the root is opened in turn, made if need be;
    a link is refused with LinkError and never followed. Raises OSError.
    """
    if create:
        root.mkdir(parents=True, exist_ok=True)
    here = os.open(root, _STEP & ~os.O_NOFOLLOW)
    try:
        for part in real.relative_to(root).parts:
            there = _step(here, part, create=create)
            os.close(here)
            here = there
    except BaseException:
        os.close(here)
        raise
    return here


def _expanded(typed: str) -> Path:
    if len(typed) > MAX_TYPED:
        raise ValueError("too much to be a path")
    if not typed.strip():
        raise RuntimeError("nothing")
    return Path(typed.strip()).expanduser()


def _real(path: Path) -> Path:
    return path.resolve(strict=False)


def _step(here: int, part: str, *, create: bool) -> int:
    if create:
        try:
            os.mkdir(part, dir_fd=here)
        except FileExistsError:
            pass
        except OSError:
            # What is there already needs no making: a read-only place may still be passed.
            if not _exists(here, part):
                raise
    try:
        return os.open(part, _STEP, dir_fd=here)
    except OSError as error:
        if error.errno in (errno.ENOTDIR, errno.ELOOP) and _is_link(here, part):
            raise LinkError(error.errno, error.strerror) from error
        raise


def _exists(here: int, part: str) -> bool:
    try:
        os.stat(part, dir_fd=here, follow_symlinks=False)
    except OSError:
        return False
    return True


def _is_link(here: int, part: str) -> bool:
    return stat.S_ISLNK(os.stat(part, dir_fd=here, follow_symlinks=False).st_mode)


def _check(real: Path) -> None:
    effective = os.access in os.supports_effective_ids
    if not os.access(real, _ACCESS, effective_ids=effective):
        raise PermissionError(errno.EACCES, "not readable and writable")


def _key(error: Exception) -> str:
    if not isinstance(error, OSError):
        return "dir_missing"
    if error.errno == errno.ENAMETOOLONG:
        return "dir_bad_name"
    if isinstance(error, LinkError):
        return "dir_outside_root"
    if isinstance(error, NotADirectoryError):
        return "dir_is_file"
    closed = isinstance(error, PermissionError) or error.errno == errno.EROFS
    return "dir_no_permission" if closed else "dir_missing"


def _refused(key: str, typed: str, root: Path) -> RefusedError:
    # It is shown between backticks.
    shown = "".join(each if each.isprintable() and each != "`" else "�" for each in typed.strip()[:_SHOWN])
    return RefusedError(key, dir=shown, root=str(root))
