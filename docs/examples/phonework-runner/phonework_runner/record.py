"""What a restart must know: which turns were begun, and what their programs said. One file of JSON lines per session."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from phonework.backends.base import TurnStart


class Record:
    """Every method blocks: call it from a thread. Raises OSError when the file cannot be read or written."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def begun(self, start: TurnStart) -> None:
        """On the disk when this returns: what it says after a crash is certain."""
        self._append(start, {"begun": [prompt.prompt_id for prompt in start.prompts]})

    def said(self, start: TurnStart, text: str) -> None:
        self._append(start, {"said": text})

    def has_begun(self, start: TurnStart) -> bool:
        wanted = [prompt.prompt_id for prompt in start.prompts]
        return any(line.get("begun") == wanted for line in self._lines(start))

    def words_of(self, start: TurnStart) -> str:
        """What was said last in the turn; empty when nothing was."""
        return next((str(line["said"]) for line in reversed(list(self._lines(start))) if "said" in line), "")

    def _append(self, start: TurnStart, what: dict[str, object]) -> None:
        self._directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        with self._path(start).open("a", encoding="utf-8") as file:
            file.write(json.dumps({"turn": start.turn, **what}) + "\n")
            file.flush()
            os.fsync(file.fileno())

    def _lines(self, start: TurnStart) -> Iterator[dict[str, Any]]:
        """Those of the turn. The last line may be torn: what it would have said did not happen."""
        if not self._path(start).exists():
            return
        for line in self._path(start).read_text(encoding="utf-8", errors="replace").splitlines():
            try:
                found = json.loads(line)
            except ValueError:
                continue
            if isinstance(found, dict) and found.get("turn") == start.turn:
                yield found

    def _path(self, start: TurnStart) -> Path:
        return self._directory / f"{start.session_id}.jsonl"
