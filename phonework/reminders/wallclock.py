"""From the time on the wall to the moment, also on the days when clocks are changed."""

from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

_SECOND: Final = timedelta(seconds=1)


def on_the_wall(moment: datetime, zone: ZoneInfo) -> datetime:
    """What a clock in the zone shows at this moment, without the zone."""
    return moment.astimezone(zone).replace(tzinfo=None, fold=0)


def moment_of(wall: datetime, zone: ZoneInfo) -> datetime:
    """The moment (UTC) at which a clock in the zone shows this; wall: naive.

    A time that is skipped when clocks go forward is the first moment after the gap. One that comes twice when they go
    back is the first of the two.
    """
    moment = wall.replace(tzinfo=zone, fold=0).astimezone(UTC)
    if on_the_wall(moment, zone) == wall:
        return moment
    return _change(wall.replace(tzinfo=zone, fold=1).astimezone(UTC), moment, zone)


def _change(before: datetime, after: datetime, zone: ZoneInfo) -> datetime:
    """The first moment with the later offset. before, after: on either side of one change, whole seconds apart."""
    offset = after.astimezone(zone).utcoffset()
    while after - before > _SECOND:
        middle = before + (after - before) // _SECOND // 2 * _SECOND
        if middle.astimezone(zone).utcoffset() == offset:
            after = middle
        else:
            before = middle
    return after
