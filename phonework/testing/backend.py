"""A backend by script: it remembers what it was told, and does what the test decided it would do."""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path

from phonework.backends.base import Accepted, Capabilities, DeskSession, Liveness, PermissionMode, Rule, TurnStart
from phonework.errors import BackendError, NoLongerAskedError, RequestGoneError
from phonework.fsm.types import Answer, Ask, Prompt, RequestKind, SessionId


class Deed(StrEnum):
    """What comes of an order to the agent."""

    OK = "ok"
    ERROR = "error"  # it says that it cannot
    ODD = "odd"  # it raises what nobody thought of
    HANG = "hang"  # it has not done it, and does not return until `release`
    UNKNOWN = "unknown"  # it has done it, and does not return until `release`
    GONE = "gone"  # nobody waits for the answer any more; for other orders an error
    ANSWERED = "answered"  # the same, because it was answered elsewhere


@dataclass(frozen=True, slots=True)
class Told:
    """One order. reference: the turn, the request or the message it was about. how: begun, then done or failed."""

    session_id: SessionId
    what: str
    reference: str
    how: str


@dataclass(slots=True)
class Script:
    """What outlives the program: the record, the outcomes to come, and what the agent itself remembers."""

    starts: list[TurnStart] = field(default_factory=list)
    steers: list[tuple[SessionId, int, Prompt]] = field(default_factory=list)
    answers: list[tuple[SessionId, Ask, Answer]] = field(default_factory=list)
    interrupts: list[tuple[SessionId, int]] = field(default_factory=list)
    rules: list[Rule] = field(default_factory=list)
    rules_trouble: Exception | None = None  # raised when one is to be removed
    modes: list[tuple[SessionId, str]] = field(default_factory=list)
    commands: dict[SessionId, frozenset[str]] = field(default_factory=dict)  # as the agents told
    kills: list[SessionId] = field(default_factory=list)
    closes: list[SessionId] = field(default_factory=list)
    told: list[Told] = field(default_factory=list)
    deeds: deque[Deed] = field(default_factory=deque)
    usual: Deed = Deed.OK
    liveness: dict[SessionId, Liveness] = field(default_factory=dict)
    said: dict[tuple[SessionId, int], str] = field(default_factory=dict)  # the words in its own record
    accepted: Accepted | None = None  # None: as it truly was
    cannot_say: Exception | None = None  # raised when asked what it knows of its agents
    begun: list[str] = field(default_factory=list)  # the backends that were told to begin
    cannot_begin: Exception | None = None  # raised when told to
    desk: dict[str, DeskSession] = field(default_factory=dict)  # conversations begun at the desk, by their own id
    ended_at_desk: list[tuple[str, str]] = field(default_factory=list)
    terminals: dict[SessionId, tuple[str, ...]] = field(default_factory=dict)  # how to look at them

    def next(self) -> Deed:
        return self.deeds.popleft() if self.deeds else self.usual


MODES = (
    PermissionMode(name="default"),
    PermissionMode(name="plan"),
    PermissionMode(name="bypassPermissions", dangerous=True),
)


