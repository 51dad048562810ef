"""Characters that would hide from a person what a command does.

What is approved on a card must be what runs, so a command with such characters is refused, not asked about. Full-width and
typographic signs are common on phones: within quotes they are text, outside they are taken for the shell's own and are not.
"""

import re
import unicodedata
from collections.abc import Iterator
from typing import Final

from phonework.shell.verdicts import Reason, Why, reason

LONGEST: Final = 16 * 1024  # bytes of UTF-8
_HIDDEN: Final = frozenset({"Cf", "Co", "Cs", "Cn", "Zl", "Zp", "Zs"})
# Letters and marks that show nothing: Default_Ignorable_Code_Point of Unicode that are not of category Cf, and the empty Braille.
_INVISIBLE: Final = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0000-\U000e0fff]"
)
_LOOKS_LATIN: Final = (
    "CYRILLIC", "GREEK", "COPTIC", "ARMENIAN", "CHEROKEE", "LISU", "GEORGIAN", "DESERET", "OSAGE", "MODIFIER", "LATIN LETTER SMALL",
)  # fmt: skip
_OWN_LATIN: Final = frozenset("ßẞæÆøØœŒðÐþÞđĐłŁħĦŋŊ")  # cannot be taken apart, and look like nothing else
_RUN_OF_LETTERS: Final = re.compile(r"[^\W\d_]+")


def unreadable(command: str) -> Reason | None:
    """Why the command as a whole cannot be judged."""
    if len(command.encode("utf-8", "surrogatepass")) > LONGEST:
        return reason(Why.TOO_LONG)
    if not command.strip():
        return reason(Why.EMPTY)
    for each in command:
        if unicodedata.category(each) == "Cc" and each not in "\n\t":
            return reason(Why.CONTROL_CHARACTER, _named(each))
        if each != " " and (unicodedata.category(each) in _HIDDEN or _INVISIBLE.match(each)):
            return reason(Why.HIDDEN_CHARACTER, _named(each))
    return None


def look_alikes(command: str, bare: str) -> Iterator[Reason]:
    """What looks like something else. bare: the command without what is in quotes."""
    for letters in _RUN_OF_LETTERS.findall(command):
        if not letters.isascii() and _deceives(letters):
            yield reason(Why.LOOK_ALIKE, letters)
    before = " "
    for each in bare:
        if not each.isascii() and not _is_text(each, before):
            yield reason(Why.LOOK_ALIKE, _named(each))
        before = each


def _deceives(letters: str) -> bool:
    """Whether letters pass for those of ASCII: other forms of them, or other scripts' among them."""
    if any(not each.isascii() and _has_ascii_form(each) for each in letters):
        return True
    return any(each.isascii() for each in letters) and may_look_latin(letters)


def _has_ascii_form(each: str) -> bool:
    return any(plain.isascii() and plain.isalnum() for plain in unicodedata.normalize("NFKC", each))


def may_look_latin(text: str) -> bool:
    """Whether there are letters that a person may take for those of ASCII: as a program's name, always a deceit."""
    return any(_looks_latin(each) for each in text)


def _looks_latin(each: str) -> bool:
    if each.isascii() or each in _OWN_LATIN:
        return False
    name = unicodedata.name(each, "")
    return name.startswith(_LOOKS_LATIN) or (
        name.startswith("LATIN") and not unicodedata.normalize("NFD", each)[0].isascii()
    )


def _is_text(each: str, before: str) -> bool:
    """Whether a character outside of quotes is a letter, or a mark on one, and not a sign."""
    category = unicodedata.category(each)
    if category.startswith("M"):
        return before.isalpha() or unicodedata.category(before).startswith("M")
    if category == "Lm":  # strokes and ticks that lengthen or soften a letter
        return before.isalpha() and not before.isascii()
    return category.startswith("L") and not 0x01C0 <= ord(each) <= 0x01C3  # clicks: | and !


def _named(each: str) -> str:
    shown = f"{each} " if each.isprintable() and not unicodedata.category(each).startswith(("M", "Z")) else ""
    return f"{shown}U+{ord(each):04X} {unicodedata.name(each, '')}".strip()
