"""Load the settings: find the file, put the layers over one another, check, and say all that is wrong at once."""

from collections.abc import Mapping
from pathlib import Path

from pydantic import SecretStr, ValidationError

from phonework.backends import registry
from phonework.config import layers, problems
from phonework.config.model import Config, is_secret, sections, whole
from phonework.errors import ConfigError
from phonework.places import find

REQUIRED_TO_SERVE = ("feishu.app_id", "feishu.app_secret")
DEFAULT_PLACE = "default"
HIDDEN = "***"


def load(
    path: Path | None,
    overrides: Mapping[str, object],
    *,
    serving: bool = False,
    look_for_file: bool = True,
    here: bool = True,
    secrets: bool = True,
    places: Mapping[str, str] | None = None,
) -> Config:
    """Load and check every setting.

    path: the file to read; None: $PHONEWORK_CONFIG, ./config.toml, the user's configuration directory, or no file.
    overrides: what the command line says, by dotted key (`server.port`); None values count as not given.
    serving: also require what a server needs. look_for_file: False: without `path` no file is read.
    here: False: ./config.toml is left alone, for commands that are used where agents write.
    secrets: False: those in a file of their own or in the keyring stay there, for who does not need them.
    places: where the overrides come from, by dotted key, if not from the command line.
    Raises ConfigError with one line for each thing that is wrong.
    """
    file = path or (find(here=here) if look_for_file else None)
    below = layers.from_file(file) if file else layers.Layer()
    if below.problems and not below.values:
        raise ConfigError(tuple(below.problems))
    layer = layers.merged((below, layers.from_environment(), layers.from_flags(overrides, places)))
    layers.fetch_secrets(layer, read=secrets)
    config, wrong = _checked(layer)
    wrong = [*layer.problems, *wrong]
    if serving:
        wrong += _missing(layer) + _backend(layer)
    if wrong or config is None:
        raise ConfigError(tuple(dict.fromkeys(wrong)))
    config._places, config._path = layer.places, file
    return config


def origins(config: Config) -> dict[str, tuple[str, str]]:
    """Dotted key → (value as TOML shows it, where it came from); secrets as ***."""
    found = {}
    for section, model in sections().items():
        for key in model.model_fields:
            dotted = f"{section}.{key}"
            value = getattr(getattr(config, section), key)
            found[dotted] = (_shown(section, key, value), config._places.get(dotted, DEFAULT_PLACE))
    return found


def _checked(layer: layers.Layer) -> tuple[Config | None, list[str]]:
    try:
        return whole()(**layer.values), []  # type: ignore[arg-type]  # checked by the very call
    except ValidationError as error:
        return None, problems.lines(error, layer.places)


def _value(layer: layers.Layer, dotted: str) -> object:
    section, _, key = dotted.partition(".")
    table = layer.values.get(section)
    return table.get(key) if isinstance(table, dict) else None


def _missing(layer: layers.Layer) -> list[str]:
    found = []
    for dotted in REQUIRED_TO_SERVE:
        section, _, key = dotted.partition(".")
        if not _value(layer, dotted):
            variable = f"{layers.PREFIX}{section.upper()}__{key.upper()}"
            place = problems.place_of(dotted, layer.places)
            found.append(f"{dotted} ({place}): missing; set {variable}, or {key} under [{section}] in config.toml")
    return found


def _backend(layer: layers.Layer) -> list[str]:
    name = _value(layer, "agent.default")
    if not isinstance(name, str) or name in registry.names():
        return []
    place = problems.place_of("agent.default", layer.places)
    return [f"agent.default ({place}): no backend {name!r}; known: {', '.join(registry.names())}"]


def _shown(section: str, key: str, value: object) -> str:
    secret = value.get_secret_value() if isinstance(value, SecretStr) else value
    if is_secret(section, key):
        return HIDDEN if secret else "{}" if isinstance(secret, dict) else '""'
    if isinstance(value, tuple):
        return "[" + ", ".join(f'"{item}"' for item in value) + "]"
    return f'"{value}"' if isinstance(value, str | Path) else str(value)
