"""From the parts of a time to the schedule that a person means by them; the rules are in `phrases`."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from phonework.reminders.days import dates_of, existing, later
from phonework.reminders.hours import times_of
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
from phonework.reminders.trouble import Trouble, Unreadable
from phonework.reminders.wallclock import moment_of, on_the_wall

_YEARS_AHEAD: Final = 5


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
    if len(repeats) > 1:  # 工作日每天: on each of these days
        repeats = [repeat for repeat in repeats if repeat != Repeat(Unit.DAY)] or repeats[:1]
    days = tuple(part for part in parts if isinstance(part, InDays | Weekday | MonthDay | CalendarDate))
    nonsense = any(isinstance(part, Nonsense) for part in parts)
    if Nonsense(several=True) in parts:
        raise Unreadable(Trouble.SEVERAL)
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


# Once


def _once(said: _Sorted, here: _Now) -> datetime:
    if said.length and not (said.clock or said.periods or said.days):
        return _ahead(_after(said.length, here), here)
    if not (said.clock or said.periods or said.days or said.length):
        raise Unreadable(Trouble.NO_TIME)
    dates = list(dates_of(said.days, said.length, here.today))
    if not dates:
        raise Unreadable(Trouble.NO_SUCH_DATE)
    moments = (
        moment_of(datetime.combine(day, time()) + hour, here.zone)
        for day in dates
        for hour in times_of(said.clock, said.periods)
    )
    ahead = [moment for moment in moments if moment > here.moment]
    if not ahead:
        just_today = said.days == (InDays(0),) and not said.clock and not said.periods
        raise Unreadable(Trouble.NO_TIME if just_today else Trouble.PAST)
    return _ahead(min(ahead), here)


def _ahead(moment: datetime, here: _Now) -> datetime:
    if moment <= here.moment:
        raise Unreadable(Trouble.PAST)
    if moment > moment_of(later(here.wall, months=12 * _YEARS_AHEAD), here.zone):
        raise Unreadable(Trouble.TOO_FAR)
    return moment


def _after(length: Length, here: _Now) -> datetime:
    """Months and days by the wall, the rest elapsed. A length without days stays exact when clocks are changed."""
    start = here.moment
    if length.months or length.days:
        start = moment_of(later(here.wall, months=length.months, days=length.days), here.zone)
    return start + timedelta(seconds=length.seconds)


# Again and again


def _every(said: _Sorted, repeat: Repeat, here: _Now) -> Every:
    if repeat.unit is Unit.MINUTE:
        return Every(rule=_interval(said, repeat, here), zone=here.zone.key)
    if not 1 <= repeat.count * {Unit.DAY: 1, Unit.WEEK: 7}.get(repeat.unit, 1) <= LONGEST_DAYS:
        raise Unreadable(Trouble.TOO_FAR if repeat.count else Trouble.NOT_UNDERSTOOD)
    nights, at = _wall_time(times_of(said.clock, said.periods)[0])
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
    if not list(existing(2000, month, day)):  # a leap year
        raise Unreadable(Trouble.NO_SUCH_DATE)
    return Yearly(month=month, day=day, at=at)
