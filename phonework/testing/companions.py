"""For the suite of every backend: the store a companion of a person needs, which is set up in place of a whole engine."""

import sqlite3
from datetime import datetime
from pathlib import Path

from phonework.channels.base import Chat
from phonework.clock import SystemClock
from phonework.fsm.types import Timeouts, UserId
from phonework.store import sessions, users
from phonework.store.migrate import migrate
from phonework.store.sessions import NewSession
from phonework.store.writer import Writer
from phonework.testing.backend_contract import ONE, TWO


async def opened(data_dir: Path, *, backend: str, root: Path) -> Writer:
    """A started writer whose database has the suite's two sessions, companions in the root. Once more: as it was left."""

    def add(connection: sqlite3.Connection, now: datetime) -> None:
        user_id, chat = UserId("ou_ada"), Chat(channel="none", chat_id="oc_1")
        users.touch(connection, user_id, "en", chat, now)
        for session_id in (ONE, TWO):
            if not sessions.exists(connection, session_id):
                new = NewSession(
                    session_id=session_id,
                    user_id=user_id,
                    backend=backend,
                    cwd=str(root),
                    chat=chat,
                    timeouts=Timeouts(),
                    companion=True,
                )
                sessions.add(connection, new, now)

    path = data_dir / "phonework.db"
    migrate(path, SystemClock())
    writer = Writer(path, SystemClock(), synchronous="NORMAL")
    await writer.start()
    await writer.run(add)
    return writer
