"""The named statements of the `.sql` files here: `queries.sql` for every step of a session, others by noun."""

import re
from importlib.resources import files
from typing import Final

_NAME: Final = re.compile(r"^-- name: (\w+)$", re.MULTILINE)


def _read() -> dict[str, str]:
    statements: dict[str, str] = {}
    for file in files("phonework.store").iterdir():
        if not file.name.endswith(".sql"):
            continue
        parts = _NAME.split(file.read_text(encoding="utf-8"))
        for name, body in zip(parts[1::2], parts[2::2], strict=True):
            if name in statements:
                raise ValueError(f"two statements are called {name}")
            statements[name] = body.strip().rstrip(";")
    return statements


SQL: Final = _read()
"""name → statement."""
