"""Somebody else's text on one line of a terminal."""


def first_line(text: str, limit: int = 100) -> str:
    """The first line in which anything is written; of a long text only its beginning is looked at."""
    return next((found for each in text[:4000].splitlines() if (found := one_line(each, limit))), "")


def one_line(text: str, limit: int = 100) -> str:
    """The text without control characters and line ends, at most `limit` characters of it, an ellipsis for the rest."""
    line = "".join(letter if letter.isprintable() else " " for letter in text)
    line = " ".join(line.split())
    return line if len(line) <= limit else line[: limit - 1] + "…"
