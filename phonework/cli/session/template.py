"""Messages with places for what is known of a session: `{{name}}`. Filled once; what is filled in is not looked at again."""

import os
import re
import stat
from pathlib import Path
from typing import Any, Final

from phonework.errors import PhoneWorkError

_VARIABLE: Final = re.compile(r"(\\?)\{\{[ \t]*([A-Za-z_][A-Za-z0-9_]*)[ \t]*\}\}")
_FIELDS: Final = ("id", "name", "group", "cwd", "project", "backend", "model", "mode", "state")
VARIABLES: Final = (*_FIELDS, "branch")
_LONGEST_HEAD: Final = 4096


def fill(template: str, session: dict[str, Any]) -> str:
    r"""The text for one session. `\{{word}}` stays as `{{word}}`. Raises PhoneWorkError for a word that is none of ours."""
    known = {name: str(session.get(name) or "") for name in _FIELDS}

    def value(found: re.Match[str]) -> str:
        escaped, name = found.groups()
        if escaped:
            return found[0][1:]
        if name == "branch":
            return branch(Path(known["cwd"]))
        if name not in known:
            raise PhoneWorkError(f"there is no {{{{{name}}}}}", hint=f"known: {', '.join(VARIABLES)}; \\{{{{{name}}}}} stands for itself")  # fmt: skip
        return known[name]

    return _VARIABLE.sub(value, template)


def branch(directory: Path) -> str:
    """The git branch checked out there; empty: none, or not to be read. Reads files alone: git runs what a repository says."""
    try:
        for place in (directory, *directory.parents):
            if (place / ".git").exists():
                return _head(place / ".git")
    except (OSError, ValueError):
        return ""
    return ""


def _head(git: Path) -> str:
    """Source: gitrepository-layout(5); in a worktree `.git` is a file that says where its directory is."""
    if not git.is_dir():
        git = git.parent / _line(git).removeprefix("gitdir:").strip()
    head = _line(git / "HEAD")
    name = head.removeprefix("ref: refs/heads/")
    return name if head.startswith("ref: refs/heads/") and _is_branch(name) else ""


def _is_branch(name: str) -> bool:
    """Source: git-check-ref-format(1)."""
    parts_fit = all(part and not part.startswith(".") and not part.endswith(".lock") for part in name.split("/"))
    fits = name.isprintable() and not set(name) & set(" ~^:?*[\\") and ".." not in name and "@{" not in name
    return parts_fit and fits and not name.startswith("-") and not name.endswith(".") and name != "@"


def _line(path: Path) -> str:
    """The first line of a plain file; of anything else nothing is read, and nothing is waited for. Raises OSError, ValueError."""
    with open(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb") as file:  # noqa: PTH123  # a pathlib file cannot be opened so
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise OSError(f"{path} is no plain file")
        return file.read(_LONGEST_HEAD).partition(b"\n")[0].decode().strip()
