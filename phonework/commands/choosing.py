"""`/model`: with which model the agent goes on."""

import re
import unicodedata
from dataclasses import dataclass
from typing import Final

from phonework.commands.base import Wrong
from phonework.commands.looking import Look

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/@\[\]+-]{0,99}", re.ASCII)
_DEFAULT: Final = frozenset({"default", "默认"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """Choose the model of the active session. name: as the agent calls it; empty: the agent's own choice again."""

    name: str = ""


def model(rest: str) -> Model | Look | Wrong:
    """Without a name: show which one it is."""
    typed = unicodedata.normalize("NFKC", rest).strip().strip("\"'“”`")
    if not typed:
        return Look(report="model")
    if typed.lower() in _DEFAULT:
        return Model()
    if not _NAME.fullmatch(typed):
        return Wrong(command="model", text="say.bad_model", params={"model": typed[:80]})
    return Model(name=typed)
