"""The program's log as in service, into nothing."""

import contextlib
import os
from collections.abc import Iterator

from phonework import logs


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """JSON lines of level info, without secrets, to the null device: the work of logging is part of what is measured."""
    with open(os.devnull, "w", encoding="utf-8") as nothing:  # noqa: PTH123
        logs.configure("info", "json", stream=nothing)
        yield
