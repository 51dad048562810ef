"""From the parts of a time to the schedule that a person means by them; the rules are in `phrases`."""

from calendar import monthrange
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import Final
from zoneinfo import ZoneInfo

from phonework.reminders.parts import (
    CalendarDate,
    Clock,
    Day,
    InDays,
    Length,
    MonthDay,
    Nonsense,
    Part,
    Period,
    Repeat,
    Style,
    Unit,
    Weekday,
)
from phonework.reminders.recurrence import next_after
from phonework.reminders.schedule import (
    LAST_DAY,
    LONGEST_DAYS,
    SHORTEST_MINUTES,
    Daily,
    Every,
    Interval,
    Monthly,
    Once,
    Rule,
    Schedule,
    Weekly,
    Yearly,
)
from phonework.reminders.wallclock import moment_of, on_the_wall

DEFAULT_HOUR: Final = 9
WAKING: Final = range(6, 24)
_DEFAULTS: Final = {
    Period.MORNING: 9,
    Period.NOON: 12,
    Period.AFTERNOON: 15,
    Period.DUSK: 18,
    Period.EVENING: 20,
    Period.NIGHT: 24,
}
_YEARS_AHEAD: Final = 5
_MONTHS_LOOKED_AT: Final = 12
_YEARS_LOOKED_AT: Final = 9
"""Between two 29ths of February lie at most eight years."""


class Trouble(StrEnum):
    """Why there is no schedule: keys of the catalogue. All but the first two may name {part}."""

    NO_TIME = "when.no_time"
    NOTHING = "when.nothing"
    PAST = "when.past"
    TOO_FAR = "when.too_far"
    TOO_OFTEN = "when.too_often"
    NO_SUCH_DATE = "when.no_such_date"
    NOT_UNDERSTOOD = "when.not_understood"


class Unreadable(Exception):
    """The parts make no schedule. trouble: why."""

    def __init__(self, trouble: Trouble) -> None:
        super().__init__(trouble)
        self.trouble = trouble


@dataclass(frozen=True, slots=True)
class _Sorted:
    """The parts by what they are, at most one of each but days (`friday 3 march`) and periods."""

    clock: Clock | None
    periods: tuple[Period, ...]
    days: tuple[Day, ...]
    length: Length | None
    repeat: Repeat | None


@dataclass(frozen=True, slots=True)
class _Now:
    moment: datetime
    wall: datetime
    zone: ZoneInfo

    @property
    def today(self) -> date:
        return self.wall.date()


def read(parts: Iterable[Part], now: datetime, zone: ZoneInfo) -> Schedule:
    """The schedule. now: aware. Raises Unreadable."""
    said = _sort(tuple(parts))
    here = _Now(now.astimezone(UTC), on_the_wall(now, zone), zone)
    try:
        return _every(said, said.repeat, here) if said.repeat else Once(at=_once(said, here))
    except OverflowError as error:
        raise Unreadable(Trouble.TOO_FAR) from error


def fits(parts: Iterable[Part]) -> bool:
    """Whether these parts can be said of one time."""
    try:
        return bool(_sort(tuple(parts)))
    except Unreadable:
        return False


def _sort(parts: tuple[Part, ...]) -> _Sorted:
    clocks = [part for part in parts if isinstance(part, Clock)]
    lengths = [part for part in parts if isinstance(part, Length)]
    repeats = [part for part in parts if isinstance(part, Repeat)]
    days = tuple(part for part in parts if isinstance(part, InDays | Weekday | MonthDay | CalendarDate))
    nonsense = any(isinstance(part, Nonsense) for part in parts)
    too_many = max(len(clocks), len(lengths), len(repeats)) > 1 or len(lengths) + len(repeats) > 1
    exact = any(length.seconds for length in lengths) or any(repeat.unit is Unit.MINUTE for repeat in repeats)
    timed = any(isinstance(part, Clock | Period) for part in parts)
    dates = sum(not isinstance(day, Weekday) for day in days)
    far = bool(days and lengths) and not (lengths[0].is_weeks and days in _PLAIN_WEEKDAYS)
    if nonsense or too_many or dates > 1 or len(days) - dates > 1 or far or (exact and timed):
        raise Unreadable(Trouble.NOT_UNDERSTOOD)
    periods = tuple(part for part in parts if isinstance(part, Period))
    return _Sorted(next(iter(clocks), None), periods, days, next(iter(lengths), None), next(iter(repeats), None))


