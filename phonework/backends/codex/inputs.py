"""Turns a person's messages and pictures into the input of a turn."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from phonework import pictures
from phonework.fsm.types import Prompt


def of(prompts: Iterable[Prompt], images: Mapping[str, tuple[str, ...]]) -> list[dict[str, Any]]:
    """The words and the pictures, in order; what is no picture is named. Empty when there is nothing. Reads files."""
    found: list[dict[str, Any]] = []
    for prompt in prompts:
        shown, words = [], prompt.text
        for path in images.get(prompt.prompt_id, ()):
            if _is_picture(Path(path)):
                shown.append({"type": "localImage", "path": path})
            else:
                words += f"\n\n[A file that came with this message: {path}]"
        found += [{"type": "text", "text": words}] if words.strip() else []
        found += shown
    return found


def _is_picture(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            size = pictures.size_of(file)
    except OSError:
        return False
    return size is not None and max(size) <= pictures.LONGEST_SIDE
