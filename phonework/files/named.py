"""The files that a text names and that are really there."""

import re
import stat
from collections.abc import Iterator
from typing import Final

from phonework.errors import RefusedError
from phonework.files.place import Root, locate
from phonework.files.reading import SENDABLE

MOST: Final = 5
_LONGEST_TEXT: Final = 100_000  # characters that are looked through
_MOST_LOOKED_FOR: Final = 200
_LONGEST: Final = 300
# In code, as the target of a link, or a word by itself.
_MENTION: Final = re.compile(
    rf"`(?P<code>[^`\n]{{1,{_LONGEST}}})`"
    rf"|\]\(<?(?P<link>[^()<>\n]{{1,{_LONGEST}}})>?\)"
    rf"|(?P<word>[^\s`'\"“”‘’()\[\]<>{{}}|*,;，。；：、！？（）《》「」【】]{{2,{_LONGEST}}})"
)
_PLACE_IN_FILE: Final = re.compile(r"(?::\d+(?:[:,-]\d+)*|#L\d+(?:-L?\d+)?)$")
_LOOKS_LIKE_FILE: Final = re.compile(r".*[^/.]\.\w{1,10}|.*[^/]/[^/].*")


def mentioned(text: str) -> tuple[str, ...]:
    """What could be a path, in order, each once. Pure; the text may be anything."""
    found: dict[str, None] = {}
    for name in _mentions(text[:_LONGEST_TEXT]):
        if len(found) == _MOST_LOOKED_FOR:
            break
        found.setdefault(name)
    return tuple(found)


def _mentions(text: str) -> Iterator[str]:
    for match in _MENTION.finditer(text):
        marked = match["code"] or match["link"]
        name = _PLACE_IN_FILE.sub("", (marked or match["word"].rstrip(".,:!?-")).strip())
        if name and "://" not in name and (marked or _LOOKS_LIKE_FILE.fullmatch(name)):
            yield name


def there(names: tuple[str, ...], root: Root) -> tuple[str, ...]:
    """Those that are plain files in the root, wherever links lead, and can be sent; their paths below it, `MOST` at most.

    Blocks on the disk. Never raises for a name, whatever it is.
    """
    found: dict[str, None] = {}
    for name in names:
        if len(found) == MOST:
            break
        if (path := _sendable(name, root)) is not None:
            found.setdefault(path)
    return tuple(found)


def _sendable(name: str, root: Root) -> str | None:
    try:
        place = locate(name, root, root.path)
        known = place.real.lstat()
    except (RefusedError, OSError, ValueError):
        return None
    fits = stat.S_ISREG(known.st_mode) and 0 < known.st_size <= SENDABLE
    return place.shown if fits else None
