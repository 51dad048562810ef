"""Which hours of the day a clock time and a time of the day may mean."""

from datetime import timedelta
from typing import Final

from phonework.reminders.parts import Clock, Period, Style
from phonework.reminders.trouble import Trouble, Unreadable

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


def times_of(clock: Clock | None, periods: tuple[Period, ...]) -> tuple[timedelta, ...]:
    """What the clock may show, counted from midnight; 24 hours and more is the night after. Earliest first.

    Raises Unreadable when clock and period contradict each other, or there is no time in them.
    """
    if clock is None:
        return (timedelta(hours=_default_hour(periods)),)
    hours = _hours(clock, periods)
    if not hours:
        raise Unreadable(Trouble.NOT_UNDERSTOOD)
    return tuple(timedelta(hours=hour, minutes=clock.minute) for hour in hours)


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
