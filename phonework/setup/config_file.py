"""Changing config.toml: only the values that change, every other byte as it was, and the file before it kept."""

import os
import re
import tempfile
import tomllib
from collections.abc import Mapping
from copy import deepcopy
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from phonework.errors import PhoneWorkError

NEW_FILE: Final = """\
# PhoneWork's settings, begun by `phonework init`, which may be run again. Every setting, with its meaning:
# docs/configuration.md, or `phonework config example`. Flags and the environment win over this file.
"""
PRIVATE: Final = 0o600

Changes = Mapping[str, object]
"""Dotted key (`feishu.app_id`) → what TOML can hold; None takes the key away."""


def changed(text: str, changes: Changes) -> str:
    """The text of config.toml with these values. text: valid TOML; what already has its value is not touched.

    Raises PhoneWorkError when the file is laid out so that a change would touch more than it should.
    """
    import tomlkit

    before = tomllib.loads(text)
    wanted = _applied(before, changes)
    document = tomlkit.parse(text)
    for dotted, value in changes.items():
        section, _, key = dotted.partition(".")
        if before.get(section, {}).get(key) != value:
            _set(document, section, key, value)
    result = _line_ends(tomlkit.dumps(document), like=text)
    if tomllib.loads(result) != wanted:
        raise PhoneWorkError(
            "config.toml is laid out in a way that cannot be changed safely",
            hint=f"set {', '.join(changes)} by hand, each in its section",
        )
    return result


def _applied(before: dict[str, Any], changes: Changes) -> dict[str, Any]:
    """What the file is to say."""
    wanted = deepcopy(before)
    for dotted, value in changes.items():
        section, _, key = dotted.partition(".")
        if value is None:
            wanted.get(section, {}).pop(key, None)
        else:
            wanted.setdefault(section, {})[key] = value
    return wanted


def _set(document: Any, section: str, key: str, value: object) -> None:
    import tomlkit

    if value is None:
        document[section].remove(key)
        return
    if section not in document:
        document[section] = tomlkit.table()
    table = document[section]
    body = table.value.body if hasattr(table, "value") and key not in table else []
    after = []
    while body and body[-1][0] is None:  # what stands below the last key is about the next section, mostly
        after.append(body.pop())
    table[key] = value
    body.extend(reversed(after))


def _line_ends(text: str, *, like: str) -> str:
    """Lines we added end as all the others do."""
    return re.sub(r"(?<!\r)\n", "\r\n", text) if "\r\n" in like and not re.search(r"(?<!\r)\n", like) else text


class ConfigFile:
    """One config.toml, perhaps not there yet. Writing is all or nothing; the first write keeps a copy."""

    def __init__(self, path: Path) -> None:
        self.path = path.resolve()
        self.copy: Path | None = None

    def write(self, changes: Changes, now: datetime) -> bool:
        """Put the values in; False when the file says all of it already. Raises PhoneWorkError."""
        try:
            there = self.path.exists()
            before = self.path.read_bytes().decode("utf-8") if there else NEW_FILE
            after = changed(before, changes)
            if there and after == before:
                return False
            self._keep(before, now) if there else self.path.parent.mkdir(parents=True, exist_ok=True)
            replace(self.path, after, self.path.stat().st_mode & 0o777 if there else PRIVATE)
        except (OSError, UnicodeDecodeError) as error:
            raise PhoneWorkError(
                f"{self.path} cannot be written: {error}", hint="name another file with --config"
            ) from error
        return True

    def _keep(self, before: str, now: datetime) -> None:
        """A copy beside it, for its owner only: it may hold a secret."""
        if self.copy is None:
            self.copy = self.path.with_name(f"{self.path.name}.{now:%Y%m%d-%H%M%S-%f}.bak")
            replace(self.copy, before, PRIVATE)


def replace(path: Path, text: str, mode: int) -> None:
    """The file is there whole, or as it was. Raises OSError."""
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            os.fchmod(file.fileno(), mode)
            file.write(text.encode("utf-8"))
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
