"""Where in a text a time stands, at its beginning or its end, and what it is made of."""

import re
from dataclasses import dataclass, replace
from typing import Final

from phonework.reminders import chinese, english, english_repeats
from phonework.reminders.lengths import length
from phonework.reminders.numerals import WORDS
from phonework.reminders.parts import Clock, Length, Nonsense, Part, Period, Recogniser, Repeat, Said, Unit
from phonework.reminders.reading import fits

MOST_PARTS: Final = 8
TAIL_CHARACTERS: Final = 100
"""A time at the end is looked for in no more than this."""

_RECOGNISERS: Final[tuple[Recogniser, ...]] = (
    *english_repeats.REPEATS,
    *chinese.REPEATS,
    length,
    *english.CLOCKS,
    *chinese.CLOCKS,
    *english.DAYS,
    *chinese.DAYS,
    *english.PERIODS,
    *chinese.PERIODS,
)
_BETWEEN: Final = re.compile(r"\)?[\s,]*的?\s*\(?", re.ASCII)
# What makes a time at the end part of the text: "slides for monday", "第三点"
_BELONGS: Final = re.compile(
    r"(?:(?:^|[^a-z])(?:about|for|from|since|until|till|before|after|than|between|and|or|of|to|the|version|v)\s*"
    r"|(?:关于|直到|到|至|和|或|从|比|第|共|有)\s*|第[0-9一二三四五六七八九十]{1,3}\s*[,和到至~-]\s*|[-~&/]\s*)$",
    re.ASCII,
)
_GOES_ON: Final = re.compile(
    r"\s*,?\s*(?:(?P<also>(?:and|or)\s|[&/]|和|或者?|及|以及)|(?:to|until|till|through|between|from|starting|except)\s|[~-]|到|至|直到|从|除|起|开始)\s*",
    re.ASCII,
)
# "on the 1st and 15th"
_OTHER_DAYS: Final = re.compile(
    r"(?<=st|nd|rd|th)\s*,?\s*(?:(?:and|or)\s|[,&])\s*(?:the )?[0-9]{1,2}(?:st|nd|rd|th)", re.ASCII
)
# "at 9 and 10", "9:00-10", "9点和10": the number after a clock time is another one, unless it counts something: 和10个人
_HOUR: Final = rf"(?:at\s+)?(?:[0-9]{{1,2}}|{WORDS})"
_HOUR_ENDS: Final = r"(?=[\s,;)]|[.!?](?:\s|$)|$)"
_ANOTHER: Final = re.compile(
    rf"(?P<also>(?:\s*,\s*{_HOUR})*\s*,?\s*(?:(?:and|or)\s+|[&/]\s*|(?:和|或者?|及|以及)\s*){_HOUR}{_HOUR_ENDS})"
    rf"|\s*(?:(?:to|until|till)\s+|[-~]\s*|[到至]\s*){_HOUR}{_HOUR_ENDS}",
    re.ASCII,
)
# "before friday", "three times a day": more than the words before it say
_TURNED: Final = re.compile(
    r"(?:之|以)?前(?!台|往|端|面|后|去|任|线|期|景)|\s*(?:[0-9两二三四五六七八九十几]{1,3}次|twice|[a-z0-9]+ times)",
    re.ASCII,
)


@dataclass(frozen=True, slots=True)
class Span:
    """A time and its place. clear: said in words that mean nothing else."""

    start: int
    end: int
    parts: tuple[Part, ...]
    clear: bool
    belongs: bool = False
    """The words before it make it part of the text, or of a time that is not understood."""

    def has(self, *kinds: type[Part]) -> bool:
        return any(isinstance(part, kinds) for part in self.parts)

    @property
    def is_time_only(self) -> bool:
        """Whether it says a time of the day and no day."""
        return all(isinstance(part, Clock | Period) for part in self.parts)

    @property
    def is_timed(self) -> bool:
        """Whether it says the time of the day, or needs none."""
        return self.has(Clock, Length, Nonsense) or any(
            isinstance(part, Repeat) and part.unit is Unit.MINUTE for part in self.parts
        )


_Piece = tuple[int, Said]


def at_the_beginning(folded: str, start: int) -> Span | None:
    """The time that the text begins with; what does not go with it stays text."""
    pieces = _pieces(folded, start)
    for count in range(len(pieces), 0, -1):
        kept, dropped = pieces[:count], pieces[count:]
        if fits(_parts(kept)) and _may_drop(kept, dropped):
            return _span(folded, kept)
    return _nonsense(pieces)


def at_the_end(folded: str, start: int) -> Span | None:
    """The time that the text ends with, if its words can mean nothing else."""
    for position in range(max(start, len(folded) - TAIL_CHARACTERS), len(folded)):
        pieces = _pieces(folded, position)
        if pieces and pieces[-1][1].end == len(folded):
            return _last(folded, pieces)
    return None


def goes_on(folded: str, span: Span) -> Span | None:
    """The time with more of it that no single schedule says: `9:00 and 18:00`, `daily until friday`."""
    if _TURNED.match(folded, span.end):
        return replace(span, parts=(Nonsense(),))
    if found := _OTHER_DAYS.match(folded, span.end):
        return replace(span, end=found.end(), parts=(Nonsense(several=True),))
    more = _joined(folded, span.end)
    return replace(span, end=more.end, parts=more.together) if more else None


