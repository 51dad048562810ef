"""The demo agent behind the port to coding agents: scripted, without credentials, and truly working."""

import asyncio
import hashlib
import secrets
from collections.abc import Awaitable, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import structlog
from pydantic import ValidationError

from phonework import __version__
from phonework.backends.base import (
    About,
    Accepted,
    Capabilities,
    DeskSession,
    Holder,
    Liveness,
    PermissionMode,
    Progress,
    Rule,
    Sink,
    TurnStart,
)
from phonework.backends.demo import past
from phonework.backends.demo.agent import Agent, Stop
from phonework.backends.demo.desk import DeskProcess
from phonework.backends.demo.journal import Journal
from phonework.backends.demo.process import python_name, run
from phonework.backends.demo.rules import NAME, ProjectRules
from phonework.backends.demo.settings import DemoSettings
from phonework.backends.demo.talk import BYPASS, Desk, Pace
from phonework.errors import BackendError, RequestGoneError, StoreError
from phonework.fsm.events import AgentEvent, BackgroundFinished
from phonework.fsm.types import Answer, Ask, Prompt, RequestKind, SessionId

log = structlog.get_logger(__name__)


class DemoBackend:
    """Runs one demo agent for each session, in this process; so an agent this object does not know is dead.

    pace: how to wait a number of seconds; tests give their own. Raises BackendError for wrong settings.
    """

    name = "demo"
    about = About(title="Demo", account=False, showcase=lambda root: {"desk": str(root / "shop")})
    Settings = DemoSettings
    capabilities = Capabilities(
        can_resume=True,
        can_steer=True,
        asks=frozenset(RequestKind),
        slash_commands=True,
        desk=True,
        modes=(
            PermissionMode(name="default"),
            PermissionMode(name="acceptEdits"),
            PermissionMode(name=BYPASS, dangerous=True),
        ),
    )

    def __init__(
        self, *, sink: Sink, settings: Mapping[str, object], data_dir: Path, pace: Pace = asyncio.sleep
    ) -> None:
        try:
            self._settings = DemoSettings.of(settings)
        except ValidationError as error:
            raise BackendError(f"[demo] is wrong: {error.errors()[0]['loc']}: {error.errors()[0]['msg']}") from error
        self._sink, self._pace, self._directory = sink, pace, data_dir / "demo"
        self._rules = ProjectRules(data_dir / NAME)
        desk = Path(self._settings.desk) if self._settings.desk else None
        self._language = str(settings.get("language", "zh"))
        self._at_desk = DeskProcess(self._directory, desk, self._language) if desk else None
        self._making = asyncio.Lock()
        self._life = secrets.token_hex(4)  # part of the keys: the numbers begin again with each object
        self._agents: dict[SessionId, Agent] = {}
        self._background: dict[SessionId, set[asyncio.Task[None]]] = {}
        self._keys: dict[SessionId, int] = {}

    async def start_turn(self, start: TurnStart) -> None:
        """Return when the prompts are in the agent's journal."""
        if not self._has_agent(start.session_id):
            agent = await self._new_agent(start.session_id)
            if not self._has_agent(start.session_id):  # nobody else made one meanwhile
                self._agents[start.session_id] = agent
        await self._agents[start.session_id].begin(start)

    async def steer(self, session_id: SessionId, turn: int, prompt: Prompt, images: tuple[str, ...]) -> None:
        """Give the running turn one more message; it is taken when the present story has come to its end."""
        if (agent := self._agents.get(session_id)) is None:
            raise BackendError("agent.turn_over")
        await agent.steer(turn, prompt, images)

    async def answer(self, session_id: SessionId, ask: Ask, answer: Answer) -> None:
        """Hand a decision to the agent that waits for it."""
        if (agent := self._agents.get(session_id)) is None:
            raise RequestGoneError("The agent that asked is gone.")
        agent.answer(ask.request_id, answer)

    async def interrupt(self, session_id: SessionId, turn: int) -> None:
        """Ask the turn to stop; its end comes as an event."""
        if agent := self._agents.get(session_id):
            agent.interrupt(turn)

    async def set_mode(self, session_id: SessionId, mode: str) -> None:
        """Ask less or more from now on."""
        if agent := self._agents.get(session_id):
            agent.set_mode(mode)

    async def rules(self, session_id: SessionId, cwd: str) -> tuple[Rule, ...]:
        """Those of the project and those of the session."""
        journal = await self._journal(session_id)
        kept = await asyncio.to_thread(self._rules.of, cwd)
        return (
            *(Rule(rule_id=_named(rule, NAME), text=rule, place=NAME) for rule in kept),
            *(Rule(rule_id=_named(rule), text=rule) for rule in sorted(journal.memory.rules)),
        )

    async def remove_rule(self, session_id: SessionId, cwd: str, rule_id: str) -> Rule | None:
        """Take back one of the project's or of the session's."""
        for rule in await asyncio.to_thread(self._rules.of, cwd):
            if _named(rule, NAME) == rule_id and await asyncio.to_thread(self._rules.remove, cwd, rule):
                return Rule(rule_id=rule_id, text=rule, place=NAME)
        journal = await self._journal(session_id)
        for rule in sorted(journal.memory.rules):
            if _named(rule) == rule_id:
                await _kept(journal.append({"kind": "rule_removed", "rule": rule}))
                return Rule(rule_id=rule_id, text=rule)
        return None

    async def _journal(self, session_id: SessionId) -> Journal:
        """That of the agent at work, which is to hear of what changes; else as it was left. Raises BackendError."""
        if (agent := self._agents.get(session_id)) and agent.alive:
            return agent.journal
        journal = Journal(self._directory, session_id)
        await _kept(asyncio.to_thread(journal.load))
        return journal

    async def kill(self, session_id: SessionId) -> None:
        """End the agent and its children at once."""
        await self._finish(session_id, Stop.KILL)

    async def close(self, session_id: SessionId) -> None:
        """Let the agent go; its journal stays."""
        await self._finish(session_id, Stop.INTERRUPT)

    async def transcripts(self, under: Path, limit: int) -> tuple[DeskSession, ...]:
        """Return what is in the journals of all sessions, and at the desk."""
        held = await self._held()
        found = await asyncio.to_thread(past.newest, self._directory, under, limit)
        return tuple(replace(one, held_by=held.get(one.agent_session_id)) for one in found)

    async def transcript(self, agent_session_id: str) -> DeskSession | None:
        """Return one conversation of the journals."""
        held = await self._held()
        known = await asyncio.to_thread(past.conversations, self._directory)
        if agent_session_id not in known:
            return None
        found = past.desk_session(agent_session_id, known[agent_session_id])
        return replace(found, held_by=held.get(agent_session_id))

    async def _held(self) -> dict[str, Holder]:
        return await asyncio.to_thread(self._at_desk.held) if self._at_desk else {}

    async def end_at_desk(self, agent_session_id: str, key: str) -> None:
        """End the made-up process at the desk, if there is one: nobody else has the journals open."""
        if self._at_desk:
            await _kept(asyncio.to_thread(self._at_desk.end, agent_session_id, key))

    async def liveness(self, session_id: SessionId) -> Liveness:
        """Tell whether the agent runs; it lives in this process, so the answer is always certain."""
        return Liveness.ALIVE if self._has_agent(session_id) else Liveness.DEAD

    async def accepted(self, start: TurnStart) -> Accepted:
        """Look the turn's prompts up in the agent's journal."""
        journal = Journal(self._directory, start.session_id)
        try:
            memory = await asyncio.to_thread(journal.load)
        except OSError:
            return Accepted.UNKNOWN
        taken = [(start.turn, prompt.prompt_id) in memory.taken for prompt in start.prompts]
        return Accepted.YES if any(taken) else Accepted.NO

    async def said(self, start: TurnStart) -> str:
        """Return nothing: what the demo agent said dies with this process."""
        return ""

    async def ping(self, *, smoke: bool = False) -> str:
        """Return a line on the agent; smoke: run a real command as well."""
        line = f"demo agent {__version__}"
        if not smoke:
            return line
        try:
            finished = await run((python_name(), "-c", "print('pong')"), cwd=Path.cwd(), timeout=10.0)
        except OSError as error:
            raise BackendError("demo.no_commands", problem=error.strerror or str(error)) from error
        if finished.output.strip() != "pong":
            raise BackendError("demo.no_commands", problem=finished.output[-200:])
        return f"{line}, commands run"

    async def aclose(self) -> None:
        """End every agent. Their turns are not reported: the next start finds and reports them."""
        sessions = {*self._agents, *self._background}
        await asyncio.gather(*(self._finish(session_id, Stop.QUIET) for session_id in sessions))
        if self._at_desk:
            await asyncio.to_thread(self._at_desk.close)

    def _has_agent(self, session_id: SessionId) -> bool:
        agent = self._agents.get(session_id)
        return agent is not None and agent.alive

    async def _new_agent(self, session_id: SessionId) -> Agent:
        journal = await self._journal(session_id)

        async def report(event: AgentEvent) -> None:
            await self._emit(session_id, event)

        def show(turn: int, progress: Progress) -> None:
            self._sink.progress(session_id, turn, progress)

        def later(seconds: float, event: BackgroundFinished) -> None:
            self._go_on_later(session_id, seconds, event)

        return Agent(
            Desk(
                journal,
                self._rules,
                self._pace,
                self._settings.delay,
                self._making,
                report,
                show,
                later,
                self._language == "zh",
            )
        )

    async def _emit(self, session_id: SessionId, event: AgentEvent) -> None:
        """Report under a key that no other event of the session has, neither before nor after a restart."""
        number = self._keys[session_id] = self._keys.get(session_id, 0) + 1
        turn = getattr(event, "turn", 0)
        await self._sink.emit(session_id, event, key=f"demo:{self._life}:{turn}:{number}")

    async def _finish(self, session_id: SessionId, stop: Stop) -> None:
        tasks = self._background.pop(session_id, set())
        for task in tasks:
            task.cancel()
        if agent := self._agents.pop(session_id, None):
            await agent.finish(stop)
        if tasks:
            await asyncio.wait(tasks)

    def _go_on_later(self, session_id: SessionId, seconds: float, event: BackgroundFinished) -> None:
        async def come_back() -> None:
            await self._pace(seconds)
            with suppress(StoreError):
                await self._emit(session_id, event)

        tasks = self._background.setdefault(session_id, set())
        task = asyncio.create_task(come_back())
        tasks.add(task)
        task.add_done_callback(tasks.discard)


async def _kept(work: Awaitable[object]) -> None:
    """Wait for the journal. Raises BackendError when the disk says no."""
    try:
        await work
    except OSError as error:
        raise BackendError("demo.no_journal", problem=error.strerror or str(error)) from error


def _named(rule: str, place: str = "") -> str:
    return hashlib.sha256(f"{place}\0{rule}".encode("utf-8", "replace")).hexdigest()[:16]
