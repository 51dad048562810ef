"""Whether what follows a harmless program's name leaves it harmless: known options, and paths inside the working root."""

import re
from collections.abc import Iterator
from typing import Final

from phonework.shell.harmless import Program
from phonework.shell.places import SECRET, Where
from phonework.shell.plain import PlainWord
from phonework.shell.verdicts import Reason, Why, reason

_NUMBER: Final = re.compile(r"[-+]?\d+[A-Za-z]{0,2}")
READABLE: Final = frozenset({"/dev/null"})


def worries(program: Program, words: tuple[PlainWord, ...], where: Where) -> Iterator[Reason]:
    """What is not certainly harmless among the words."""
    for word in words:
        yield from _of_pattern(program, word, where)
        if program.never and program.never.search(word.text):
            yield reason(Why.UNKNOWN_OPTION, word.text)
    if program.anything:
        return
    operands, values, unknown = _sorted(program, tuple(word.text for word in words))
    yield from (reason(Why.UNKNOWN_OPTION, word) for word in unknown)
    if len(operands) < program.least:
        yield reason(Why.UNCLEAR, "cd")
    if program.most is not None:
        yield from (reason(Why.UNKNOWN_OPTION, word) for word in operands[program.most :])
    if program.operands:
        yield from (reason(Why.UNKNOWN_OPTION, each) for each in operands if not program.operands.fullmatch(each))
    if program.paths:
        yield from (found for word in (*operands, *values) for found in of_path(word, where))


def of_path(path: str, where: Where) -> Iterator[Reason]:
    """What is worrying about reading there."""
    if path in READABLE or path == "-":
        return
    if not where.is_inside(path):
        yield reason(Why.OUTSIDE, path)
    # `HEAD:.env` is a file too.
    if any(SECRET.search(each) for each in {path, path.rpartition(":")[2]}):
        yield reason(Why.SECRET, path)


def _of_pattern(program: Program, word: PlainWord, where: Where) -> Iterator[Reason]:
    """A pattern becomes names that somebody else chose: none may be an option, lead out, or be hidden."""
    if word.pattern is None:
        return
    if word.text.startswith("-") or (not word.pattern and not program.patterns):
        yield reason(Why.PATTERN, word.text)
    # `.*` is `..` too, and all that is hidden.
    if any(part.startswith(".") and re.search(r"[*?\[]", part) for part in word.text.split("/")):
        yield reason(Why.PATTERN, word.text)
    yield from of_path(word.text, where)


def _sorted(program: Program, words: tuple[str, ...]) -> tuple[list[str], list[str], list[str]]:
    """Operands, values of options, and options that are unknown."""
    operands: list[str] = []
    values: list[str] = []
    unknown: list[str] = []
    wants_value = False
    for word in words:
        if wants_value and (not word.startswith("-") or _NUMBER.fullmatch(word)):
            values.append(word)
            wants_value = False
        elif not word.startswith("-") or word == "-":
            operands.append(word)
        elif word == "--":
            continue
        else:
            wants_value, value = _option(program, word)
            if value is None:
                unknown.append(word)
            elif value:
                values.append(value)
    return operands, values, unknown


def _option(program: Program, word: str) -> tuple[bool, str | None]:
    """Whether the option takes the next word, and the value in it; None: it is not known."""
    if word in program.valued:
        return True, ""
    if word in program.flags or (program.numbers and re.fullmatch(r"-\d+", word)):
        return False, ""
    name, equals, value = word.partition("=")
    if word.startswith("--"):
        known = equals and (name in program.flags or name in program.valued)
        return False, value if known else None
    return _cluster(program, word)


def _cluster(program: Program, word: str) -> tuple[bool, str | None]:
    """Several options of one letter behind one dash; the last may have its value attached: `-rn5`."""
    if program.single:
        return False, None
    for index, letter in enumerate(word[1:], start=1):
        if f"-{letter}" in program.valued:
            return index + 1 == len(word), word[index + 1 :]
        if letter not in program.letters:
            return False, None
    return False, ""
