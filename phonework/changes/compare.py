"""What lies between two trees: the files with their figures, and the whole difference as a patch."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from phonework.changes.git import Git, GitError
from phonework.changes.snapshot import locate, looking

EMPTY: Final = "empty"
"""In place of a tree's id: there was nothing."""
LONGEST_PATCH: Final = 5_000_000  # bytes
LONGEST_LIST: Final = 4_000_000
_CUT: Final = b"\n... the rest is left out: the difference is too long ...\n"
# No program of the owner's is asked to show a file, and no setting of theirs changes what is shown.
_PLAIN: Final = (
    "diff-tree",
    "-r",
    "-M",
    "-l400",
    "--no-ext-diff",
    "--no-textconv",
    "--no-color",
    "--ignore-submodules=none",
)


class BaseGoneError(Exception):
    """What the directory held when the session began cannot be read any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileChange:
    """One file. kind: git's letter: A, M, D, R (renamed), T (another type). added, removed: lines; None: binary."""

    kind: str
    path: str
    before: str = ""  # its earlier name, if it was renamed
    added: int | None = None
    removed: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """files: new ones last. patch: in the same order, as git shows it, in full up to a limit."""

    files: tuple[FileChange, ...]
    patch: bytes


async def between(directory: Path, objects: Path, base: str, now: str) -> Changes:
    """What changed from one tree to the other; base may be EMPTY. Raises NoRepositoryError, BaseGoneError."""
    git = looking(await locate(directory), objects)
    try:
        if base == EMPTY:
            base = (await git("hash-object", "-t", "tree", "-w", "--stdin")).data.decode().strip()
        await git("cat-file", "-e", "--end-of-options", f"{base}^{{tree}}")
        listed = await git(*_PLAIN, "--raw", "--numstat", "--no-abbrev", "-z", base, now, limit=LONGEST_LIST)
        patch, cut = await _patch(git, base, now)
    except GitError as error:
        raise BaseGoneError(str(error)) from error
    files = sorted(read(listed.data), key=lambda one: one.kind == "A")
    return Changes(files=tuple(files), patch=patch + (_CUT if cut else b""))


async def _patch(git: Git, base: str, now: str) -> tuple[bytes, bool]:
    """New files come last: a directory of thousands that nobody ignored does not hide what was changed."""
    words = (*_PLAIN, "-p", "--src-prefix=a/", "--dst-prefix=b/", "--submodule=short")
    changed = await git(*words, "--diff-filter=a", base, now, limit=LONGEST_PATCH)
    if changed.cut:
        return changed.data, True
    new = await git(*words, "--diff-filter=A", base, now, limit=LONGEST_PATCH - len(changed.data))
    return changed.data + new.data, new.cut


def read(listed: bytes) -> Iterator[FileChange]:
    """The files in what `git diff-tree --raw --numstat -z` printed, which may have been cut; never raises."""
    parts = iter(listed.split(b"\0"))
    kinds: dict[bytes, str] = {}
    for part in parts:
        if part.startswith(b":"):
            kind = part.split(b" ")[-1][:1].decode("ascii", "replace")
            path = next(parts, b"")
            kinds[next(parts, b"") if kind == "R" else path] = kind
        elif (change := _figures(part, parts, kinds)) is not None:
            yield change


def _figures(part: bytes, parts: Iterator[bytes], kinds: dict[bytes, str]) -> FileChange | None:
    """`added TAB removed TAB path`, or without the path, which then follows with the earlier one before it."""
    added, _, rest = part.partition(b"\t")
    removed, _, path = rest.partition(b"\t")
    if not rest:
        return None
    before = b""
    if not path:
        before, path = next(parts, b""), next(parts, b"")
    return FileChange(
        kind=kinds.get(path, "M"),
        path=path.decode("utf-8", "replace"),
        before=before.decode("utf-8", "replace"),
        added=_number(added),
        removed=_number(removed),
    )


def _number(digits: bytes) -> int | None:
    return int(digits) if digits.isdigit() and len(digits) < 12 else None
