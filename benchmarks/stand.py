"""The whole engine in one process, with a chat that shows everything at once and an agent that needs no time."""

import asyncio
import contextlib
import sqlite3
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from phonework import boot
from phonework.backends.base import Accepted, Capabilities, Liveness, Sink, TurnStart
from phonework.channels.base import Channel, ChannelHealth, Chat, Delivery, Fetched, Receipt, Said, Submit
from phonework.clock import SystemClock
from phonework.config import Config
from phonework.core import Core, assemble
from phonework.errors import ChannelError
from phonework.fsm.events import TurnFinished, TurnStarted
from phonework.fsm.types import Answer, Ask, Attachment, Prompt, SessionId, Timeouts, UserId
from phonework.router.authorise import Gate
from phonework.store import effects, sessions, users
from phonework.store.effects import Ended, Owed
from phonework.store.migrate import migrate
from phonework.store.sessions import NewSession
from phonework.store.writer import Writer


class Counter:
    """How often agents were started and things shown, for whoever waits for a number."""

    def __init__(self) -> None:
        self.counts = {"agents": 0, "chats": 0}
        self._changed = asyncio.Event()

    def count(self, what: str) -> None:
        self.counts[what] += 1
        self._changed.set()

    async def reached(self, **numbers: int) -> None:
        while any(self.counts[what] < number for what, number in numbers.items()):
            self._changed.clear()
            await self._changed.wait()


class InstantChannel:
    """Shows at once whatever it is given."""

    name = "feishu"

    def __init__(self, counter: Counter) -> None:
        self._counter = counter

    async def run(self, submit: Submit) -> None:
        await asyncio.Event().wait()

    async def deliver(self, delivery: Delivery) -> Receipt:
        self._counter.count("chats")
        return Receipt(message_id=f"om_shown_{self._counter.counts['chats']}", at=datetime.now(UTC))

    async def fetch(self, attachment: Attachment) -> Fetched:
        raise ChannelError("nothing is attached here", gone=True)

    def health(self) -> ChannelHealth:
        return ChannelHealth(connected=True)


class InstantBackend:
    """An agent that answers at once, or, hanging, never. ended: set for a session when its turn's end is committed."""

    name = "demo"
    capabilities = Capabilities(can_resume=True)

    def __init__(self, sink: Sink, *, hanging: bool, counter: "Counter") -> None:
        self._sink, self._hanging, self._counter = sink, hanging, counter
        self._tasks: set[asyncio.Task[None]] = set()
        self.ended: dict[SessionId, asyncio.Event] = {}

    async def start_turn(self, start: TurnStart) -> None:
        self._counter.count("agents")
        if self._hanging:
            return
        task = asyncio.create_task(self._run(start.session_id, start.turn))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _run(self, session_id: SessionId, turn: int) -> None:
        began = TurnStarted(turn=turn, agent_session_id=f"agent-{session_id}")
        await self._sink.emit(session_id, began, key=f"{turn}:began")
        await self._sink.emit(session_id, TurnFinished(turn=turn, text="All 12 tests pass."), key=f"{turn}:ended")
        if session_id in self.ended:
            self.ended[session_id].set()

    async def steer(self, session_id: SessionId, turn: int, prompt: Prompt, images: tuple[str, ...]) -> None: ...

    async def answer(self, session_id: SessionId, ask: Ask, answer: Answer) -> None: ...

    async def interrupt(self, session_id: SessionId, turn: int) -> None: ...

    async def kill(self, session_id: SessionId) -> None: ...

    async def close(self, session_id: SessionId) -> None: ...

    async def liveness(self, session_id: SessionId) -> Liveness:
        return Liveness.DEAD

    async def accepted(self, start: TurnStart) -> Accepted:
        return Accepted.NO

    async def said(self, start: TurnStart) -> str:
        return ""

    async def ping(self, *, smoke: bool = False) -> str:
        return "instant"

    async def aclose(self) -> None:
        await asyncio.gather(*self._tasks, return_exceptions=True)


