"""One Claude Code at a terminal, as far as we know it: its turn, what it asks, and what of it must outlive us."""

import asyncio
import contextlib
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic

from phonework.backends.claude import transcript
from phonework.backends.claude_tmux.memory import Kept
from phonework.backends.claude_tmux.status import Process, Status, look
from phonework.fsm.types import Answer, Ask, RequestId, SessionId


@dataclass(slots=True, eq=False)
class Waiting:
    """A hook that waits for a person. answered: cancelled when nobody here will answer it any more.

    hook: what it calls itself. delivered: True when it said that it printed the answer for its agent; False when it was gone, or its
    turn ended without a word of it. Only somebody who answers at the terminal in that very moment can still be first.
    since: when it was asked, by `monotonic`. seen: its terminal said that it waits.
    """

    ask: Ask
    hook: str = ""
    answered: asyncio.Future[Answer] = field(default_factory=lambda: asyncio.get_running_loop().create_future())
    delivered: asyncio.Future[bool] = field(default_factory=lambda: asyncio.get_running_loop().create_future())
    since: float = field(default_factory=monotonic)
    seen: bool = False

    def lose(self) -> None:
        """The answer will not be heard any more."""
        if not self.delivered.done():
            self.delivered.set_result(False)


@dataclass(slots=True, eq=False)
class Agent:
    """own: begun by us, in our tmux; otherwise it is somebody's. socket, target: its terminal in tmux, empty elsewhere.

    turn: the one that runs, 0 between turns. taken: the agent has its words; typed: those we typed for it.
    started, over: set when it has the words, and when the turn has ended.
    open: what it asks; untold: what it does not ask any more, which could not be stored yet.
    lock: held while something is reported, so that reports have an order.
    """

    session_id: SessionId
    agent_session_id: str
    cwd: str
    config: Path
    own: bool
    process: Process = field(default_factory=Process)
    socket: str = ""
    target: str = ""
    model: str = ""
    mode: str = ""
    turn: int = 0
    prompt_ids: tuple[str, ...] = ()
    prompt_id: str = ""
    typed: str = ""
    since: int = 0
    taken: bool = False
    interrupted: bool = False
    started: asyncio.Event = field(default_factory=asyncio.Event)
    over: asyncio.Event = field(default_factory=asyncio.Event)
    open: dict[RequestId, Waiting] = field(default_factory=dict)
    untold: list[RequestId] = field(default_factory=list)
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    watch: asyncio.Task[None] | None = None

    @classmethod
    def of(cls, kept: Kept) -> "Agent":
        """As it was when we ended."""
        return cls(
            SessionId(kept.session_id),
            kept.agent_session_id,
            kept.cwd,
            Path(kept.config),
            kept.own,
            process=Process(kept.pid, kept.start),
            socket=kept.socket,
            target=kept.target,
            turn=kept.turn,
            prompt_ids=kept.prompt_ids,
            prompt_id=kept.prompt_id,
            typed=kept.typed,
            since=kept.since,
            taken=kept.taken,
        )

    @property
    def kept(self) -> Kept:
        return Kept(
            session_id=self.session_id,
            agent_session_id=self.agent_session_id,
            cwd=self.cwd,
            config=str(self.config),
            own=self.own,
            pid=self.process.pid,
            start=self.process.start,
            socket=self.socket,
            target=self.target,
            turn=self.turn,
            prompt_ids=self.prompt_ids,
            prompt_id=self.prompt_id,
            typed=self.typed,
            since=self.since,
            taken=self.taken,
            asked=(*self.open, *self.untold),
        )

    def begin(self, turn: int, prompt_ids: tuple[str, ...], *, prompt_id: str = "", typed: str = "") -> None:
        """It works on this turn from now on. prompt_id: the agent's own, when it has the words already."""
        self.turn, self.prompt_ids, self.prompt_id, self.typed = turn, prompt_ids, prompt_id, typed
        self.taken, self.interrupted, self.started = bool(prompt_id), False, asyncio.Event()
        self.over, self.untold = asyncio.Event(), []
        self.since = self._size()

    def _size(self) -> int:
        with contextlib.suppress(OSError):
            if (record := self.record()) is not None:
                return record.stat().st_size
        return 0

    def record(self) -> Path | None:
        return transcript.find(self.config, self.agent_session_id)

    async def status(self) -> Status:
        return await asyncio.to_thread(look, self.config, self.process)

    def printed(self, hook: str) -> None:
        """The hook of this name printed the answer it was given."""
        for waiting in list(self.open.values()):
            if hook and waiting.hook == hook and waiting.answered.done() and not waiting.delivered.done():
                del self.open[waiting.ask.request_id]
                waiting.delivered.set_result(True)

    def let_go(self) -> None:
        """Nobody here answers what it asks any more: its hooks say nothing, and it goes on asking at its terminal."""
        for waiting in self.open.values():
            waiting.answered.cancel()
            waiting.lose()
        if self.watch is not None and self.watch is not asyncio.current_task():
            self.watch.cancel()
