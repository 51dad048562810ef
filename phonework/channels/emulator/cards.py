"""Checking cards as the platform does, with its codes.

Codes with a source: 200861, 200621, 300302, 300301, 200530, 200570, 100290, 200830, and 11310 for the number of
elements and tables. Where the documents give a rule but no code, 11310 is a guess: compare the reason, not the code.
"""

from __future__ import annotations

import re
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Any, Final

from phonework.channels.emulator import card_rules as rules
from phonework.channels.emulator.settings import Settings
from phonework.channels.emulator.world import Json

_ELEMENT_ID: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,19}")
_FENCE: Final = re.compile(r"^ {0,3}(`{3,}|~{3,})")
_TABLE_RULE: Final = re.compile(r"^\s*\|?\s*:?-+:?\s*(\|\s*:?-+:?\s*)+\|?\s*$")
_IMAGE: Final = re.compile(r"!\[[^\]\n]*\]\(([^)\s]*)[^)\n]*\)")
_AT: Final = re.compile(r"<at\s+(?:id|ids|user_id)\s*=\s*[\"']?([^\"'>\s]*)")
_PERSON: Final = re.compile(r"<person\s+id\s*=\s*[\"']?([^\"'>\s]*)")


class CardError(Exception):
    """A card the platform would refuse; `code` is the inner code (ErrCode)."""

    def __init__(self, code: int, reason: str, path: str = "") -> None:
        super().__init__(reason)
        self.code, self.reason, self.path = code, reason, path


def schema_of(card: Json) -> str:
    return "2.0" if card.get("schema") == "2.0" else "1.0"


def check_card(card: Json, settings: Settings, image_keys: set[str], people: set[str]) -> None:
    """Raise CardError unless the card would be shown. Cards 1.0 are looked at only roughly, as the platform does.

    image_keys: what this app has uploaded; people: the ids a mention may name.
    """
    if not _is_one(card.get("schema", "1.0"), {"1.0", "2.0"}):
        raise CardError(200621, f"unknown schema {card.get('schema')!r}", "ROOT")
    if schema_of(card) == "1.0":
        _check_old(card)
        return
    _Checker(settings, image_keys, people).card(card)


def _check_old(card: Json) -> None:
    elements = card.get("elements", [])
    if not isinstance(elements, list) or not all(isinstance(each, dict) for each in elements):
        raise CardError(200621, "elements is no list of objects", "ROOT")


@dataclass(slots=True)
class _Place:
    """Where an element stands: its path for messages, the containers around it, the form it is in."""

    path: str = "ROOT"
    depth: int = 0
    form: bool = False
    panel: bool = False
    root: bool = False

    def at(self, step: str) -> _Place:
        return _Place(f"{self.path} -> {step}", self.depth, self.form, self.panel)


