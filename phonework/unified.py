"""Two texts as a unified diff, bounded in time and size."""

import difflib
from collections.abc import Iterator

LARGEST_DIFF = 1024 * 1024  # characters; a card is split long before
MOST_LINES = 20_000  # of both sides together: difflib is quadratic at worst


def unified(before: str, after: str, name: str, *, new: bool = False) -> str:
    """What makes `before` into `after`, as git writes it; empty when nothing does. new: there was no such file."""
    old, fresh = before.splitlines(keepends=True), after.splitlines(keepends=True)
    source = "/dev/null" if new else f"a/{name.lstrip('/')}"
    if len(old) + len(fresh) > MOST_LINES:
        lines = _whole(old, fresh, source, f"b/{name.lstrip('/')}")
    else:
        lines = difflib.unified_diff(old, fresh, source, f"b/{name.lstrip('/')}")
    return _joined(lines)


def _whole(old: list[str], fresh: list[str], source: str, target: str) -> Iterator[str]:
    """A diff too large to compute: what both ends share is left out, the rest goes and comes as a whole."""
    start = next((n for n, (a, b) in enumerate(zip(old, fresh, strict=False)) if a != b), min(len(old), len(fresh)))
    tail = 0
    while tail < min(len(old), len(fresh)) - start and old[-1 - tail] == fresh[-1 - tail]:
        tail += 1
    gone, come = old[start : len(old) - tail], fresh[start : len(fresh) - tail]
    yield f"--- {source}\n"
    yield f"+++ {target}\n"
    yield f"@@ -{start + 1},{len(gone)} +{start + 1},{len(come)} @@\n"
    yield from (f"-{line}" for line in gone)
    yield from (f"+{line}" for line in come)


def _joined(lines: Iterator[str]) -> str:
    parts: list[str] = []
    size = 0
    for line in lines:
        size += len(line)
        if size > LARGEST_DIFF:
            parts.append(f"… the diff goes on beyond {LARGEST_DIFF} characters\n")
            break
        parts.append(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n")
    return "".join(parts)
