"""Timers: deadlines as rows. What fires is decided by these rows alone."""

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from phonework.fsm import events as happened
from phonework.fsm.draft import Arm, TimerChange
from phonework.fsm.events import TimerEvent
from phonework.fsm.types import SessionId
from phonework.store.codec import maybe_moment, milliseconds, moment
from phonework.store.queries import SQL


@dataclass(frozen=True, slots=True, kw_only=True)
class Timer:
    """A deadline. turn, generation: what it is about."""

    session_id: SessionId
    name: str
    turn: int
    generation: int
    due: datetime

    @property
    def key(self) -> str:
        """Names this firing for ever, so that it happens once. One that was put off fires again, at another time."""
        return f"{self.session_id}:{self.name}:{self.turn}:{self.generation}:{milliseconds(self.due)}"

    def event(self) -> TimerEvent:
        match self.name:
            case "wait":
                return happened.WaitExpired(generation=self.generation)
            case "remind":
                return happened.WaitReminderDue(generation=self.generation)
            case "background":
                return happened.TurnWentLong(turn=self.turn)
            case "turn":
                return happened.TurnExpired(turn=self.turn)
            case "stop":
                return happened.StopExpired(turn=self.turn)
            case "mode":
                return happened.ModeExpired(until=self.due)
            case "idle":
                return happened.IdleExpired(turn=self.turn)
            case _:
                raise ValueError(f"no timer is called {self.name}")


def change(connection: sqlite3.Connection, session_id: SessionId, changes: Iterable[TimerChange]) -> None:
    for one in changes:
        if isinstance(one, Arm):
            values = (session_id, one.name, one.turn, one.generation, milliseconds(one.due))
            connection.execute(SQL["put_timer"], values)
        else:
            connection.execute(SQL["drop_timer"], (session_id, one.name))


def due(connection: sqlite3.Connection, now: datetime, limit: int = 256) -> list[Timer]:
    """The timers that are due, the oldest first."""
    rows = connection.execute(SQL["due_timers"], (milliseconds(now), limit)).fetchall()
    return [
        Timer(session_id=SessionId(session_id), name=name, turn=turn, generation=generation, due=moment(at))
        for session_id, name, turn, generation, at in rows
    ]


def take(connection: sqlite3.Connection, timer: Timer) -> bool:
    """Remove it; False when what fired before it has disarmed it, or put it off."""
    values = (timer.session_id, timer.name, milliseconds(timer.due))
    return connection.execute(SQL["take_timer"], values).rowcount == 1


def next_due(connection: sqlite3.Connection) -> datetime | None:
    return maybe_moment(connection.execute(SQL["next_due"]).fetchone()[0])
