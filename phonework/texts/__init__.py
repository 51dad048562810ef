"""Every sentence a person reads, in Chinese and English, by key."""

import re
import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import resources
from typing import Final

from phonework.texts import kinds

LANGUAGES: Final = ("zh", "en")
DEFAULT: Final = "zh"
MISSING: Final = "?"
"""Stands where a parameter was not given: wrong, and a test's business, but no reason to stay silent."""

_PLACEHOLDER: Final = re.compile(r"\{([a-z_]+)\}")


def text(language: str, key: str, /, **params: object) -> str:
    """The sentence `key` in the language, with what it names filled in.

    Plain text: it may hold `code` in backticks, nothing else of Markdown. Never raises: an unknown language is read as
    the default one, an unknown key gives the key.
    """
    found = catalogue(language).get(key)
    if found is None:
        return key
    return _PLACEHOLDER.sub(lambda match: str(params.get(match[1], MISSING)), found)


def keys() -> frozenset[str]:
    """Every key of the catalogue."""
    return frozenset(catalogue(DEFAULT))


def placeholders(key: str, language: str = DEFAULT) -> frozenset[str]:
    """What the sentence names."""
    return frozenset(_PLACEHOLDER.findall(catalogue(language).get(key, "")))


def language_of(locale: str, default: str = DEFAULT) -> str:
    """The language to speak to a person with this locale, like `zh_cn`, `en-US` or empty."""
    wanted = re.split(r"[-_.]", locale.strip().lower())[0]
    if not wanted:
        return default if default in LANGUAGES else DEFAULT
    return wanted if wanted in LANGUAGES else "en"


def spoken(chosen: str, client: str, default: str) -> str:
    """The language to speak to a person in: as they chose, else as their client speaks, else the default."""
    return next((one for one in (chosen, client) if one in LANGUAGES), default)


def catalogue(language: str) -> Mapping[str, str]:
    """All sentences of a language by key, like `card.allow`."""
    return _load(language if language in LANGUAGES else DEFAULT)


@cache
def _load(language: str) -> dict[str, str]:
    source = resources.files(__name__).joinpath(f"{language}.toml").read_text(encoding="utf-8")
    brought = {key: sentence for name, table in kinds.tables(language) for key, sentence in _flatten(table, f"{name}.")}
    return brought | dict(_flatten(tomllib.loads(source), ""))  # nobody changes ours


def _flatten(table: Mapping[str, object], prefix: str) -> Iterator[tuple[str, str]]:
    for name, value in table.items():
        if isinstance(value, Mapping):
            yield from _flatten(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", str(value).strip("\n")
