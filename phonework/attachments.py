"""What came with a message: fetched from the channel and stored under the session's directory."""

import asyncio
import errno
import hashlib
import os
import stat
from collections.abc import Awaitable, Callable
from itertools import count
from pathlib import Path
from typing import Final

from phonework import pictures, workdir
from phonework.channels.base import Fetched
from phonework.errors import BackendError, ChannelError, NotFetchedError, RefusedError, TooLargeError
from phonework.files.names import numbered, safe_name
from phonework.fsm.types import Attachment, Prompt

INBOX: Final = Path(".phonework") / "inbox"
_FETCHED: Final = ".fetched"
"""Holds the name of each file under the mark of what it was at the channel, so that nothing is fetched twice."""
_NAMELESS: Final = {
    "image": "agent.picture_not_fetched",
    "audio": "agent.voice_not_fetched",
    "file": "agent.nameless_not_fetched",
}
_LONGEST_NOTE: Final = 200  # bytes
_FULL: Final = (errno.ENOSPC, errno.EDQUOT)
_WRITE: Final = os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
_READ: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC

Fetch = Callable[[Attachment], Awaitable[Fetched]]


async def store(prompt: Prompt, cwd: str, fetch: Fetch) -> tuple[str, ...]:
    """Fetch what is not there yet and return the paths, in the order of the attachments.

    Raises NotFetchedError when one cannot be had, BackendError when it is not kept (too large, or the disk refuses it), or
    when it is kept and nobody should open it as a picture.
    """
    return tuple([await _one(attachment, cwd, fetch) for attachment in prompt.attachments])


async def _one(attachment: Attachment, cwd: str, fetch: Fetch) -> str:
    try:
        folder = await asyncio.to_thread(_inbox, cwd)
        mark = hashlib.sha256(f"{attachment.message_id}:{attachment.key}".encode()).hexdigest()[:20]
        found = await asyncio.to_thread(_known, folder, mark)
        if found is None:
            fetched = await fetch(attachment)
            name = safe_name(attachment.name) or safe_name(fetched.name) or attachment.kind
            found = await asyncio.to_thread(_put, folder, mark, name, fetched.content)
        if attachment.kind == "image":
            await asyncio.to_thread(_look_at, found)
        return str(found)
    except TooLargeError as error:
        name = safe_name(attachment.name) or attachment.kind
        raise BackendError("agent.file_too_large", name=name, limit=error.limit) from error
    except ChannelError as error:
        raise NotFetchedError(error, kind=attachment.kind, name=safe_name(attachment.name)) from error
    except OSError as error:
        raise _not_stored(error) from error


def given_up(error: NotFetchedError) -> BackendError:
    """What the person hears who sent it: which one it is, and how to go on."""
    if error.name and error.kind != "audio":
        return BackendError("agent.file_not_fetched", name=error.name, problem=str(error))
    return BackendError(_NAMELESS[error.kind], problem=str(error))


def _look_at(picture: Path) -> None:
    """Raises BackendError for one that no agent takes; to decode it could take all memory there is."""
    if size := pictures.oversized(picture):
        width, height, limit = (f"{pixels:,}" for pixels in (*size, pictures.LONGEST_SIDE))
        raise BackendError("agent.picture_too_large", name=picture.name, width=width, height=height, limit=limit)


def _not_stored(error: OSError) -> BackendError:
    if error.errno in _FULL:
        return BackendError("agent.disk_full")
    return BackendError("agent.not_stored", problem=error.strerror or str(error))


def _inbox(cwd: str) -> Path:
    """The folder, made if need be. An agent works in this directory: a link it put there leads us nowhere."""
    try:
        workdir.resolve(str(INBOX / _FETCHED), Path(cwd), create=True)
        folder = workdir.resolve(str(INBOX), Path(cwd))
    except RefusedError as error:
        raise OSError(f"{INBOX} in the session's directory cannot be used") from error
    ignore = folder.parent / ".gitignore"
    if not ignore.exists():
        _write(ignore, b"*\n")
    return folder


def _known(folder: Path, mark: str) -> Path | None:
    """The file that was fetched before, if it is still there."""
    try:
        with os.fdopen(os.open(folder / _FETCHED / mark, _READ), "rb") as note:
            name = note.read(_LONGEST_NOTE).decode()
        there = stat.S_ISREG(os.lstat(folder / name).st_mode)
    except (OSError, ValueError):
        return None
    return folder / name if there and name == safe_name(name) else None


def _put(folder: Path, mark: str, name: str, content: bytes) -> Path:
    """Write it under a name that is free. A crash in the middle leaves no half file under the name."""
    part = folder / f".{mark}.part"
    _write(part, content)
    try:
        for number in count(1):
            target = folder / numbered(name, number)
            try:
                os.close(os.open(target, _WRITE | os.O_EXCL))
            except FileExistsError:
                continue
            part.replace(target)
            _write(folder / _FETCHED / mark, target.name.encode())
            return target
    finally:
        part.unlink(missing_ok=True)
    raise AssertionError("numbers do not end")


def _write(path: Path, content: bytes) -> None:
    with os.fdopen(os.open(path, _WRITE | os.O_TRUNC, 0o644), "wb") as file:
        file.write(content)
