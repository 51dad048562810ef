"""How times are said in English, and in digits."""

import re
from typing import Final

from phonework.reminders.lengths import ENGLISH_UNIT, items
from phonework.reminders.numerals import ENGLISH, ORDINAL, WORDS, ordinal, whole
from phonework.reminders.parts import (
    END,
    LAST,
    CalendarDate,
    Clock,
    InDays,
    Length,
    MonthDay,
    Nonsense,
    Part,
    Period,
    Recogniser,
    Repeat,
    Said,
    Style,
    Unit,
    Weekday,
    clock,
    pattern,
)

_AT: Final = r"(?:(?:at|by) (?:about )?|@ ?)"
_ON: Final = r"(?:(?:on|by) )?"
_HALF: Final = r"(?: ?(?P<half>am|pm|a\.m\.?|p\.m\.?))"
_WEEKDAY: Final = r"(?:mon|tues?|weds?|wednes|thu(?:rs?)?|fri|sat(?:ur)?|sun)(?:day)?"
_LONG_WEEKDAY: Final = r"(?:mon|tues|wednes|thurs|fri|satur|sun)day"
_MONTH: Final = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?"
    r"|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\.?"
)
_YEAR: Final = r"(?:,? (?P<year>(?:19|20)[0-9]{2})(?!:))?"
_NUMBERS: Final = rf"(?:[0-9]{{1,2}}|{WORDS})"
_WEEKDAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_HALVES: Final = {"a": Period.AM, "p": Period.PM}
WORKDAYS: Final = (0, 1, 2, 3, 4)
WEEKEND: Final = (5, 6)


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
        rf"{_AT}?(?:a )?(?P<away>half|quarter|{ENGLISH})(?: minutes?)? (?P<side>past|after|to|before) "
        rf"(?P<hour>{_NUMBERS})(?: o'?clock)?{_HALF}?{END}",
        _spoken,
    ),
    pattern(rf"at (?P<hour>[0-9]{{2}})(?P<minute>[0-9]{{2}})(?: ?hrs)?{END}", _military),
    pattern(rf"{_AT}?(?:12 )?(?:noon|midday){END}", lambda _: (Clock(12, 0, Style.EXACT),)),
    pattern(rf"{_AT}?(?:12 )?midnight{END}", lambda _: (Clock(24, 0, Style.EXACT),)),
)

_PERIODS: Final = {
    "morning": Period.MORNING,
    "afternoon": Period.AFTERNOON,
    "evening": Period.EVENING,
    "night": Period.EVENING,
}


def _weekday(found: re.Match[str]) -> tuple[Part, ...]:
    which = found["which"] or found["week"] or ""
    return (Weekday(_WEEKDAYS.index(found["day"][:3]), {"this": 0, "next": 1}.get(which)),)


def _date(found: re.Match[str]) -> tuple[Part, ...]:
    year = int(found["year"]) if found["year"] else None
    return (CalendarDate(_month(found["month"]), ordinal(found["day"]), year),)


def _iso(found: re.Match[str]) -> tuple[Part, ...]:
    return (CalendarDate(int(found["month"]), int(found["day"]), int(found["year"])),)


def _iso_with_time(found: re.Match[str]) -> tuple[Part, ...]:
    return *_iso(found), clock(int(found["hour"]), int(found["minute"]), Style.EXACT)


def _slashed(found: re.Match[str]) -> tuple[Part, ...]:
    """12/25 and 25/12, with or without a year: the month stands first wherever it can."""
    first, second, *years = map(int, found.groups())
    year = years[0] if years else None
    return (CalendarDate(first, second, year) if first <= 12 else CalendarDate(second, first, year),)


def _month(name: str) -> int:
    return _MONTHS.index(name[:3]) + 1


