"""Writing a file below the root: whole or not at all, only over what was there when the person looked, its mode kept."""

import contextlib
import errno
import hashlib
import os
import secrets
import stat
from dataclasses import dataclass
from typing import Final

from phonework.errors import RefusedError
from phonework.files.content import Text, decode
from phonework.files.place import Place, check_plain, folder_of, opened, refused
from phonework.files.reading import in_words

LARGEST_WRITE: Final = 1024 * 1024
"""Bytes of a file before and after: what a person is asked about must be readable."""
_NO_LINKS: Final = frozenset(
    {errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK}
)  # what a file system without them says
_NEW: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


@dataclass(frozen=True, slots=True, kw_only=True)
class Before:
    """A file as it is. text: None: there is none. mark: equal as long as nobody changes the file."""

    text: Text | None = None
    mark: str = ""


def look(place: Place) -> Before:
    """What would be written over. Raises RefusedError when it is not for writing over: a directory, no text, too large."""
    try:
        with opened(place) as file:
            raw = file.read(LARGEST_WRITE + 1)
    except RefusedError as error:
        if error.text == "file_missing":
            return Before()
        raise
    if len(raw) > LARGEST_WRITE:
        raise refused("file_too_large", place.shown, size=f"> {in_words(LARGEST_WRITE)}", limit=in_words(LARGEST_WRITE))
    text = decode(raw)
    if text is None:
        raise refused("file_not_text", place.shown)
    return Before(text=text, mark=hashlib.sha256(raw).hexdigest())


def put(place: Place, content: bytes, before: Before) -> None:
    """Put the content there, missing directories too. Raises RefusedError.

    Of two moments in between, one sees the old file whole and the other the new one. Refused when the file is not as in
    `before`; the instant between that look and the change is the only one in which somebody else's change is lost.
    """
    if len(content) > LARGEST_WRITE:
        raise refused("file_too_large", place.shown, size=in_words(len(content)), limit=in_words(LARGEST_WRITE))
    with folder_of(place, create=True) as folder:
        part = f".{secrets.token_hex(8)}.part"
        try:
            _write(folder, part, content, place)
            if look(place).mark != before.mark:
                raise refused("file_changed", place.shown)
            _move(folder, part, place, new=before.text is None)
        finally:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(part, dir_fd=folder)
        _keep(folder)


def _write(folder: int, part: str, content: bytes, place: Place) -> None:
    found = _found(folder, place)
    with os.fdopen(os.open(part, _NEW, 0o666, dir_fd=folder), "wb") as file:
        file.write(content)
        if found is not None:
            _take_over(file.fileno(), found)
        file.flush()
        os.fsync(file.fileno())


def _found(folder: int, place: Place) -> os.stat_result | None:
    try:
        found = os.stat(place.real.name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return None
    check_plain(found, place)
    if not found.st_mode & 0o222:
        raise PermissionError(errno.EACCES, "read-only")  # which a rename would not mind
    return found


def _take_over(descriptor: int, found: os.stat_result) -> None:
    """Mode and owner of the old file. Who may not give files away gets it, without the rights that come with an owner."""
    own = os.fstat(descriptor)
    mode = stat.S_IMODE(found.st_mode)
    if (own.st_uid, own.st_gid) != (found.st_uid, found.st_gid):
        try:
            os.fchown(descriptor, found.st_uid, found.st_gid)
        except PermissionError:
            mode &= 0o777
    os.fchmod(descriptor, mode)


def _move(folder: int, part: str, place: Place, *, new: bool) -> None:
    name = place.real.name
    if not new:
        os.rename(part, name, src_dir_fd=folder, dst_dir_fd=folder)
        return
    try:
        # A link is refused where a file stands already, a rename is not.
        os.link(part, name, src_dir_fd=folder, dst_dir_fd=folder)
    except FileExistsError as error:
        raise refused("file_changed", place.shown) from error
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        os.rename(part, name, src_dir_fd=folder, dst_dir_fd=folder)


def _keep(folder: int) -> None:
    """The new name is on the disk too; where a file system cannot promise that, it is there all the same."""
    with contextlib.suppress(OSError):
        descriptor = os.open(".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=folder)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