class ScriptedBackend:
    """One life of it; the agents of a life die with it, unless `Script.liveness` says otherwise."""

    def __init__(self, name: str, script: Script, *, can_steer: bool = False) -> None:
        self.name, self.script = name, script
        self.capabilities = Capabilities(
            can_resume=True,
            can_steer=can_steer,
            asks=frozenset(RequestKind),
            slash_commands=True,
            modes=MODES,
            desk=name == "demo",
            containers=("podman",) if name == "demo" else (),
        )
        self.blocked = 0
        self.closed = False
        self._released = asyncio.Event()

    async def begin(self) -> None:
        self.script.begun.append(self.name)
        if self.script.cannot_begin is not None:
            raise self.script.cannot_begin

    def release(self) -> None:
        """Orders that hang are carried out."""
        self._released.set()
        self._released = asyncio.Event()

    async def start_turn(self, start: TurnStart) -> None:
        await self._do(start.session_id, "start", str(start.turn), lambda: self.script.starts.append(start))

    async def steer(self, session_id: SessionId, turn: int, prompt: Prompt, images: tuple[str, ...]) -> None:
        await self._do(
            session_id, "steer", prompt.prompt_id, lambda: self.script.steers.append((session_id, turn, prompt))
        )

    async def answer(self, session_id: SessionId, ask: Ask, answer: Answer) -> None:
        await self._do(
            session_id, "answer", ask.request_id, lambda: self.script.answers.append((session_id, ask, answer))
        )

    async def interrupt(self, session_id: SessionId, turn: int) -> None:
        await self._do(session_id, "interrupt", str(turn), lambda: self.script.interrupts.append((session_id, turn)))

    def commands(self, session_id: SessionId) -> frozenset[str]:
        return self.script.commands.get(session_id, frozenset({"stats"}))

    async def set_mode(self, session_id: SessionId, mode: str) -> None:
        await self._do(session_id, "mode", mode, lambda: self.script.modes.append((session_id, mode)))

    async def rules(self, session_id: SessionId, cwd: str) -> tuple[Rule, ...]:
        return tuple(self.script.rules)

    async def remove_rule(self, session_id: SessionId, cwd: str, rule_id: str) -> Rule | None:
        if self.script.rules_trouble is not None:
            raise self.script.rules_trouble
        found = next((one for one in self.script.rules if one.rule_id == rule_id and one.removable), None)
        if found is not None:
            self.script.rules.remove(found)
        return found

    async def kill(self, session_id: SessionId) -> None:
        await self._do(session_id, "kill", "", lambda: self.script.kills.append(session_id))

    async def close(self, session_id: SessionId) -> None:
        await self._do(session_id, "close", "", lambda: self.script.closes.append(session_id))

    async def attach(self, session_id: SessionId) -> tuple[str, ...]:
        if session_id not in self.script.terminals:
            raise BackendError("It has no terminal now.")
        return self.script.terminals[session_id]

    async def liveness(self, session_id: SessionId) -> Liveness:
        if self.script.cannot_say is not None:
            raise self.script.cannot_say
        return self.script.liveness.get(session_id, Liveness.DEAD)

    async def accepted(self, start: TurnStart) -> Accepted:
        if self.script.cannot_say is not None:
            raise self.script.cannot_say
        if self.script.accepted is not None:
            return self.script.accepted
        taken = any((one.session_id, one.turn) == (start.session_id, start.turn) for one in self.script.starts)
        return Accepted.YES if taken else Accepted.NO

    async def said(self, start: TurnStart) -> str:
        if self.script.cannot_say is not None:
            raise self.script.cannot_say
        return self.script.said.get((start.session_id, start.turn), "")

    async def transcripts(self, under: Path, limit: int) -> tuple[DeskSession, ...]:
        found = (one for one in self.script.desk.values() if Path(one.cwd).is_relative_to(under))  # as the others do
        return tuple(sorted(found, key=lambda one: one.active_at, reverse=True)[:limit])

    async def transcript(self, agent_session_id: str) -> DeskSession | None:
        return self.script.desk.get(agent_session_id)

    async def end_at_desk(self, agent_session_id: str, key: str) -> None:
        def end() -> None:
            self.script.ended_at_desk.append((agent_session_id, key))
            if (found := self.script.desk.get(agent_session_id)) is not None:
                self.script.desk[agent_session_id] = replace(found, held_by=None)

        await self._do(SessionId(""), "end at desk", agent_session_id, end)

    async def ping(self, *, smoke: bool = False) -> str:
        return "by script"

    async def aclose(self) -> None:
        self.closed = True

    async def _do(self, session_id: SessionId, what: str, reference: str, act: Callable[[], None]) -> None:
        deed = self.script.next()
        self._note(session_id, what, reference, "begun")
        await asyncio.sleep(0)
        if deed in (Deed.ERROR, Deed.ODD, Deed.GONE, Deed.ANSWERED):
            self._note(session_id, what, reference, "failed")
            raise _error(deed)
        if deed is Deed.HANG:
            await self._hang()
        act()
        if deed is Deed.UNKNOWN:
            await self._hang()
        self._note(session_id, what, reference, "done")

    def _note(self, session_id: SessionId, what: str, reference: str, how: str) -> None:
        self.script.told.append(Told(session_id, what, reference, how))

    async def _hang(self) -> None:
        self.blocked += 1
        try:
            await self._released.wait()
        finally:
            self.blocked -= 1


def _error(deed: Deed) -> Exception:
    match deed:
        case Deed.ERROR:
            return BackendError("the agent is not logged in")
        case Deed.GONE:
            return RequestGoneError("the agent that asked is gone")
        case Deed.ANSWERED:
            return NoLongerAskedError("somebody answered it elsewhere")
        case _:
            return RuntimeError("nobody thought of this")