DAYS: Final[tuple[Recogniser, ...]] = (
    pattern(rf"today{END}", lambda _: (InDays(0),)),
    pattern(rf"tonight{END}", lambda _: (InDays(0), Period.EVENING)),
    pattern(rf"(?:later )?this (morning|afternoon|evening){END}", lambda found: (InDays(0), _PERIODS[found[1]])),
    pattern(rf"(?:by )?(?:tomorrow|tomorow|tommorrow|tmrw|tmr){END}", lambda _: (InDays(1),)),
    pattern(rf"(?:the )?day after tomorrow{END}", lambda _: (InDays(2),)),
    pattern(rf"yesterday{END}", lambda _: (InDays(-1),)),
    pattern(
        rf"{_ON}(?:(?P<which>this|next|coming) )?(?P<day>{_LONG_WEEKDAY})(?:,? (?P<week>this|next) week)?{END}",
        _weekday,
    ),
    pattern(rf"(?:on |by |(?P<which>this|next|coming) )(?P<day>{_WEEKDAY})\.?(?P<week>)?{END}", _weekday),
    pattern(rf"(?P<which>)?(?P<day>{_WEEKDAY})(?: (?P<week>this|next) week)?{END}", _weekday, weak=True),
    pattern(rf"(?P<week>next|this) week,? (?:on )?(?P<which>)?(?P<day>{_WEEKDAY}){END}", _weekday),
    pattern(
        rf"{_ON}(?P<day>{_WEEKDAY}),? the (?P<number>{ORDINAL}){END}",
        lambda found: (Weekday(_WEEKDAYS.index(found["day"][:3])), MonthDay(ordinal(found["number"]))),
    ),
    pattern(rf"next week{END}", lambda _: (Weekday(0, 1),)),
    pattern(rf"(?:on |at )?the weekend{END}|this weekend{END}", lambda _: (Weekday(5, None),)),
    pattern(rf"next weekend{END}", lambda _: (Weekday(5, 1),)),
    pattern(rf"next month(?: on)? the (?P<day>{ORDINAL}){END}", lambda found: (MonthDay(ordinal(found["day"]), 1),)),
    pattern(
        rf"{_ON}(?:the )?(?P<day>{ORDINAL}) of next month{END}", lambda found: (MonthDay(ordinal(found["day"]), 1),)
    ),
    pattern(
        rf"{_ON}(?:the )?(?P<day>{ORDINAL}) (?:of|day of) (?:the|this) month{END}",
        lambda found: (MonthDay(ordinal(found["day"])),),
    ),
    pattern(
        rf"(?:on|by) (?:the )?(?P<day>{ORDINAL}){END}(?! (?:of|floor|day|time))",
        lambda found: (MonthDay(ordinal(found["day"])),),
    ),
    pattern(rf"next month{END}", lambda _: (MonthDay(1, 1),)),
    pattern(
        rf"(?:at |by )?(?:the )?end of (?:the |this )?month{END}|{_ON}the last(?: day)? of (?:the|this) month{END}",
        lambda _: (LAST,),
    ),
    pattern(rf"(?:at |by )?(?:the )?end of next month{END}", lambda _: (MonthDay(LAST.day, 1, last=True),)),
    pattern(rf"(?:at |by )?(?:the )?end of (?:the |this )?year{END}", lambda _: (CalendarDate(12, 31),)),
    pattern(rf"{_ON}(?:the )?(?P<day>{ORDINAL}|[0-9]{{1,2}}) (?:of )?(?P<month>{_MONTH}){_YEAR}{END}", _date),
    pattern(rf"{_ON}(?P<month>{_MONTH}) (?:the )?(?P<day>{ORDINAL}|[0-9]{{1,2}})(?![:.][0-9]){_YEAR}{END}", _date),
    pattern(rf"{_ON}(?P<year>[0-9]{{4}})([-/.])(?P<month>[0-9]{{1,2}})\2(?P<day>[0-9]{{1,2}}){END}", _iso),
    pattern(
        r"(?P<year>[0-9]{4})-(?P<month>[0-9]{2})-(?P<day>[0-9]{2})t(?P<hour>[0-9]{2}):(?P<minute>[0-9]{2})(?::00)?"
        rf"{END}(?![:.+-][0-9])",
        _iso_with_time,
    ),
    pattern(rf"{_ON}(?P<day>[0-9]{{1,2}})\.(?P<month>[0-9]{{1,2}})\.(?P<year>20[0-9]{{2}}){END}", _iso),
    pattern(rf"{_ON}([0-9]{{1,2}})/([0-9]{{1,2}})/(20[0-9]{{2}}){END}", _slashed),
    pattern(rf"{_ON}([0-9]{{1,2}})/([0-9]{{1,2}}){END}(?!/)", _slashed, weak=True),
)
PERIODS: Final[tuple[Recogniser, ...]] = (
    pattern(rf"in the (?:early )?(morning|afternoon|evening){END}", lambda found: (_PERIODS[found[1]],)),
    pattern(rf"at night{END}", lambda _: (Period.EVENING,)),
    pattern(rf"(?:early )?(morning|afternoon|evening|night){END}", lambda found: (_PERIODS[found[1]],), weak=True),
)


