"""A small search where there is no `rg`: the same answers in the same JSON, from a process that can be ended.

A regular expression of Python can run for ever and holds everything up meanwhile, so it gets a process of its own.
"""

import fnmatch
import json
import os
import re
import resource
import stat
import sys
from collections.abc import Iterator
from typing import BinaryIO, Final

MOST_SECONDS: Final = 30  # of the processor: should nobody be left to end us
LARGEST_FILE: Final = 10 * 1024 * 1024
SKIPPED: Final = frozenset({"node_modules", "__pycache__"})
_READ: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


def main() -> int:
    """Arguments: pattern, glob, `i` to ignore case or `-`, directory `.` or `-` for standard input. 2: the pattern is wrong."""
    pattern, glob, flags, where = sys.argv[1:5]
    resource.setrlimit(resource.RLIMIT_CPU, (MOST_SECONDS, MOST_SECONDS))
    try:
        wanted = re.compile(pattern, re.IGNORECASE if flags == "i" else 0)
    except (re.error, OverflowError, RecursionError) as error:
        sys.stderr.write(f"regex parse error: {error}\n")
        return 2
    found = _in_file(sys.stdin.buffer, "<stdin>", wanted) if where == "-" else _below(wanted, glob)
    for line in found:
        sys.stdout.write(line + "\n")
    return 0


def _below(wanted: re.Pattern[str], glob: str) -> Iterator[str]:
    for top, folders, names, descriptor in os.fwalk("."):
        folders[:] = sorted(name for name in folders if not name.startswith(".") and name not in SKIPPED)
        for name in sorted(names):
            path = os.path.normpath(f"{top}/{name}")
            if not name.startswith(".") and _fits(path, name, glob):
                yield from _opened(name, path, descriptor, wanted)


def _fits(path: str, name: str, glob: str) -> bool:
    return not glob or fnmatch.fnmatch(path if "/" in glob else name, glob)


def _opened(name: str, path: str, descriptor: int, wanted: re.Pattern[str]) -> Iterator[str]:
    try:
        with os.fdopen(os.open(name, _READ, dir_fd=descriptor), "rb") as file:
            found = os.fstat(file.fileno())
            if stat.S_ISREG(found.st_mode) and found.st_size <= LARGEST_FILE:
                yield from _in_file(file, path, wanted)
    except OSError:
        return


def _in_file(file: BinaryIO, path: str, wanted: re.Pattern[str]) -> Iterator[str]:
    raw = file.read(LARGEST_FILE)
    if b"\0" in raw[:8192]:
        return
    for number, line in enumerate(raw.decode("utf-8", "replace").split("\n"), start=1):
        if wanted.search(line.removesuffix("\r")):
            data = {"path": {"text": path}, "lines": {"text": line + "\n"}, "line_number": number}
            yield json.dumps({"type": "match", "data": data})


if __name__ == "__main__":
    sys.exit(main())
