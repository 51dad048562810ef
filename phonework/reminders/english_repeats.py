"""How repetitions are said in English."""

import re
from typing import Final

from phonework.reminders.english import MONTH, ON, PERIOD_NAMES, WEEKDAY, month_of, weekday_of
from phonework.reminders.lengths import items
from phonework.reminders.numerals import ORDINAL, ordinal
from phonework.reminders.parts import (
    END,
    LAST,
    Clock,
    Length,
    Nonsense,
    Part,
    Recogniser,
    Repeat,
    Said,
    Style,
    Unit,
    pattern,
)

WORKDAYS: Final = (0, 1, 2, 3, 4)
WEEKEND: Final = (5, 6)

_EVERY: Final = re.compile(r"(?:(?:on|at) )?(?:every|each) (?:single )?", re.ASCII)
_LISTED: Final = re.compile(rf"(?P<day>{WEEKDAY})s?{END}", re.ASCII)
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
        rf"(?:other|second) (?P<day>{WEEKDAY}){END}",
        lambda found: (Repeat(Unit.WEEK, 2, on=(weekday_of(found["day"]),)),),
    ),
    pattern(rf"{_WORKDAY}{END}|{_MONDAY_TO_FRIDAY}{END}", lambda _: (Repeat(Unit.WEEK, on=WORKDAYS),)),
    pattern(rf"weekends?{END}", lambda _: (Repeat(Unit.WEEK, on=WEEKEND),)),
    pattern(rf"(morning|afternoon|evening|night){END}", lambda found: (Repeat(Unit.DAY), PERIOD_NAMES[found[1]])),
    pattern(rf"(?:noon|midday){END}", lambda _: (Repeat(Unit.DAY), Clock(12, 0, Style.EXACT))),
    pattern(rf"midnight{END}", lambda _: (Repeat(Unit.DAY), Clock(24, 0, Style.EXACT))),
    pattern(rf"quarter(?: of an)? hour{END}", lambda _: (Repeat(Unit.MINUTE, 900),)),
    pattern(
        rf"month on (?:the )?last day{END}|(?:month'?s? end|end of (?:the )?month|last day of (?:the|a) month){END}",
        lambda _: (Repeat(Unit.MONTH, day=LAST.day),),
    ),
    pattern(
        rf"(?P<day>{ORDINAL})(?:(?: day)? of (?:the|a|each|every) month)?{END}(?! (?:{WEEKDAY}|day|week|month|hour|minute|of)s?{END})",
        lambda found: (Repeat(Unit.MONTH, day=ordinal(found["day"])),),
    ),
    pattern(rf"({ORDINAL}) (day|week){END}(?! of)", lambda found: (Repeat(_UNIT[found[2]], ordinal(found[1])),)),
    pattern(rf"(?P<month>{MONTH}) (?:the )?(?P<day>{ORDINAL}|[0-9]{{1,2}}){END}", lambda found: _yearly(found)),
    pattern(rf"(?P<day>{ORDINAL}|[0-9]{{1,2}}) (?:of )?(?P<month>{MONTH}){END}", lambda found: _yearly(found)),
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
        rf"{ON}(?:the )?last day {_OF_EVERY_MONTH}{END}|(?:at )?(?:the )?end {_OF_EVERY_MONTH}{END}",
        lambda _: (Repeat(Unit.MONTH, day=LAST.day),),
    ),
    pattern(
        rf"{ON}(?:the )?(?P<day>{ORDINAL})(?: day)? {_OF_EVERY_MONTH}{END}",
        lambda found: (Repeat(Unit.MONTH, day=ordinal(found["day"])),),
    ),
)


def _yearly(found: re.Match[str]) -> tuple[Part, ...]:
    return (Repeat(Unit.YEAR, month=month_of(found["month"]), day=ordinal(found["day"])),)


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
            return part if isinstance(part, Nonsense) else Nonsense()


def _listed_weekdays(text: str, start: int) -> Said | None:
    """Monday, wed and friday."""
    days: list[int] = []
    end = position = start
    while found := _LISTED.match(text, position):
        days.append(weekday_of(found["day"]))
        end = found.end()
        between = _AND.match(text, end)
        if between is None or len(days) > 7:
            break
        position = between.end()
    return Said((Repeat(Unit.WEEK, on=tuple(sorted(set(days)))),), end) if days else None


_PLURAL: Final = re.compile(rf"(?:on )?(?P<list>{WEEKDAY}s?(?:(?:, ?| and | ?& ?|/){WEEKDAY}s?)*){END}", re.ASCII)


def _plural_weekdays(text: str, start: int) -> Said | None:
    """Mondays; tuesdays and thursdays."""
    found = _PLURAL.match(text, start)
    if found is None or not re.search(r"days$", found["list"]):
        return None
    return _listed_weekdays(text, found.start("list"))


REPEATS: Final[tuple[Recogniser, ...]] = (_every, _plural_weekdays, *_ALONE)