_PLAIN_WEEKDAYS: Final = tuple((Weekday(day),) for day in range(7))
"""What may stand after "in two weeks"."""


# The time of the day


def _times(said: _Sorted) -> tuple[timedelta, ...]:
    """What the clock may show, counted from midnight; 24 hours and more is the night after. Earliest first."""
    if said.clock is None:
        return (timedelta(hours=_default_hour(said.periods)),)
    hours = _hours(said.clock, said.periods)
    if not hours:
        raise Unreadable(Trouble.NOT_UNDERSTOOD)
    return tuple(timedelta(hours=hour, minutes=said.clock.minute) for hour in hours)


def _default_hour(periods: tuple[Period, ...]) -> int:
    if not periods:
        return DEFAULT_HOUR
    if periods[0] not in _DEFAULTS:
        raise Unreadable(Trouble.NO_TIME)
    return _DEFAULTS[periods[0]]


def _hours(clock: Clock, periods: tuple[Period, ...]) -> list[int]:
    if not periods:
        return _hours_alone(clock)
    hours = {clock.hour} if clock.hour > 12 else {clock.hour % 12, clock.hour % 12 + 12}
    if clock.hour == 0:
        hours = {0}
    for period in sorted(periods, key=_by_the_clock_first):
        if period in (Period.EVENING, Period.NIGHT):
            hours = {hour + 24 if hour < period.value[1] - 23 else hour for hour in hours}
        first, last = period.value
        hours = {hour for hour in hours if first <= hour <= last}
    return sorted(hours)[:1]


def _by_the_clock_first(period: Period) -> bool:
    """a.m. and p.m. choose the hour; then "tonight at 2 a.m." is a matter of the day."""
    return period not in (Period.AM, Period.PM)


def _hours_alone(clock: Clock) -> list[int]:
    if clock.style is Style.EXACT or clock.hour > 12 or clock.hour == 0:
        return [clock.hour]
    both = [clock.hour % 12, clock.hour % 12 + 12]
    awake = [hour for hour in both if hour in WAKING]
    if clock.style is Style.DIGITAL:
        return [clock.hour if clock.hour in WAKING else awake[0]]
    return awake


# Once


def _once(said: _Sorted, here: _Now) -> datetime:
    if said.length and not (said.clock or said.periods or said.days):
        return _ahead(_after(said.length, here), here)
    if not (said.clock or said.periods or said.days or said.length):
        raise Unreadable(Trouble.NO_TIME)
    dates = list(_dates(said, here.today))
    if not dates:
        raise Unreadable(Trouble.NO_SUCH_DATE)
    moments = (moment_of(datetime.combine(day, time()) + hour, here.zone) for day in dates for hour in _times(said))
    ahead = [moment for moment in moments if moment > here.moment]
    if not ahead:
        just_today = said.days == (InDays(0),) and not said.clock and not said.periods
        raise Unreadable(Trouble.NO_TIME if just_today else Trouble.PAST)
    return _ahead(min(ahead), here)


def _ahead(moment: datetime, here: _Now) -> datetime:
    if moment <= here.moment:
        raise Unreadable(Trouble.PAST)
    if moment > moment_of(_later(here.wall, months=12 * _YEARS_AHEAD), here.zone):
        raise Unreadable(Trouble.TOO_FAR)
    return moment


def _after(length: Length, here: _Now) -> datetime:
    """Months and days by the wall, the rest elapsed. A length without days stays exact when clocks are changed."""
    start = here.moment
    if length.months or length.days:
        start = moment_of(_later(here.wall, months=length.months, days=length.days), here.zone)
    return start + timedelta(seconds=length.seconds)


