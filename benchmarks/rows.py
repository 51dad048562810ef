"""One line of the table: what was promised, what was measured, against what, and whether that is enough."""

import dataclasses
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """bar: what must hold and, after it, what would be good. verdict: good, met or missed."""

    what: str
    bar: str
    figure: str
    reference: str
    verdict: str


def at_least(value: float, must: float, good: float) -> str:
    """The verdict on a value that should be high."""
    return "good" if value >= good else "met" if value >= must else "missed"


def at_most(value: float, must: float, good: float | None = None) -> str:
    """The verdict on a value that should be low."""
    return "good" if value <= (must if good is None else good) else "met" if value <= must else "missed"


def main(measure: Callable[[], Sequence[Row]]) -> None:
    """Measure and print: for people, or with `--json` for the table of all."""
    found = measure()
    if "--json" in sys.argv:
        print(json.dumps([dataclasses.asdict(row) for row in found]))
        return
    for row in found:
        print(f"{row.what}: {row.figure} (bar {row.bar}; {row.reference}) {row.verdict}")


def percentile(values: Sequence[float], share: float) -> float:
    """The value that this share of them does not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]
