"""How soon `phonework --help` answers, at its fastest of several runs."""

import subprocess
import sys
import time
from pathlib import Path

from benchmarks.rows import Row, at_most, main

RUNS = 11
MUST_MS = 150


def timed(command: list[str]) -> float:
    """Milliseconds until a program has ended."""
    begun = time.perf_counter()
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
    return (time.perf_counter() - begun) * 1000


def measure() -> list[Row]:
    program = str(Path(sys.executable).with_name("phonework"))
    helps, bare = [], []
    for _ in range(RUNS):
        helps.append(timed([program, "--help"]))
        bare.append(timed([sys.executable, "-c", "pass"]))
    return [
        Row(
            what="`phonework --help`",
            bar=f"<= {MUST_MS} ms",
            figure=f"{min(helps):.0f} ms",
            reference=f"python that does nothing: {min(bare):.0f} ms",
            verdict=at_most(min(helps), MUST_MS),
        )
    ]


if __name__ == "__main__":
    main(measure)
