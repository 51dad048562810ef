"""Reading the older `keyring.yaml`: flat keys and values, from which settings are taken."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from phonework.config import files
from phonework.errors import ConfigError

FILE_BYTES: Final = 64 * 1024
DEEPEST: Final = 2  # the table, and a list in it
MOST_KEYS: Final = 200
_KEY_SHOWN: Final = 60
_NULL, _BOOL, _TEXT = (f"tag:yaml.org,2002:{name}" for name in ("null", "bool", "str"))
_PLAIN: Final = frozenset((_TEXT, *(f"tag:yaml.org,2002:{name}" for name in ("int", "float", "timestamp"))))

SETTINGS: Final = {
    "FEISHU_APP_ID": "feishu.app_id",
    "FEISHU_APP_SECRET": "feishu.app_secret",
    "OPENAI_BASE_URL": "assistant.base_url",
    "OPENAI_API_KEY": "assistant.api_key",
    "OPENAI_MODEL": "assistant.model",
    "PORT": "server.port",
    "WORKING_DIR": "work.root",
    "ALLOWED_OPEN_IDS": "access.allow",
    "METASO_API_KEY": "web.metaso_key",
}
UNUSED: Final = ("ROUTER_MODE", "ROUTER_SECRET")
"""Known, and kept nowhere: one process is router and node as yet."""


@dataclass(slots=True)
class Found:
    """What the file says. values: by dotted key of a setting; places: where each stood; the rest: names of keys."""

    values: dict[str, object] = field(default_factory=dict)
    places: dict[str, str] = field(default_factory=dict)
    unused: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    empty: list[str] = field(default_factory=list)


def read(path: Path) -> Found:
    """Raises ConfigError with one line for each thing that is wrong; no line holds a value of a secret."""
    try:
        text = files.read(path.expanduser(), FILE_BYTES).decode("utf-8-sig")
    except OSError as error:
        raise ConfigError((f"{path}: cannot be read ({files.why(error)})",)) from error
    except (UnicodeDecodeError, RuntimeError) as error:
        raise ConfigError((f"{path}: not a UTF-8 text",)) from error
    return understood(text, path.name)


def understood(text: str, name: str) -> Found:
    """The same for its text. name: of the file, for what is said about it.

    Values are taken as written: a secret that looks like a number, a date or a word for yes stays what it is.
    """
    import yaml  # type: ignore[import-untyped]

    try:
        _refuse_odd(text, name)
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        line = error.problem_mark.line + 1 if getattr(error, "problem_mark", None) else 1
        raise ConfigError((f"{name}:{line}: not valid YAML",)) from error
    if root is None or root.tag == _NULL:
        return Found()
    if not isinstance(root, yaml.MappingNode):
        raise ConfigError((f"{name}: must hold keys and values, like PORT: 8420",))
    return _taken(root, name)


def _refuse_odd(text: str, name: str) -> None:
    """Look at the stream before anything is built of it: no references, which can grow without end, and nothing deep."""
    import yaml

    depth = 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise _wrong(name, event.start_mark.line, "anchors and references (& and *) are not taken")
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > DEEPEST:
                raise _wrong(name, event.start_mark.line, "values are words and lists of words, not deeper")
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1


def _taken(root: Any, name: str) -> Found:
    found, problems = Found(), list[str]()
    if len(root.value) > MOST_KEYS:
        raise ConfigError((f"{name}: more than {MOST_KEYS} keys",))
    seen: set[str] = set()
    for key_node, node in root.value:
        line = key_node.start_mark.line
        try:
            if key_node.id != "scalar":
                raise _wrong(name, line, "a key must be a word")
            key = str(key_node.value)[:_KEY_SHOWN]
            if key in seen:
                raise _wrong(name, line, f"{key} is there twice")
            seen.add(key)
            _take(found, key, node, f"{name}:{line + 1} {key}")
        except ConfigError as error:
            problems.extend(error.problems)
    if problems:
        raise ConfigError(tuple(problems))
    return found


def _take(found: Found, key: str, node: Any, place: str) -> None:
    if key in UNUSED:
        found.unused.append(key)
    elif key not in SETTINGS:
        found.unknown.append(key if key.isprintable() else ascii(key))
    else:
        words = tuple(_words(node, place))
        if not any(words):
            found.empty.append(key)
            return
        dotted = SETTINGS[key]
        found.places[dotted] = place
        found.values[dotted] = _typed(dotted, node, words, place)


def _typed(dotted: str, node: Any, words: tuple[str, ...], place: str) -> object:
    if dotted == "access.allow":
        listed = (part.strip() for word in words for part in word.split(","))
        return [part for part in listed if part]
    if node.id != "scalar":
        raise ConfigError((f"{place}: must be one value, not a list",))
    word = words[0]
    if dotted != "server.port":
        return word
    if not (word.isascii() and word.isdigit() and len(word) <= len("65535")):
        raise ConfigError((f"{place}: must be a whole number from 0 to 65535",))
    return int(word)


def _words(node: Any, place: str) -> Iterator[str]:
    """The scalars of a value, as written. Raises ConfigError for what is no text."""
    for one in node.value if node.id == "sequence" else [node]:
        if one.id != "scalar":
            raise ConfigError((f"{place}: must be words, not a table or a list in a list",))
        if one.tag == _NULL:
            continue
        if one.tag == _BOOL:
            raise ConfigError((f"{place}: must be text, not yes or no; put it between quotes if it is meant",))
        if one.tag not in _PLAIN:
            raise ConfigError((f"{place}: must be plain text, without a tag (!)",))
        if not one.value.isprintable():
            raise ConfigError((f"{place}: must be one line of readable characters",))
        yield one.value.strip()


def _wrong(name: str, line: int, why: str) -> ConfigError:
    return ConfigError((f"{name}:{line + 1}: {why}",))
