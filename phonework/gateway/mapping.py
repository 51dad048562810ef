"""Paths of a container and the same places on its host; pure.

Nothing here looks at a disk: a path is what it says, and the server checks where it really leads.
"""

import posixpath
from dataclasses import dataclass
from typing import Final

from phonework.errors import RemoteError

VARIABLE: Final = "HOST_PATH"


@dataclass(frozen=True, slots=True)
class PathMapping:
    """pairs: directory here, the same on the host. Without any, paths are the same on both sides."""

    pairs: tuple[tuple[str, str], ...] = ()

    def outward(self, path: str) -> str:
        """A path of this side as the host knows it. Raises RemoteError when it lies outside the mapping."""
        if not self.pairs:
            return path
        path = normal(path)
        found = [(here, there) for here, there in self.pairs if _inside(path, here)]
        if not found:
            known = ", ".join(here for here, _there in self.pairs)
            raise RemoteError(
                "outside_mapping",
                f"{path} is not on the host: {VARIABLE} maps {known}",
                hint=f"go to a directory below those, or add one to {VARIABLE} as container:host",
            )
        here, there = max(found, key=lambda pair: len(pair[0]))
        return _moved(path, here, there)

    def inward(self, path: str) -> str:
        """A path of the host as it is seen here; as it stands when it is not to be seen."""
        for here, there in sorted(self.pairs, key=lambda pair: -len(pair[1])):
            if posixpath.isabs(path) and _inside(normal(path), there):
                seen = _moved(normal(path), there, here)
                if self.outward(seen) == normal(path):  # nothing else is mounted over it
                    return seen
        return path


NO_MAPPING: Final = PathMapping()


def parse(text: str) -> PathMapping:
    """`container:host[,container:host…]`, all absolute. Raises RemoteError."""
    pairs = []
    for word in filter(None, (word.strip() for word in text.split(","))):
        here, colon, there = word.partition(":")
        if not colon or not posixpath.isabs(here) or not posixpath.isabs(there) or ":" in there:
            raise _wrong(f"{word!r} is not two absolute paths with a colon between")
        pairs.append((normal(here), normal(there)))
    if len({here for here, _there in pairs}) < len(pairs):
        raise _wrong("it maps one directory twice")
    return PathMapping(tuple(pairs))


def normal(path: str) -> str:
    """Without `.`, `..` and doubled slashes."""
    found = posixpath.normpath(path)
    return found[1:] if found.startswith("//") else found


def _inside(path: str, directory: str) -> bool:
    return path == directory or path.startswith(directory.rstrip("/") + "/")


def _moved(path: str, source: str, target: str) -> str:
    return normal(f"{target}/{path[len(source) :].lstrip('/')}")


def _wrong(why: str) -> RemoteError:
    return RemoteError("mapping", f"{VARIABLE}: {why}", hint=f"{VARIABLE}=/work:/home/ada/work")
