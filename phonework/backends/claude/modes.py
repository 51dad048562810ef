"""Remembers the permission mode a conversation is really in, which Claude Code does not keep across a resume.

A person approves a plan, or allows all edits, and the agent leaves the mode it was started in. Its own record has the mode of each
prompt only, and a resumed one begins in the default mode (seen in 2.1.329). One small file for each conversation that left the
mode it would begin in; they are written and read in threads.
"""

import json
import re
from pathlib import Path
from uuid import uuid4

BYPASS = "bypassPermissions"
_MODE = re.compile(r"[A-Za-z]{1,40}")


class Modes:
    """directory: made when first needed."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def remember(self, agent_session_id: str, *, wanted: str, mode: str) -> None:
        """The conversation is in this mode now. wanted: the mode it was to begin in; empty: the default. Raises OSError.

        The mode in which nothing is asked is not remembered: it holds only while it is wanted.
        """
        if mode in (wanted or "default", BYPASS):
            self.forget(agent_session_id)
            return
        self._directory.mkdir(parents=True, exist_ok=True)
        new = self._directory / f"{agent_session_id}.{uuid4().hex}"
        new.write_text(json.dumps({"wanted": wanted, "mode": mode}), encoding="utf-8")
        new.replace(self._path(agent_session_id))

    def recall(self, agent_session_id: str, *, wanted: str) -> str:
        """The mode to go on in: the last one, unless another one is wanted now than was then."""
        try:
            kept = json.loads(self._path(agent_session_id).read_bytes())
        except (OSError, ValueError, RecursionError):
            return wanted
        match kept:
            case {"wanted": str(then), "mode": str(mode)} if then == wanted and _MODE.fullmatch(mode):
                return wanted if mode == BYPASS else mode
            case _:
                return wanted

    def forget(self, agent_session_id: str) -> None:
        """Nobody will go on with the conversation, or it is in the mode it would begin in. Raises OSError."""
        self._path(agent_session_id).unlink(missing_ok=True)

    def _path(self, agent_session_id: str) -> Path:
        return self._directory / f"{agent_session_id}.json"
