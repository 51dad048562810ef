"""Lengths of time in Chinese and English, like `1h30m`, `in an hour and a half`, `一个半小时后`."""

import re
from typing import Final

from phonework.reminders.numerals import CHINESE, ENGLISH, number
from phonework.reminders.parts import END, Length, Nonsense, Part, Said

_MINUTE: Final = 60
_HOUR: Final = 3600
_DAY: Final = 86400
_MOST: Final = 10**8
"""Of any unit: whatever is longer is too long anyway, and sums stay small."""

_ENGLISH_UNITS: Final = (
    (r"seconds?|secs?|s", "seconds", 1),
    (r"minutes?|mins?|m", "seconds", _MINUTE),
    (r"hours?|hrs?|h", "seconds", _HOUR),
    (r"days?|d", "days", 1),
    (r"fortnights?", "days", 14),
    (r"weeks?|wks?|w", "days", 7),
    (r"months?", "months", 1),
    (r"years?|yrs?|y", "months", 12),
)
_CHINESE_UNITS: Final = (
    (r"秒钟?", "seconds", 1),
    (r"分钟?(?!数|支|析|享|之|[0-9])", "seconds", _MINUTE),
    (r"刻钟", "seconds", 15 * _MINUTE),
    (r"个?(?:小时|钟头)", "seconds", _HOUR),
    (r"[天日](?!气|台)", "days", 1),
    (r"(?:周|个?(?:星期|礼拜))(?!年|[一二三四五六日天末])", "days", 7),
    (r"个月", "months", 1),
    (r"年(?![0-9一二三四五六七八九十底])", "months", 12),
)
_UNITS: Final = _ENGLISH_UNITS + _CHINESE_UNITS


def _alternatives(units: tuple[tuple[str, str, int], ...]) -> str:
    return "|".join(f"(?:{expression})" for expression, _, _ in units)


ENGLISH_UNIT: Final = f"(?:{_alternatives(_ENGLISH_UNITS)}){END}"
CHINESE_UNIT: Final = f"(?:{_alternatives(_CHINESE_UNITS)})"

# "an hour and a half", "half an hour", "2 hours", "1h30m"; a unit of one letter may be followed by the next number
_ITEM: Final = re.compile(
    rf"(?:(?P<half>half (?:an? )?)|(?P<article>an? |the next )?(?:(?P<number>{ENGLISH}|a couple of) ?-?)?)"
    rf"(?P<unit>{_alternatives(_ENGLISH_UNITS)})(?:{END}|(?=[0-9]))(?P<more> and a half{END})?"
    # "两小时", "半小时", "一个半小时", "半个月", "两天半"
    rf"|(?:(?P<zh_half>半个?)|(?P<zh_number>{CHINESE})(?P<zh_mid>个半)?)"
    rf"\s*(?P<zh_unit>{CHINESE_UNIT}|(?<=半个)月|(?<=个半)月)(?P<zh_more>半(?!夜|路|价|年|个))?",
    re.ASCII,
)
_BEFORE: Final = re.compile(r"(?:in|after|within) (?:about )?|(?:再?过|等)\s*", re.ASCII)
_AFTER: Final = re.compile(rf"\s*(?:later{END}|from now{END}|(?:以后|之后|过后|后)(?!天(?!气)))", re.ASCII)
_BETWEEN: Final = re.compile(r"(?:,? and |\s*,\s*|\s*零|\s*又|\s*)", re.ASCII)


def length(text: str, start: int) -> Said | None:
    """A length of time, marked as one from now or not."""
    before = _BEFORE.match(text, start)
    found = items(text, before.end() if before else start)
    if found is None:
        return None
    part, end, compact = found
    after = _AFTER.match(text, end)
    marked = bool(before or after)
    bare_article = re.match(r"an? |the |half (?!an hour\b)", text[start : start + 14], re.ASCII)
    if not marked and bare_article:
        return None
    return Said((part,), after.end() if after else end, weak=not marked and not compact, marked=marked or compact)


def items(text: str, start: int) -> tuple[Part, int, bool] | None:
    """The sum of the lengths one after the other, where it ends, and whether it is written like `1h30m`."""
    total, position, parts, nonsense = Length(), start, 0, False
    units: list[tuple[str, int]] = []
    while found := _ITEM.match(text, position if not parts else _BETWEEN.match(text, position).end()):  # type: ignore[union-attr]  # it matches the empty text
        one = _one(found)
        if one is None:
            break
        nonsense |= isinstance(one, Nonsense)
        units.append(_size(found["unit"] or found["zh_unit"]))
        total = _sum(total, one) if isinstance(one, Length) else total
        position, parts = found.end(), parts + 1
        if parts > 6:
            break
    if not parts:
        return None
    compact = re.fullmatch(r"(?:[0-9.]+(?:s|secs?|m|mins?|h|hrs?|d|w))+", text[start:position], re.ASCII) is not None
    if len(set(units)) < len(units):  # in 10 minutes and 20 minutes
        return Nonsense(several=True), position, compact
    return (Nonsense() if nonsense else total), position, compact


def _one(found: re.Match[str]) -> Length | Nonsense | None:
    unit = found["unit"] or found["zh_unit"]
    if found["unit"] and not (found["half"] or found["article"] or found["number"]):
        return None
    amount = 0.5 if found["half"] or found["zh_half"] else _amount(found["number"] or found["zh_number"])
    if amount is None:
        return Nonsense()
    if found["more"] or found["zh_more"] or found["zh_mid"]:
        amount += 0.5
    return _measured(min(amount, _MOST), unit)


def _amount(typed: str | None) -> float | None:
    if typed is None:
        return 1
    return 2 if typed == "a couple of" else number(typed)


def _measured(amount: float, unit: str) -> Length | Nonsense:
    """So many units. Half a month is 15 days; of a day, a part is hours; of a year, whole months."""
    field, size = _size(unit)
    if field == "seconds":
        return Length(seconds=round(amount * size))
    scaled = amount * size
    if scaled == int(scaled):
        return Length(days=int(scaled)) if field == "days" else Length(months=int(scaled))
    if field == "days":
        return Length(seconds=round(scaled * _DAY))
    return Length(months=int(scaled), days=15) if scaled % 1 == 0.5 else Nonsense()


def _size(unit: str) -> tuple[str, int]:
    if unit == "月":
        return "months", 1
    return next((field, size) for expression, field, size in _UNITS if re.match(f"(?:{expression})$", unit))


def _sum(one: Length, other: Length) -> Length:
    return Length(one.months + other.months, one.days + other.days, one.seconds + other.seconds)
