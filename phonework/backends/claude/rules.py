"""The permission rules Claude Code keeps in its settings files: which there are, and taking one of them out.

Files and precedence as documented (Claude Code settings, "Settings files") and seen in 2.1.329. Nothing else of a file is
touched; one that is damaged is refused, never written over. Everything here waits for the disk.
"""

import contextlib
import hashlib
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from uuid import uuid4

from phonework.backends.base import Rule
from phonework.backends.claude import json_edit
from phonework.backends.claude.json_edit import NotSuchJsonError
from phonework.errors import BackendError

KINDS: Final = ("allow", "ask", "deny")
MAX_BYTES: Final = 5_000_000
_TRIES: Final = 5  # a file that changes while we edit it is read again


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingsFile:
    """One file. place: its name as people know it. inside: where a link may lead at most; None: anywhere."""

    path: Path
    place: str
    inside: Path | None = None


def files(config: Path, cwd: str) -> tuple[SettingsFile, ...]:
    """The files whose rules count in a directory. config: Claude Code's own directory."""
    root = project_root(Path(cwd))
    found = [SettingsFile(path=config / "settings.json", place="~/.claude/settings.json")]
    for directory in dict.fromkeys((root, Path(cwd))):
        below = "" if directory == root else f"{directory.relative_to(root).as_posix()}/"
        for name in ("settings.json", "settings.local.json"):
            place = f"{below}.claude/{name}"
            found.append(SettingsFile(path=directory / ".claude" / name, place=place, inside=root))
    return tuple(found)


def project_root(cwd: Path) -> Path:
    """The nearest directory upwards with a `.git` in it; without one the directory itself."""
    return next((one for one in (cwd, *cwd.parents) if (one / ".git").exists()), cwd)


def rules_of(file: SettingsFile) -> tuple[Rule, ...]:
    """The rules in the file, none when there is no such file. Raises BackendError with a sentence."""
    text = _read(file)
    if text is None:
        return ()
    with _told(file):
        found = [(kind, rule) for kind in KINDS for rule in json_edit.strings_at(text, ("permissions", kind))]
    return tuple(_rule(file, kind, rule) for kind, rule in dict.fromkeys(found))


def remove(file: SettingsFile, rule: Rule) -> bool:
    """Whether the rule was there; if so it is not any more. Raises BackendError when the file cannot be changed."""
    for _ in range(_TRIES):
        text = _read(file)
        if text is None:
            return False
        path = ("permissions", rule.kind)
        with _told(file):
            if rule.text not in json_edit.strings_at(text, path):
                return False
            edited = json_edit.without(text, path, rule.text)
        if _replace(file, text, edited):
            return True
    raise BackendError("rules.failed", path=file.place, problem="it changes all the time")


def _rule(file: SettingsFile, kind: str, text: str) -> Rule:
    """What makes things stricter stays: only an allow can be taken back from afar."""
    named = hashlib.sha256("\0".join((str(file.path), kind, text)).encode("utf-8", "replace")).hexdigest()[:16]
    return Rule(rule_id=named, text=text, kind=kind, place=file.place, removable=kind == "allow")


def _target(file: SettingsFile) -> Path:
    """The file itself, behind any links. A project's may not lead out of it: whoever works there can make links."""
    target = Path(os.path.realpath(file.path))  # links in a circle stay as they are, and cannot be opened
    if file.inside is not None and not target.is_relative_to(os.path.realpath(file.inside)):
        raise BackendError("rules.leads_out", path=file.place)
    return target


def _read(file: SettingsFile) -> str | None:
    """The text; None when there is none."""
    try:
        with _told(file):
            target = _target(file)
            # Not to wait for a pipe or a device that stands in its place.
            handle = os.open(target, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW)
            with os.fdopen(handle, "rb") as opened:
                found = os.fstat(handle)
                if not stat.S_ISREG(found.st_mode) or found.st_size > MAX_BYTES:
                    raise BackendError("rules.damaged", path=file.place)
                raw = opened.read(MAX_BYTES + 1)
            return raw.decode() if raw.strip() else None
    except FileNotFoundError:
        return None


def _replace(file: SettingsFile, before: str, after: str) -> bool:
    """Put the new text in place of the old one, at once and with its mode; False when it changed meanwhile."""
    with _told(file):
        target = _target(file)
        new = target.with_name(f".{target.name}.{uuid4().hex}")
        try:
            mode = stat.S_IMODE(target.stat().st_mode)
            handle = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "wb") as opened:
                opened.write(after.encode())
                os.fchmod(handle, mode)
                opened.flush()
                os.fsync(handle)
            if target.read_bytes() != before.encode():
                return False
            new.replace(target)
            return True
        finally:
            new.unlink(missing_ok=True)


@contextlib.contextmanager
def _told(file: SettingsFile) -> Iterator[None]:
    """What the disk says, as a sentence; that there is no such file is no trouble."""
    try:
        yield
    except FileNotFoundError:
        raise
    except OSError as error:
        raise BackendError("rules.failed", path=file.place, problem=error.strerror or str(error)) from error
    except (NotSuchJsonError, UnicodeDecodeError) as error:
        raise BackendError("rules.damaged", path=file.place) from error
