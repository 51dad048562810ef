"""When a reminder is due, as values, and as JSON that later versions can read."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import msgspec

from phonework.store import codec

SHORTEST_MINUTES: Final = 5
LONGEST_DAYS: Final = 5 * 366
LAST_DAY: Final = 31
"""Of a month: shorter months take their own last day."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Once:
    """One moment. at: aware, in UTC."""

    at: datetime

    def __post_init__(self) -> None:
        _require(self.at.utcoffset() == timedelta(0), "a moment is aware and in UTC")


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """Every so many minutes of elapsed time. anchor: aware, UTC; it comes at whole intervals after it."""

    minutes: int
    anchor: datetime

    def __post_init__(self) -> None:
        _require(SHORTEST_MINUTES <= self.minutes <= LONGEST_DAYS * 1440, "an interval is 5 minutes to 5 years")
        _require(self.anchor.utcoffset() == timedelta(0), "an anchor is aware and in UTC")


@dataclass(frozen=True, slots=True, kw_only=True)
class Daily:
    """Every day, or every so many days counted from `first`, at a time on the wall."""

    at: time
    days: int = 1
    first: date | None = None

    def __post_init__(self) -> None:
        _require_wall_time(self.at)
        _require_count(self.days, self.first, LONGEST_DAYS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Weekly:
    """On these days of the week, or of every so many weeks counted from the one that `first` is in.

    on: 0 is Monday, 6 is Sunday; sorted, none twice.
    """

    on: tuple[int, ...]
    at: time
    weeks: int = 1
    first: date | None = None

    def __post_init__(self) -> None:
        _require_wall_time(self.at)
        _require_count(self.weeks, self.first, LONGEST_DAYS // 7)
        _require(bool(self.on) and set(self.on) <= set(range(7)), "a weekday is 0 to 6")
        _require(list(self.on) == sorted(set(self.on)), "weekdays are sorted, none twice")


@dataclass(frozen=True, slots=True, kw_only=True)
class Monthly:
    """On this day of each month, 1 to 31. In a month that is too short it is the month's last day."""

    day: int
    at: time

    def __post_init__(self) -> None:
        _require_wall_time(self.at)
        _require(1 <= self.day <= LAST_DAY, "a day of a month is 1 to 31")


@dataclass(frozen=True, slots=True, kw_only=True)
class Yearly:
    """On this date of each year; 29 February is the 28th where there is no 29th."""

    month: int
    day: int
    at: time

    def __post_init__(self) -> None:
        _require_wall_time(self.at)
        date(2000, self.month, self.day)  # a leap year; raises ValueError


Rule = Interval | Daily | Weekly | Monthly | Yearly


@dataclass(frozen=True, slots=True, kw_only=True)
class Every:
    """Again and again, by the clock on the wall in one time zone. zone: an IANA name, like `Asia/Shanghai`."""

    rule: Rule
    zone: str

    def __post_init__(self) -> None:
        ZoneInfo(self.zone)  # raises ZoneInfoNotFoundError or ValueError


Schedule = Once | Every


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stored:
    """How a schedule is kept. Readers skip fields they do not know, so a later version may add some."""

    kind: str
    value: msgspec.Raw
    zone: str = ""


_RULES: Final[dict[str, type[Rule]]] = {
    "interval": Interval,
    "daily": Daily,
    "weekly": Weekly,
    "monthly": Monthly,
    "yearly": Yearly,
}
_KINDS: Final = {kind: name for name, kind in _RULES.items()}
_ONCE: Final = "once"


def to_json(schedule: Schedule) -> str:
    """The schedule as JSON, like `{"kind":"daily","value":{"at":"09:00:00",…},"zone":"Asia/Shanghai"}`."""
    if isinstance(schedule, Once):
        return codec.dump(_Stored(kind=_ONCE, value=_raw(schedule)))
    return codec.dump(_Stored(kind=_KINDS[type(schedule.rule)], value=_raw(schedule.rule), zone=schedule.zone))


def from_json(text: str) -> Schedule:
    """The schedule that `to_json` wrote, in this version or an earlier one.

    Raises msgspec.ValidationError or msgspec.DecodeError when it is none: a kind, a zone or a date that does not exist.
    """
    stored = codec.load(_Stored, text)
    if stored.kind == _ONCE:
        return codec.load(Once, bytes(stored.value).decode())
    if stored.kind not in _RULES:
        raise msgspec.ValidationError(f"no such kind of schedule: {stored.kind}")
    try:
        return Every(rule=codec.load(_RULES[stored.kind], bytes(stored.value).decode()), zone=stored.zone)
    except (LookupError, ValueError, OSError) as error:
        if isinstance(error, msgspec.MsgspecError):
            raise
        raise msgspec.ValidationError(f"no such time zone: {stored.zone}") from error


def _raw(value: object) -> msgspec.Raw:
    return msgspec.Raw(codec.dump(value).encode())


def _require(holds: bool, rule: str) -> None:
    if not holds:
        raise ValueError(rule)


def _require_wall_time(at: time) -> None:
    _require(at.tzinfo is None and at == time(at.hour, at.minute), "a time on the wall has no zone and no seconds")


def _require_count(count: int, first: date | None, most: int) -> None:
    _require(1 <= count <= most, f"every 1 to {most}")
    _require((first is None) == (count == 1), "counting from a first day begins with every second one")
