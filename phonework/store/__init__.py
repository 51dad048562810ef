"""SQLite: the single source of truth. All SQL lives here."""
