"""Lengths of time as people type them: 90, 90s, 5m, 2h, 7d."""

import re
from typing import Any

import click

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
LONGEST = 10 * 366 * 86400


class Duration(click.ParamType[float]):
    """Seconds. unit: of a bare number."""

    name = "duration"

    def __init__(self, unit: str) -> None:
        self._unit = unit

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        found = re.fullmatch(r"(\d{1,9}(?:\.\d{1,9})?)([smhd]?)", str(value))
        seconds = float(found[1]) * _SECONDS[found[2] or self._unit] if found else -1.0
        if not 0 <= seconds <= LONGEST:
            self.fail(f"{value!r} is no length of time; write 90s, 5m, 2h or 7d", param, ctx)
        return seconds
