"""`/mode`: how much the agent of the active session asks, and for how long."""

import unicodedata
from dataclasses import dataclass
from datetime import timedelta

from phonework.commands.base import Wrong
from phonework.commands.looking import Look
from phonework.commands.words import OptionError, duration, next_word


@dataclass(frozen=True, slots=True, kw_only=True)
class ChooseMode:
    """Let the agent ask more or less. name: as typed; which modes there are its agent says. limit: None: not given."""

    name: str
    limit: timedelta | None = None


def mode(rest: str) -> ChooseMode | Look | Wrong:
    """Without a name: show which ones there are."""
    name, rest = next_word(unicodedata.normalize("NFKC", rest))
    typed = rest.strip()
    if not name:
        return Look(report="mode")
    try:
        # A bare number is one of minutes here: nobody means seconds.
        limit = duration("/mode", f"{typed}m" if typed.isdecimal() else typed.replace(" ", "")) if typed else None
    except OptionError:
        return Wrong(command="mode", text="say.mode_bad_time", params={"value": typed[:40]}, usage="usage.mode")
    return ChooseMode(name=name, limit=limit)
