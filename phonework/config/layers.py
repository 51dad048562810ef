"""Where settings come from: a TOML file with the line of each key, the environment, the command line."""

import os
import re
import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pydantic_settings import EnvSettingsSource

from phonework.config import files
from phonework.config.model import may_be_elsewhere, sections, whole
from phonework.config.secrets import KINDS, UNREAD, Elsewhere
from phonework.errors import ConfigError
from phonework.gateway.place import VARIABLES

PREFIX = "PHONEWORK_"
CONFIG_FILE_BYTES = 1024 * 1024

_HEADER = re.compile(r"^\s*\[\s*([^\[\]]+?)\s*\]")
_KEY = re.compile(r"^\s*([A-Za-z0-9_.\"'\- ]+?)\s*=")
_ERROR_LINE = re.compile(r"\(at line (\d+), column \d+\)")


@dataclass(slots=True)
class Layer:
    """Values by section and key, the place of each (dotted key → place), and what was wrong already here.

    elsewhere: dotted key of a secret → where its value is kept; it is not among the values until `fetch_secrets`.
    """

    values: dict[str, object] = field(default_factory=dict)
    places: dict[str, str] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    elsewhere: dict[str, Elsewhere] = field(default_factory=dict)


def from_file(path: Path) -> Layer:
    """Read config.toml. An unreadable or broken file is one problem, never an exception."""
    layer = Layer()
    try:
        raw = files.read(path, CONFIG_FILE_BYTES)
        text = raw.decode("utf-8")
        layer.values = tomllib.loads(text)
    except OSError as error:
        layer.problems.append(f"{path}: cannot be read ({files.why(error)}); check the path and its permissions")
        return layer
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        layer.problems.append(f"{path}:{line}: not UTF-8; save the file as UTF-8")
        return layer
    except tomllib.TOMLDecodeError as error:
        layer.problems.append(_not_toml(path, text, error))
        return layer
    layer.places = {key: f"{path}:{line}" for key, line in _lines(text).items()}
    layer.places[""] = str(path)
    _take_pointers(layer, lambda key: layer.places.get(key, str(path)), path.parent)
    _anchor_paths(layer, path.parent)
    return layer


def from_environment() -> Layer:
    """Read PHONEWORK_SECTION__KEY, and for secrets PHONEWORK_SECTION__KEY_FILE and …_KEYRING. Empty variables are unset."""
    layer = Layer()
    names = {name.lower(): name for name, value in os.environ.items() if name.upper().startswith(PREFIX) and value}
    for section in sections():
        if named := names.get(f"{PREFIX}{section}".lower()):
            layer.problems.append(f"{named}: names a section; set one key each, like {PREFIX}{section.upper()}__KEY")
            return layer
    layer.values = dict(EnvSettingsSource(whole())())
    layer.problems.extend(_misnamed(names.values()))
    for section, keys in layer.values.items():
        for key in keys if isinstance(keys, dict) else ():
            variable = f"{PREFIX}{section}__{key}".lower()
            nested = next((name for low, name in names.items() if low.startswith(variable + "__")), "")
            layer.places[f"{section}.{key}"] = names.get(variable) or nested or variable.upper()
    _take_pointers(layer, lambda key: layer.places[key], Path.cwd())
    return layer


def from_flags(overrides: Mapping[str, object], places: Mapping[str, str] | None = None) -> Layer:
    """Take what the command line says: dotted key → value; None counts as not given. places: where else it came from."""
    layer = Layer()
    for dotted, value in overrides.items():
        if value is None:
            continue
        section, _, key = dotted.partition(".")
        table = layer.values.setdefault(section, {})
        assert isinstance(table, dict), f"{dotted} overlaps another flag"
        table[key] = value
        layer.places[dotted] = (places or {}).get(dotted, "command line")
    return layer


