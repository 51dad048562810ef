"""Remembers across our own end which agents there are at which terminals, and what was typed there last.

One small file for each session, written before anything is typed: what stands nowhere was never handed over.
"""

from pathlib import Path
from typing import Final
from uuid import uuid4

import msgspec

from phonework.fsm.types import SessionId

LARGEST: Final = 16 * 1024 * 1024


class Kept(msgspec.Struct, kw_only=True, frozen=True):
    """own: begun by us, in our tmux. pid, start: its process. socket, target: its terminal in tmux, if it has one there.

    turn, prompt_ids: what it worked on last, ours; prompt_id: the agent's own id of it. typed: the words, and since: how long the
    agent's record was before. taken: it has them. asked: the requests that were open.
    """

    session_id: str
    agent_session_id: str
    cwd: str
    config: str
    own: bool
    pid: int = 0
    start: str = ""
    socket: str = ""
    target: str = ""
    turn: int = 0
    prompt_ids: tuple[str, ...] = ()
    prompt_id: str = ""
    typed: str = ""
    since: int = 0
    taken: bool = False
    asked: tuple[str, ...] = ()


class DamagedError(Exception):
    """What was kept cannot be read."""


class Memory:
    """directory: made when first needed. Blocks: call it from a thread. Raises OSError."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def put(self, kept: Kept) -> None:
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = self._path(kept.session_id)
        new = path.with_suffix(f".{uuid4().hex}")
        new.touch(mode=0o600)
        new.write_bytes(msgspec.json.encode(kept))
        new.replace(path)

    def get(self, session_id: SessionId) -> Kept | None:
        """None when there is nothing. Raises DamagedError."""
        try:
            with self._path(session_id).open("rb") as file:
                return msgspec.json.decode(file.read(LARGEST), type=Kept)
        except FileNotFoundError:
            return None
        except (OSError, msgspec.MsgspecError, ValueError, RecursionError) as error:
            raise DamagedError(session_id) from error

    def forget(self, session_id: SessionId) -> None:
        self._path(session_id).unlink(missing_ok=True)

    def _path(self, session_id: str) -> Path:
        return self._directory / f"{session_id}.json"
