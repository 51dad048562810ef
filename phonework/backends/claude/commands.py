"""Which slash commands Claude Code says it has: in each project others, so they are kept by session."""

from typing import Final

from phonework.fsm.types import SessionId

USUAL: Final = frozenset({"rewind", "stats"})
"""Those of its own that look like ours mistyped: all that is known before it has said anything."""


class Commands:
    """What was said last. Read from another thread than it is written: each value is replaced as a whole."""

    def __init__(self) -> None:
        self._of: dict[SessionId, frozenset[str]] = {}
        self._last = USUAL

    def note(self, session_id: SessionId, names: frozenset[str]) -> None:
        self._of[session_id] = self._last = names

    def of(self, session_id: SessionId) -> frozenset[str]:
        """Those of the session; before its agent said any, those that were said last by another."""
        return self._of.get(session_id, self._last)

    def forget(self, session_id: SessionId) -> None:
        self._of.pop(session_id, None)
