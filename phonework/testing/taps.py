"""Finding what can be pressed on a card, and the `action` a press sends."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]
_TIMEZONE = "Asia/Shanghai"


@dataclass(frozen=True, slots=True)
class Pressable:
    """An element that calls back; `fields` are the elements of the form around it, by name."""

    element: Json
    fields: dict[str, Json] | None = field(default=None)

    @property
    def text(self) -> str:
        return text_of(self.element.get("text"))

    @property
    def value(self) -> Any:
        return value_of(self.element)


def text_of(text: Any) -> str:
    return str(text.get("content", "")) if isinstance(text, dict) else ""


def value_of(element: Json) -> Any:
    """The callback's value, None when the element has no callback."""
    for behavior in element.get("behaviors") or []:
        if isinstance(behavior, dict) and behavior.get("type") == "callback":
            return behavior.get("value", {})
    return element.get("value")


def pressables(card: Json) -> Iterator[Pressable]:
    """Every button, select, overflow, picker, checker and input with its form, in reading order."""
    body = card.get("body")
    yield from _walk(body.get("elements") if isinstance(body, dict) else card.get("elements"), None)


def buttons(card: Json) -> list[str]:
    """The texts of all buttons, in reading order."""
    return [each.text for each in pressables(card) if each.element["tag"] == "button"]


def values(card: Json) -> dict[str, Any]:
    """What each button sends, by its text."""
    return {each.text: each.value for each in pressables(card) if each.element["tag"] == "button"}


def _walk(node: Any, fields: dict[str, Json] | None) -> Iterator[Pressable]:
    if isinstance(node, list):
        for each in node:
            yield from _walk(each, fields)
    elif isinstance(node, dict):
        tag = node.get("tag")
        if tag == "form":
            fields = {each["name"]: each for each in _named(node.get("elements")) if each.get("tag") != "button"}
        if tag in _INTERACTIVE:
            yield Pressable(node, fields)
        for key in ("elements", "columns", "actions"):
            yield from _walk(node.get(key), fields)


_INTERACTIVE = {
    "button",
    "select_static",
    "multi_select_static",
    "overflow",
    "checker",
    "input",
    "date_picker",
    "picker_time",
    "picker_datetime",
    "interactive_container",
}


def _named(node: Any) -> Iterator[Json]:
    if isinstance(node, list):
        for each in node:
            yield from _named(each)
    elif isinstance(node, dict):
        if isinstance(node.get("name"), str) and node.get("tag") != "form":
            yield node
        for key in ("elements", "columns"):
            yield from _named(node.get(key))


def find_action(
    card: Json,
    wanted: str | Mapping[str, Any] | None = None,
    *,
    form: Mapping[str, Any] | None = None,
    option: str | None = None,
) -> Json:
    """The `action` of pressing what is wanted: by text, name or element_id, or by a part of its value.

    form: values by field name. A button that submits its form takes them, plus the initial values of the rest; what
    the phone would refuse (an unknown field or option, an empty required field) raises LookupError.
    """
    found = [each for each in pressables(card) if _is(each, wanted, option)]
    if not found:
        offered = [
            (each.element["tag"], each.text or each.element.get("name"), each.value) for each in pressables(card)
        ]
        raise LookupError(f"nothing to press for {wanted!r}; the card offers {offered}")
    pressed = found[0]
    if pressed.element.get("disabled"):
        raise LookupError(f"{wanted!r} is disabled")
    return _action(pressed, form, option)


def _is(candidate: Pressable, wanted: str | Mapping[str, Any] | None, option: str | None) -> bool:
    element = candidate.element
    if option is not None and element["tag"] not in {"select_static", "overflow", "multi_select_static"}:
        return False
    if wanted is None:
        return option is not None or element["tag"] == "button"
    if isinstance(wanted, str):
        return wanted in (candidate.text, element.get("name"), element.get("element_id"))
    value = candidate.value
    return isinstance(value, dict) and all(value.get(key) == each for key, each in wanted.items())


def _action(pressed: Pressable, form: Mapping[str, Any] | None, option: str | None) -> Json:
    element = pressed.element
    action: Json = {"tag": element["tag"]}
    if (value := pressed.value) is not None:
        action["value"] = value
    if element.get("name"):
        action["name"] = element["name"]
    if option is not None:
        if option not in _options(element):
            raise LookupError(f"no option {option!r}; there are {_options(element)}")
        action["option"] = option
    if element.get("form_action_type") == "submit" or element.get("action_type") == "form_submit":
        action["form_value"] = _form_value(pressed.fields or {}, form or {})
        action["timezone"] = _TIMEZONE
    elif form:
        raise LookupError("this button submits no form")
    return action


def _form_value(fields: dict[str, Json], given: Mapping[str, Any]) -> Json:
    if unknown := given.keys() - fields.keys():
        raise LookupError(f"no field {sorted(unknown)}; the form has {sorted(fields)}")
    values: Json = {}
    for name, element in fields.items():
        value = given[name] if name in given else _initial(element)
        _check(name, element, value)
        values[name] = value
    return values


def _initial(element: Json) -> Any:
    match element["tag"]:
        case "input":
            return element.get("default_value", "")
        case "checker":
            return bool(element.get("checked", False))
        case "multi_select_static":
            return list(element.get("selected_values", []))
        case _:
            return element.get("initial_option", "")


def _check(name: str, element: Json, value: Any) -> None:
    tag = element["tag"]
    if element.get("required") and value in ("", []):
        raise LookupError(f"field {name!r} is required")
    if tag == "input" and len(value) > element.get("max_length", 1000):
        raise LookupError(f"field {name!r} takes at most {element.get('max_length', 1000)} characters")
    chosen = value if tag == "multi_select_static" else [value] if tag == "select_static" and value else []
    for each in chosen:
        if each not in _options(element):
            raise LookupError(f"field {name!r} has no option {each!r}; there are {_options(element)}")


def _options(element: Json) -> list[str]:
    return [str(each.get("value")) for each in element.get("options", []) if isinstance(each, dict)]
