"""Whatever the model wants and whenever the program dies: a call is made once at most, and every call gets one result."""

import asyncio
import sqlite3
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, TypeVar

from hypothesis import given, settings
from hypothesis import strategies as st

from phonework.assistant.loop import Kit, Limits, StuckError, Work
from phonework.assistant.memory import pending
from phonework.assistant.model import Message, ModelError, Offer, Reply, Role, ToolCall, Trouble, Watch
from phonework.assistant.surroundings import House
from phonework.assistant.tools import Arguments, Call, Question, Result
from phonework.backends.base import TurnStart
from phonework.channels.base import Chat
from phonework.clock import SystemClock
from phonework.errors import StoreError
from phonework.fsm.types import Answer, Ask, Prompt, PromptId, SessionId, Timeouts, UserId, Verdict
from phonework.store import dialogue, sessions, users
from phonework.store.codec import load
from phonework.store.dialogue import CallStatus
from phonework.store.migrate import migrate
from phonework.store.sessions import NewSession
from phonework.store.writer import Writer

T = TypeVar("T")
HELPER: Final = SessionId("assistant-1")
LIMITS: Final = Limits(seconds=60, steps=6, calls=8, tokens=100_000, history=4000)


class Dead(StoreError):
    """The program died right after a commit."""


@dataclass
class Mortal:
    """A writer that lets its owner die after so many commits."""

    writer: Writer
    left: int

    async def run(self, job: Callable[[sqlite3.Connection, datetime], T]) -> T:
        value = await self.writer.run(job)
        self.left -= 1
        if self.left == 0:
            raise Dead("killed")
        return value


@dataclass
class Scripted:
    """A model that says what it is told, in order, then that it is done."""

    replies: list[Reply | Trouble]
    shown: list[Sequence[Message]] = field(default_factory=list)

    async def ask(self, system: str, messages: Sequence[Message], offers: Sequence[Offer], watch: Watch) -> Reply:
        self.shown.append(list(messages))
        reply = self.replies.pop(0) if self.replies else Reply(text="done")
        if isinstance(reply, Trouble):
            raise ModelError(reply)
        return reply

    async def aclose(self) -> None: ...


class Nothing(Arguments, frozen=True, kw_only=True):
    number: int = 0


@dataclass
class Once:
    """A tool that must not be used twice for one call, and commits what it does; asks: the person first."""

    name: str
    asks: bool
    made: Counter[str]
    writer: Mortal
    description = "Do it."
    arguments = Nothing
    changes = True
    within = timedelta(seconds=5)

    async def question(self, call: Call, arguments: Nothing) -> Question | None:
        return Question(prompt="May I?") if self.asks else None

    async def run(self, call: Call, arguments: Nothing) -> Result:
        self.made[call.call_id] += 1
        await self.writer.run(lambda _connection, _now: None)
        return Result(text="made")


CALLS = st.builds(
    ToolCall,
    call_id=st.sampled_from(["", "call_0", "x"]),
    name=st.sampled_from(["do", "ask", "nonsense", ""]),
    arguments=st.sampled_from(["{}", '{"number": 1}', '{"number": 2}', '{"number": "one"}', "{", "null", ""]),
)
REPLIES = st.one_of(
    st.builds(Reply, text=st.sampled_from(["", "words"]), calls=st.lists(CALLS, min_size=1, max_size=3).map(tuple)),
    st.builds(Reply, text=st.just("said"), finish=st.sampled_from(["stop", "length", ""])),
    st.sampled_from([Trouble.DOWN, Trouble.TOO_LONG]),
)


@settings(max_examples=80, deadline=None)
@given(
    replies=st.lists(REPLIES, max_size=7),
    deaths=st.lists(st.integers(1, 9), max_size=3),
    verdict=st.sampled_from([Verdict.ALLOW, Verdict.DENY]),
)
def test_a_call_is_made_once_at_most_and_gets_one_result(
    replies: list[Reply | Trouble], deaths: list[int], verdict: Verdict
) -> None:
    with TemporaryDirectory() as folder:
        asyncio.run(_play(Path(folder), replies, deaths, verdict))


async def _play(folder: Path, replies: list[Reply | Trouble], deaths: list[int], verdict: Verdict) -> None:
    path, model, made = folder / "phonework.db", Scripted(replies), Counter[str]()
    path.write_bytes(_empty())
    writer = Writer(path, SystemClock(), synchronous="NORMAL")
    await writer.start()
    try:
        await writer.run(_set_up)
        turn = 1
        for left in (*deaths, 10**9):
            mortal = Mortal(writer, left)
            if await _lives(mortal, model, made, turn, verdict):
                break
            calls = await writer.run(lambda connection, _now, turn=turn: dialogue.calls(connection, HELPER, turn))
            if CallStatus.CLAIMED in calls.values():
                turn += 1  # nobody knows what became of it: the person tries again
        assert all(count == 1 for count in made.values())
        if verdict is Verdict.DENY:
            assert not set(made) & await _asked(writer, turn)
        messages = await _stored(writer, turn)
        assert sum(one.role is Role.USER for one in messages) == turn
        results = Counter(one.call_id for one in messages if one.role is Role.TOOL)
        assert pending(messages) == ()
        assert all(count == 1 for count in results.values())
        assert set(results) == {call.call_id for one in messages for call in one.calls}
        for shown in model.shown:
            assert pending(shown) == (), "no server takes a call without its result"
    finally:
        await writer.close()


async def _lives(mortal: Mortal, model: Scripted, made: Counter[str], turn: int, verdict: Verdict) -> bool:
    """Whether it came to an end of its own."""
    kit = Kit(
        writer=mortal,  # type: ignore[arg-type]
        clock=SystemClock(),
        model=model,
        tools={name: Once(name, name == "ask", made, mortal) for name in ("do", "ask")},
        limits=LIMITS,
        house=House(root=Path("/"), language="en", zone=UTC),
        at={"model": "m", "host": "h"},
    )
    prompt = Prompt(prompt_id=PromptId("p"), text="please", sent_at=datetime(2026, 1, 1, tzinfo=UTC))
    start = TurnStart(session_id=HELPER, turn=turn, cwd="/", prompts=(prompt,))

    async def ask(_ask: Ask) -> Answer:
        return Answer(verdict=verdict)

    work = Work(start, kit, ask=ask, show=lambda _progress: None)
    try:
        await work.run()
    except StuckError:
        mortal.left = 10**9
        await work.close_up()
    except Dead:
        return False
    return True


@cache
def _empty() -> bytes:
    """A migrated database: made once, copied for each example."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "phonework.db"
        migrate(path, SystemClock())
        return path.read_bytes()


def _set_up(connection: sqlite3.Connection, now: datetime) -> None:
    chat, ada = Chat(channel="none", chat_id="oc"), UserId("ou_ada")
    users.touch(connection, ada, "en", chat, now)
    new = NewSession(
        session_id=HELPER, user_id=ada, backend="assistant", cwd="/", chat=chat, timeouts=Timeouts(), companion=True
    )
    sessions.add(connection, new, now)


async def _stored(writer: Writer, turns: int) -> list[Message]:
    def job(connection: sqlite3.Connection, _now: datetime) -> list[Message]:
        lines = (line for turn in range(1, turns + 1) for line in dialogue.of_turn(connection, HELPER, turn))
        return [load(Message, line.body) for line in lines]

    return await writer.run(job)


async def _asked(writer: Writer, turns: int) -> set[str]:
    """The ids of the calls that the person was asked about."""
    return {call.call_id for one in await _stored(writer, turns) for call in one.calls if call.name == "ask"}
