"""Which conversation a session's turn was begun in: what is not known from the store when we die before the turn has begun there."""

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from uuid import uuid4

from phonework.fsm.types import SessionId


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """thread_id: Codex's own. prompt_id: of the first prompt of the turn. ours: it began here, and not at the desk."""

    thread_id: str
    prompt_id: str
    ours: bool


class Journal:
    """One small file for each session; written and read in threads. directory: made when first needed."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def write(self, session_id: SessionId, begun: Begun) -> None:
        """Return when it is on the disk. Raises OSError."""
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        new = self._directory / f"{session_id}.{uuid4().hex}"
        with new.open("w", encoding="utf-8") as file:
            json.dump(asdict(begun), file)
            file.flush()
            os.fsync(file.fileno())
        new.replace(self._path(session_id))

    def read(self, session_id: SessionId) -> Begun | None:
        """None when there is none, or it cannot be read."""
        try:
            found = json.loads(self._path(session_id).read_bytes())
        except (OSError, ValueError, RecursionError):
            return None
        match found:
            case {"thread_id": str(thread_id), "prompt_id": str(prompt_id), "ours": bool(ours)}:
                return Begun(thread_id=thread_id, prompt_id=prompt_id, ours=ours)
            case _:
                return None

    def forget(self, session_id: SessionId) -> None:
        """Raises OSError."""
        self._path(session_id).unlink(missing_ok=True)

    def _path(self, session_id: SessionId) -> Path:
        return self._directory / f"{session_id}.json"
