"""Finds backends by name among the installed entry points, and builds those that can be used here."""

from collections.abc import Mapping
from importlib.metadata import entry_points
from pathlib import Path
from typing import Final

import structlog

from phonework.backends.base import Backend, BackendFactory, Sink
from phonework.errors import BackendError

log = structlog.get_logger(__name__)

GROUP: Final = "phonework.backends"


def build(sink: Sink, settings: Mapping[str, Mapping[str, object]], data_dir: Path) -> dict[str, Backend]:
    """Every backend whose parts are installed, by name. settings: by backend, as its own section has them."""
    found: dict[str, Backend] = {}
    for point in entry_points(group=GROUP):
        try:
            factory: BackendFactory = point.load()
            found[point.name] = factory(
                sink=sink, settings=settings.get(point.name, {}), data_dir=data_dir / "backends" / point.name
            )
        except (ImportError, BackendError) as error:
            log.info("a backend is not available", backend=point.name, why=str(error))
    return found
