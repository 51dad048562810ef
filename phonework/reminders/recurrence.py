"""When a schedule comes next.

APScheduler's triggers do the counting. None of them does what people expect on the days when clocks are changed (seen in
3.11.3: `CalendarIntervalTrigger` drops a day whose time is skipped and walks from its start date, `CronTrigger` gives times
that do not exist). So the triggers count on a calendar whose days all have 24 hours, which is UTC, and the time on the
wall that they find is then put into the zone, by the rule of `wallclock.moment_of`:

- A time that is skipped (02:30 when clocks go from 2 to 3) comes at the first moment after the gap, 03:00.
- A time that exists twice comes once, the first time.
- Minutes and hours are elapsed time: "every 2 hours" stays 2 hours apart, whatever clocks show.

What was missed collapses into one: after any outage, remind once, then ask for the next time after *now*.
"""

from datetime import UTC, date, datetime, time, timedelta
from typing import Final, Protocol, assert_never
from zoneinfo import ZoneInfo

from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.interval import IntervalTrigger

from phonework.reminders.schedule import Daily, Every, Interval, Monthly, Once, Rule, Schedule, Weekly, Yearly
from phonework.reminders.wallclock import moment_of, on_the_wall

_SECOND: Final = timedelta(seconds=1)
_LONG_MONTHS: Final = "1,3,5,7,8,10,12"
_MONTHS_WITH: Final = {29: "1,3-12", 30: "1,3-12", 31: _LONG_MONTHS}
_MONTHS_WITHOUT: Final = {29: "2", 30: "2", 31: "2,4,6,9,11"}


class _Trigger(Protocol):
    def get_next_fire_time(self, previous_fire_time: datetime | None, now: datetime) -> datetime | None: ...


def next_time(schedule: Schedule, after: datetime) -> datetime | None:
    """When it comes next, later than `after`; aware, UTC. None: it does not come again."""
    if isinstance(schedule, Once):
        return schedule.at if schedule.at > after else None
    return next_after(schedule, after)


def next_after(every: Every, after: datetime) -> datetime:
    """The first time later than `after` (aware); in UTC."""
    if isinstance(every.rule, Interval):
        return _first(_triggers(every.rule), after.astimezone(UTC))
    zone = ZoneInfo(every.zone)
    triggers = _triggers(every.rule)
    wall = on_the_wall(after, zone).replace(tzinfo=UTC)
    while True:  # in the second of two equal hours, the first few times found are past
        wall = _first(triggers, wall)
        moment = moment_of(wall.replace(tzinfo=None), zone)
        if moment > after:
            return moment


def _first(triggers: tuple[_Trigger, ...], after: datetime) -> datetime:
    """The earliest of the triggers' next times, later than `after`. All rules fall on whole seconds."""
    earliest = after.replace(microsecond=0) + _SECOND
    found = (trigger.get_next_fire_time(None, earliest) for trigger in triggers)
    return min(one.astimezone(UTC) for one in found if one is not None)


def _triggers(rule: Rule) -> tuple[_Trigger, ...]:
    match rule:
        case Interval():
            return (IntervalTrigger(minutes=rule.minutes, start_date=_after_anchor(rule), timezone=UTC),)
        case Daily():
            return (_counted(rule.first, rule.at, days=rule.days) if rule.first else _cron(rule.at),)
        case Weekly():
            return _weekly(rule)
        case Monthly():
            return _monthly(rule.day, rule.at)
        case Yearly(month=2, day=29):
            return (_cron(rule.at, month="2", day="last"),)
        case Yearly():
            return (_cron(rule.at, month=str(rule.month), day=str(rule.day)),)
        case _:
            assert_never(rule)


def _weekly(rule: Weekly) -> tuple[_Trigger, ...]:
    if rule.first is None:
        return (_cron(rule.at, day_of_week=",".join(map(str, rule.on))),)
    monday = rule.first - timedelta(days=rule.first.weekday())
    return tuple(_counted(monday + timedelta(days=day), rule.at, days=7 * rule.weeks) for day in rule.on)


def _monthly(day: int, at: time) -> tuple[_Trigger, ...]:
    if day not in _MONTHS_WITH:
        return (_cron(at, day=str(day)),)
    return (_cron(at, month=_MONTHS_WITHOUT[day], day="last"), _cron(at, month=_MONTHS_WITH[day], day=str(day)))


def _cron(at: time, **fields: str) -> _Trigger:
    trigger: _Trigger = CronTrigger(**fields, hour=at.hour, minute=at.minute, second=0, timezone=UTC)
    return trigger


def _counted(first: date, at: time, *, days: int) -> _Trigger:
    trigger: _Trigger = IntervalTrigger(days=days, start_date=datetime.combine(first, at, UTC), timezone=UTC)
    return trigger


def _after_anchor(rule: Interval) -> datetime:
    return rule.anchor.replace(microsecond=0) + timedelta(minutes=rule.minutes)
