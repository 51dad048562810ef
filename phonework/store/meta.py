"""Single facts about the database itself."""

import sqlite3

from phonework.store.queries import SQL


def get(connection: sqlite3.Connection, key: str) -> str | None:
    row = connection.execute(SQL["get_meta"], (key,)).fetchone()
    return row[0] if row else None


def put(connection: sqlite3.Connection, key: str, value: str) -> None:
    connection.execute(SQL["put_meta"], (key, value))