def merged(layers: tuple[Layer, ...]) -> Layer:
    """Put the layers over one another, the last one on top."""
    result = Layer()
    for layer in layers:
        for section, keys in layer.values.items():
            below = result.values.get(section)
            for key in keys if isinstance(keys, dict) else ():
                result.elsewhere.pop(f"{section}.{key}", None)
            if isinstance(below, dict) and isinstance(keys, dict):
                result.values[section] = {**below, **keys}
            else:
                result.values[section] = keys
        result.places.update(layer.places)
        result.problems.extend(layer.problems)
        result.elsewhere.update(layer.elsewhere)
    return result


def fetch_secrets(layer: Layer, *, read: bool) -> None:
    """Read the secrets that are kept elsewhere, or only note that there are some. What cannot be read is a problem."""
    for dotted, kept in layer.elsewhere.items():
        section, _, key = dotted.partition(".")
        keys = layer.values.setdefault(section, {})
        assert isinstance(keys, dict), f"{dotted} came from a section"
        keys[key] = UNREAD
        layer.places[dotted] = kept.origin
        try:
            keys[key] = kept.read() if read else UNREAD
        except ConfigError as error:
            layer.problems.extend(error.problems)


def _not_toml(path: Path, text: str, error: tomllib.TOMLDecodeError) -> str:
    found = _ERROR_LINE.search(str(error))
    line = found[1] if found else str(text.count("\n") + 1)
    what = _ERROR_LINE.sub("", str(error)).strip().rstrip(".:")
    return f"{path}:{line}: not valid TOML ({what[:1].lower()}{what[1:]}); text values stand in double quotes"


def _lines(text: str) -> dict[str, int]:
    """Dotted key → line number of its first mention; a section counts as a key of its own."""
    found: dict[str, int] = {}
    section = ""
    for number, line in enumerate(text.splitlines(), start=1):
        if header := _HEADER.match(line):
            section = _plain(header[1])
            found.setdefault(section, number)
        elif key := _KEY.match(line):
            dotted = _plain(key[1])
            found.setdefault(f"{section}.{dotted}" if section else dotted, number)
    return found


def _plain(dotted: str) -> str:
    return ".".join(part.strip().strip("\"'") for part in dotted.split("."))


def _misnamed(names: Iterable[str]) -> list[str]:
    """Variables that look like settings but have one underscore where two belong."""
    problems = []
    for name in names:
        rest = name.upper().removeprefix(PREFIX)
        first, two, _key = rest.partition("__")
        if name in VARIABLES or (two and first.lower() in sections()):
            continue
        for section in sections():
            if rest.startswith(f"{section.upper()}_"):
                right = f"{PREFIX}{section.upper()}__{rest.removeprefix(section.upper() + '_')}"
                problems.append(f"{name}: not a setting; two underscores follow the section: {right}")
        if two:
            problems.append(f"{name}: no section {first.lower()!r}; known: {', '.join(sections())}")
    return problems


def _take_pointers(layer: Layer, place_of: Callable[[str], str], base: Path) -> None:
    """Take each `<secret>_file` and `<secret>_keyring` out of the values; what they point at is read later, if at all."""
    for section in sections():
        if not isinstance(keys := layer.values.get(section), dict):
            continue
        for secret in may_be_elsewhere(section):
            given = [secret] if keys.get(secret) else []
            for kind in [kind for kind in KINDS if f"{secret}_{kind}" in keys]:
                key = f"{secret}_{kind}"
                dotted, name = f"{section}.{key}", str(keys.pop(key))
                kept = Elsewhere(key=dotted, place=place_of(dotted), kind=kind, name=name, base=base)
                if given:
                    layer.problems += kept.wrong(f"{given[0]} is set as well; keep one of the two").problems
                else:
                    layer.elsewhere[f"{section}.{secret}"] = kept
                given.append(key)


def _anchor_paths(layer: Layer, base: Path) -> None:
    """Relative paths in the file are relative to the file."""
    for section, model in sections().items():
        keys = layer.values.get(section)
        for key, info in model.model_fields.items():
            if info.annotation is Path and isinstance(keys, dict) and isinstance(value := keys.get(key), str) and value:
                keys[key] = value if value.startswith("~") else str(base / value)
