"""What a person means by "明天早上9点 开会" or "check the build in 10 minutes": a schedule, and what to be reminded of.

The time stands at the beginning or at the end; a day at one and a clock time at the other belong together. Where words
leave something open, these rules decide, and the card then says in words what was understood:

- *A bare hour* from 1 to 12 (9点, at 9) is the next time a clock with hands shows it between 6:00 and 24:00; nights are
  left out. At 10:00, "9点" is 21:00; at 16:00, "3点" is 15:00 tomorrow. On another day it is the first such time.
- *Digits* are the 24-hour clock: 9:00 is in the morning, tomorrow's if it is past. Only 1:00 to 5:59 without a leading
  zero are the afternoon; 03:30 is at night.
- *下午, 晚上, evening, p.m.* and the like choose the half of the day. From 0 to 4 o'clock 晚上 and "tonight" are the night
  that follows the day: 今晚12点 and 今晚1点 are tomorrow by the calendar; 凌晨1点 is not. Midnight (半夜12点) ends a day.
- *A day without a time* means 9:00; 中午 12:00, 下午 15:00, 傍晚 18:00, 晚上 and evening 20:00. "Today" alone, after 9:00, has
  no time. *A time without a day* is the next one.
- *A weekday* is the next one, today if the time is ahead. 这周五 and "this friday" are in this week, 下周五 and "next friday"
  in the next one; weeks begin on Monday. 下周 alone is its Monday, 下个月 its first day, 周末 is Saturday.
- *A date without a year, a day without a month* is the next one; in 12/1 the month stands first if it can. 月底 is the last
  day of the month.
- *In 3 days, a month, a year*: the same time on the wall; from 31 January a month leads to the last day of February.
  Minutes and hours are elapsed time.
- *Every 2 hours* counts from now. *Every other day* begins when its time next comes. *Every week, month or year* without a
  day is today's. On a 29th to 31st that a month lacks, it comes on the month's last day. 每隔一天 is every second day; from
  two on, 每隔两天 is every two days, as it is mostly meant.
- What is past, over 5 years away, or closer together than 5 minutes, is refused; so is whatever would be only half
  understood, like two clock times ("at 9 and 10", 9、10点), a while ("at 9-10") or an end ("daily until friday").
- Where both ends hold a whole time, the one at the beginning counts and the other is text.
"""

import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from phonework.reminders.finding import Span, at_the_beginning, at_the_end, describes, goes_on
from phonework.reminders.parts import Clock, Length, Nonsense, Part, Period, Repeat, fold
from phonework.reminders.reading import fits, read
from phonework.reminders.schedule import Schedule
from phonework.reminders.trouble import Trouble, Unreadable

