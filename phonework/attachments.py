"""What came with a message: fetched from the channel and stored under the session's directory."""

import asyncio
import hashlib
import re
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

from phonework import workdir
from phonework.channels.base import Fetched
from phonework.errors import RefusedError
from phonework.fsm.types import Attachment, Prompt

INBOX: Final = Path(".phonework") / "inbox"
_UNSAFE: Final = re.compile(r"[^\w.\- ]+")

Fetch = Callable[[Attachment], Awaitable[Fetched]]


async def store(prompt: Prompt, cwd: str, fetch: Fetch) -> tuple[str, ...]:
    """Fetch what is not there yet and return the paths, in order. Raises ChannelError or OSError."""
    return tuple([await _one(attachment, cwd, fetch) for attachment in prompt.attachments])


async def _one(attachment: Attachment, cwd: str, fetch: Fetch) -> str:
    folder = await asyncio.to_thread(_inbox, cwd)
    mark = hashlib.sha256(f"{attachment.message_id}:{attachment.key}".encode()).hexdigest()[:10]
    if found := await asyncio.to_thread(lambda: sorted(folder.glob(f"{mark}-*"))):
        return str(found[0])
    fetched = await fetch(attachment)
    name = safe_name(attachment.name or fetched.name or attachment.kind)
    return await asyncio.to_thread(_write, folder, f"{mark}-{name}", fetched.content)


def _inbox(cwd: str) -> Path:
    """The folder, made if need be. An agent works in this directory: a link it put there leads us nowhere."""
    try:
        return workdir.resolve(str(INBOX), Path(cwd), create=True)
    except RefusedError as error:
        raise OSError(f"{INBOX} in the session's directory cannot be used") from error


def safe_name(name: str) -> str:
    """A file name that stays in its folder: no separators, no leading dots, at most 80 characters."""
    cleaned = _UNSAFE.sub("_", name).strip(". ")[-80:]
    return cleaned or "file"


def _write(folder: Path, name: str, content: bytes) -> str:
    ignore = folder.parent / ".gitignore"
    if not ignore.exists():
        ignore.write_text("*\n", encoding="utf-8")
    target, part = folder / name, folder / f".{name}.part"
    part.write_bytes(content)
    part.replace(target)  # a crash in the middle leaves no half file under the name
    return str(target)