def describes(folded: str, span: Span) -> bool:
    """Whether a day only says which thing is meant: 明天的会议材料, tomorrow's notes."""
    if span.is_timed or span.has(Repeat):
        return False
    return re.match(r"的(?!时候|士)|'s", folded[span.end : span.end + 3]) is not None


def _last(folded: str, pieces: list[_Piece]) -> Span | None:
    """The parts up to the end; the first of them may be text: `prepare for monday tomorrow 9:00`."""
    fitting = [
        _span(folded, pieces[first:])
        for first in range(len(pieces))
        if fits(_parts(pieces[first:])) and _may_drop(pieces[first:], pieces[:first])
    ]
    if not fitting:
        return _nonsense(pieces)
    found = next((span for span in fitting if not span.belongs and not span.is_time_only), fitting[0])
    marked = all(said.marked for start, said in pieces if start >= found.start)
    return found if marked and (found.clear or all(said.is_adverb for _, said in pieces)) else None


def _pieces(folded: str, start: int) -> list[_Piece]:
    """The parts that stand one after the other."""
    pieces: list[_Piece] = []
    position = start
    while (said := _take(folded, position)) and len(pieces) < MOST_PARTS:
        pieces.append((position, _with_others(folded, said)))
        position = _between(folded, pieces[-1][1].end)
    return pieces


def _between(folded: str, end: int) -> int:
    found = _BETWEEN.match(folded, end)
    return found.end() if found else end


def _take(folded: str, position: int, *, after_number: bool = False) -> Said | None:
    """The longest part here, and not out of the middle of a word or number. after_number: it is known to be joined to one."""
    if position >= len(folded) or (not after_number and _is_inside(folded, position)):
        return None
    found = [said for recognise in _RECOGNISERS if (said := recognise(folded, position))]
    return max(found, key=lambda said: (said.end, not said.weak), default=None)


@dataclass(frozen=True, slots=True)
class _More:
    """What is joined to a time by an `and`, or else by an `until`."""

    end: int
    parts: tuple[Part, ...]
    is_also: bool

    @property
    def together(self) -> tuple[Part, ...]:
        """What the two are: no time."""
        return (Nonsense(several=self.is_also),)


def _with_others(folded: str, said: Said) -> Said:
    """Clock times that belong together, or the two ends of a while; all but the first may be bare numbers."""
    if not any(isinstance(part, Clock) for part in said.parts):
        return said
    for _ in range(MOST_PARTS):
        more = _bare_number(folded, said.end) or _joined(folded, said.end)
        if more is None or not any(isinstance(part, Clock | Nonsense) for part in more.parts):
            break
        said = Said(more.together, more.end)
    return said


def _bare_number(folded: str, end: int) -> _More | None:
    """One or more hours that are mere numbers."""
    found = _ANOTHER.match(folded, end)
    return _More(found.end(), (Nonsense(),), found["also"] is not None) if found else None


def _joined(folded: str, end: int) -> _More | None:
    """A time in whole words."""
    found = _GOES_ON.match(folded, end)
    said = _take(folded, found.end(), after_number=True) if found else None
    if found is None or said is None:
        return None
    parts, end = said.parts, said.end
    while (said := _take(folded, _between(folded, end))) and len(parts) < MOST_PARTS:
        parts, end = (*parts, *said.parts), said.end
    return _More(end, parts, found["also"] is not None)


def _is_inside(folded: str, position: int) -> bool:
    before, here = folded[position - 1 : position], folded[position]
    if here.isascii() and here.isalnum() and before.isascii() and before.isalnum():
        return True
    return here.isdigit() and before in tuple(".:/\\_#$-")


def _may_drop(kept: list[_Piece], dropped: list[_Piece]) -> bool:
    """Whether what is left over can be text. A second clock time, or a repetition, was meant to count."""
    left = [part for _, said in dropped if said.marked and not said.is_adverb for part in said.parts]
    if any(isinstance(part, Repeat | Nonsense) for part in left):
        return False
    only_text = any(isinstance(part, Length) for part in _parts(kept))
    return only_text or not any(isinstance(part, Clock | Length) for part in left)


def _parts(pieces: list[_Piece]) -> tuple[Part, ...]:
    return tuple(part for _, said in pieces for part in said.parts)


def _span(folded: str, pieces: list[_Piece]) -> Span:
    start, end = pieces[0][0], pieces[-1][1].end
    clear = any(not said.weak for _, said in pieces)
    return Span(
        start, end, _parts(pieces), clear, belongs=_BELONGS.search(folded[max(0, start - 12) : start]) is not None
    )


def _nonsense(pieces: list[_Piece]) -> Span | None:
    if not pieces:
        return None
    parts = _parts(pieces)
    several = Nonsense(several=True) in parts or (
        Nonsense() not in parts and sum(isinstance(part, Clock) for part in parts) > 1
    )
    return Span(pieces[0][0], pieces[-1][1].end, (Nonsense(several=several),), clear=True)
