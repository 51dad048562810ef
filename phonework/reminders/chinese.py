"""How times are said in Chinese."""

import re
from typing import Final

from phonework.reminders.english_repeats import WEEKEND, WORKDAYS, repeat_of
from phonework.reminders.lengths import items
from phonework.reminders.numerals import whole
from phonework.reminders.parts import (
    LAST,
    CalendarDate,
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

_SMALL: Final = r"(?:[0-9]{1,2}|[零〇一二两三四五六七八九十]{1,3})"
_WEEK: Final = r"(?:周|星期|礼拜)"
_WEEKDAY: Final = r"[一二三四五六日天]"
_POINT: Final = r"(?:点钟|点整|点(?!击|赞|滴|缀|儿)|时(?!间|候|长|事|代|机|差|常|区|刻|段))"
_NOT_COUNTED: Final = r"(?!\s*(?:[0-9]|分钟|个|人|名|位|次|条|天|号|月|日|年|点|项|件|篇|页|%))"
_AT: Final = r"(?:在|于)?"

_PERIODS: Final = {
    Period.DAWN: "凌晨",
    Period.MORNING: "清晨|早晨|早上|清早|大早|一早|上午|早间",
    Period.NOON: "中午|正午",
    Period.AFTERNOON: "下午|午后",
    Period.DUSK: "傍晚",
    Period.EVENING: "晚上|夜里|夜晚|晚间|夜间",
    Period.NIGHT: "半夜|深夜|午夜",
}


def _period(name: str) -> Period:
    if name in "早晚":
        return Period.MORNING if name == "早" else Period.EVENING
    return next(period for period, names in _PERIODS.items() if name in names.split("|"))


def _clock(found: re.Match[str]) -> tuple[Part, ...]:
    """9点, 十点半, 三点一刻, 9点05, 21时30分."""
    if said := found["minute"] or found["bare"]:
        minute = whole(said)
    elif found["half"]:
        minute = 30
    else:
        minute = 15 * (whole(found["quarters"]) or 0)
    return (_at(found["hour"], minute),)


def _at(said_hour: str, minute: int | None) -> Part:
    hour = whole(said_hour)
    is_exact = hour is not None and (hour > 12 or said_hour.startswith("0"))
    return clock(hour, minute, Style.EXACT if is_exact else Style.HANDS)


def _clock_before(found: re.Match[str]) -> tuple[Part, ...]:
    """差一刻九点, 九点差十分."""
    hour, away = whole(found["hour"]), 15 if found["quarter"] else whole(found["minute"])
    if not hour or hour > 24 or not away or away > 59:
        return (Nonsense(),)
    return (clock(hour - 1 or 12, 60 - away, Style.EXACT if hour > 13 else Style.HANDS),)


_AWAY: Final = rf"(?:(?P<quarter>[一1]刻钟?)|(?P<minute>{_SMALL})分钟?)"
_MINUTE: Final = (
    r"(?:(?P<half>半)|(?P<quarters>[一二三1-3])刻"
    rf"|(?:过|零|〇)?(?P<minute>[0-9]{{1,2}}|[零〇一二三四五六七八九十]{{1,3}})\s*分(?!钟|之|享|析|数|支)"
    rf"|(?:过)?(?P<bare>[0-9]{{2}}|[零〇][一二三四五六七八九]|[二三四五]?十[一二三四五六七八九]?){_NOT_COUNTED})"
)


_LITTLE: Final = r"[一两]点(?!钟|整|半|过|一刻|三刻|\S{1,3}分(?!钟)|零|[二三四五]?十|\s*[0-9]{2})"
CLOCKS: Final[tuple[Recogniser, ...]] = (
    # 9、10点, 9和10点: two times; 9到10点, 9-10点: a while
    pattern(
        rf"{_AT}(?<!第){_SMALL}\s*(?:(?P<also>,|和|或者?|及|以及|/)|到|至|-|~)\s*{_SMALL}\s*{_POINT}",
        lambda found: (Nonsense(several=bool(found["also"])),),
    ),
    pattern(rf"{_AT}(?!{_LITTLE})(?P<hour>{_SMALL})\s*{_POINT}(?:\s*{_MINUTE})?", _clock),
    # 一点, 两点: also "a little" and "two things"
    pattern(r"([一两])点", lambda found: (_at(found[1], 0),), weak=True),
    pattern(rf"{_AT}差{_AWAY}(?:到)?(?P<hour>{_SMALL})点钟?", _clock_before),
    pattern(rf"{_AT}(?P<hour>{_SMALL})点差{_AWAY}", _clock_before),
)
PERIODS: Final[tuple[Recogniser, ...]] = (
    pattern(rf"{_AT}({'|'.join(_PERIODS.values())})的?", lambda found: (_period(found[1]),)),
    pattern(rf"([早晚])(?=\s*{_SMALL}\s*(?:点|:))(?!一点)", lambda found: (_period(found[1]),)),
)

_RELATIVE: Final = {"今": 0, "明": 1, "后": 2, "大后": 3, "昨": -1, "前": -2, "当": 0}
_WHICH: Final = r"(?P<which>这个?|本|下下个?|下个?|上个?)?"
_WEEKS: Final = {"这": 0, "本": 0, "下": 1, "上": -1}
_MONTH_DAY: Final = rf"(?P<day>{_SMALL})\s*[号日](?!志|程|报|线|楼|院|机|码|子|元|本|语)"


def _which(word: str | None) -> int | None:
    """这: 0, 下: 1, 下下: 2, 上: -1."""
    if not word:
        return None
    return 2 if word.startswith("下下") else _WEEKS[word[0]]


def _weekday(found: re.Match[str]) -> tuple[Part, ...]:
    return (Weekday(_day(found["day"]), _which(found["which"])),)


def _day(character: str) -> int:
    return "一二三四五六日".index(character.replace("天", "日"))


def _month_day(found: re.Match[str]) -> tuple[Part, ...]:
    day = whole(found["day"])
    return (MonthDay(day, _which(found["which"])),) if day is not None else (Nonsense(),)


def _date(found: re.Match[str]) -> tuple[Part, ...]:
    month, day = whole(found["month"]), whole(found["day"])
    if month is None or day is None:
        return (Nonsense(),)
    return (CalendarDate(month, day, whole(found["year"]), {"今": 0, "明": 1, "后": 2}.get(found["later"] or "")),)


_YEAR: Final = r"(?:(?P<year>[0-9]{4}|[一二三四五六七八九〇零]{4})年|(?P<later>[今明后])年)?\s*"
DAYS: Final[tuple[Recogniser, ...]] = (
    pattern(rf"{_AT}(今|明|大后|后|昨|前)(?:天(?!气)|日|儿)", lambda found: (InDays(_RELATIVE[found[1]]),)),
    pattern(
        rf"{_AT}(今|明|后|当)天?([早晚])(?:上|晨)?(?!一点|点|期|饭|餐|会|报)",
        lambda found: (InDays(_RELATIVE[found[1]]), _period(found[2])),
    ),
    pattern(rf"{_AT}{_WHICH}{_WEEK}(?P<day>{_WEEKDAY})(?!样|定|直|些|志|程|气|个|起(?!床|来))", _weekday),
    pattern(rf"{_AT}{_WHICH}周末", lambda found: (Weekday(5, _which(found["which"])),)),
    pattern(rf"{_AT}(下下?)个?{_WEEK}(?!{_WEEKDAY}|末|报|会|期)", lambda found: (Weekday(0, _which(found[1])),)),
    pattern(rf"{_AT}(?:(?P<which>这个|本|下下个?|下个?|上个?)月的?)?\s*{_MONTH_DAY}", _month_day),
    pattern(
        rf"{_AT}(下下?)个?月(?![0-9一二三四五六七八九十]|底|末|初|度|报)",
        lambda found: (MonthDay(1, _which(found[1])),),
    ),
    pattern(
        rf"{_AT}(?:(?P<which>这个?|本|下下个?|下个?)?月[底末]|(?P<which_>这个?|本|下下个?|下个?)月的?最后一天)",
        lambda found: (MonthDay(LAST.day, _which(found["which"] or found["which_"]), last=True),),
    ),
    pattern(rf"{_AT}下个?月初", lambda _: (MonthDay(1, 1),)),
    pattern(
        rf"{_AT}(?P<later>[今明后]?)年底",
        lambda found: (CalendarDate(12, 31, None, {"今": 0, "明": 1, "后": 2}.get(found[1])),),
    ),
    pattern(rf"{_AT}{_YEAR}(?P<month>{_SMALL})\s*月\s*(?P<day>{_SMALL})\s*[号日]?(?!\s*个)", _date),
)


# Repetitions

_WEEKDAY_LIST: Final = (
    rf"{_WEEKDAY}(?:\s*(?:,|和|及|与|跟|/)?\s*{_WEEK}?{_WEEKDAY}(?!个|些|样|定|直|点|次|起(?!床|来)))*"
)
_UNITS: Final = {"天": Unit.DAY, "日": Unit.DAY, "周": Unit.WEEK, "月": Unit.MONTH, "年": Unit.YEAR}
_AGAIN: Final = r"(?:每个?|逢)"


def _weekdays(found: re.Match[str]) -> tuple[Part, ...]:
    days = {_day(one) for one in re.findall(_WEEKDAY, re.sub("星期|礼拜", "", found["days"]))}
    return (Repeat(Unit.WEEK, _weeks(found), on=tuple(sorted(days))),)


def _weeks(found: re.Match[str]) -> int:
    return (whole(found["count"]) or 0) if found["count"] else 2 if found["other"] else 1


def _span(found: re.Match[str]) -> tuple[Part, ...]:
    first, last = _day(found["first"]), _day(found["last"])
    days = range(first, last + 1) if first < last else (*range(first, 7), *range(last + 1))
    return (Repeat(Unit.WEEK, on=tuple(sorted(set(days)))),)


def _yearly(found: re.Match[str]) -> tuple[Part, ...]:
    month, day = whole(found["month"]), whole(found["day"])
    return (Repeat(Unit.YEAR, month=month, day=day),) if month and day else (Nonsense(),)


def _monthly(found: re.Match[str]) -> tuple[Part, ...]:
    day = whole(found["day"])
    return (Repeat(Unit.MONTH, day=day),) if day is not None else (Nonsense(),)


_SOME_WEEKS: Final = (
    rf"(?:{_AGAIN}|每?(?P<other>隔一?个?)|每隔?(?P<count>[2-9]|[1-9][0-9]{{1,3}}|[两二三四五六七八九十])个?)"
)
_REPEATS: Final[tuple[Recogniser, ...]] = (
    pattern(rf"{_AT}(?:每天|每日|天天)", lambda _: (Repeat(Unit.DAY),)),
    pattern(r"每天?([早晚])(?:上|晨)?(?!一点|点|晚)", lambda found: (Repeat(Unit.DAY), _period(found[1]))),
    pattern(r"每?[天日]早晚(?:各)?(?:一次)?", lambda _: (Nonsense(several=True),)),
    pattern(rf"每(?:个|天)?({'|'.join(_PERIODS.values())})", lambda found: (Repeat(Unit.DAY), _period(found[1]))),
    pattern(r"(?:在?每个?|逢)?(?:工作日|上班日)|每周(?:工作日)", lambda _: (Repeat(Unit.WEEK, on=WORKDAYS),)),
    pattern(rf"{_AGAIN}?{_WEEK}(?P<first>{_WEEKDAY})(?:到|至|-|~){_WEEK}?(?P<last>{_WEEKDAY})", _span),
    pattern(
        rf"{_SOME_WEEKS}{_WEEK}\s*的?\s*(?:{_WEEK})?(?P<days>{_WEEKDAY_LIST})(?!样|定|直|些|个|次|起(?!床|来))",
        _weekdays,
    ),
    pattern(rf"{_AGAIN}周末", lambda _: (Repeat(Unit.WEEK, on=WEEKEND),)),
    pattern(r"每(?:个)?(周|月|年)(?!报|会|刊|[0-9一二三四五六七八九十])", lambda found: (Repeat(_UNITS[found[1]]),)),
    pattern(rf"每个?(?:星期|礼拜)(?!{_WEEKDAY})", lambda _: (Repeat(Unit.WEEK),)),
    pattern(r"每?隔一?个?(天|日|周|月|年)", lambda found: (Repeat(_UNITS[found[1]], 2),)),
    pattern(r"每?隔一?个?(?:星期|礼拜)", lambda _: (Repeat(Unit.WEEK, 2),)),
    pattern(rf"每个?月的?\s*{_MONTH_DAY}", _monthly),
    pattern(r"每个?月的?(?:底|末|最后一[天日])", lambda _: (Repeat(Unit.MONTH, day=LAST.day),)),
    pattern(r"每个?月初", lambda _: (Repeat(Unit.MONTH, day=1),)),
    pattern(rf"每年的?\s*(?P<month>{_SMALL})\s*月\s*(?P<day>{_SMALL})\s*[号日]?", _yearly),
    pattern(r"每年年?底", lambda _: (Repeat(Unit.YEAR, month=12, day=31),)),
)
_EVERY: Final = re.compile(r"每隔?\s*|(?<![一-龥])隔", re.ASCII)


def _every_length(text: str, start: int) -> Said | None:
    """每隔两小时, 每30分钟, 每3天. Only 每隔一天 is every second day; 每隔两天 is said for every two days."""
    before = _EVERY.match(text, start)
    if before is None:
        return None
    found = items(text, before.end()) or _one_unit(text, before.end())
    return Said((repeat_of(found[0]),), found[1]) if found else None


_ONE: Final = re.compile(r"个?(?P<hour>小时|钟头)|(?P<minute>分钟)|(?P<second>秒钟?)", re.ASCII)


def _one_unit(text: str, start: int) -> tuple[Part, int, bool] | None:
    """每小时, 每分钟: the number one is left out."""
    found = _ONE.match(text, start)
    if found is None:
        return None
    seconds = 3600 if found["hour"] else 60 if found["minute"] else 1
    return Length(seconds=seconds), found.end(), False


REPEATS: Final[tuple[Recogniser, ...]] = (*_REPEATS, _every_length)
