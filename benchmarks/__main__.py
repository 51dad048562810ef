"""`make bench`: every measurement in a process of its own, one table. Exit 1 when a bar is missed.

`python -m benchmarks transitions taps` measures only these; `--write` puts the table into docs/performance.md.
"""

import json
import os
import platform
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from benchmarks.rows import Row

MEASUREMENTS: Final = (
    "transitions",
    "dbos_rounds",
    "latency",
    "taps",
    "hooks",
    "memory",
    "recovery",
    "startup",
    "shell",
    "power_cuts",
)
LIMIT_SECONDS: Final = 600
PAGE: Final = Path(__file__).parent.parent / "docs" / "performance.md"
TEXT: Final = """# Performance

What the design promises, and what was measured. Written by `python -m benchmarks --write`; `make bench` prints the same
table. Each figure stands beside a reference taken in the same run, because the ratio says more than the number: another
machine has other numbers and much the same ratios. Where a run was repeated, the fastest counts for both sides, since
whatever else a machine does can only slow a run down. How each one is taken is in `benchmarks/`, one file for each.

Every figure is with `synchronous=FULL`: what is acknowledged survives a power cut.

"""


def run(name: str) -> list[Row]:
    """The rows of one measurement; a row that says so when it could not be made."""
    command = [sys.executable, "-m", f"benchmarks.{name}", "--json"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        return [_failed(name, f"not done after {LIMIT_SECONDS} s")]
    if done.returncode:
        return [_failed(name, (done.stderr.strip() or "no message").splitlines()[-1])]
    return [Row(**row) for row in json.loads(done.stdout.splitlines()[-1])]


def _failed(name: str, why: str) -> Row:
    return Row(what=name, bar="", figure=f"failed: {why}", reference="", verdict="missed")


def machine() -> str:
    """When and where, and whether somebody else was at work."""
    load = os.getloadavg()[0]
    others = f"; load {load:.1f} before the start, so others were at work" if load > 1 else ""
    return (
        f"{datetime.now(UTC):%Y-%m-%d}, {platform.system()} {platform.machine()}, {os.cpu_count()} cores, "
        f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}{others}"
    )


def line(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def table(names: list[str], missed: list[Row]) -> Iterator[str]:
    """The lines as they come. missed: gets the rows whose bar does not hold."""
    yield f"{machine()}\n"
    yield line("what", "bar", "figure", "reference of the same run", "verdict")
    yield line(*["---"] * 5)
    for name in names or MEASUREMENTS:
        for row in run(name):
            missed += [row] if row.verdict == "missed" else []
            yield line(row.what, row.bar, row.figure, row.reference, row.verdict)


def main(arguments: list[str]) -> int:
    missed: list[Row] = []
    lines = []
    for each in table([name for name in arguments if not name.startswith("-")], missed):
        print(each, flush=True)
        lines.append(each)
    if "--write" in arguments:
        PAGE.write_text(TEXT + "\n".join(lines) + "\n", encoding="utf-8")
    return 1 if missed else 0


if __name__ == "__main__":
    os.chdir(Path(__file__).parent.parent)
    sys.exit(main(sys.argv[1:]))