@dataclass(slots=True)
class _Checker:
    settings: Settings
    image_keys: set[str]
    people: set[str]
    elements: int = 0
    tables: int = 0
    ids: set[str] = field(default_factory=set)
    names: set[str] = field(default_factory=set)
    submits: int = 0

    def card(self, card: Json) -> None:
        _known(card, rules.CARD, "ROOT")
        self._config(card.get("config", {}))
        if "header" in card:
            self._header(_object(card["header"], "ROOT -> header"))
        body = _object(card.get("body", {}), "ROOT -> body")
        _known(body, rules.BODY, "ROOT -> body")
        place = _Place("ROOT -> body", root=True)
        self._children(body.get("elements", []), place)
        if self.elements > self.settings.card_elements:
            raise CardError(11310, f"element exceeds the limit: {self.elements} > {self.settings.card_elements}")
        if self.tables > self.settings.card_tables:
            raise CardError(11310, "card table number over limit", "ROOT -> body")

    def _config(self, config: Any) -> None:
        config = _object(config, "ROOT -> config")
        _known(config, rules.CONFIG, "ROOT -> config")
        if config.get("update_multi", True) is not True:
            raise CardError(300302, "update_multi may only be true", "ROOT -> config")
        if not isinstance(config.get("streaming_mode", False), bool):
            raise CardError(200621, "streaming_mode is no boolean", "ROOT -> config")

    def _header(self, header: Json) -> None:
        path = "ROOT -> header"
        _known(header, rules.HEADER, path)
        if not _is_one(header.get("template", "default"), rules.TEMPLATES):
            raise CardError(11310, f"unknown template {header['template']}", path)
        if "title" not in header:
            raise CardError(11310, "a header needs a title", path)
        for name in ("title", "subtitle", "icon"):
            if name in header:
                self._element(header[name], _Place(f"{path} -> {name}"))
        tags = header.get("text_tag_list", [])
        if not isinstance(tags, list) or len(tags) > 3:
            raise CardError(11310, "text_tag_list holds at most 3 tags", path)
        for index, tag in enumerate(tags):
            self._element(tag, _Place(f"{path} -> text_tag_list -> [{index}]"))

    def _children(self, elements: Any, place: _Place) -> None:
        if not isinstance(elements, list):
            raise CardError(200621, "elements is no list", place.path)
        for index, element in enumerate(elements):
            tag = element.get("tag") if isinstance(element, dict) else None
            inner = place.at(f"elements -> [{index}](tag: {tag})")
            inner.root = place.root
            self._element(element, inner)

    def _element(self, element: Any, place: _Place) -> None:
        element = _object(element, place.path)
        tag = element.get("tag")
        if not isinstance(tag, str) or not tag:
            raise CardError(200621, "an element without a tag", place.path)
        if tag in rules.OLD_TAGS:
            raise CardError(200861, f"cards of schema V2 no longer support this capability; tag {tag}", place.path)
        if tag not in rules.COMPONENTS:
            raise CardError(11310, f"not support tag: {tag}", place.path)
        if (known := rules.COMPONENTS[tag]) is not None:
            _known(element, known, place.path)
        self.elements += 1
        self._element_id(element, place)
        self._name(element, tag, place)
        self._own(element, tag, place)

    def _element_id(self, element: Json, place: _Place) -> None:
        if "element_id" not in element:
            return
        element_id = element["element_id"]
        if not isinstance(element_id, str) or _ELEMENT_ID.fullmatch(element_id) is None:
            raise CardError(300301, f"invalid element_id {element_id!r}", place.path)
        if element_id in self.ids:
            raise CardError(300301, f"element_id {element_id} is not unique", place.path)
        self.ids.add(element_id)

    def _name(self, element: Json, tag: str, place: _Place) -> None:
        name = element.get("name")
        if tag == "form" or (place.form and tag in rules.NAMED_IN_FORM):
            if not isinstance(name, str) or not name:
                raise CardError(200530, f"{tag} needs a name", place.path)
            if name in self.names:
                raise CardError(200530, f"name {name} is not unique", place.path)
            self.names.add(name)

    def _own(self, element: Json, tag: str, place: _Place) -> None:
        """The rules of one kind of element, and what is inside it."""
        if tag in rules.CONTAINERS:
            self._container(element, tag, place)
            return
        match tag:
            case "column":
                self._children(element.get("elements", []), place)
            case "markdown" | "lark_md":
                self._markdown(element, place)
            case "plain_text":
                if not isinstance(element.get("content", ""), str):
                    raise CardError(200621, "content is no string", place.path)
            case "table":
                self._table(place)
            case "img" | "custom_icon":
                self._image(element.get("img_key"), place)
            case "button":
                self._button(element, place)
            case "input":
                self._input(element, place)
            case "select_static" | "multi_select_static" | "overflow":
                self._options(element, tag, place)
            case _:
                pass
        self._parts(element, place)

    def _container(self, element: Json, tag: str, place: _Place) -> None:
        if tag == "form" and not place.root:
            raise CardError(11310, "form may stand only at the root of the card", place.path)
        if place.depth + 1 > self.settings.card_depth:
            raise CardError(11310, f"containers nest deeper than {self.settings.card_depth}", place.path)
        inner = _Place(
            place.path, place.depth + 1, place.form or tag == "form", place.panel or tag == "collapsible_panel"
        )
        if tag == "column_set":
            self._columns(element, inner)
            return
        if tag == "collapsible_panel":
            self._panel_header(element.get("header"), place)
        if tag == "interactive_container":
            self._behaviors(element, place)
        before = self.submits
        self._children(element.get("elements", []), inner)
        if tag == "form" and self.submits == before:
            raise CardError(200530, "a form needs a button that submits it", place.path)
        self._confirm(element, place)

    def _columns(self, element: Json, inner: _Place) -> None:
        columns = element.get("columns", [])
        if not isinstance(columns, list):
            raise CardError(200621, "columns is no list", inner.path)
        for index, column in enumerate(columns):
            if not isinstance(column, dict) or column.get("tag") != "column":
                raise CardError(11310, "columns holds only elements with the tag column", inner.path)
            self._element(column, inner.at(f"columns -> [{index}](tag: column)"))

    def _panel_header(self, header: Any, place: _Place) -> None:
        path = f"{place.path} -> header"
        header = _object(header, path)
        _known(header, rules.PANEL_HEADER, path)
        if "title" not in header:
            raise CardError(11310, "the header of a panel needs a title", path)
        for name in ("title", "icon"):
            if name in header:
                self._element(header[name], _Place(f"{path} -> {name}"))

    def _parts(self, element: Json, place: _Place) -> None:
        """Texts and icons inside an element are elements too, and count."""
        for name in ("text", "icon", "placeholder", "label", "hover_tips", "disabled_tips", "alt", "title"):
            if isinstance(element.get(name), dict):
                self._element(element[name], place.at(name))
        fields = element.get("fields", [])
        for index, entry in enumerate(fields if isinstance(fields, list) else []):
            if isinstance(entry, dict) and "text" in entry:
                self._element(entry["text"], place.at(f"fields -> [{index}]"))

    def _table(self, place: _Place) -> None:
        if not place.root:
            raise CardError(11310, "table may stand only at the root of the card", place.path)
        self.tables += 1

    def _markdown(self, element: Json, place: _Place) -> None:
        content = element.get("content")
        if not isinstance(content, str):
            raise CardError(200621, "content is no string", place.path)
        outside = without_code(content)
        tables = sum(_TABLE_RULE.match(line) is not None for line in outside.split("\n"))
        if tables > self.settings.markdown_tables:
            raise CardError(11310, "card table number over limit", place.path)
        self.tables += tables
        for key in _IMAGE.findall(outside):
            self._image(key, place)
        for person in [*_AT.findall(outside), *_PERSON.findall(outside)]:
            if person != "all" and person not in self.people:
                raise CardError(100290, f"invalid user id {person!r}", place.path)

    def _image(self, key: Any, place: _Place) -> None:
        if not isinstance(key, str) or (self.settings.unknown_image_keys and key not in self.image_keys):
            raise CardError(200570, f"image key {key!r} is invalid", place.path)

    def _button(self, element: Json, place: _Place) -> None:
        if not _is_one(element.get("type", "default"), rules.BUTTON_TYPES):
            raise CardError(11310, f"unknown button type {element['type']}", place.path)
        text = element.get("text")
        if isinstance(text, dict) and len(str(text.get("content", ""))) > 100:
            raise CardError(11310, "the text of a button has at most 100 characters", place.path)
        action = element.get("form_action_type", element.get("action_type"))
        if _is_one(action, {"submit", "form_submit"}):
            if not place.form:
                raise CardError(11310, "a button that submits stands outside a form", place.path)
            self.submits += 1
        self._behaviors(element, place)
        self._confirm(element, place)

    def _behaviors(self, element: Json, place: _Place) -> None:
        behaviors = element.get("behaviors", [])
        if not isinstance(behaviors, list):
            raise CardError(200621, "behaviors is no list", place.path)
        for behavior in behaviors:
            behavior = _object(behavior, f"{place.path} -> behaviors")
            _known(behavior, rules.BEHAVIOR | {"behavior", "name"}, f"{place.path} -> behaviors")
            if not _is_one(behavior.get("type"), rules.BEHAVIORS):
                raise CardError(11310, f"unknown behavior {behavior.get('type')!r}", place.path)
            # The SDK takes only objects here: a string never reaches the handler.
            if behavior["type"] == "callback" and not isinstance(behavior.get("value", {}), dict):
                raise CardError(200621, "the value of a callback is an object", place.path)

    def _confirm(self, element: Json, place: _Place) -> None:
        if "confirm" not in element:
            return
        path = f"{place.path} -> confirm"
        confirm = _object(element["confirm"], path)
        _known(confirm, rules.CONFIRM, path)
        for name in rules.CONFIRM & confirm.keys():
            self._element(confirm[name], _Place(f"{path} -> {name}"))

    def _input(self, element: Json, place: _Place) -> None:
        length = element.get("max_length", 1000)
        if not isinstance(length, int) or isinstance(length, bool) or not 1 <= length <= 1000:
            raise CardError(11310, "max_length is 1 to 1000", place.path)
        if not _is_one(element.get("input_type", "text"), {"text", "multiline_text", "password"}):
            raise CardError(11310, f"unknown input_type {element['input_type']}", place.path)

    def _options(self, element: Json, tag: str, place: _Place) -> None:
        if tag == "multi_select_static" and not place.form:
            raise CardError(11310, "multi_select_static may stand only in a form", place.path)
        options = element.get("options", [])
        if not isinstance(options, list):
            raise CardError(200621, "options is no list", place.path)
        for index, option in enumerate(options):
            path = f"options -> [{index}]"
            option = _object(option, f"{place.path} -> {path}")
            _known(option, rules.OPTION, f"{place.path} -> {path}")
            if tag != "overflow" and not isinstance(option.get("value"), str):
                raise CardError(200621, "the value of an option is a string", f"{place.path} -> {path}")
            if isinstance(option.get("text"), dict):
                self._element(option["text"], place.at(path))


