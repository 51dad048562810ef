"""Forgetting what is old and over; never what a session still needs."""

import sqlite3
from datetime import datetime, timedelta

from phonework.store.codec import milliseconds
from phonework.store.queries import SQL

KEEP = timedelta(days=30)


def prune(connection: sqlite3.Connection, now: datetime) -> int:
    """Remove old events, finished effects and receipts; returns how many rows went."""
    before = milliseconds(now - KEEP)
    names = ("prune_events", "prune_effects", "prune_messages", "prune_firings", "prune_reminders")
    return sum(connection.execute(SQL[name], (before,)).rowcount for name in names)