# Repetitions

_EVERY: Final = re.compile(r"(?:(?:on|at) )?(?:every|each) (?:single )?", re.ASCII)
_LISTED: Final = re.compile(rf"(?P<day>{_WEEKDAY})s?{END}", re.ASCII)
_AND: Final = re.compile(r"(?:\s*(?:,|&|/|\+)\s*(?:and )?| and | )(?:on )?", re.ASCII)
_WORKDAY: Final = r"(?:week ?days?|work(?:ing)? ?days?|business days?)"
_MONDAY_TO_FRIDAY: Final = r"mon(?:day)?s?(?: ?- ?| to | through | till )fri(?:day)?s?"
_UNIT: Final = {"day": Unit.DAY, "week": Unit.WEEK, "month": Unit.MONTH, "year": Unit.YEAR}
_ADVERBS: Final = {
    "hourly": Repeat(Unit.MINUTE, 3600),
    "daily": Repeat(Unit.DAY),
    "weekly": Repeat(Unit.WEEK),
    "fortnightly": Repeat(Unit.WEEK, 2),
    "monthly": Repeat(Unit.MONTH),
    "yearly": Repeat(Unit.YEAR),
    "annually": Repeat(Unit.YEAR),
}
_OF_EVERY_MONTH: Final = r"of (?:every|each) month"

_ONE: Final = {"second": 1, "minute": 60, "hour": 3600}

_AFTER_EVERY: Final[tuple[Recogniser, ...]] = (
    pattern(rf"(second|minute|hour){END}", lambda found: (Repeat(Unit.MINUTE, _ONE[found[1]]),)),
    pattern(rf"(day|week|month|year){END}", lambda found: (Repeat(_UNIT[found[1]]),)),
    pattern(rf"(?:other|second) (day|week|month|year){END}", lambda found: (Repeat(_UNIT[found[1]], 2),)),
    pattern(
        rf"(?:other|second) (?P<day>{_WEEKDAY}){END}",
        lambda found: (Repeat(Unit.WEEK, 2, on=(_WEEKDAYS.index(found["day"][:3]),)),),
    ),
    pattern(rf"{_WORKDAY}{END}|{_MONDAY_TO_FRIDAY}{END}", lambda _: (Repeat(Unit.WEEK, on=WORKDAYS),)),
    pattern(rf"weekends?{END}", lambda _: (Repeat(Unit.WEEK, on=WEEKEND),)),
    pattern(rf"(morning|afternoon|evening|night){END}", lambda found: (Repeat(Unit.DAY), _PERIODS[found[1]])),
    pattern(rf"(?:noon|midday){END}", lambda _: (Repeat(Unit.DAY), Clock(12, 0, Style.EXACT))),
    pattern(rf"midnight{END}", lambda _: (Repeat(Unit.DAY), Clock(24, 0, Style.EXACT))),
    pattern(rf"quarter(?: of an)? hour{END}", lambda _: (Repeat(Unit.MINUTE, 900),)),
    pattern(
        rf"month on (?:the )?last day{END}|(?:month'?s? end|end of (?:the )?month|last day of (?:the|a) month){END}",
        lambda _: (Repeat(Unit.MONTH, day=LAST.day),),
    ),
    pattern(
        rf"(?P<day>{ORDINAL})(?:(?: day)? of (?:the|a|each|every) month)?{END}(?! (?:{_WEEKDAY}|day|week|month|hour|minute|of)s?{END})",
        lambda found: (Repeat(Unit.MONTH, day=ordinal(found["day"])),),
    ),
    pattern(rf"({ORDINAL}) (day|week){END}(?! of)", lambda found: (Repeat(_UNIT[found[2]], ordinal(found[1])),)),
    pattern(rf"(?P<month>{_MONTH}) (?:the )?(?P<day>{ORDINAL}|[0-9]{{1,2}}){END}", lambda found: _yearly(found)),
    pattern(rf"(?P<day>{ORDINAL}|[0-9]{{1,2}}) (?:of )?(?P<month>{_MONTH}){END}", lambda found: _yearly(found)),
)
_ALONE: Final[tuple[Recogniser, ...]] = (
    pattern(
        rf"(hourly|daily|weekly|fortnightly|monthly|yearly|annually){END}",
        lambda found: (_ADVERBS[found[1]],),
        weak=True,
    ),
    pattern(
        rf"(?:on )?(?:weekdays|workdays){END}|{_MONDAY_TO_FRIDAY}{END}", lambda _: (Repeat(Unit.WEEK, on=WORKDAYS),)
    ),
    pattern(rf"(?:on |at )?weekends{END}", lambda _: (Repeat(Unit.WEEK, on=WEEKEND),)),
    pattern(
        rf"{_ON}(?:the )?last day {_OF_EVERY_MONTH}{END}|(?:at )?(?:the )?end {_OF_EVERY_MONTH}{END}",
        lambda _: (Repeat(Unit.MONTH, day=LAST.day),),
    ),
    pattern(
        rf"{_ON}(?:the )?(?P<day>{ORDINAL})(?: day)? {_OF_EVERY_MONTH}{END}",
        lambda found: (Repeat(Unit.MONTH, day=ordinal(found["day"])),),
    ),
)