def _is_one(value: Any, known: AbstractSet[str]) -> bool:
    return isinstance(value, str) and value in known


def _object(value: Any, path: str) -> Json:
    if not isinstance(value, dict):
        raise CardError(200621, "not an object", path)
    return value


def _known(value: Json, known: frozenset[str], path: str) -> None:
    for name in value:
        if name not in known:
            raise CardError(200621, f"unknown property: {name}, path: [{path}]", path)


def without_code(markdown: str) -> str:
    """Markdown without its fenced blocks and code spans: only there mentions, images and tables count."""
    kept: list[str] = []
    fence = ""
    for line in markdown.split("\n"):
        found = _FENCE.match(line)
        if fence:
            closes = found is not None and found[1][0] == fence[0] and len(found[1]) >= len(fence)
            if closes and found is not None and not line[found.end() :].strip():
                fence = ""
        elif found is not None:
            fence = found[1]
        else:
            kept.append(line)
    return re.sub(r"(`+)[^`\n](?:.*?[^`\n])?\1(?!`)", "", "\n".join(kept))


def plain_text(card: Json) -> tuple[str, list[str]]:
    """The title and the texts of a card, in reading order."""
    header = card.get("header")
    title = header.get("title") if isinstance(header, dict) else None
    texts: list[str] = []
    if isinstance(header, dict):
        _collect([header.get("subtitle"), header.get("text_tag_list")], texts)
    body = card.get("body")
    _collect(body if isinstance(body, dict) else card.get("elements"), texts)
    return (str(title.get("content", "")) if isinstance(title, dict) else "", texts)


def _collect(node: Any, texts: list[str]) -> None:
    if isinstance(node, list):
        for each in node:
            _collect(each, texts)
    elif isinstance(node, dict):
        content = node.get("content")
        if isinstance(content, str) and node.get("tag") in {"markdown", "plain_text", "lark_md"}:
            texts.append(content)
        for key, value in node.items():
            if key not in {"behaviors", "value", "confirm"} and isinstance(value, dict | list):
                _collect(value, texts)