class Ending:
    """Takes effects off the outbox without showing anything: what is left is the engine."""

    def __init__(self, writer: Writer, counter: Counter) -> None:
        self._writer, self._counter = writer, counter

    async def carry_out(self, owed: Owed) -> timedelta | None:
        await self._writer.run(lambda connection, now: effects.end(connection, owed, Ended.DONE, "", now))
        self._counter.count("chats")
        return None


class Stand:
    """Conversations of as many people, one session each, ready for messages."""

    def __init__(self, core: Core, backend: InstantBackend, counter: Counter, conversations: int) -> None:
        self.core, self.backend, self.counter = core, backend, counter
        self.people = [person(number) for number in range(conversations)]

    async def say(self, number: int, message: int) -> None:
        """One message of one person; returns when it is committed."""
        user = self.people[number]
        said = Said(
            key=f"om_{number}_{message}",
            user=user,
            chat=chat_of(number),
            message_id=f"om_{number}_{message}",
            text="please add a test for the empty list",
            sent_at=datetime.now(UTC),
        )
        await self.core.router.submit(said)

    async def round(self, number: int, message: int) -> None:
        """Message, turn, finished: returns when the end is committed."""
        ended = self.backend.ended[session_of(number)] = asyncio.Event()
        await self.say(number, message)
        await ended.wait()


ROOT: Final = Path("/home/ada")
"""Where the sessions of these people lie; nothing is read or written there."""


def person(number: int) -> UserId:
    return UserId(f"ou_{number:032x}")


def session_of(number: int) -> SessionId:
    return SessionId(f"fizz-{number:06}")


def chat_of(number: int) -> Chat:
    return Chat(channel="feishu", chat_id=f"oc_{number:032x}")


def settings(folder: Path) -> Config:
    return Config.model_validate(
        {
            "server": {"data_dir": folder},
            "work": {"root": ROOT},
            "agent": {"default": "demo"},
            "access": {"allow": ["*"]},
        }
    )


@contextlib.asynccontextmanager
async def stand(
    folder: Path, *, conversations: int = 0, hanging: bool = False, cards: bool = True
) -> AsyncIterator[Stand]:
    """Started, with as many idle conversations; what the folder's database owes is carried out at once.

    hanging: turns begin and never end. cards: make and deliver them, as in service.
    """
    clock, counter = SystemClock(), Counter()
    channel = InstantChannel(counter)
    config = settings(folder)
    migrate(config.database, clock)
    channels: dict[str, Channel] = {channel.name: channel}
    async with Writer(config.database, clock) as writer:
        await writer.run(lambda connection, now: add_conversations(connection, range(conversations), now))
        left = await boot.look(writer)
        core = assemble(
            writer=writer,
            clock=clock,
            config=config,
            channels=channels,
            gate=Gate(config.access.allow, left.paired, lambda code: None),
            make_backends=lambda node, _config: {"demo": InstantBackend(node, hanging=hanging, counter=counter)},
        )
        backend = core.backends["demo"]
        assert isinstance(backend, InstantBackend)
        if not cards:
            core.dispatcher.chats = Ending(writer, counter)
        await core.start(left)
        try:
            yield Stand(core, backend, counter, conversations)
        finally:
            await core.stop()


def add_conversations(connection: sqlite3.Connection, numbers: range, now: datetime) -> None:
    """An idle session for each number, active for a person of their own."""
    for number in numbers:
        user, session_id = person(number), session_of(number)
        users.touch(connection, user, "en", chat_of(number), now)
        new = NewSession(
            session_id=session_id,
            user_id=user,
            backend="demo",
            cwd=str(ROOT / "fizz"),
            chat=chat_of(number),
            timeouts=Timeouts(),
        )
        sessions.add(connection, new, now)
        users.activate(connection, user, session_id)
