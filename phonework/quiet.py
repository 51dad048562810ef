"""Quiet hours: from when to when a person is not to be disturbed, each day by their own clock."""

import re
import unicodedata
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, tzinfo
from typing import Final

PRESENT: Final = timedelta(minutes=15)
"""So long after a person's last act they may be disturbed at any hour."""

_HOURS: Final = re.compile(
    r"(?P<start>\d{1,2})(?:[:.](?P<start_minute>\d{2}))?\s*(?:-|–|—|~|to|到|至)\s*(?P<end>\d{1,2})(?:[:.](?P<end_minute>\d{2}))?",
    re.ASCII | re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hours:
    """From start to end, over midnight if the end is earlier."""

    start: time
    end: time

    def __str__(self) -> str:
        return f"{self.start:%H:%M}-{self.end:%H:%M}"

    def until(self, now: datetime, zone: tzinfo | None) -> datetime | None:
        """When those that it is now end, in UTC; None: it is no quiet hour. zone: None is the machine's."""
        local = now.astimezone(zone)
        at = local.time()
        begun, over = at >= self.start, at >= self.end
        if not (begun and not over if self.start < self.end else begun or not over):
            return None
        day = local.date() if at < self.end else local.date() + timedelta(days=1)
        end = datetime.combine(day, self.end)
        # By the wall clock of that day: the night in which clocks are changed is longer or shorter.
        ended = (end.astimezone() if zone is None else end.replace(tzinfo=zone)).astimezone(UTC)
        return ended if ended > now else None


def parse(typed: str) -> Hours | None:
    """Like `22:00-08:00`, `22-8` or `22点到8点`; None when it is none, or lasts the whole day."""
    plain = unicodedata.normalize("NFKC", typed).strip()
    found = _HOURS.fullmatch(re.sub(r"[点时](?!\d)", "", re.sub(r"[点时](?=\d)", ":", plain)))
    if found is None:
        return None
    start, end = _time(found["start"], found["start_minute"]), _time(found["end"], found["end_minute"])
    return Hours(start=start, end=end) if start and end and start != end else None


def _time(hour: str, minute: str | None) -> time | None:
    whole, rest = int(hour) % 24 if hour == "24" else int(hour), int(minute or 0)
    return time(whole, rest) if whole < 24 and rest < 60 else None
