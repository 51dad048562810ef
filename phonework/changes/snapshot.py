"""Takes down what a directory holds as a git tree, with nothing written into its repository: neither index nor objects.

A copy of the index tells git what is unchanged; what is changed or untracked is read here and put, as blobs, into a
directory of our own, to which the repository's objects are an alternate (see gitrepository-layout(5), git(1)).
"""

import asyncio
import hashlib
import os
import shutil
import stat
import tempfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final

from phonework.changes.git import Git, GitError, without_programs

MOST_PATHS: Final = 20_000
LONGEST_LIST: Final = 8_000_000  # bytes of all changed and untracked paths
LARGEST_FILE: Final = 2_000_000  # bytes; a larger one is known by its size and time only
LARGEST_SUM: Final = 100_000_000
LARGEST_INDEX: Final = 200_000_000
MOST_REPOSITORIES: Final = 50  # within this one, whose heads are asked for
_LINES: Final = 6


class NoRepositoryError(Exception):
    """The directory is in no git repository, or in one that git will not look into."""


class TooMuchError(Exception):
    """More is changed or untracked there than is looked through."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a directory stands. prefix: its path below the top, with a slash at its end; empty at the top."""

    directory: Path
    prefix: bytes
    objects: str
    index: Path
    hash_name: str


def may_be_repository(directory: Path) -> bool:
    """Without asking git: whether there is a `.git` here or above."""
    try:
        real = directory.resolve()
        return any((above / ".git").exists() for above in (real, *real.parents))
    except OSError:
        return False


async def locate(directory: Path) -> Place:
    """Raises NoRepositoryError."""
    if not await asyncio.to_thread(may_be_repository, directory):
        raise NoRepositoryError("no git repository")
    words = ("--is-inside-work-tree", "--show-object-format", "--show-prefix", "--show-toplevel")
    paths = ("--path-format=absolute", "--git-path", "objects", "--git-path", "index")
    try:
        printed = (await Git(directory)("rev-parse", *words, *paths)).data
    except GitError as error:
        raise NoRepositoryError(str(error)) from error
    lines = printed.split(b"\n")[:-1]
    if len(lines) != _LINES or lines[0] != b"true" or lines[1] not in (b"sha1", b"sha256"):  # a path with a line break
        raise NoRepositoryError("a repository of a kind that is not known")
    objects, index = (os.fsdecode(one) for one in lines[4:])
    return Place(directory, lines[2], objects, Path(index), lines[1].decode())


async def take(directory: Path, objects: Path) -> str:
    """The id of the tree of what the directory holds now; objects: our own, where its new blobs and trees are put.

    Raises NoRepositoryError, TooMuchError, GitError and OSError.
    """
    place = await locate(directory)
    await asyncio.to_thread(objects.mkdir, parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=objects.parent) as scratch:
        index = Path(scratch, "index")
        await asyncio.to_thread(_copy_index, place.index, index)
        git = looking(place, objects, more=await without_programs(Git(directory)), index=index)
        paths = await _changed(git)
        entries = await asyncio.to_thread(_entries, place, objects, paths, await _heads(directory, paths))
        await git("update-index", "--add", "--replace", "--remove", "-z", "--index-info", give=b"".join(entries))
        return await _tree(git, place)


def looking(place: Place, objects: Path, *, more: dict[str, str] | None = None, index: Path | None = None) -> Git:
    """git that sees the repository's objects and ours, and writes to ours only."""
    env = {"GIT_OBJECT_DIRECTORY": str(objects), "GIT_ALTERNATE_OBJECT_DIRECTORIES": _quoted(place.objects)}
    if index is not None:
        env["GIT_INDEX_FILE"] = str(index)
    return Git(place.directory, more or {}, env)


def _quoted(path: str) -> str:
    """As git reads one that may hold a colon."""
    escaped = path.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _copy_index(source: Path, target: Path) -> None:
    """With its time: by that, git knows which files may have changed after they were looked at last."""
    try:
        if source.stat().st_size > LARGEST_INDEX:
            raise TooMuchError("the index is too large")
        shutil.copy2(source, target)
    except FileNotFoundError:
        return  # nothing was ever added


