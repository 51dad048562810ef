"""The machine's time zone, by its name."""

from datetime import tzinfo
from functools import cache
from zoneinfo import ZoneInfo

import tzlocal


def named(zone: tzinfo | None) -> ZoneInfo:
    """The zone; for None the machine's own. Repetitions are kept in it, so it must be known by name."""
    return zone if isinstance(zone, ZoneInfo) and zone.key else _machine()


@cache
def _machine() -> ZoneInfo:
    """UTC when the machine's has no name."""
    try:
        return ZoneInfo(tzlocal.get_localzone_name() or "UTC")
    except (LookupError, ValueError, OSError):
        return ZoneInfo("UTC")
