"""Finds the kinds of agents among the installed entry points, and builds those that can be used here."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Final

import structlog

from phonework.backends.base import About, Backend, BackendFactory, Sink
from phonework.errors import BackendError

if TYPE_CHECKING:
    from phonework.config.section import Section

log = structlog.get_logger(__name__)

GROUP: Final = "phonework.backends"
GENERAL: Final = ("max_live", "sandbox", "language")
"""Keys of what every backend is built with beside its own section (`Config.agent_settings`); none of its own is called so."""

_OURS: Final = "phonework"  # the distribution; what it brings goes before another's of the same name
_NAME: Final = re.compile(r"[a-z][a-z0-9_-]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One kind of agent, as its entry point has it.

    factory: None when it cannot be used, and then `why` is a sentence on it. settings: the section it brings; None for a kind
    without settings. ours: it is part of this distribution.
    """

    name: str
    factory: BackendFactory | None = None
    about: About
    settings: "type[Section] | None" = None
    ours: bool = False
    why: str = ""

    @property
    def section(self) -> str:
        """What its section is called: a name that an environment variable can have, too."""
        return section_of(self.name)


def section_of(name: str) -> str:
    return name.replace("-", "_")


def names() -> tuple[str, ...]:
    """The kinds there are, usable or not, without loading any of them."""
    return tuple(_points())


@cache
def kinds() -> Mapping[str, Kind]:
    """Every kind by name. Loads the modules of their factories, which leave a vendor's library for later."""
    return {name: _kind(point) for name, point in _points().items()}


def usual() -> str:
    """The kind of new sessions where nothing else is configured; empty when there is none at all."""
    found = sorted(kinds().values(), key=lambda kind: (not kind.about.usual, not kind.ours, kind.name))
    return found[0].name if found else ""


def without_account() -> str:
    """A kind that anybody can try; empty when there is none."""
    return next((kind.name for kind in kinds().values() if kind.factory is not None and not kind.about.account), "")


@cache
def variables() -> tuple[str, ...]:
    """How the environment variables of agents begin that are nobody else's business."""
    return tuple(prefix for kind in kinds().values() for prefix in kind.about.variables)


def build(sink: Sink, settings_of: Callable[[str], Mapping[str, object]], data_dir: Path) -> dict[str, Backend]:
    """Every backend whose parts are installed, by name. settings_of: what the backend of this name is built with."""
    data_dir = data_dir.absolute()  # agents are told of it, and work elsewhere
    found: dict[str, Backend] = {}
    for name, kind in kinds().items():
        try:
            if kind.factory is None:
                raise BackendError(kind.why)
            found[name] = kind.factory(sink=sink, settings=settings_of(name), data_dir=data_dir / "backends" / name)
        except (ImportError, BackendError) as error:
            log.info("a backend is not available", backend=name, why=str(error))
        except Exception:
            if kind.ours:
                raise
            log.exception("a backend of somebody else's does not work", backend=name)
    return found


@cache
def _points() -> Mapping[str, EntryPoint]:
    found: dict[str, EntryPoint] = {}
    for point in sorted(entry_points(group=GROUP), key=lambda point: (not _is_ours(point), point.name)):
        found.setdefault(point.name, point)
    return {name: found[name] for name in sorted(found)}


def _is_ours(point: EntryPoint) -> bool:
    return point.dist is not None and point.dist.name == _OURS


def _kind(point: EntryPoint) -> Kind:
    about = About(title=point.name)
    try:
        factory = point.load()
    except Exception as error:  # kinds may be other people's, and loading a module raises anything
        return Kind(name=point.name, about=about, why=f"it cannot be loaded ({type(error).__name__}: {error})")
    about, settings = getattr(factory, "about", about), getattr(factory, "Settings", None)
    why = _unfit(point.name, settings)
    return Kind(
        name=point.name,
        factory=None if why else factory,
        about=about,
        settings=None if why else settings,
        ours=_is_ours(point),
        why=why,
    )


def _unfit(name: str, settings: object) -> str:
    """Why its section could not stand among the others; empty when it can."""
    from phonework.config.model import Config  # imports this module
    from phonework.config.section import Section

    if not _NAME.fullmatch(name):
        return "its name must be of small letters, digits, - and _"
    if section_of(name) in Config.model_fields or hasattr(Config, section_of(name)):
        return f"[{section_of(name)}] is a name of PhoneWork's own settings; the kind must be called otherwise"
    if settings is None:
        return ""
    if not (isinstance(settings, type) and issubclass(settings, Section)):
        return "its Settings must be a subclass of phonework.config.section.Section"
    taken = [key for key in GENERAL if key in settings.model_fields]
    return f"no setting of its own may be called {taken[0]}, which every kind is told of all agents" if taken else ""
