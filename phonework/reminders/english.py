"""How times are said in English, and in digits."""

import re
from typing import Final

from phonework.reminders.lengths import ENGLISH_UNIT
from phonework.reminders.numerals import ENGLISH, ORDINAL, WORDS, ordinal, whole
from phonework.reminders.parts import (
    END,
    LAST,
    CalendarDate,
    Clock,
    InDays,
    MonthDay,
    Nonsense,
    Part,
    Period,
    Recogniser,
    Style,
    Weekday,
    clock,
    pattern,
)

_AT: Final = r"(?:(?:at|by) (?:about )?|@ ?)"
ON: Final = r"(?:(?:on|by) )?"
_HALF: Final = r"(?: ?(?P<half>am|pm|a\.m\.?|p\.m\.?))"
WEEKDAY: Final = r"(?:mon|tues?|weds?|wednes|thu(?:rs?)?|fri|sat(?:ur)?|sun)(?:day)?"
_LONG_WEEKDAY: Final = r"(?:mon|tues|wednes|thurs|fri|satur|sun)day"
MONTH: Final = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?"
    r"|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\.?"
)
_YEAR: Final = r"(?:,? (?P<year>(?:19|20)[0-9]{2})(?!:))?"
_NUMBERS: Final = rf"(?:[0-9]{{1,2}}|{WORDS})"
_WEEKDAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_HALVES: Final = {"a": Period.AM, "p": Period.PM}


def _half(found: re.Match[str]) -> tuple[Part, ...]:
    return (_HALVES[found["half"][0]],) if found["half"] else ()


def _digital(found: re.Match[str]) -> tuple[Part, ...]:
    hour = int(found["hour"])
    is_exact = found["hour"].startswith("0") or hour > 12
    return clock(hour, int(found["minute"]), Style.EXACT if is_exact else Style.DIGITAL), *_half(found)


def _hour(found: re.Match[str]) -> tuple[Part, ...]:
    minute = found["minute"] or "0"
    style = Style.EXACT if found["hour"].isdigit() and (int(found["hour"]) > 12) else Style.HANDS
    return clock(whole(found["hour"]), whole(minute), style), *_half(found)


def _military(found: re.Match[str]) -> tuple[Part, ...]:
    return (clock(int(found["hour"]), int(found["minute"]), Style.EXACT),)


def _spoken(found: re.Match[str]) -> tuple[Part, ...]:
    """Half past nine, quarter to 5, ten minutes past twelve."""
    hour = whole(found["hour"])
    away = {"half": 30, "quarter": 15}.get(found["away"]) or whole(found["away"])
    if away and away % 5 and found["side"] == "to" and not found["minutes"]:
        return (Nonsense(),)  # "at 9 to 10" may as well be a while
    if hour is None or not 1 <= hour <= 12 or away is None or not 0 < away < 60:
        return (Nonsense(),)
    if found["side"] in ("past", "after"):
        return clock(hour, away), *_half(found)
    return clock(hour - 1 or 12, 60 - away), *_half(found)


CLOCKS: Final[tuple[Recogniser, ...]] = (
    pattern(rf"{_AT}?(?P<hour>[0-9]{{1,2}}):(?P<minute>[0-9]{{2}})(?::00)?{_HALF}?{END}(?![:.][0-9])", _digital),
    pattern(rf"{_AT}?(?P<hour>{_NUMBERS})(?:[.](?P<minute>[0-9]{{2}}))?{_HALF}{END}", _hour),
    pattern(
        rf"{_AT}(?P<hour>{_NUMBERS})(?: (?P<minute>fifteen|thirty|forty-five|ten|twenty))?(?: o'?clock)?{_HALF}?{END}"
        rf"(?![.:%][0-9a-z]| ?(?:{ENGLISH_UNIT}|percent|%|past|to [0-9]))",
        _hour,
    ),
    pattern(rf"(?P<hour>{_NUMBERS})(?P<minute>)? o'?clock{_HALF}?{END}", _hour),
    pattern(
        rf"{_AT}?(?:a )?(?P<away>half|quarter|{ENGLISH})(?P<minutes> minutes?)? (?P<side>past|after|to|before) "
        rf"(?P<hour>{_NUMBERS})(?: o'?clock)?{_HALF}?{END}",
        _spoken,
    ),
    pattern(rf"at (?P<hour>[0-9]{{2}})(?P<minute>[0-9]{{2}})(?: ?hrs)?{END}", _military),
    pattern(rf"{_AT}?(?:12 )?(?:noon|midday){END}", lambda _: (Clock(12, 0, Style.EXACT),)),
    pattern(rf"{_AT}?(?:12 )?midnight{END}", lambda _: (Clock(24, 0, Style.EXACT),)),
)

PERIOD_NAMES: Final = {
    "morning": Period.MORNING,
    "afternoon": Period.AFTERNOON,
    "evening": Period.EVENING,
    "night": Period.EVENING,
}


def _weekday(found: re.Match[str]) -> tuple[Part, ...]:
    which = found["which"] or found["week"] or ""
    return (Weekday(weekday_of(found["day"]), {"this": 0, "next": 1}.get(which)),)


def _date(found: re.Match[str]) -> tuple[Part, ...]:
    year = int(found["year"]) if found["year"] else None
    return (CalendarDate(month_of(found["month"]), ordinal(found["day"]), year),)


def _iso(found: re.Match[str]) -> tuple[Part, ...]:
    return (CalendarDate(int(found["month"]), int(found["day"]), int(found["year"])),)


def _iso_with_time(found: re.Match[str]) -> tuple[Part, ...]:
    return *_iso(found), clock(int(found["hour"]), int(found["minute"]), Style.EXACT)


