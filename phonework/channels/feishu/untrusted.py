"""Read values of which nothing is known, without ever failing."""

import json
import math
from collections.abc import Mapping, Sequence
from typing import Final

_DEEPEST: Final = 20
_EMPTY: Final[Mapping[str, object]] = {}


def mapping(value: object) -> Mapping[str, object]:
    return value if isinstance(value, dict) else _EMPTY


def sequence(value: object) -> Sequence[object]:
    return value if isinstance(value, list | tuple) else ()


def string(value: object) -> str:
    return well_formed(value) if isinstance(value, str) else ""


def well_formed(text: str) -> str:
    """The text with what UTF-8 cannot write replaced: JSON may escape half of a character (`\\ud83d`)."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def parse(value: object) -> Mapping[str, object]:
    """The object in a JSON text; empty when there is none in it."""
    if not isinstance(value, str | bytes):
        return _EMPTY
    try:
        return mapping(json.loads(value))
    except (ValueError, RecursionError):
        return _EMPTY


def clean(value: object, depth: int = 0) -> object:
    """The value with every text and number such that others can read it; what is nested too deep is dropped."""
    if isinstance(value, str):
        return well_formed(value)
    if depth >= _DEEPEST and isinstance(value, dict | list):
        return None
    if isinstance(value, dict):
        return {well_formed(str(key)): clean(each, depth + 1) for key, each in value.items()}
    if isinstance(value, list):
        return [clean(each, depth + 1) for each in value]
    return _number(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


def _number(value: int | float) -> int | float | str | None:
    """A number other programs can read too: no infinity, nothing beyond 64 bits."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value if abs(value) < 1 << 63 else str(value)
