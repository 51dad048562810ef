"""Where a path leads, by its letters alone: nothing here looks at the disk, so links are not followed."""

import itertools
import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final

GLOB: Final = re.compile(r"[*?\[]")
# What only an administrator changes. Directories directly below / count too.
SYSTEM: Final = tuple(
    PurePosixPath(path)
    for path in (
        "/bin", "/boot", "/dev", "/efi", "/etc", "/lib", "/lib32", "/lib64", "/proc", "/sbin", "/sys", "/usr",
        "/var/lib", "/var/spool/cron", "/private/etc", "/private/var/db", "/Library", "/System",
    )
)  # fmt: skip
KEYS: Final = frozenset({".ssh", ".gnupg"})
HARMLESS_DEVICES: Final = frozenset(
    f"/dev/{name}" for name in ("null", "zero", "full", "stdin", "stdout", "stderr", "tty", "ptmx")
)
HARMLESS_BELOW: Final = tuple(PurePosixPath(path) for path in ("/dev/fd", "/dev/shm", "/dev/pts"))
NETWORK_BELOW: Final = tuple(PurePosixPath(path) for path in ("/dev/tcp", "/dev/udp"))  # bash(1), redirection
HOMES: Final = frozenset({PurePosixPath("/home"), PurePosixPath("/Users")})
# Names of files that hold passwords and keys. A help for people, not a wall: contents are not looked at.
SECRET: Final = re.compile(
    r"""(?:^|/)(?: \.env(?:\.|$|rc) | \.ssh(?:/|$) | \.gnupg(?:/|$) | \.aws(?:/|$) | \.kube(?:/|$) | \.docker(?:/|$) | \.azure(?:/|$)
    | \.netrc | \.pgpass | \.npmrc | \.pypirc | \.git-credentials | \.(?:bash|zsh|python|psql|mysql)_history | id_(?:rsa|dsa|ecdsa|ed25519)
    | g?shadow-?$ | sudoers | (?:credentials|secrets?)(?:\.(?:json|ya?ml|toml|txt|env|ini|enc)|/|$) | [^/]*\.(?:pem|key|p12|pfx|jks|keystore|kdbx|asc)$
    | \.credentials )""",
    re.VERBOSE | re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Where:
    """Where a command may find itself, where it began, the working root, and the user's home where it is known; real paths."""

    here: frozenset[PurePosixPath]
    began: PurePosixPath
    root: PurePosixPath
    home: PurePosixPath | None = None

    def absolute(self, path: str) -> Iterator[PurePosixPath]:
        """Every place the path may mean. `~` of unknown whereabouts is left out."""
        path = path.removeprefix("file://")
        if path == "~" or path.startswith("~/"):
            path = f"{self.home}{path[1:]}" if self.home else ""
            if not path:
                return
        for here in self.here:
            # Two slashes at the beginning mean one on Linux and macOS.
            yield PurePosixPath("/" + posixpath.normpath(posixpath.join(here, path)).lstrip("/"))

    def is_inside(self, path: str) -> bool:
        """Whether the path certainly stays inside the root."""
        if path.startswith("~") or _climbs_after_going_down(path) or (len(self.here) > 1 and ".." in path.split("/")):
            return False  # where `..` leads is not said by the letters once a link may have been followed
        found = list(self.absolute(path))
        return bool(found) and all(each.is_relative_to(self.root) for each in found)

    def is_too_much(self, path: str, *, own: bool = True) -> bool:
        """Whether everything below is more than a command may take away: the root or what holds it, a home, the system.

        own: whether the root and the directory it began in are, too.
        """
        if path.startswith("~") and "/" not in path.rstrip("/*."):
            return True
        parent, pattern = split_at_pattern(path)
        return any(self._loses_too_much(place, pattern, own) for place in self.absolute(parent))

    def _loses_too_much(self, place: PurePosixPath, pattern: str, own: bool) -> bool:
        takes_all = set(pattern) <= set("*.?/")
        if place == self.root:
            return own and takes_all
        if place == self.began and place.is_relative_to(self.root):
            return own and not pattern
        if not takes_all:
            return len(place.parts) == 1 or place in HOMES or is_protected(place, self.root)
        return self._is_precious(place)

    def _is_precious(self, place: PurePosixPath) -> bool:
        held = (self.root, self.began, *((self.home,) if self.home else ()))
        if any(each.is_relative_to(place) for each in held):
            return True
        return len(place.parts) <= 2 or place.parent in HOMES or is_protected(place, self.root)

    def protects(self, path: str) -> bool:
        """Whether changing what is there is refused: the system's places, and those of keys."""
        if path.startswith("~") and KEYS & set(path.split("/")):
            return True
        parent, _ = split_at_pattern(path)
        return any(is_protected(place, self.root) for place in self.absolute(parent))


def is_protected(place: PurePosixPath, root: PurePosixPath) -> bool:
    if KEYS & set(place.parts) or place == PurePosixPath("/"):
        return True
    if place.is_relative_to(root) or is_harmless_device(place):
        return False
    return any(place.is_relative_to(outer) for outer in SYSTEM)


def is_harmless_device(place: PurePosixPath) -> bool:
    return str(place) in HARMLESS_DEVICES or any(
        place.is_relative_to(outer) for outer in (*HARMLESS_BELOW, *NETWORK_BELOW)
    )


def is_network(path: str) -> bool:
    return any(PurePosixPath(posixpath.normpath(path)).is_relative_to(outer) for outer in NETWORK_BELOW)


def _climbs_after_going_down(path: str) -> bool:
    """`link/..` is where the link leads, not where it lies."""
    parts = [part for part in path.split("/") if part not in ("", ".")]
    return any(part == ".." and before != ".." for before, part in itertools.pairwise(parts))


def split_at_pattern(path: str) -> tuple[str, str]:
    """The part of a path before the first component with a pattern, and the rest; `a/*.c` gives `a` and `*.c`."""
    parts = path.split("/")
    for index, part in enumerate(parts):
        if GLOB.search(part):
            return "/".join(parts[:index]) or ("/" if index else "."), "/".join(parts[index:])
    return path, ""
