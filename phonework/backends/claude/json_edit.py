"""Changes one place inside a JSON text, a string of a list or a member of the whole, and leaves every other byte. Pure."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from json.decoder import JSONDecoder
from typing import Any, Final

_SPACE: Final = re.compile(r"[ \t\r\n]*")
_INDENT: Final = re.compile(r"\s*\{[ \t]*\r?\n([ \t]+)\S")
_DECODER: Final = JSONDecoder()


class NotSuchJsonError(ValueError):
    """The text is no JSON, or has something else than a list of strings in that place."""


@dataclass(frozen=True, slots=True)
class _Part:
    """A value in the text, without the space around it."""

    start: int
    end: int
    value: Any


def strings_at(text: str, path: tuple[str, ...]) -> tuple[str, ...]:
    """The strings of the list below these keys, none when there is no such key. Raises NotSuchJsonError."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise NotSuchJsonError("no JSON") from error
    for name in path:
        if not isinstance(found, dict):
            raise NotSuchJsonError(f"what should hold {name} is no object")
        if name not in found:
            return ()
        found = found[name]
    if not isinstance(found, list) or not all(isinstance(one, str) for one in found):
        raise NotSuchJsonError("no list of strings")
    return tuple(found)


def without(text: str, path: tuple[str, ...], unwanted: str) -> str:
    """The text without the string, as often as it is in the list, and without a comma too many. Raises NotSuchJsonError."""
    kept = [one for one in strings_at(text, path) if one != unwanted]
    edited = text
    while unwanted in strings_at(edited, path):
        start, end = _span(edited, _found(edited, path), unwanted)
        edited = edited[:start] + edited[end:]
    if list(strings_at(edited, path)) != kept:
        raise NotSuchJsonError("it would not be what was wanted")
    return edited


def with_member(text: str, name: str, value: object) -> str:
    """The text of an object with this member, in place of the one that is there, or else as the last. Raises NotSuchJsonError."""
    known = _object(text or "{}")
    text = text if text.strip() else "{}\n"
    indent = _indent(text)
    shown = json.dumps(value, ensure_ascii=False, indent=indent).replace("\n", "\n" + indent)
    members = [(start, end) for key, start, end in _spans(text) if key == name]
    if members:
        start, end = members[-1]
        edited = text[:start] + shown + text[end:]
    else:
        last = max((end for _, _, end in _spans(text)), default=_after_space(text, 0) + 1)
        rest = text[last:] if known else "\n" + text[_after_space(text, last) :]
        edited = f"{text[:last]}{',' if known else ''}\n{indent}{json.dumps(name)}: {shown}{rest}"
    return _checked(edited, {**known, name: value})


def without_member(text: str, name: str) -> str:
    """The text of an object without this member, and without a comma too many. Raises NotSuchJsonError."""
    known = _object(text)
    edited = text
    while name in _object(edited):
        spans = list(_spans(edited))
        place = next(place for place, (key, _, _) in enumerate(spans) if key == name)
        ends = [_after_space(edited, 0) + 1, *(end for _, _, end in spans)]
        # From the end of what is before to its own end, with the comma between; the first takes the comma after it along.
        after = _after_comma(edited, ends[place + 1]) if place == 0 and len(spans) > 1 else ends[place + 1]
        begin = _after_space(edited, ends[0]) if place == 0 and len(spans) > 1 else ends[place]
        edited = edited[:begin] + edited[after:]
    return _checked(edited, {key: value for key, value in known.items() if key != name})


def _object(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise NotSuchJsonError("no JSON") from error
    if not isinstance(found, dict):
        raise NotSuchJsonError("no object")
    return found


def _checked(edited: str, wanted: dict[str, Any]) -> str:
    if _object(edited) != wanted:
        raise NotSuchJsonError("it would not be what was wanted")
    return edited


def _spans(text: str) -> Iterator[tuple[str, int, int]]:
    """Each key of the whole, with where its value begins and ends."""
    for key, start in _members(text, _after_space(text, 0)):
        yield key, start, _DECODER.raw_decode(text, start)[1]


def _indent(text: str) -> str:
    """What the members of the whole stand behind; two spaces where they are on one line."""
    found = _INDENT.match(text)
    return found[1] if found is not None else "  "


def _found(text: str, path: tuple[str, ...]) -> int:
    """Where the list begins. Of a key that is there twice the last one counts, as when it is read."""
    at = _after_space(text, 0)
    for name in path:
        at = [value for key, value in _members(text, at) if key == name][-1]
    return at


def _members(text: str, at: int) -> Iterator[tuple[str, int]]:
    """Each key of the object that begins here, with where its value begins."""
    at = _after_space(text, at + 1)
    while text[at] != "}":
        key, at = _DECODER.raw_decode(text, at)
        at = _after_space(text, _after_space(text, at) + 1)
        yield key, at
        _, at = _DECODER.raw_decode(text, at)
        at = _after_comma(text, at)


def _items(text: str, at: int) -> Iterator[_Part]:
    """Each item of the list that begins here."""
    at = _after_space(text, at + 1)
    while text[at] != "]":
        value, end = _DECODER.raw_decode(text, at)
        yield _Part(at, end, value)
        at = _after_comma(text, end)


def _span(text: str, at: int, unwanted: str) -> tuple[int, int]:
    """What to cut out: an item with the comma and the space that join it to the next one, or else to the one before."""
    items = list(_items(text, at))
    number = next(number for number, item in enumerate(items) if item.value == unwanted)
    if number + 1 < len(items):
        return items[number].start, items[number + 1].start
    if number:
        return items[number - 1].end, items[number].end
    return at + 1, _after_space(text, items[0].end)


def _after_space(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    assert found is not None
    return found.end()


def _after_comma(text: str, at: int) -> int:
    at = _after_space(text, at)
    return _after_space(text, at + 1) if text[at] == "," else at
