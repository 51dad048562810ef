"""`/get`: a file of the active session's directory, sent to the chat."""

from phonework.commands.base import Wrong, missing
from phonework.commands.looking import Look
from phonework.commands.words import next_word


def get(rest: str) -> Look | Wrong:
    """A path, quoted or with spaces in it."""
    word, after = next_word(rest)
    path = rest.strip() if after.strip() else word
    return Look(report="file", params={"path": path}) if path else missing("get")
