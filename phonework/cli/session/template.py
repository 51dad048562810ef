"""Messages with places for what is known of a session: `{{name}}`. Filled once; what is filled in is not looked at again."""

import re
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
    if git.is_file():
        git = git.parent / _text(git).removeprefix("gitdir:").strip()
    head = _text(git / "HEAD")
    return head.removeprefix("ref: refs/heads/") if head.startswith("ref: refs/heads/") else ""


def _text(path: Path) -> str:
    with path.open(encoding="utf-8", errors="replace") as file:
        return file.read(_LONGEST_HEAD).strip()
