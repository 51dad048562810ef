"""Who may write, which machine serves them, and what was sent where."""
