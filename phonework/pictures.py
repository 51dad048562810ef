"""What a model can be shown as a picture, told by a file's first bytes; nothing is decoded."""

import struct
from pathlib import Path
from typing import BinaryIO, Final

import imagesize

LONGEST_SIDE: Final = 8000
"""Pixels of a picture's width and of its height; the API refuses more. What decodes one has 256 MB in hand then, at most."""
_KINDS: Final = {b"\x89PNG\r\n\x1a\n": "image/png", b"\xff\xd8\xff": "image/jpeg", b"GIF8": "image/gif"}


def kind_of(head: bytes) -> str:
    """The media type of a PNG, JPEG, GIF or WebP, by its first bytes; empty for anything else."""
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image/webp"
    return next((kind for magic, kind in _KINDS.items() if head.startswith(magic)), "")


def size_of(file: BinaryIO) -> tuple[int, int] | None:
    """Width and height in pixels as the header says; None when it is no such picture, or says no size."""
    file.seek(0)
    head = file.read(12)
    if not kind_of(head):
        return None
    if head.startswith(b"GIF8"):  # imagesize 2.0.1 takes these numbers for signed ones
        width, height = struct.unpack("<HH", head[6:10].ljust(4, b"\0"))
    else:
        file.seek(0)
        width, height = imagesize.get(file, exif_rotation=False)
    return (width, height) if width > 0 and height > 0 else None


def oversized(path: Path) -> tuple[int, int] | None:
    """Its width and height where one of them is more than a picture may have; None for everything else. Raises OSError."""
    with path.open("rb") as file:
        size = size_of(file)
    return size if size and max(size) > LONGEST_SIDE else None
