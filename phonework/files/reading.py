"""Reading a file below the root: whole, up to a limit, or what can be said of one that is no text."""

import os
from dataclasses import dataclass
from typing import Final

from phonework.files.content import Text, decode
from phonework.files.place import Place, opened, refused

SENDABLE: Final = 30 * 1024 * 1024
"""Bytes of a file that Feishu takes. Source: Feishu Open Platform, "Upload a file": 30 MB at most, and not an empty one."""
READABLE: Final = 10 * 1024 * 1024  # bytes of a text
_HEAD: Final = 4_096


@dataclass(frozen=True, slots=True, kw_only=True)
class Described:
    """A file that is not shown. kind: what it seems to be, like `PNG image`; empty when that is not known."""

    size: int
    kind: str = ""


def read_bytes(place: Place, limit: int) -> bytes:
    """The whole file. Raises RefusedError, with file_too_large when it is longer than the limit. Blocks on the disk."""
    with opened(place) as file:
        size = os.fstat(file.fileno()).st_size
        found = file.read(limit + 1) if size <= limit else b""
    if max(size, len(found)) > limit:
        raise refused("file_too_large", place.shown, size=in_words(size), limit=in_words(limit))
    return found


def read_to_send(place: Place) -> bytes:
    """The whole file for a chat. Raises RefusedError."""
    found = read_bytes(place, SENDABLE)
    if not found:
        raise refused("file_empty", place.shown)
    return found


def read_text(place: Place) -> Text | Described:
    """The text of a file; what it is when it is none, or a text too large to be looked through. Raises RefusedError."""
    with opened(place) as file:
        size = os.fstat(file.fileno()).st_size
        raw = file.read(_HEAD if size > READABLE else READABLE + 1)
    if size > READABLE or len(raw) > READABLE:
        kind = "text" if decode(raw[:_HEAD]) is not None else _kind(raw)
        return Described(size=max(size, len(raw)), kind=kind)
    return decode(raw) or Described(size=len(raw), kind=_kind(raw))


def _kind(raw: bytes) -> str:
    import puremagic

    try:
        found = puremagic.magic_string(raw[:_HEAD])
    except (puremagic.PureError, ValueError):
        return ""
    return found[0].name if found else ""


def in_words(size: int) -> str:
    """Bytes as people read them, like `3.4 MB`."""
    if size < 1024:
        return f"{size} B"
    for unit, factor in (("KB", 1024), ("MB", 1024**2)):
        if size < factor * 1024:
            return f"{size / factor:.3g} {unit}"
    return f"{size / 1024**3:.3g} GB"
