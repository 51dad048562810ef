"""The rules Codex keeps for good: which there are, and taking one of them out of the file it writes them to.

`$CODEX_HOME/rules/*.rules` are Starlark, of which a rule is a call of `prefix_rule` with literals (0.163.0); so Python can read it.
Only what it wrote itself is taken out, a rule on lines of its own; the rest of the file stays. Everything here waits for the disk.
"""

import ast
import contextlib
import hashlib
import os
import shlex
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from uuid import uuid4

from phonework.backends.base import Rule
from phonework.errors import BackendError

WRITTEN: Final = "default.rules"
MAX_BYTES: Final = 5_000_000
_KINDS: Final = {"allow": "allow", "prompt": "ask", "forbidden": "deny"}


@dataclass(frozen=True, slots=True)
class _Found:
    """A rule with the lines it stands on, from 0; the end is not part of it."""

    rule: Rule
    begin: int
    end: int


def rules_of(directory: Path) -> tuple[Rule, ...]:
    """All of them; directory: where Codex keeps them. Raises BackendError with a sentence."""
    files = sorted(directory.glob("*.rules"))
    return tuple(one.rule for file in files for one in _found(file, _read(file)))


def remove(directory: Path, rule_id: str) -> Rule | None:
    """Take one out; None when it is not there (any more). Raises BackendError, and then nothing was changed."""
    file = directory / WRITTEN
    text = _read(file)
    for one in _found(file, text):
        if one.rule.rule_id == rule_id and one.rule.removable:
            lines = text.splitlines(keepends=True)
            _replace(file, text, "".join(lines[: one.begin] + lines[one.end :]))
            return one.rule
    return None


def _found(file: Path, text: str) -> list[_Found]:
    with _told(file):
        tree = ast.parse(text)
    lines = text.splitlines()
    found = []
    for node in tree.body:
        if (made := _rule(file, node)) is not None:
            begin, end = node.lineno - 1, node.end_lineno or node.lineno
            alone = "\n".join(lines[begin:end]).strip() == (ast.get_source_segment(text, node) or "")
            removable = file.name == WRITTEN and alone and made.kind == "allow"
            kept = Rule(rule_id=made.rule_id, text=made.text, kind=made.kind, place=made.place, removable=removable)
            found.append(_Found(kept, begin, end))
    return found


def _rule(file: Path, node: ast.stmt) -> Rule | None:
    """None for anything but a rule with literals."""
    match node:
        case ast.Expr(value=ast.Call(func=ast.Name(id="prefix_rule"), args=[], keywords=keywords)):
            pass
        case _:
            return None
    given = {}
    for keyword in keywords:
        with contextlib.suppress(ValueError):
            given[keyword.arg] = ast.literal_eval(keyword.value)
    pattern, decision = given.get("pattern"), given.get("decision", "allow")
    if not isinstance(pattern, list) or not pattern or decision not in _KINDS:
        return None
    words = " ".join(_word(one) for one in pattern)
    named = hashlib.sha256(f"{file}\0{decision}\0{words}".encode("utf-8", "replace")).hexdigest()[:16]
    return Rule(rule_id=named, text=f"Bash({words} *)", kind=_KINDS[decision], place=f"{file.parent.name}/{file.name}")


def _word(part: object) -> str:
    """One word of a command, or one of several."""
    return "|".join(shlex.quote(str(one)) for one in part) if isinstance(part, list) else shlex.quote(str(part))


def _read(file: Path) -> str:
    try:
        with _told(file):
            handle = os.open(file, os.O_RDONLY | os.O_NONBLOCK)  # not to wait for a pipe that stands in its place
            with os.fdopen(handle, "rb") as opened:
                found = os.fstat(handle)
                if not stat.S_ISREG(found.st_mode) or found.st_size > MAX_BYTES:
                    raise BackendError("rules.damaged", path=file.name)
                return opened.read(MAX_BYTES).decode()
    except FileNotFoundError:
        return ""


def _replace(file: Path, before: str, after: str) -> None:
    """Put the new text in place of the old one, at once and with its mode."""
    with _told(file):
        target = file.resolve()
        new = target.with_name(f".{target.name}.{uuid4().hex}")
        try:
            new.touch(mode=0o600, exist_ok=False)
            new.write_text(after, encoding="utf-8")
            new.chmod(stat.S_IMODE(target.stat().st_mode))
            if target.read_text(encoding="utf-8") != before:
                raise BackendError("rules.failed", path=file.name, problem="it changes all the time")
            new.replace(target)
        finally:
            new.unlink(missing_ok=True)


@contextlib.contextmanager
def _told(file: Path) -> Iterator[None]:
    """What the disk says, as a sentence; that there is no such file is no trouble."""
    try:
        yield
    except FileNotFoundError:
        raise
    except OSError as error:
        raise BackendError("rules.failed", path=file.name, problem=error.strerror or str(error)) from error
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise BackendError("rules.damaged", path=file.name) from error
