"""Lengths of time as people type them: 90, 90s, 5m, 2h, 7d."""

import re
from collections.abc import Callable

import click

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
LONGEST = 10 * 366 * 86400


def seconds_of(unit: str) -> Callable[[click.Context, click.Parameter, str | None], float | None]:
    """For an option: seconds. unit: of a bare number."""

    def read(_context: click.Context, _parameter: click.Parameter, typed: str | None) -> float | None:
        if typed is None:
            return None
        found = re.fullmatch(r"(\d{1,9}(?:\.\d{1,9})?)([smhd]?)", typed)
        seconds = float(found[1]) * _SECONDS[found[2] or unit] if found else -1.0
        if not 0 <= seconds <= LONGEST:
            raise click.BadParameter(f"{typed!r} is no length of time; write 90s, 5m, 2h or 7d")
        return seconds

    return read