def _later(wall: datetime, *, months: int = 0, days: int = 0) -> datetime:
    """The same day of a later month, or its last one."""
    if months > 12 * 100 or days > 100 * 366:
        raise Unreadable(Trouble.TOO_FAR)
    year, month = divmod(wall.year * 12 + wall.month - 1 + months, 12)
    day = min(wall.day, monthrange(year, month + 1)[1])
    return wall.replace(year=year, month=month + 1, day=day) + timedelta(days=days)


# Days


def _dates(said: _Sorted, today: date) -> Iterator[date]:
    """The days that may be meant, in order; more than one where the next of them is."""
    if said.length:
        return iter([_date_after(said.length, said.days, today)])
    if not said.days:
        return (today + timedelta(days=day) for day in range(-1, 3))
    first, *others = sorted(said.days, key=lambda day: isinstance(day, Weekday))
    return iter([_on_weekday(first, others[0], today)]) if others else _days(first, today)


def _date_after(length: Length, days: tuple[Day, ...], today: date) -> date:
    """In 3 days; in two weeks on friday."""
    later = _later(datetime.combine(today, time()), months=length.months, days=length.days).date()
    weekday = next((day.day for day in days if isinstance(day, Weekday)), later.weekday())
    return later + timedelta(days=weekday - later.weekday())


def _on_weekday(day: Day, weekday: Day, today: date) -> date:
    """A date that is said with its weekday, which must be right."""
    found = next((one for one in _days(day, today) if one >= today), None)
    if found is None:
        raise Unreadable(Trouble.NO_SUCH_DATE)
    if not isinstance(weekday, Weekday) or found.weekday() != weekday.day:
        raise Unreadable(Trouble.NOT_UNDERSTOOD)
    return found


def _days(day: Day, today: date) -> Iterator[date]:
    match day:
        case InDays(0):
            # yesterday's night, if it is not over: 今晚1点, said half an hour after midnight
            yield from (today - timedelta(days=1), today)
        case InDays(days):
            yield today + timedelta(days=days)
        case Weekday(weekday, None):
            yield from _next_days(today, weekday)
        case Weekday(weekday, week):
            yield today + timedelta(days=weekday - today.weekday() + 7 * (week or 0))
        case MonthDay():
            yield from _month_days(day, today)
        case CalendarDate():
            yield from _calendar_dates(day, today)


def _next_days(today: date, weekday: int) -> Iterator[date]:
    away = (weekday - today.weekday()) % 7
    return (today + timedelta(days=away + week) for week in (-7, 0, 7))


def _month_days(day: MonthDay, today: date) -> Iterator[date]:
    months = range(_MONTHS_LOOKED_AT + 1) if day.month is None else [day.month]
    for ahead in months:
        year, month = divmod(today.year * 12 + today.month - 1 + ahead, 12)
        number = monthrange(year, month + 1)[1] if day.last else day.day
        yield from _date(year, month + 1, number)


def _calendar_dates(day: CalendarDate, today: date) -> Iterator[date]:
    if day.year is not None:
        yield from _date(day.year, day.month, day.day)
    elif day.later is not None:
        yield from _date(today.year + day.later, day.month, day.day)
    else:
        for ahead in range(_YEARS_LOOKED_AT):
            yield from _date(today.year + ahead, day.month, day.day)


def _date(year: int, month: int, day: int) -> Iterator[date]:
    if 1 <= year <= 9998 and 1 <= month <= 12 and 1 <= day <= monthrange(year, month)[1]:
        yield date(year, month, day)


# Again and again


