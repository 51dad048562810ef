"""Cards (JSON 2.0) as pure functions of stored facts."""