async def _changed(git: Git) -> list[bytes]:
    """Paths below the directory that differ from the index or are not in it, and may be gone."""
    printed = await git("ls-files", "-z", "-m", "-d", "-o", "--exclude-standard", "--deduplicate", limit=LONGEST_LIST)
    conflicts = await git("ls-files", "-z", "-u", limit=LONGEST_LIST)
    paths = {path for path in printed.data.split(b"\0") if path}
    paths |= {line.partition(b"\t")[2] for line in conflicts.data.split(b"\0") if line}
    if printed.cut or conflicts.cut or len(paths) > MOST_PATHS:
        raise TooMuchError("too many files are changed or untracked")
    return sorted(paths)


async def _heads(directory: Path, paths: Sequence[bytes]) -> dict[bytes, bytes]:
    """What repositories within this one are at, by path: those changed or untracked."""
    found: dict[bytes, bytes] = {}
    for path, inner in await asyncio.to_thread(_repositories, directory, paths):
        try:
            head = await Git(inner)("rev-parse", "--verify", "-q", "HEAD")
        except GitError:
            continue  # nothing was ever committed there
        found[path] = head.data.strip()
    return found


def _repositories(directory: Path, paths: Sequence[bytes]) -> list[tuple[bytes, Path]]:
    named = ((path, directory / os.fsdecode(path.rstrip(b"/"))) for path in paths)
    found = (one for one in named if not one[1].is_symlink() and (one[1] / ".git").exists())
    return list(islice(found, MOST_REPOSITORIES))


def _entries(place: Place, objects: Path, paths: Iterable[bytes], heads: dict[bytes, bytes]) -> list[bytes]:
    """Lines for `git update-index --index-info -z`."""
    return list(_written(place, Blobs(objects, place.hash_name), paths, heads))


def _written(place: Place, blobs: "Blobs", paths: Iterable[bytes], heads: dict[bytes, bytes]) -> Iterator[bytes]:
    root = os.fsencode(place.directory)
    for path in paths:
        name = path.rstrip(b"/")
        entry = (b"160000", heads[path]) if path in heads else blobs.entry(root + b"/" + name)
        if entry is not None:
            mode, sha = entry
            yield b"%s %s\t%s%s\0" % (mode, sha, place.prefix, name)


async def _tree(git: Git, place: Place) -> str:
    words = ["write-tree", "--missing-ok"]
    if place.prefix:
        held = await git("ls-files", "-z", limit=1)
        if not held.data:
            empty = await git("hash-object", "-t", "tree", "-w", "--stdin")
            return empty.data.decode().strip()
        words.append(f"--prefix={os.fsdecode(place.prefix)}")
    return (await git(*words)).data.decode().strip()


class Blobs:
    """Writes files as loose objects, the way git stores them; see gitformat-loose(5)."""

    def __init__(self, objects: Path, hash_name: str) -> None:
        self._objects, self._hash_name, self._sum = objects, hash_name, 0
        self._none = b"0" * (hashlib.new(hash_name, usedforsecurity=False).digest_size * 2)

    def entry(self, path: bytes) -> tuple[bytes, bytes] | None:
        """Mode and id of what stands there; mode 0 for nothing; None for what cannot be read."""
        try:
            found = os.lstat(path)
            if stat.S_ISLNK(found.st_mode):
                return b"120000", self.put(os.readlink(path))  # noqa: PTH115  # of bytes
            if stat.S_ISREG(found.st_mode):
                return (b"100755" if found.st_mode & 0o100 else b"100644"), self.put(self._content(path, found))
        except (FileNotFoundError, NotADirectoryError):
            return b"0", self._none
        except OSError:
            return None
        return None if stat.S_ISDIR(found.st_mode) else (b"0", self._none)

    def _content(self, path: bytes, found: os.stat_result) -> bytes:
        if found.st_size > LARGEST_FILE or self._sum + found.st_size > LARGEST_SUM:
            return b"(too large to compare: %d bytes, changed at %d)\n" % (found.st_size, found.st_mtime_ns)
        with open(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:  # noqa: PTH123
            content = file.read(LARGEST_FILE)
        self._sum += len(content)
        return content

    def put(self, content: bytes) -> bytes:
        """Its id, in hex. Raises OSError."""
        whole = b"blob %d\0" % len(content) + content
        name = hashlib.new(self._hash_name, whole, usedforsecurity=False).hexdigest()
        path = self._objects / name[:2] / name[2:]
        if not path.exists():
            path.parent.mkdir(exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
                file.write(zlib.compress(whole, 1))
            Path(file.name).replace(path)
        return name.encode()