def _yearly(found: re.Match[str]) -> tuple[Part, ...]:
    return (Repeat(Unit.YEAR, month=_month(found["month"]), day=ordinal(found["day"])),)


def _every(text: str, start: int) -> Said | None:
    """Every 2 hours, every other day, every monday and thursday, every 15th."""
    before = _EVERY.match(text, start)
    if before is None:
        return None
    found = [recognise(text, before.end()) for recognise in (*_AFTER_EVERY, _listed_weekdays, repeated_length)]
    return max((one for one in found if one), key=lambda one: one.end, default=None)


def repeated_length(text: str, start: int) -> Said | None:
    """A length of time as the distance of repetitions."""
    found = items(text, start)
    if found is None:
        return None
    part, end, _ = found
    return Said((repeat_of(part),), end)


def repeat_of(part: Part) -> Part:
    """What is repeated after this length, which must be of one unit."""
    match part:
        case Length(months=0, days=0, seconds=seconds):
            return Repeat(Unit.MINUTE, seconds)
        case Length(months=0, days=days, seconds=0):
            return Repeat(Unit.WEEK, days // 7) if days % 7 == 0 else Repeat(Unit.DAY, days)
        case Length(months=months, days=0, seconds=0):
            return Repeat(Unit.YEAR, months // 12) if months % 12 == 0 else Repeat(Unit.MONTH, months)
        case _:
            return Nonsense()


def _listed_weekdays(text: str, start: int) -> Said | None:
    """Monday, wed and friday."""
    days: list[int] = []
    end = position = start
    while found := _LISTED.match(text, position):
        days.append(_WEEKDAYS.index(found["day"][:3]))
        end = found.end()
        between = _AND.match(text, end)
        if between is None or len(days) > 7:
            break
        position = between.end()
    return Said((Repeat(Unit.WEEK, on=tuple(sorted(set(days)))),), end) if days else None


_PLURAL: Final = re.compile(rf"(?:on )?(?P<list>{_WEEKDAY}s?(?:(?:, ?| and | ?& ?|/){_WEEKDAY}s?)*){END}", re.ASCII)


def _plural_weekdays(text: str, start: int) -> Said | None:
    """Mondays; tuesdays and thursdays."""
    found = _PLURAL.match(text, start)
    if found is None or not re.search(r"days$", found["list"]):
        return None
    return _listed_weekdays(text, found.start("list"))


REPEATS: Final[tuple[Recogniser, ...]] = (_every, _plural_weekdays, *_ALONE)
