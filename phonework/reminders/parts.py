"""The parts that a time is said in: a clock time, a time of day, a day, a length, a repetition."""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Final

from phonework.reminders.schedule import LAST_DAY

END: Final = r"(?![a-z0-9])"
"""After a Latin word or a number: it goes no further. (`\\b` takes Chinese characters for letters.)"""


class Style(Enum):
    """How a clock time was written, which says how exactly it is meant."""

    HANDS = "9点, at 9, half past nine: as on a clock with hands"
    DIGITAL = "9:00"
    EXACT = "09:00, 21:00, noon: only one time of the day"


class Period(Enum):
    """A time of the day. The values are the first and last hour it can mean; from 24 on it is the day after."""

    AM = (0, 11)
    PM = (12, 23)
    DAWN = (0, 6)
    MORNING = (1, 12)
    NOON = (10, 14)
    AFTERNOON = (12, 22)
    DUSK = (15, 20)
    EVENING = (17, 28)
    NIGHT = (17, 29)


class Unit(Enum):
    """What a repetition counts."""

    MINUTE = "minute"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    YEAR = "year"


@dataclass(frozen=True, slots=True)
class Clock:
    """A time of the day. hour: 0 to 24."""

    hour: int
    minute: int = 0
    style: Style = Style.HANDS


@dataclass(frozen=True, slots=True)
class InDays:
    """Today is 0."""

    days: int


@dataclass(frozen=True, slots=True)
class Weekday:
    """A day of the week, 0 is Monday. week: 0 this week, 1 the next; None: whichever comes first."""

    day: int
    week: int | None = None


@dataclass(frozen=True, slots=True)
class MonthDay:
    """A day of a month. month: 0 this month, 1 the next; None: whichever comes first. last: the last day."""

    day: int
    month: int | None = None
    last: bool = False


LAST: Final = MonthDay(LAST_DAY, last=True)


@dataclass(frozen=True, slots=True)
class CalendarDate:
    """year: None: whichever comes first. later: counted from this year instead."""

    month: int
    day: int
    year: int | None = None
    later: int | None = None


Day = InDays | Weekday | MonthDay | CalendarDate


@dataclass(frozen=True, slots=True)
class Length:
    """So long from now. Months and days are counted on the calendar, seconds are elapsed time."""

    months: int = 0
    days: int = 0
    seconds: int = 0

    @property
    def is_weeks(self) -> bool:
        return self.days > 0 and self.days % 7 == 0 and not self.months and not self.seconds


@dataclass(frozen=True, slots=True)
class Repeat:
    """Every `count` units; for minutes, seconds are counted. on: weekdays. day, month: of a month, of a year."""

    unit: Unit
    count: int = 1
    on: tuple[int, ...] = ()
    day: int | None = None
    month: int | None = None


@dataclass(frozen=True, slots=True)
class Nonsense:
    """It has the form of a time and is none, like 25:00. several: it is more than one, like `at 9 and 10`."""

    several: bool = False


Part = Clock | Period | Day | Length | Repeat | Nonsense


@dataclass(frozen=True, slots=True)
class Said:
    """Parts that were said together. weak: the words may as well mean something else, like `sun` or `两点`."""

    parts: tuple[Part, ...]
    end: int
    weak: bool = False
    marked: bool = True
    """For a length: said to be a time from now, as in `in 10 minutes`, and not a length of something, `10 minutes`."""

    @property
    def is_adverb(self) -> bool:
        """A word like `weekly`, which is as well one of the text: `every monday 10:00 weekly report`."""
        return self.weak and all(isinstance(part, Repeat) for part in self.parts)


Recogniser = Callable[[str, int], Said | None]


def pattern(
    expression: str, build: Callable[[re.Match[str]], tuple[Part, ...] | None], *, weak: bool = False
) -> Recogniser:
    """What recognises an expression. build: the parts of a match, or None if it is none after all."""
    compiled = re.compile(expression, re.ASCII)

    def recognise(text: str, start: int) -> Said | None:
        found = compiled.match(text, start)
        parts = build(found) if found else None
        return Said(parts, found.end(), weak) if found and parts else None

    return recognise


def clock(hour: int | None, minute: int | None = 0, style: Style = Style.HANDS) -> Clock | Nonsense:
    """The time of the day, unless there is none like it."""
    if hour is None or minute is None or minute > 59 or hour > 24 or (hour == 24 and minute):
        return Nonsense()
    return Clock(hour, minute, style)


_TRADITIONAL: Final = str.maketrans("點週鐘鍾後個號時兩禮過從開發醒貳壹參", "点周钟钟后个号时两礼过从开发醒二一三")


def fold(text: str) -> str:
    """The text as patterns want it, each character in its place: half width, lower case, simplified."""
    return "".join(map(_fold, text)).translate(_TRADITIONAL)


def _fold(character: str) -> str:
    folded = unicodedata.normalize("NFKC", character).lower()
    if len(folded) != 1:
        return character
    return {"’": "'", "‘": "'", "–": "-", "—": "-", "、": ",", "。": "."}.get(folded, folded)