def _slashed(found: re.Match[str]) -> tuple[Part, ...]:
    """12/25 and 25/12, with or without a year: the month stands first wherever it can."""
    first, second, *years = map(int, found.groups())
    year = years[0] if years else None
    return (CalendarDate(first, second, year) if first <= 12 else CalendarDate(second, first, year),)


def weekday_of(name: str) -> int:
    return _WEEKDAYS.index(name[:3])


def month_of(name: str) -> int:
    return _MONTHS.index(name[:3]) + 1


DAYS: Final[tuple[Recogniser, ...]] = (
    pattern(rf"today{END}", lambda _: (InDays(0),)),
    pattern(rf"tonight{END}", lambda _: (InDays(0), Period.EVENING)),
    pattern(rf"(?:later )?this (morning|afternoon|evening){END}", lambda found: (InDays(0), PERIOD_NAMES[found[1]])),
    pattern(rf"(?:by )?(?:tomorrow|tomorow|tommorrow|tmrw|tmr){END}", lambda _: (InDays(1),)),
    pattern(rf"(?:the )?day after tomorrow{END}", lambda _: (InDays(2),)),
    pattern(rf"yesterday{END}", lambda _: (InDays(-1),)),
    pattern(
        rf"{ON}(?:(?P<which>this|next|coming) )?(?P<day>{_LONG_WEEKDAY})(?:,? (?P<week>this|next) week)?{END}",
        _weekday,
    ),
    pattern(rf"(?:on |by |(?P<which>this|next|coming) )(?P<day>{WEEKDAY})\.?(?P<week>)?{END}", _weekday),
    pattern(rf"(?P<which>)?(?P<day>{WEEKDAY})(?: (?P<week>this|next) week)?{END}", _weekday, weak=True),
    pattern(rf"(?P<week>next|this) week,? (?:on )?(?P<which>)?(?P<day>{WEEKDAY}){END}", _weekday),
    pattern(
        rf"{ON}(?P<day>{WEEKDAY}),? the (?P<number>{ORDINAL}){END}",
        lambda found: (Weekday(weekday_of(found["day"])), MonthDay(ordinal(found["number"]))),
    ),
    pattern(rf"next week{END}", lambda _: (Weekday(0, 1),)),
    pattern(rf"(?:on |at )?the weekend{END}|this weekend{END}", lambda _: (Weekday(5, None),)),
    pattern(rf"next weekend{END}", lambda _: (Weekday(5, 1),)),
    pattern(rf"next month(?: on)? the (?P<day>{ORDINAL}){END}", lambda found: (MonthDay(ordinal(found["day"]), 1),)),
    pattern(
        rf"{ON}(?:the )?(?P<day>{ORDINAL}) of next month{END}", lambda found: (MonthDay(ordinal(found["day"]), 1),)
    ),
    pattern(
        rf"{ON}(?:the )?(?P<day>{ORDINAL}) (?:of|day of) (?:the|this) month{END}",
        lambda found: (MonthDay(ordinal(found["day"])),),
    ),
    pattern(
        rf"(?:on|by) (?:the )?(?P<day>{ORDINAL}){END}(?! (?:of|floor|day|time))",
        lambda found: (MonthDay(ordinal(found["day"])),),
    ),
    pattern(rf"next month{END}", lambda _: (MonthDay(1, 1),)),
    pattern(
        rf"(?:at |by )?(?:the )?end of (?:the |this )?month{END}|{ON}the last(?: day)? of (?:the|this) month{END}",
        lambda _: (LAST,),
    ),
    pattern(rf"(?:at |by )?(?:the )?end of next month{END}", lambda _: (MonthDay(LAST.day, 1, last=True),)),
    pattern(rf"(?:at |by )?(?:the )?end of (?:the |this )?year{END}", lambda _: (CalendarDate(12, 31),)),
    pattern(rf"{ON}(?:the )?(?P<day>{ORDINAL}|[0-9]{{1,2}}) (?:of )?(?P<month>{MONTH}){_YEAR}{END}", _date),
    pattern(rf"{ON}(?P<month>{MONTH}) (?:the )?(?P<day>{ORDINAL}|[0-9]{{1,2}})(?![:.][0-9]){_YEAR}{END}", _date),
    pattern(rf"{ON}(?P<year>[0-9]{{4}})([-/.])(?P<month>[0-9]{{1,2}})\2(?P<day>[0-9]{{1,2}}){END}", _iso),
    pattern(
        r"(?P<year>[0-9]{4})-(?P<month>[0-9]{2})-(?P<day>[0-9]{2})t(?P<hour>[0-9]{2}):(?P<minute>[0-9]{2})(?::00)?"
        rf"{END}(?![:.+-][0-9])",
        _iso_with_time,
    ),
    pattern(rf"{ON}(?P<day>[0-9]{{1,2}})\.(?P<month>[0-9]{{1,2}})\.(?P<year>20[0-9]{{2}}){END}", _iso),
    pattern(rf"{ON}([0-9]{{1,2}})/([0-9]{{1,2}})/(20[0-9]{{2}}){END}", _slashed),
    pattern(rf"{ON}([0-9]{{1,2}})/([0-9]{{1,2}}){END}(?!/)", _slashed, weak=True),
)
PERIODS: Final[tuple[Recogniser, ...]] = (
    pattern(rf"in the (?:early )?(morning|afternoon|evening){END}", lambda found: (PERIOD_NAMES[found[1]],)),
    pattern(rf"at night{END}", lambda _: (Period.EVENING,)),
    pattern(rf"(?:early )?(morning|afternoon|evening|night){END}", lambda found: (PERIOD_NAMES[found[1]],), weak=True),
)
