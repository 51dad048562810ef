"""Which dates a day may mean, seen from today."""

from calendar import monthrange
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import Final

from phonework.reminders.parts import CalendarDate, Day, InDays, Length, MonthDay, Weekday
from phonework.reminders.trouble import Trouble, Unreadable

_MONTHS_LOOKED_AT: Final = 12
_YEARS_LOOKED_AT: Final = 9
"""Between two 29ths of February lie at most eight years."""


def later(wall: datetime, *, months: int = 0, days: int = 0) -> datetime:
    """The same day of a later month, or its last one."""
    if months > 12 * 100 or days > 100 * 366:
        raise Unreadable(Trouble.TOO_FAR)
    year, month = divmod(wall.year * 12 + wall.month - 1 + months, 12)
    day = min(wall.day, monthrange(year, month + 1)[1])
    return wall.replace(year=year, month=month + 1, day=day) + timedelta(days=days)


def dates_of(days: tuple[Day, ...], length: Length | None, today: date) -> Iterator[date]:
    """The days that may be meant, in order; more than one where the next of them is.

    Raises Unreadable for a date with a wrong weekday.
    """
    if length:
        return iter([_date_after(length, days, today)])
    if not days:
        return (today + timedelta(days=day) for day in range(-1, 3))
    first, *others = sorted(days, key=lambda day: isinstance(day, Weekday))
    return iter([_on_weekday(first, others[0], today)]) if others else _days(first, today)


def _date_after(length: Length, days: tuple[Day, ...], today: date) -> date:
    """In 3 days; in two weeks on friday."""
    ahead = later(datetime.combine(today, time()), months=length.months, days=length.days).date()
    weekday = next((day.day for day in days if isinstance(day, Weekday)), ahead.weekday())
    return ahead + timedelta(days=weekday - ahead.weekday())


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
        yield from existing(year, month + 1, number)


def _calendar_dates(day: CalendarDate, today: date) -> Iterator[date]:
    if day.year is not None:
        yield from existing(day.year, day.month, day.day)
    elif day.later is not None:
        yield from existing(today.year + day.later, day.month, day.day)
    else:
        for ahead in range(_YEARS_LOOKED_AT):
            yield from existing(today.year + ahead, day.month, day.day)


def existing(year: int, month: int, day: int) -> Iterator[date]:
    """The date, if there is one."""
    if 1 <= year <= 9998 and 1 <= month <= 12 and 1 <= day <= monthrange(year, month)[1]:
        yield date(year, month, day)
