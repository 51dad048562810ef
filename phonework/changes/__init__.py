"""What a session changed: its directory when it began, and the directory now, compared by git without touching either."""
