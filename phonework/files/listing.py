"""The entries of a directory below the root, sorted and bounded."""

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Final

from phonework.files.place import Place, Root, is_folder, is_hidden, opened_folder, refused

IGNORED: Final = frozenset({".git"})
MOST_ENTRIES: Final = 500
MOST_LOOKED_AT: Final = 20_000
"""Entries of one directory; of a larger one an arbitrary part is shown, and that is said."""
_LIST: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """path: below the listed directory. kind: dir, file, link or other. size: bytes of a file. target: of a link, as written."""

    path: str
    kind: str
    size: int = 0
    target: str = ""


@dataclass(slots=True, kw_only=True)
class Listing:
    """complete: there is no more than this."""

    entries: list[Entry] = field(default_factory=list)
    complete: bool = True


def list_folder(place: Place, root: Root, *, depth: int = 1, most: int = MOST_ENTRIES) -> Listing:
    """What is in the directory, `depth` levels down. Links are not followed. Raises RefusedError. Blocks on the disk."""
    listing = Listing()
    if not is_folder(place):
        raise refused("file_no_folder", place.shown)
    with opened_folder(place) as descriptor:
        for entry in _walk(descriptor, Path(), place, root, depth, listing):
            if len(listing.entries) >= most:
                listing.complete = False
                break
            listing.entries.append(entry)
    return listing


def _walk(descriptor: int, at: Path, place: Place, root: Root, depth: int, listing: Listing) -> Iterator[Entry]:
    with os.scandir(descriptor) as found:
        entries = list(islice(found, MOST_LOOKED_AT + 1))
    if len(entries) > MOST_LOOKED_AT:
        listing.complete = False
    for one in sorted(entries, key=lambda each: each.name):
        path = at / one.name
        if one.name in IGNORED or is_hidden(place.real / path, root):
            continue
        entry = _entry(descriptor, one.name, path)
        if entry is None:
            continue  # gone in the meantime
        yield entry
        if entry.kind == "dir" and depth > 1:
            yield from _below(descriptor, one.name, path, place, root, depth - 1, listing)


def _below(
    descriptor: int, name: str, path: Path, place: Place, root: Root, depth: int, listing: Listing
) -> Iterator[Entry]:
    try:
        inner = os.open(name, _LIST, dir_fd=descriptor)
    except OSError:
        return  # not ours to read, or no directory any more
    try:
        yield from _walk(inner, path, place, root, depth, listing)
    finally:
        os.close(inner)


def _entry(descriptor: int, name: str, path: Path) -> Entry | None:
    try:
        found = os.stat(name, dir_fd=descriptor, follow_symlinks=False)
        if stat.S_ISLNK(found.st_mode):
            return Entry(path=str(path), kind="link", target=os.readlink(name, dir_fd=descriptor))
    except OSError:
        return None
    if stat.S_ISDIR(found.st_mode):
        return Entry(path=str(path), kind="dir")
    if stat.S_ISREG(found.st_mode):
        return Entry(path=str(path), kind="file", size=found.st_size)
    return Entry(path=str(path), kind="other")
