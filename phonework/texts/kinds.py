"""The sentences that kinds of agents bring: `texts/zh.toml` and `texts/en.toml` beside their factory's module.

They are read without loading the kind. A file that cannot be read is left out: then a key stands where its sentence would.
"""

import tomllib
from collections.abc import Iterator, Mapping
from importlib.metadata import EntryPoint, entry_points
from importlib.util import find_spec
from pathlib import Path
from typing import Any


def tables(language: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The name of each kind that has some, as its section in the settings is called, and what its file says."""
    for point in entry_points(group="phonework.backends"):
        place = _place(point)
        if place is None:
            continue
        try:
            found = tomllib.loads((place / "texts" / f"{language}.toml").read_text(encoding="utf-8"))
        except (OSError, ValueError):  # none, or damaged
            continue
        yield point.name.replace("-", "_"), found


def _place(point: EntryPoint) -> Path | None:
    try:
        spec = find_spec(point.module)
    except (ImportError, ValueError):
        return None
    return Path(spec.origin).parent if spec and spec.origin else None
