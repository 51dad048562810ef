"""Claude Code behind the backend port: one connected agent for each active session, resumed on demand."""

import asyncio
import contextlib
import functools
import logging
import os
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid5

import structlog

from phonework.backends import containers
from phonework.backends.base import (
    About,
    Accepted,
    Capabilities,
    DeskSession,
    Holder,
    Liveness,
    PermissionMode,
    Rule,
    Sink,
    SkillPlaces,
    TurnStart,
)
from phonework.backends.claude import late, launcher, prompts, records, selftest, transcript
from phonework.backends.claude import rules as kept_rules
from phonework.backends.claude.commands import Commands
from phonework.backends.claude.modes import BYPASS, Modes
from phonework.backends.claude.records import Record
from phonework.backends.claude.settings import ClaudeSettings
from phonework.backends.claude.turn import Turn
from phonework.errors import BackendError, RequestGoneError
from phonework.fsm.types import Answer, Ask, Prompt, RequestKind, SessionId

if TYPE_CHECKING:
    from phonework.backends.claude.client import LiveSession
    from phonework.backends.claude.holders import Holder as Process

log = structlog.get_logger(__name__)

_IDS = UUID("6f6a3c7e-5a0e-4b0e-9a43-0c0d6b1f7e55")  # namespace of the conversations' own ids
CLOSE_WITHIN = 3.8  # seconds for all agents together
End = Callable[[], Awaitable[None]]  # ends the container of an agent

INSTALL = "`pip install 'phonework[claude]'`"
MODES = (
    PermissionMode(name="default"),
    PermissionMode(name="acceptEdits"),
    PermissionMode(name="plan"),
    PermissionMode(name="dontAsk"),
    PermissionMode(name=BYPASS, dangerous=True),
)


