"""Where our files lie on this machine, and single settings, known without loading and checking all of them.

For programs that must start at once: the standard library alone.
"""

import os
import sys
import tomllib
from pathlib import Path

from phonework.errors import PhoneWorkError


def default_data_dir() -> Path:
    """Where a program keeps its data on this system. Source: XDG base directories; Apple's file system guide."""
    if sys.platform == "darwin":
        return _apple()
    return Path(os.environ.get("XDG_DATA_HOME") or "~/.local/share").expanduser() / "phonework"


def own_config() -> Path:
    """The user's own config.toml, there or not."""
    home = _apple() if sys.platform == "darwin" else Path(os.environ.get("XDG_CONFIG_HOME") or "~/.config").expanduser() / "phonework"  # fmt: skip
    return home / "config.toml"


def find(*, here: bool) -> Path | None:
    """The config.toml in force when nobody names one; the one $PHONEWORK_CONFIG names may be missing.

    here: look at the current directory first. Agents write in such directories: nothing that is used there may be told by a file in
    it which server to trust.
    """
    if named := os.environ.get("PHONEWORK_CONFIG"):
        return Path(named).expanduser()
    places = (Path("config.toml"), own_config()) if here else (own_config(),)
    return next((path for path in places if path.is_file()), None)


def data_dir() -> Path:
    """[server] data_dir as the server reads it, but for ./config.toml. Raises PhoneWorkError when config.toml cannot be read."""
    found, base = peek("server", "data_dir")
    return base / Path(str(found)).expanduser() if found else default_data_dir()


def peek(section: str, key: str) -> tuple[object, Path]:
    """One setting and the directory that a relative path in it begins at; None when it is not set. Nothing is checked."""
    wanted = f"PHONEWORK_{section}__{key}".upper()
    for name, value in os.environ.items():
        if value and name.upper() == wanted:
            return value, Path()
    path = find(here=False)
    if path is None:
        return None, Path()
    table = _read(path).get(section)
    return (table.get(key) if isinstance(table, dict) else None), path.parent


def _apple() -> Path:
    return Path("~/Library/Application Support/phonework").expanduser()


def _read(path: Path) -> dict[str, object]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise PhoneWorkError(
            f"{path}: cannot be read ({why.lower()})", hint="`phonework config show` says what is wrong with it"
        ) from error
