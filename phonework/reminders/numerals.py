"""Numbers as people write them in times: digits, Chinese numerals, English words."""

import re
from typing import Final

CHINESE: Final = r"(?:[0-9]{1,9}(?:\.[0-9]{1,3})?|[零〇一二两三四五六七八九十百]{1,6})"
_DIGITS: Final = {"零": 0, "〇": 0, "一": 1, "二": 2, "两": 2} | {d: n for n, d in enumerate("三四五六七八九", start=3)}

_ONES: Final = [
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
]
_TENS: Final = {"sixteen": 16, "seventeen": 17, "eighteen": 18, "nineteen": 19, "twenty": 20, "thirty": 30}
_MORE: Final = {
    "twenty-five": 25,
    "forty": 40,
    "forty-five": 45,
    "fifty": 50,
    "fifty-five": 55,
    "sixty": 60,
    "ninety": 90,
}
_WORDS: Final = {word: number for number, word in enumerate(_ONES, start=1)} | _TENS | _MORE
WORDS: Final = "|".join(sorted(_WORDS, key=len, reverse=True))
ENGLISH: Final = rf"(?:[0-9]{{1,9}}(?:\.[0-9]{{1,3}})?|{WORDS})"

_ORDINALS: Final = {
    word: number
    for number, word in enumerate(
        [
            "first",
            "second",
            "third",
            "fourth",
            "fifth",
            "sixth",
            "seventh",
            "eighth",
            "ninth",
            "tenth",
            "eleventh",
            "twelfth",
        ],
        start=1,
    )
} | {"fifteenth": 15, "twentieth": 20}
ORDINAL: Final = rf"(?:[0-9]{{1,2}}(?:st|nd|rd|th)|{'|'.join(sorted(_ORDINALS, key=len, reverse=True))})"


def number(text: str) -> float | None:
    """The number in one of the forms above; None when it is none, like `十百`."""
    if re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,3})?", text):
        return float(text)
    return _WORDS[text] if text in _WORDS else _chinese(text)


def whole(text: str | None) -> int | None:
    """The same for whole numbers."""
    found = number(text) if text else None
    return int(found) if found is not None and found == int(found) else None


def ordinal(text: str) -> int:
    """The number of `3rd`, `third` or `3`."""
    return _ORDINALS[text] if text in _ORDINALS else int(re.sub(r"[a-z]+$", "", text))


def _chinese(text: str) -> int | None:
    """Up to 999: 二十五, 一百零五; and single digits in a row: 二零二六."""
    if len(text) > 1 and all(character in _DIGITS for character in text.lstrip("零〇")):
        return int("".join(str(_DIGITS[character]) for character in text))
    found = re.fullmatch("(?:(.)百)?零?(?:(.)?(十))?(.)?", text)
    if not text or found is None or any(one and one not in _DIGITS and one != "十" for one in found.groups()):
        return None
    hundreds, tens, ten, ones = found.groups()
    return (
        100 * _DIGITS.get(hundreds or "零", 0)
        + (10 * _DIGITS.get(tens or "一", 1) if ten else 0)
        + _DIGITS.get(ones or "零", 0)
    )
