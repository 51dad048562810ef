"""Sessions that go round and round: message, turn started, turn finished. For tests and measurements of the engine."""

import sqlite3
from collections.abc import Iterable
from datetime import datetime

from phonework.channels.base import Chat
from phonework.engine import Happened, Outcome, ingest
from phonework.fsm.events import Event, MessageReceived, TurnFinished, TurnStarted
from phonework.fsm.types import Prompt, PromptId, SessionId, Timeouts, UserId
from phonework.store import sessions, users
from phonework.store.sessions import NewSession

USER = UserId("ou_0123456789abcdef0123456789abcdef")
CHAT = Chat(channel="feishu", chat_id="oc_0123456789abcdef0123456789abcdef")


def add_sessions(connection: sqlite3.Connection, session_ids: Iterable[SessionId], now: datetime) -> None:
    """Idle sessions of one person."""
    users.touch(connection, USER, "en", CHAT, now)
    for session_id in session_ids:
        new = NewSession(
            session_id=session_id, user_id=USER, backend="demo", cwd="/home/ada/fizz", chat=CHAT, timeouts=Timeouts()
        )
        sessions.add(connection, new, now)


class Round:
    """One session's way round, an event at a time. Keys are `session:number`, so a repeat would be recognised.

    Its number advances when the event is acknowledged, not when it is tried.
    """

    def __init__(self, session_id: SessionId, number: int = 0, user: UserId = USER) -> None:
        self.session_id, self.number, self.user = session_id, number, user

    @property
    def key(self) -> str:
        return f"{self.session_id}:{self.number}"

    def event(self, now: datetime) -> Event:
        turn = self.number // 3 + 1
        match self.number % 3:
            case 0:
                prompt = Prompt(prompt_id=PromptId(f"prompt-{self.key}"), text="please add a test", sent_at=now)
                return MessageReceived(prompt=prompt, by=self.user)
            case 1:
                return TurnStarted(turn=turn, agent_session_id=f"agent-{self.session_id}")
            case _:
                return TurnFinished(turn=turn, text="I added a test for the empty list; all 12 tests pass.")

    def happened(self, now: datetime) -> Happened:
        source = "message" if self.number % 3 == 0 else "agent"
        return Happened(source=source, key=self.key, session_id=self.session_id, event=self.event(now), occurred_at=now)

    def job(self, connection: sqlite3.Connection, now: datetime) -> Outcome:
        """For the writer. Raises AssertionError when the engine does not apply the event."""
        outcome = ingest(connection, self.happened(now), now)
        assert outcome.applied, outcome
        return outcome
