"""The mark in `meta` that tells a clean stop from a crash or a power cut."""

import sqlite3
from typing import Final

_KEY: Final = "clean_shutdown"


def was_clean(connection: sqlite3.Connection) -> bool:
    """Whether the last writer closed this database itself. A database never written to is clean."""
    row = connection.execute("SELECT value FROM meta WHERE key = ?", (_KEY,)).fetchone()
    return row is None or str(row[0]) == "1"


def mark(connection: sqlite3.Connection, *, clean: bool) -> None:
    """Say that a writer is at work, or that it has ended its work in order."""
    connection.execute(
        "INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
        (_KEY, "1" if clean else "0"),
    )
