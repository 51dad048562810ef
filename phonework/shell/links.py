"""Where the names in a command really lead: the guard goes by their letters, and a link inside the root may lead out of it.

Asked only of a plain command that would run unasked. Patterns are filled in here as generously as any shell would. A link that
is put there between this look and the command leads out all the same: it takes somebody who can run programs already.
"""

import os
import posixpath
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from phonework.shell import plain
from phonework.shell.places import GLOB, SECRET, split_at_pattern
from phonework.shell.verdicts import Reason, Why, reason

MOST_NAMES: Final = 4000
"""Names looked at for one command; whoever needs more is asked about."""
_FOLLOWS: Final = frozenset({"diff"})  # it compares what is in directories through the links there


def worry(command: str, directories: tuple[str, ...], root: Path) -> Reason | None:
    """The first name in a plain command that leads out of the root, or to what is secret. Blocks on the disk.

    directories: where the command may find itself; the root and they are absolute paths.
    """
    look = _Look(root)
    try:
        for directory in directories:
            if found := look.at(directory, directory):
                return found
            for each in plain.read(command) or ():
                if found := _of_command(each, directory, look):
                    return found
    except _TooManyError:
        return reason(Why.PATTERN, command)
    return None


class _TooManyError(Exception):
    """More names than can be looked at while somebody waits."""


class _Look:
    """One look at the disk, at a limited number of names."""

    def __init__(self, root: Path) -> None:
        self._named, self._root, self._left = str(root), posixpath.realpath(root), MOST_NAMES

    def is_named_inside(self, path: str) -> bool:
        """Whether it lies in the root by its letters; of another the guard has thought already."""
        return any(_is_below(posixpath.normpath(path), root) for root in (self._named, self._root))

    def at(self, path: str, shown: str) -> Reason | None:
        """What is wrong with where the path leads."""
        self.count()
        real = posixpath.realpath(path)
        if not _is_below(real, self._root):
            return reason(Why.LINK, shown)
        return reason(Why.SECRET, shown) if SECRET.search(posixpath.relpath(real, self._root)) else None

    def count(self) -> None:
        self._left -= 1
        if self._left < 0:
            raise _TooManyError


def _is_below(path: str, root: str) -> bool:
    return path == root or path.startswith(f"{root.rstrip('/')}/")


def _of_command(command: plain.PlainCommand, directory: str, look: _Look) -> Reason | None:
    for word in command.words[1:]:
        name = word.text.partition("=")[2] if word.text.startswith("-") else word.text
        if not name or not look.is_named_inside(posixpath.join(directory, name)):
            continue
        for path in _meant(directory, name, word.pattern is not None, look):
            if found := look.at(path, word.text):
                return found
            if command.words[0].text in _FOLLOWS and (found := _below(path, look)):
                return found
    return None


def _meant(directory: str, name: str, is_pattern: bool, look: _Look) -> Iterator[str]:
    """The path, and every one that the shell may put in its place."""
    yield posixpath.join(directory, name)
    if not is_pattern:
        return
    before, behind = split_at_pattern(name)
    found = [posixpath.join(directory, before)]
    yield from found
    for part in filter(None, behind.split("/")):
        found = [path for one in found for path in _next(one, part, look)]
        yield from found  # also on the way: a directory may be a link


def _next(directory: str, part: str, look: _Look) -> Iterator[str]:
    if not GLOB.search(part):
        yield posixpath.join(directory, part)
        return
    if look.at(directory, directory):
        return  # reported as it stands; nothing is looked for behind it
    fits = re.compile(_generous(part), re.DOTALL)
    for name in _names(directory):
        look.count()
        if fits.fullmatch(name) and (part.startswith(".") or not name.startswith(".")):
            yield posixpath.join(directory, name)


def _generous(part: str) -> str:
    """A regular expression for at least all that the pattern fits: brackets and what follows them may be anything."""
    known, bracket, _ = part.partition("[")
    return ".*".join(re.escape(piece) for piece in re.split(r"[*?]", known)) + (".*" if bracket else "")


def _names(directory: str) -> list[str]:
    try:
        return os.listdir(directory)  # noqa: PTH208 - names, and not paths
    except OSError:
        return []


def _below(path: str, look: _Look) -> Reason | None:
    """The first link below a directory that leads out."""
    for here, folders, files in os.walk(path):
        for name in (*folders, *files):
            look.count()
            place = posixpath.join(here, name)
            if posixpath.islink(place) and (found := look.at(place, place)):
                return found
    return None
