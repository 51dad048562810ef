"""A wrong value as one line for a person: key, place, what is wrong, remedy."""

import json
from collections.abc import Iterable, Mapping
from difflib import get_close_matches

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from phonework.backends import registry
from phonework.config.model import is_secret, sections

SHOWN_CHARACTERS = 60


def lines(error: ValidationError, places: Mapping[str, str]) -> list[str]:
    """One line for each wrong value, in the order of the sections."""
    return [_line(detail, places) for detail in error.errors(include_url=False)]


def nearest(word: str, known: Iterable[str]) -> str:
    """The known word that was probably meant, or nothing."""
    match = get_close_matches(word, list(known), n=1, cutoff=0.6)
    return match[0] if match else ""


def place_of(dotted: str, places: Mapping[str, str]) -> str:
    """Where the value was set: its own line, else its section's, else the file."""
    section = dotted.partition(".")[0]
    return places.get(dotted) or places.get(section) or places.get("") or "not set"


def _line(detail: ErrorDetails, places: Mapping[str, str]) -> str:
    path = [str(part) for part in detail["loc"]]
    dotted = ".".join(path[:2])
    place = place_of(dotted, places)
    if detail["type"] == "extra_forbidden":
        return f"{dotted} ({place}): {_unusable(path) or _unknown(path) + _of_kinds(detail)}"
    if len(path) == 1 and detail["type"].startswith(("model_", "dict_")):
        return f"{dotted} ({place}): is a section; write [{dotted}] and its keys below"
    return f"{dotted} ({place}): {_wrong(path, detail)}{_remedy(path)}"


def _of_kinds(detail: ErrorDetails) -> str:
    section = len(detail["loc"]) == 1 and isinstance(detail["input"], dict)
    return " (a kind of agent has its section when its package is installed)" if section else ""


def _unusable(path: list[str]) -> str:
    """Why the kind of agent whose section this is cannot be used; empty when it is none's."""
    unusable = (kind for kind in registry.kinds().values() if kind.factory is None and kind.section == path[0])
    return next((f"the kind of agent {kind.name} cannot be used here: {kind.why}" for kind in unusable), "")


def _unknown(path: list[str]) -> str:
    if len(path) == 1:
        known = list(sections())
        homes = [f"[{name}] {path[0]}" for name, model in sections().items() if path[0] in model.model_fields]
        guess = f"[{match}]" if (match := nearest(path[0], known)) else (homes[0] if homes else "")
    else:
        model = sections().get(path[0])
        known = list(model.model_fields) if model else []
        homes = [f"[{name}] {path[1]}" for name, other in sections().items() if path[1] in other.model_fields]
        guess = nearest(path[1], known) or (homes[0] if homes else "")
    hint = f"did you mean {guess}?" if guess else f"known: {', '.join(known)}"
    return f"no such setting; {hint}"


def _wrong(path: list[str], detail: ErrorDetails) -> str:
    message = detail["msg"].removeprefix("Value error, ")
    message = message.replace("Input should be", "must be").replace("String should", "must")
    message = message.replace("must be a valid", "must be a").replace(", unable to parse string as a number", "")
    message = message.replace(", unable to parse string as an integer", "").replace(
        "must be a integer", "must be an integer"
    )
    if detail["type"] in ("value_error", "missing") or is_secret(path[0], path[-1] if len(path) > 1 else ""):
        return message
    return f"{message}, not {_shown(detail['input'])}"


def _shown(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= SHOWN_CHARACTERS else text[:SHOWN_CHARACTERS] + "…"


def _remedy(path: list[str]) -> str:
    model = sections().get(path[0])
    field = model.model_fields.get(path[1]) if model and len(path) > 1 else None
    if field is None:
        return ""
    example = field.examples[0] if field.examples else field.default
    if is_secret(path[0], path[1]) or not isinstance(example, str | int | float | list):
        return ""
    return f"; for example {path[1]} = {json.dumps(example, ensure_ascii=False)}"
