"""`dataclasses.replace` for values that are all fields: three times as fast, and a step of a session takes several."""

from collections.abc import Callable
from dataclasses import fields
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from dataclasses import replace as replace  # the type checker knows which fields there are
else:
    T = TypeVar("T")

    def replace(value: T, **changes: Any) -> T:
        """The value with some fields changed. Only for slotted dataclasses without `__post_init__`."""
        copy, setters = _parts(type(value))
        changed = copy(value)
        for name, new in changes.items():
            setters[name](changed, new)
        return changed


Setter = Callable[[Any, Any], None]


@cache
def _parts(kind: type[Any]) -> tuple[Callable[[Any], Any], dict[str, Setter]]:
    """A function that copies values of the class, and what sets each field of a frozen one: its slot's descriptor."""
    if hasattr(kind, "__post_init__"):
        raise TypeError(f"{kind.__name__} checks itself when it is made; it cannot be copied without that")
    setters: dict[str, Setter] = {field.name: getattr(kind, field.name).__set__ for field in fields(kind)}
    lines = ["def copy(value):", "    made = new(kind)"]
    lines += [f"    set_{name}(made, value.{name})" for name in setters]
    lines += ["    return made"]
    space: dict[str, Any] = {
        "new": object.__new__,
        "kind": kind,
        **{f"set_{name}": one for name, one in setters.items()},
    }
    exec("\n".join(lines), space)  # of the field names alone, as dataclasses itself makes `__init__`
    return space["copy"], setters