PART_CHARACTERS: Final = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Phrase:
    """What was understood. rest: what to be reminded of, as typed."""

    schedule: Schedule
    rest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Why not. text: a key of the catalogue; params: what it names."""

    text: Trouble
    params: dict[str, str] = field(default_factory=dict)


_LEAD: Final = re.compile(
    r"\s*(?:(?:(?:please|hey|can you|could you)\s*,?\s+)*remind me\b(?:\s+(?:to|about|that)\b)?\s*:?"
    r"|(?:请|麻烦|帮我|帮忙|到时候?|记得|你)*提醒(?:一下)?我(?![妈爸们的])(?:一下)?)?[\s,:;]*",
    re.ASCII,
)
_AFTER_TIME: Final = re.compile(
    r"(?:一次|\s+once\b)?[\s,:;.!)]*(?:-\s+)?(?:的?时候|那会儿|的(?!士))?[\s,]*"
    r"(?:(?:please\s+)?remind me(?:\s+(?:to|about|that)\b)?|(?:请|麻烦|帮我|记得|你)*提醒(?:一下)?我(?![妈爸们的])(?:一下)?|to\b)?"
    r"[\s,:;.!]*",
    re.ASCII,
)
_TRAIL: Final = re.compile(
    r"(?:一次)?(?:[\s,.!?~;:)]|(?:的时候)?(?:请|麻烦|记得)?提醒(?:一下)?我(?:一下)?|\bplease\b|\bremind me\b)*$",
    re.ASCII,
)
_BEFORE_TIME: Final = re.compile(r"[\s,:;(-]*(?:提醒(?:一下)?我)?[\s,:;(-]*$", re.ASCII)
_TRAIL_CHARACTERS: Final = 60
_HINT: Final = re.compile(
    r"(?:每|隔|从)\S{1,12}|(?:every|each|next)\s+\S+(?:\s+\S+)?|(?:at\s+)?[0-9]{1,4}\s*[:点号月]\s*[0-9]*\S?", re.ASCII
)


def parse(text: str, now: datetime, zone: ZoneInfo) -> Phrase | Problem:
    """The schedule and the rest. Never raises.

    now: aware. zone: the person's, made by its name, in which the words are meant and repetitions are kept.
    """
    folded = fold(text)
    lead = _end(_LEAD, folded, 0)
    trail = _trimmed(_TRAIL, folded, len(folded))
    found = _find(folded[: max(trail, lead)], lead)
    if found is None:
        return _no_time(text, folded)
    parts, head, tail = found
    try:
        schedule = read(parts, now, zone)
    except Unreadable as error:
        return _problem(error.trouble, text, head or tail)
    rest = _rest(text, folded, head.end if head else lead, tail.start if tail else len(text), after=bool(head))
    return Phrase(schedule=schedule, rest=rest) if any(map(str.isalnum, rest)) else Problem(text=Trouble.NOTHING)


_Found = tuple[tuple[Part, ...], Span | None, Span | None]
_UNREADABLE: Final[tuple[Part, ...]] = (Nonsense(),)


def _find(folded: str, start: int) -> _Found | None:
    """The parts of the time, and where they stand; no parts where more is said than one schedule can hold."""
    head = _continued(folded, at_the_beginning(folded, start))
    tail = at_the_end(folded, head.end if head else start)
    if head is None:
        return _alone(tail)
    if describes(folded, head) and not (tail and _complete_each_other(head, tail) and folded[head.end] == "的"):
        return _alone(at_the_end(folded, start))
    if more := goes_on(folded, head):
        return more.parts, more, None
    return _both(head, tail) if tail else (head.parts, head, None)


def _continued(folded: str, head: Span | None) -> Span | None:
    """With what follows it in `tomorrow remind me at 5 to call`, but not in `at 9 remind me: tomorrow is a holiday`."""
    reminding = _LEAD.match(folded, head.end) if head else None
    if head is None or reminding is None or not reminding[0].strip(" ,:;"):
        return head
    more = at_the_beginning(folded, reminding.end())
    if more is None or (head.is_timed and not more.has(Repeat)):
        return head
    if not _complete_each_other(head, more) or not fits((*head.parts, *more.parts)):
        return head
    return Span(head.start, more.end, (*head.parts, *more.parts), clear=True)


def _alone(tail: Span | None) -> _Found | None:
    if tail is None:
        return None
    return (_UNREADABLE if tail.belongs else tail.parts), None, tail


def _both(head: Span, tail: Span) -> _Found:
    """Which of two times counts, or both as one."""
    together = (*head.parts, *tail.parts)
    if not tail.belongs and _complete_each_other(head, tail) and fits(together):
        return together, head, tail
    if head.has(Repeat) and head.clear:
        contradicts = tail.clear and (tail.is_timed or tail.has(Repeat))
        return (_UNREADABLE if contradicts else head.parts), head, None
    if tail.belongs:
        return head.parts, head, None
    if tail.has(Repeat) and tail.clear and head.clear:
        return _UNREADABLE, head, None
    if not head.clear or (tail.is_timed and not head.is_timed):
        return tail.parts, None, tail
    return head.parts, head, None


def _complete_each_other(head: Span, tail: Span) -> bool:
    """A day here and a clock time there; never a length, which is complete."""
    if head.has(Length) or tail.has(Length):
        return False
    return (tail.is_time_only and not head.is_timed and not head.has(Period)) or (
        head.is_time_only and head.has(Clock) and not tail.has(Clock)
    )


def _rest(text: str, folded: str, start: int, end: int, *, after: bool) -> str:
    start = min(_end(_AFTER_TIME, folded, start), end) if after else start
    if end < len(folded):
        end = _trimmed(_BEFORE_TIME, folded, end)
    return text[start:end].strip() if start < end else ""


def _no_time(text: str, folded: str) -> Problem:
    """What looks like a time is named, so that the person need not guess."""
    stripped = folded[_end(_LEAD, folded, 0) :]
    found = _HINT.match(stripped)
    if found is None:
        return Problem(text=Trouble.NO_TIME)
    start = len(folded) - len(stripped)
    return Problem(text=Trouble.NOT_UNDERSTOOD, params={"part": _short(text[start : start + found.end()])})


def _problem(trouble: Trouble, text: str, span: Span | None) -> Problem:
    if span is None or trouble is Trouble.NO_TIME:
        return Problem(text=trouble)
    return Problem(text=trouble, params={"part": _short(text[span.start : span.end])})


def _short(part: str) -> str:
    stripped = part.strip()
    return stripped if len(stripped) <= PART_CHARACTERS else f"{stripped[:PART_CHARACTERS]}…"


def _end(pattern: re.Pattern[str], folded: str, start: int) -> int:
    found = pattern.match(folded, start)
    return found.end() if found else start


def _trimmed(pattern: re.Pattern[str], folded: str, end: int) -> int:
    """Where the text ends without what the pattern finds at its end."""
    begin = max(0, end - _TRAIL_CHARACTERS)
    found = pattern.search(folded[begin:end])
    return begin + found.start() if found else end