def _every(said: _Sorted, repeat: Repeat, here: _Now) -> Every:
    if repeat.unit is Unit.MINUTE:
        return Every(rule=_interval(said, repeat, here), zone=here.zone.key)
    if not 1 <= repeat.count * {Unit.DAY: 1, Unit.WEEK: 7}.get(repeat.unit, 1) <= LONGEST_DAYS:
        raise Unreadable(Trouble.TOO_FAR if repeat.count else Trouble.NOT_UNDERSTOOD)
    nights, at = _wall_time(_times(said)[0])
    rule = _rule(said, repeat, here, nights, at)
    return Every(rule=rule, zone=here.zone.key)


def _interval(said: _Sorted, repeat: Repeat, here: _Now) -> Rule:
    minutes, seconds = divmod(repeat.count, 60)
    if minutes < SHORTEST_MINUTES:
        raise Unreadable(Trouble.TOO_OFTEN)
    if said.days or seconds:
        raise Unreadable(Trouble.NOT_UNDERSTOOD)
    if minutes > LONGEST_DAYS * 1440:
        raise Unreadable(Trouble.TOO_FAR)
    return Interval(minutes=minutes, anchor=here.moment.replace(microsecond=0))


def _wall_time(since_midnight: timedelta) -> tuple[int, time]:
    """How many days later, and at what time."""
    hour, seconds = divmod(since_midnight.seconds, 3600)
    return since_midnight.days, time(hour, seconds // 60)


def _rule(said: _Sorted, repeat: Repeat, here: _Now, nights: int, at: time) -> Rule:
    day = said.days[0] if len(said.days) == 1 else None
    if len(said.days) > 1:
        raise Unreadable(Trouble.NOT_UNDERSTOOD)
    match repeat.unit, day:
        case Unit.DAY, None:
            return _daily(repeat.count, at, here)
        case Unit.WEEK, None | Weekday(week=None):
            return _weekly(repeat, day, here, nights, at)
        case Unit.MONTH, None | MonthDay(month=None) if repeat.count == 1 and not nights:
            return _monthly(repeat, day, here, at)
        case Unit.YEAR, None | CalendarDate(year=None, later=None) if repeat.count == 1 and not nights:
            return _yearly(repeat, day, here, at)
        case _:
            raise Unreadable(Trouble.NOT_UNDERSTOOD)


def _daily(count: int, at: time, here: _Now) -> Rule:
    if count == 1:
        return Daily(at=at)
    return Daily(at=at, days=count, first=_next_day(Daily(at=at), here))


def _weekly(repeat: Repeat, day: Weekday | None, here: _Now, nights: int, at: time) -> Rule:
    if day and repeat.on:
        raise Unreadable(Trouble.NOT_UNDERSTOOD)
    on = (day.day,) if day else repeat.on or (here.today.weekday(),)
    every_week = Weekly(on=tuple(sorted((one + nights) % 7 for one in on)), at=at)
    if repeat.count == 1:
        return every_week
    first = _next_day(every_week, here)
    return Weekly(on=every_week.on, at=at, weeks=repeat.count, first=first - timedelta(days=first.weekday()))


def _next_day(rule: Rule, here: _Now) -> date:
    return on_the_wall(next_after(Every(rule=rule, zone=here.zone.key), here.moment), here.zone).date()


def _monthly(repeat: Repeat, day: MonthDay | None, here: _Now, at: time) -> Rule:
    if day and repeat.day:
        raise Unreadable(Trouble.NOT_UNDERSTOOD)
    number = day.day if day else repeat.day if repeat.day is not None else here.today.day
    if not 1 <= number <= LAST_DAY:
        raise Unreadable(Trouble.NO_SUCH_DATE)
    return Monthly(day=number, at=at)


def _yearly(repeat: Repeat, date_: CalendarDate | None, here: _Now, at: time) -> Rule:
    if date_ and repeat.day:
        raise Unreadable(Trouble.NOT_UNDERSTOOD)
    month = date_.month if date_ else repeat.month or here.today.month
    day = date_.day if date_ else repeat.day or here.today.day
    if not list(_date(2000, month, day)):  # a leap year
        raise Unreadable(Trouble.NO_SUCH_DATE)
    return Yearly(month=month, day=day, at=at)
