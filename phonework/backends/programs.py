"""Which program of an agent is run."""

import shutil
from collections.abc import Callable
from pathlib import Path


def find(name: str, wanted: str, bundled: Callable[[], str]) -> str:
    """The one that is wanted, a path or a name on the PATH; else the one that came with us; else `name` on the PATH.

    bundled: where the second is; empty: there is none. Empty when there is none at all; nothing stands in for what is wanted.
    """
    if wanted:
        path = Path(wanted).expanduser()
        return str(path) if path.is_file() else shutil.which(wanted) or ""
    return bundled() or shutil.which(name) or ""
