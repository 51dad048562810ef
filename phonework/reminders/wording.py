"""A schedule in words, for a card; `phrases.parse` understands them."""

from datetime import datetime, time, timedelta
from typing import Final, assert_never
from zoneinfo import ZoneInfo

from phonework.reminders.hours import WAKING
from phonework.reminders.schedule import (
    LAST_DAY,
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
from phonework.reminders.wallclock import on_the_wall
from phonework.texts import text

WEEKDAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
MONTHS: Final = (
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
)
_WORKDAYS: Final = (0, 1, 2, 3, 4)
_ORDINALS: Final = {1: "st", 2: "nd", 3: "rd", 21: "st", 22: "nd", 23: "rd"}


def words(schedule: Schedule, now: datetime, zone: ZoneInfo, language: str) -> str:
    """Like "tomorrow 9:00" or "每周一 10:00". now: aware. zone: the reader's; another one is named."""
    if isinstance(schedule, Once):
        return _once(on_the_wall(schedule.at, zone), on_the_wall(now, zone), language)
    rule = _rule(schedule.rule, language)
    if _is_elsewhere(schedule, zone):
        return text(language, "when.in_zone", when=rule, zone=schedule.zone)
    return rule


def clock_time(at: time) -> str:
    """9:00, and 03:00 in the night, so that nobody takes it for the afternoon."""
    return f"{at.hour}:{at.minute:02}" if at.hour in WAKING else f"{at.hour:02}:{at.minute:02}"


def _is_elsewhere(every: Every, zone: ZoneInfo) -> bool:
    return not isinstance(every.rule, Interval) and every.zone != zone.key


def _once(wall: datetime, now: datetime, language: str) -> str:
    at = clock_time(wall.time())
    if wall.date() == now.date():
        return text(language, "when.today", time=at)
    if wall.date() == now.date() + timedelta(days=1):
        return text(language, "when.tomorrow", time=at)
    date = _date(wall.month, wall.day, language)
    weekday = text(language, f"when.{WEEKDAYS[wall.weekday()]}")
    if wall.year == now.year:
        return text(language, "when.on_date", weekday=weekday, date=date, time=at)
    return text(language, "when.in_year", weekday=weekday, date=date, year=wall.year, time=at)


def _rule(rule: Rule, language: str) -> str:
    match rule:
        case Interval():
            return _interval(rule.minutes, language)
        case Daily():
            return _counted(rule.days, "when.every_day", "when.every_days", language, time=clock_time(rule.at))
        case Weekly():
            return _weekly(rule, language)
        case Monthly():
            return _monthly(rule, language)
        case Yearly():
            date = _date(rule.month, rule.day, language)
            return text(language, "when.every_year", date=date, time=clock_time(rule.at))
        case _:
            assert_never(rule)


def _interval(minutes: int, language: str) -> str:
    hours, rest = divmod(minutes, 60)
    if rest:
        return text(language, "when.every_minutes", count=minutes)
    return _counted(hours, "when.every_hour", "when.every_hours", language)


def _weekly(rule: Weekly, language: str) -> str:
    at = clock_time(rule.at)
    if rule.on == _WORKDAYS and rule.weeks == 1:
        return text(language, "when.every_workday", time=at)
    days = _listed([text(language, f"when.{WEEKDAYS[day]}") for day in rule.on], language)
    return _counted(rule.weeks, "when.every_week", "when.every_weeks", language, days=days, time=at)


def _monthly(rule: Monthly, language: str) -> str:
    at = clock_time(rule.at)
    if rule.day == LAST_DAY:
        return text(language, "when.every_month_end", time=at)
    suffix = text(language, f"when.ordinal_{_ORDINALS.get(rule.day, 'th')}")
    return text(language, "when.every_month", day=rule.day, suffix=suffix, time=at)


def _counted(count: int, one: str, many: str, language: str, **params: str) -> str:
    return text(language, one, **params) if count == 1 else text(language, many, count=count, **params)


def _listed(names: list[str], language: str) -> str:
    """Monday, Wednesday and Friday; 周一、周三、周五."""
    *most, last = names
    if not most:
        return last
    return text(language, "when.comma").join(most) + text(language, "when.and") + last


def _date(month: int, day: int, language: str) -> str:
    return text(language, "when.date", day=day, month=text(language, f"when.{MONTHS[month - 1]}"))