class ClaudeBackend:
    """The real Claude Code. The owner's settings, rules, skills, plugins and MCP servers count as at the desk."""

    name = "claude"
    about = About(
        title="Claude Code",
        install=INSTALL,
        usual=True,
        variables=("CLAUDE_CODE_", "CLAUDECODE"),
        skills=SkillPlaces(own=lambda: launcher.config_dir(os.environ) / "skills", project=".claude/skills"),
    )
    Settings = ClaudeSettings
    capabilities = Capabilities(
        can_resume=True,
        can_steer=True,
        asks=frozenset({RequestKind.CONFIRM, RequestKind.CHOICE, RequestKind.PLAN}),
        slash_commands=True,
        modes=MODES,
        models=("opus", "sonnet", "haiku"),
        desk=True,
        containers=containers.ENGINES,
    )

    def __init__(self, *, sink: Sink, settings: Mapping[str, object], data_dir: Path) -> None:
        """Raises BackendError when the SDK is not installed. A missing program is told at the first turn and by ping."""
        try:
            import claude_agent_sdk  # noqa: F401  # slow to import, and only here when the extra is installed
        except ImportError as error:
            raise BackendError("The Claude backend is not installed.", hint=f"Install it with {INSTALL}.") from error
        # The SDK reports a process that ended through the root logger; we report it ourselves, in words.
        logging.getLogger("claude_agent_sdk").addHandler(logging.NullHandler())
        self._sink, self._settings, self._data_dir = sink, launcher.Settings.read(settings), data_dir.resolve()
        self.capabilities = replace(type(self).capabilities, sandboxed=self._settings.sandbox is not None)
        self._left = containers.Left(self._data_dir)
        self._modes, self._commands = Modes(self._data_dir / "modes"), Commands()
        self._live: dict[SessionId, LiveSession] = {}
        self._used: dict[SessionId, float] = {}
        self._locks: dict[SessionId, asyncio.Lock] = {}
        self._admission = asyncio.Lock()

    async def begin(self) -> None:
        """End the containers that a server which was killed has left."""
        await self._left.end()

    # Turns

    async def start_turn(self, start: TurnStart) -> None:
        async with self._locks.setdefault(start.session_id, asyncio.Lock()):
            turn = await self._turn(start)
            if start.agent_session_id:
                await asyncio.to_thread(self._check_free, start.agent_session_id)
            live = await self._connected(start)
            self._used[start.session_id] = monotonic()
            if live is not None:
                await self._adjust(live, start)
                await live.run(turn)
                return
            live, resumed = await self._connect(start)
            await live.run(turn, resumed=resumed)

    async def _turn(self, start: TurnStart) -> Turn:
        unsent: deque[dict[str, Any]] = await asyncio.to_thread(prompts.messages, start.prompts, start.images)
        if not unsent:
            raise BackendError("claude.nothing")
        own = {str(message["uuid"]) for message in unsent}
        started = asyncio.get_running_loop().create_future()
        return Turn(start.turn, set(own), unsent, started, own)

    async def _connected(self, start: TurnStart) -> "LiveSession | None":
        """The session's agent, if it runs and is in the right conversation and directory."""
        live = self._live.get(start.session_id)
        if live is None:
            return None
        if live.turn is not None:
            raise BackendError("agent.busy")
        fits = live.cwd == start.cwd and start.agent_session_id in ("", live.agent_session_id)
        if live.alive and fits:
            live.wanted = True  # so that it is not let go to make room meanwhile
            return live
        await live.close()
        return None

    async def _adjust(self, live: "LiveSession", start: TurnStart) -> None:
        if (model := self._model(start)) != live.model:
            await live.set_model(model)
        if start.mode != live.reporter.mode:
            await live.set_mode(start.mode, usual=self._usual_mode)

    async def _connect(self, start: TurnStart) -> tuple["LiveSession", bool]:
        """A fresh agent; and whether it goes on by itself with the call that the late decision is about."""
        if not await asyncio.to_thread(Path(start.cwd).is_dir):
            raise BackendError("agent.no_directory", directory=start.cwd)
        env = launcher.environment(self._settings, self._mark(start.session_id))
        cli, inside, end_container = await self._enclosed(start, env)
        record = await asyncio.to_thread(self._prepared, env, start.session_id, self._conversation(start))
        origin = await asyncio.to_thread(self._origin, start) if record is None else None
        resumed = record is not None and await asyncio.to_thread(late.repeat_call, record, start)
        words = await self._command(
            start, cli, inside, record=record, origin=origin, switchable=launcher.may_bypass(env)
        )
        async with self._admission:
            await self._make_room()
            spent = await asyncio.to_thread(_spent, record or origin)
            live = self._agent(start, words=words, env=env, spent=spent, end_container=end_container)
            self._live[start.session_id] = live
        try:
            await live.connect()
        except BaseException:
            self._forget(live)
            raise
        return live, resumed

    async def _command(
        self,
        start: TurnStart,
        cli: str,
        inside: list[str],
        *,
        record: Path | None,
        origin: Path | None,
        switchable: bool,
    ) -> list[str]:
        """The agent's words. record: of the conversation to go on with; origin: of the one to begin as a copy of."""
        agent_session_id = self._conversation(start)
        mode = start.mode or self._settings.permission_mode
        if record is not None:
            mode = await asyncio.to_thread(self._modes.recall, agent_session_id, wanted=start.mode)
        return launcher.command(
            cli,
            session_id=agent_session_id,
            resume=agent_session_id if record else start.fork_of if origin else "",
            fork=origin is not None,
            model=self._model(start),
            mode=mode,
            switchable=switchable,
            inside=inside,
        )

    def _agent(
        self,
        start: TurnStart,
        *,
        words: list[str],
        env: dict[str, str],
        spent: transcript.Totals,
        end_container: End | None,
    ) -> "LiveSession":
        """The session's agent, not started yet."""
        from phonework.backends.claude.client import LiveSession

        live = LiveSession(
            start.session_id,
            self._conversation(start),
            sink=self._sink,
            words=words,
            cwd=start.cwd,
            env=launcher.engine_environment(env) if start.container else env,
            spent=spent,
            modes=self._modes,
            commands=self._commands,
            on_end=self._forget,
            end_container=end_container,
        )
        live.model, live.reporter.mode = self._model(start), start.mode
        return live

    def _model(self, start: TurnStart) -> str:
        return start.model or self._settings.model

    async def _enclosed(self, start: TurnStart, env: dict[str, str]) -> tuple[str, list[str], End | None]:
        """The program, the words that go before it, and what ends its container: none where it is in none."""
        if not start.container:
            cli = launcher.find_cli(self._settings.cli_path)
            hide = [str(self._data_dir)]
            return cli, await launcher.confined(self._settings, env, cli=cli, cwd=start.cwd, hide=hide), None
        program = containers.program_of(start.container)
        await containers.check(program, start.container, self._settings.image)
        env["IS_SANDBOX"] = "1"
        container = await asyncio.to_thread(
            launcher.contained,
            self._settings,
            env,
            engine=start.container,
            cwd=start.cwd,
            data_dir=self._data_dir,
            session_id=start.session_id,
        )
        await asyncio.to_thread(self._left.note, start.container)
        end = functools.partial(self._end_container, program, container.name, self._conversation(start))
        await end()
        return "claude", containers.words(program, container, uid=os.getuid(), gid=os.getgid()), end

    async def _end_container(self, program: str, name: str, agent_session_id: str) -> None:
        from phonework.backends.claude import holders

        await containers.end(program, name)
        await asyncio.to_thread(holders.forget_contained, self._config, agent_session_id)

    def _prepared(self, env: Mapping[str, str], session_id: SessionId, agent_session_id: str) -> Path | None:
        """End an agent of this session that outlived its server, and return the record to go on with."""
        self._end_orphans(session_id)
        return transcript.find(launcher.config_dir(env), agent_session_id)

    def _origin(self, start: TurnStart) -> Path | None:
        """The record that a new conversation begins as a copy of. Raises BackendError when it is gone."""
        if not start.fork_of or start.agent_session_id:
            return None
        record = transcript.find(self._config, start.fork_of)
        if record is None:
            raise BackendError("claude.no_record")
        return record

    def _check_free(self, agent_session_id: str) -> None:
        """Raises BackendError when a program at the desk has the conversation open: one of the two would lose what it wrote."""
        from phonework.backends.claude import holders

        found = holders.holder_of(holders.holders(self._config, self._mark("")), agent_session_id)
        if found is not None and found.key:
            raise BackendError("claude.held", pid=str(found.pid))

    @property
    def _config(self) -> Path:
        return launcher.config_dir(launcher.environment(self._settings, ""))

    def _end_orphans(self, session_id: SessionId) -> None:
        """Two agents on one record would each lose what the other wrote; and nobody can talk to the old one any more."""
        from phonework.backends.claude import process

        if ended := process.end_orphans(self._mark(session_id)):
            log.warning("orphaned agents ended", session_id=session_id, count=ended)

    def _end_left(self, session_id: SessionId) -> None:
        from phonework.backends.claude import process

        if ended := process.end_left(self._mark(session_id)):
            log.warning("what a turn had left running was ended", session_id=session_id, count=ended)

    async def _make_room(self) -> None:
        """Close the least recently used idle agents so that one more fits."""
        while len(self._live) >= self._settings.max_live:
            idle = [live for live in self._live.values() if live.idle and live.alive]
            if not idle:
                raise BackendError("claude.too_many", count=str(len(self._live)))
            await min(idle, key=lambda live: self._used.get(live.session_id, 0.0)).close()

    def _forget(self, live: "LiveSession") -> None:
        if self._live.get(live.session_id) is live:
            del self._live[live.session_id]

    def _conversation(self, start: TurnStart) -> str:
        """The agent's own id of the conversation; a new one follows from the turn, so that `accepted` finds it again."""
        with contextlib.suppress(ValueError):
            return str(UUID(start.agent_session_id))
        first = start.prompts[0].prompt_id if start.prompts else ""
        return str(uuid5(_IDS, f"{self._data_dir}\n{start.session_id}\n{start.turn}\n{first}"))

    def _mark(self, session_id: str) -> str:
        return f"{self._data_dir}:{session_id}"

    async def steer(self, session_id: SessionId, turn: int, prompt: Prompt, images: tuple[str, ...]) -> None:
        live = self._live.get(session_id)
        if live is None:
            raise BackendError("agent.turn_over")
        found = await asyncio.to_thread(prompts.messages, [prompt], {prompt.prompt_id: images})
        await live.steer(turn, found[0])

    async def answer(self, session_id: SessionId, ask: Ask, answer: Answer) -> None:
        live = self._live.get(session_id)
        if live is None:
            raise RequestGoneError("The Claude Code that asked this has ended.")
        await live.answer(ask, answer)

    # How much it asks

    @property
    def _usual_mode(self) -> str:
        return self._settings.permission_mode or "default"

    async def set_mode(self, session_id: SessionId, mode: str) -> None:
        live = self._live.get(session_id)
        env = live.env if live is not None else launcher.environment(self._settings, "")
        if mode == BYPASS and not launcher.may_bypass(env):
            raise BackendError("claude.bypass_refused")
        if live is not None and live.alive:
            await live.set_mode(mode, usual=self._usual_mode)

    async def rules(self, session_id: SessionId, cwd: str) -> tuple[Rule, ...]:
        live = self._live.get(session_id)
        fleeting = live.session_rules if live is not None and live.alive else ()
        kept = [one for file in self._rule_files(cwd) for one in await asyncio.to_thread(kept_rules.rules_of, file)]
        return (*kept, *(Rule(rule_id="", text=text, removable=False) for text in fleeting))

    async def remove_rule(self, session_id: SessionId, cwd: str, rule_id: str) -> Rule | None:
        for file in self._rule_files(cwd):
            for rule in await asyncio.to_thread(kept_rules.rules_of, file):
                wanted = rule.rule_id == rule_id and rule.removable
                if wanted and await asyncio.to_thread(kept_rules.remove, file, rule):
                    return rule
        return None

    def _rule_files(self, cwd: str) -> tuple[kept_rules.SettingsFile, ...]:
        return kept_rules.files(launcher.config_dir(launcher.environment(self._settings, "")), cwd)

    def commands(self, session_id: SessionId) -> frozenset[str]:
        return self._commands.of(session_id)

    # Ends

    async def interrupt(self, session_id: SessionId, turn: int) -> None:
        if live := self._live.get(session_id):
            await live.interrupt(turn)

    async def kill(self, session_id: SessionId) -> None:
        if live := self._live.get(session_id):
            await live.kill()

    async def close(self, session_id: SessionId) -> None:
        if live := self._live.get(session_id):
            await live.close()
            with contextlib.suppress(OSError):
                await asyncio.to_thread(self._modes.forget, live.agent_session_id)
        self._used.pop(session_id, None)
        self._commands.forget(session_id)
        if (lock := self._locks.get(session_id)) and not lock.locked():
            del self._locks[session_id]

    async def aclose(self) -> None:
        """End every agent. Running turns are not reported: what became of them is looked up at the next start."""
        closing = [asyncio.create_task(live.close(report=False)) for live in self._live.values()]
        if closing:
            await asyncio.wait(closing, timeout=CLOSE_WITHIN)

    # Conversations begun at the desk

    async def transcripts(self, under: Path, limit: int) -> tuple[DeskSession, ...]:
        return await asyncio.to_thread(self._transcripts, under, limit)

    def _transcripts(self, under: Path, limit: int) -> tuple[DeskSession, ...]:
        from phonework.backends.claude import holders

        found = holders.holders(self._config, self._mark(""))
        own = selftest.place(self._data_dir)
        listed = records.newest(self._config, under, limit)
        return tuple(_desk_session(one, found) for one in listed if one.cwd != str(own))

    async def transcript(self, agent_session_id: str) -> DeskSession | None:
        return await asyncio.to_thread(self._transcript, agent_session_id)

    def _transcript(self, agent_session_id: str) -> DeskSession | None:
        from phonework.backends.claude import holders

        path = transcript.find(self._config, agent_session_id) if records.is_id(agent_session_id) else None
        record = records.look(path) if path is not None else None
        return _desk_session(record, holders.holders(self._config, self._mark(""))) if record is not None else None

    async def end_at_desk(self, agent_session_id: str, key: str) -> None:
        from phonework.backends.claude import holders

        await asyncio.to_thread(holders.end, self._config, self._mark(""), agent_session_id, key)

    # Questions about it

    async def liveness(self, session_id: SessionId) -> Liveness:
        """An agent we are not connected to cannot be reached again; what a server that died left of it is ended here."""
        live = self._live.get(session_id)
        if live is not None and live.alive:
            return Liveness.ALIVE
        await asyncio.to_thread(self._end_left, session_id)
        return Liveness.DEAD

    async def accepted(self, start: TurnStart) -> Accepted:
        """Looked up in the agent's own record, under the prompts' ids, when nobody is left who could still write it."""
        live = self._live.get(start.session_id)
        if live is None or not live.alive:
            await asyncio.to_thread(self._end_left, start.session_id)
        elif live.turn is not None and live.turn.number == start.turn:
            return Accepted.YES
        env = launcher.environment(self._settings, "")
        record = await asyncio.to_thread(transcript.find, launcher.config_dir(env), self._conversation(start))
        for prompt in start.prompts:
            if record is not None and await asyncio.to_thread(transcript.has_prompt, record, prompt.prompt_id):
                return Accepted.YES
        return Accepted.NO

    async def said(self, start: TurnStart) -> str:
        """The whole paragraphs in the agent's own record; one that was begun is not there."""
        env = launcher.environment(self._settings, "")
        record = await asyncio.to_thread(transcript.find, launcher.config_dir(env), self._conversation(start))
        prompts = frozenset(prompt.prompt_id for prompt in start.prompts)
        return await asyncio.to_thread(transcript.said, record, prompts) if record is not None else ""

    async def ping(self, *, smoke: bool = False) -> str:
        return await selftest.ping(self._settings, self._data_dir, smoke=smoke)


def _desk_session(record: Record, found: "list[Process]") -> DeskSession:
    from phonework.backends.claude.holders import holder_of

    holder = holder_of(found, record.agent_session_id, record.cwd)
    return DeskSession(
        agent_session_id=record.agent_session_id,
        cwd=record.cwd,
        first=record.first,
        last=record.last,
        active_at=record.active_at,
        size_bytes=record.size_bytes,
        context_tokens=record.context_tokens,
        held_by=Holder(where=_named(holder), key=holder.key) if holder is not None else None,
    )


def _named(holder: "Process") -> str:
    number = f"pid {holder.pid}" if holder.pid else ""
    return " · ".join(one for one in (number, holder.where) if one) or "?"


def _spent(record: Path | None) -> transcript.Totals:
    return transcript.totals(record) if record is not None else transcript.Totals()
