"""`make bench`: every measurement in a process of its own, one table. Exit 1 when a bar is missed."""

import json
import os
import platform
import subprocess
import sys
from pathlib import Path
from typing import Final

from benchmarks.rows import Row

MEASUREMENTS: Final = ("transitions", "dbos_rounds", "latency", "taps", "memory", "recovery", "startup", "power_cuts")
LIMIT_SECONDS: Final = 600


def run(name: str) -> list[Row]:
    """The rows of one measurement; a row that says so when it could not be made."""
    command = [sys.executable, "-m", f"benchmarks.{name}", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT_SECONDS, check=False)
    if done.returncode:
        last = (done.stderr.strip() or "no message").splitlines()[-1]
        return [Row(what=name, bar="", figure=f"failed: {last}", reference="", verdict="missed")]
    return [Row(**row) for row in json.loads(done.stdout.splitlines()[-1])]


def line(cells: tuple[str, ...]) -> str:
    return f"| {' | '.join(cells)} |"


def main(names: list[str]) -> int:
    load = os.getloadavg()[0]
    print(
        f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, ",
        end="",
    )
    print(f"load {load:.1f} before the start" + (" (others are at work: repeat when they are not)" if load > 1 else ""))
    print(line(("what", "bar", "figure", "reference of the same run", "verdict")))
    print(line(("---",) * 5))
    missed = 0
    for name in names or MEASUREMENTS:
        for row in run(name):
            missed += row.verdict == "missed"
            print(line((row.what, row.bar, row.figure, row.reference, row.verdict)), flush=True)
    return 1 if missed else 0


if __name__ == "__main__":
    os.chdir(Path(__file__).parent.parent)
    sys.exit(main(sys.argv[1:]))
