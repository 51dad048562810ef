"""What tools share that do what a person could do by a command: acting in their name, in one commit."""

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final, TypeVar

from phonework.assistant.tools import Arguments, Call, Question
from phonework.channels.base import Chat
from phonework.intake import acting
from phonework.intake.hand import Desk, Hand
from phonework.store import sessions, views
from phonework.store.writer import Writer
from phonework.views import SessionView

T = TypeVar("T")

WITHIN: Final = timedelta(seconds=20)


class Nothing(Arguments, frozen=True, kw_only=True):
    """No arguments."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Office:
    """What these tools work with."""

    writer: Writer
    desk: Desk
    root: Path

    async def act(self, call: Call, job: Callable[[Hand], T], words: str = "") -> T:
        """Do something in the person's name, in one commit."""

        def run(connection: sqlite3.Connection, now: datetime) -> T:
            chat = sessions.chat_of(connection, call.session_id)
            deputy = acting.Deputy(user_id=call.user_id, key=call.key, chat=chat, language=call.language)
            return job(deputy.hand(connection, self.desk, now, words))

        return await self.writer.run(run)

    async def open_sessions(self, call: Call) -> tuple[SessionView, ...]:
        chat = Chat(channel="", chat_id="")  # only says where they would be shown
        return (await self.writer.run(lambda connection, _now: views.status(connection, call.user_id, chat))).sessions


class OfficeTool:
    """What each of them is made with. It asks nothing first, unless it says so."""

    within = WITHIN

    def __init__(self, office: Office) -> None:
        self._office = office

    async def question(self, call: Call, arguments: Any) -> Question | None:
        return None
