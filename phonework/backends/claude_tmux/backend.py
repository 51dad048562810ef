"""Claude Code at terminals behind the backend port: agents in our own tmux, and those somebody began, met by their hooks."""

import asyncio
import contextlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from time import monotonic
from typing import Final

import structlog

from phonework.backends.base import About, Accepted, Capabilities, Liveness, PermissionMode, Sink, TurnStart
from phonework.backends.claude import launcher, selftest
from phonework.backends.claude_tmux import ends, tmux
from phonework.backends.claude_tmux.agent import Agent
from phonework.backends.claude_tmux.hooks import ClaudeHooks
from phonework.backends.claude_tmux.memory import DamagedError, Kept, Memory
from phonework.backends.claude_tmux.reports import Reports
from phonework.backends.claude_tmux.settings import ClaudeTmuxSettings
from phonework.backends.claude_tmux.status import Status
from phonework.backends.claude_tmux.taker import Taker
from phonework.backends.claude_tmux.terminals import Terminals
from phonework.backends.claude_tmux.watcher import Watcher
from phonework.errors import BackendError, NoLongerAskedError, RequestGoneError
from phonework.fsm.types import Answer, Ask, Prompt, RequestKind, SessionId

log = structlog.get_logger(__name__)

NAME: Final = "claude-tmux"
INSTALL: Final = "`pip install 'phonework[claude]'`, and tmux"
TAKEN_WITHIN: Final = 20.0  # seconds
ENTER_EVERY: Final = 2.0  # a key that came too early was no key
ESCAPE_EVERY: Final = 2.0
ESCAPES: Final = 3
ANSWERED_WITHIN: Final = 10.0
CLOSE_WITHIN: Final = 3.8


class ClaudeTmuxBackend:
    """The real Claude Code as people see it. The owner's settings, rules, skills and plugins count as always."""

    name = NAME
    about = About(title="Claude Code in tmux", install=INSTALL, variables=("CLAUDE_CODE_", "CLAUDECODE"))
    Settings = ClaudeTmuxSettings
    hooks = ClaudeHooks(NAME)
    capabilities = Capabilities(
        can_resume=True,
        asks=frozenset({RequestKind.CONFIRM, RequestKind.CHOICE, RequestKind.PLAN}),
        modes=tuple(PermissionMode(name=name) for name in ("default", "acceptEdits", "plan", "dontAsk")),
        models=("opus", "sonnet", "haiku"),
    )

    def __init__(self, *, sink: Sink, settings: Mapping[str, object], data_dir: Path) -> None:
        """settings: `gateway` beside the section: the file that says where hooks find the server.

        It is there without a program of its own, too: whoever sits at a terminal has brought one.
        """
        self._data_dir = data_dir.resolve()
        self._settings = launcher.Settings.read(settings)
        own = ClaudeTmuxSettings.of(settings)
        server = tmux.Server(program=own.tmux_path, socket=own.socket)
        gateway = Path(str(settings.get("gateway") or self._data_dir.parents[1] / "gateway.json"))
        self._terminals = Terminals(self._settings, server, gateway, self._data_dir, NAME)
        self._memory = Memory(self._data_dir / "terminals")
        self._reports = Reports(sink, self._memory)
        self._watcher = Watcher(sink, self._reports)
        self._agents: dict[SessionId, Agent] = {}
        self._used: dict[SessionId, float] = {}
        self._locks: dict[SessionId, asyncio.Lock] = {}
        self._admission = asyncio.Lock()
        self._escaping: dict[asyncio.Task[None], SessionId] = {}
        self._taker = Taker(
            name=NAME,
            sink=sink,
            reports=self._reports,
            watcher=self._watcher,
            agents=self._agents,
            config=self._terminals.config,
            mark=self._terminals.mark(""),
        )

    async def begin(self) -> None:
        """What an earlier life of ours left at its terminals is ended: nobody looks after it, and it would go on by itself."""
        await self._terminals.end_all_left()

    # What hooks report

    async def hook(self, call: Mapping[str, object]) -> Mapping[str, object] | None:
        return await self._taker.take(call)

    async def answer(self, session_id: SessionId, ask: Ask, answer: Answer) -> None:
        """Return when the hook has printed it for its agent; what is not known to have been heard counts as not heard."""
        agent = self._agents.get(session_id)
        waiting = agent.open.get(ask.request_id) if agent is not None else None
        if agent is None or waiting is None or waiting.answered.done():
            raise await _not_asked(agent)
        waiting.answered.set_result(answer)
        delivered = False
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(ANSWERED_WITHIN):
                delivered = await asyncio.shield(waiting.delivered)
        if not delivered:
            agent.open.pop(ask.request_id, None)
            waiting.lose()
            raise await _not_asked(agent)

    # Turns

    async def start_turn(self, start: TurnStart) -> None:
        text = _words(start.prompts, start.images)
        if not text:
            raise BackendError("claude.nothing")
        async with self._locks.setdefault(start.session_id, asyncio.Lock()):
            agent = await self._agent(start)
            self._used[start.session_id] = monotonic()
            await self._give(agent, start, text)

    async def _agent(self, start: TurnStart) -> Agent:
        """The one that has the conversation, at whatever terminal; else a new one at a terminal of ours."""
        agent = self._agents.get(start.session_id) or await self._remembered(start.session_id)
        if agent is not None and await agent.status() is not Status.GONE:
            if agent.turn:
                raise BackendError("agent.busy")
            if not agent.own:
                if not agent.target:
                    raise BackendError("claude_tmux.at_desk", pid=str(agent.process.pid or "?"))
                return agent
            fits = agent.cwd == start.cwd and start.agent_session_id in ("", agent.agent_session_id)
            if fits and (agent.model, agent.mode) == (start.model, start.mode):
                return agent
        if agent is not None:
            await self._end(agent)
        async with self._admission:
            await self._make_room()
            agent = self._agents[start.session_id] = await self._terminals.begin(start)
        return agent

    async def _remembered(self, session_id: SessionId) -> Agent | None:
        """Somebody's agent that was met in an earlier life of ours, if it lives; one in a turn was met again by `liveness`."""
        kept = await self._kept(session_id)
        if kept is None or kept.own:
            return None
        agent = Agent.of(kept)
        if await agent.status() is Status.GONE:
            return None
        agent.turn = 0  # what is kept is the one it had last
        return self._agents.setdefault(session_id, agent)

    async def _kept(self, session_id: SessionId) -> Kept | None:
        with contextlib.suppress(DamagedError):
            return await asyncio.to_thread(self._memory.get, session_id)
        return None

    async def _give(self, agent: Agent, start: TurnStart, text: str) -> None:
        """Type the words, and return when the agent has them. What is not written down is not typed."""
        if stopping := [task for task, one in self._escaping.items() if one == agent.session_id]:
            await asyncio.wait(stopping)  # the keys that clear the line after a stop must not take these words
        prompt_ids = tuple(str(one.prompt_id) for one in start.prompts)
        async with agent.lock:
            await asyncio.to_thread(agent.begin, start.turn, prompt_ids, typed=text)
        try:
            await self._reports.save(agent)
            await self._terminals.type(agent, text)
        except BaseException as error:
            agent.turn = 0
            if isinstance(error, OSError):
                raise BackendError("claude.not_started", problem=error.strerror or str(error)) from error
            raise
        self._watcher.begin(agent)
        try:
            await self._taken(agent)
        except BaseException:
            if not agent.taken:
                await asyncio.shield(self._take_back(agent))
            raise

    async def _take_back(self, agent: Agent) -> None:
        """Words that were typed and not taken must not run later, when their turn has failed."""
        agent.turn = 0
        if agent.own:
            await self._end(agent)
        else:
            await self._terminals.clear(agent, agent.typed.count("\n") + 1)

    async def _taken(self, agent: Agent) -> None:
        """Its hook says so; the second source is its own record."""
        begun = monotonic()
        while not agent.started.is_set():
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(ENTER_EVERY):
                    await agent.started.wait()
                return
            await self._look_for_words(agent)
            if not agent.turn:
                raise BackendError("claude_tmux.closed")
            if agent.started.is_set():
                return
            if monotonic() - begun > TAKEN_WITHIN:
                raise BackendError("claude.not_taken", seconds=f"{TAKEN_WITHIN:.0f}")
            await self._terminals.enter(agent)

    async def _look_for_words(self, agent: Agent) -> None:
        record = await asyncio.to_thread(agent.record)
        found = await asyncio.to_thread(ends.has_words, record, agent.typed, agent.since) if record else ""
        if found:
            async with agent.lock:
                await self._reports.started(agent, found)

    async def _make_room(self) -> None:
        """Close the agents of ours that were idle for longest, so that one more fits."""
        while len(own := [one for one in self._agents.values() if one.own]) >= self._settings.max_live:
            idle = [one for one in own if not one.turn]
            if not idle:
                raise BackendError("claude.too_many", count=str(len(own)))
            await self._end(min(idle, key=lambda one: self._used.get(one.session_id, 0.0)))

    async def steer(self, session_id: SessionId, turn: int, prompt: Prompt, images: tuple[str, ...]) -> None:
        raise BackendError("agent.turn_over")  # it is not said to be possible: it would take them at a time of its own

    async def interrupt(self, session_id: SessionId, turn: int) -> None:
        agent = self._agents.get(session_id)
        if agent is None or not agent.turn or agent.turn != turn:
            return
        if not agent.target:
            raise BackendError("claude_tmux.stop_there")
        agent.interrupted = True
        await self._terminals.escape(agent)
        task = asyncio.create_task(self._escape_again(agent, turn))
        self._escaping[task] = session_id
        task.add_done_callback(self._escaping.pop)

    async def _escape_again(self, agent: Agent, turn: int) -> None:
        """The first one may only close something that was open; then what it gave back to be edited is taken away."""
        for _ in range(ESCAPES - 1):
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(ESCAPE_EVERY):
                    await agent.over.wait()
            if agent.turn != turn:
                break
            if await agent.status() is Status.IDLE:
                continue  # it has stopped, and twice more would open a menu (2.1.329)
            with contextlib.suppress(BackendError):
                await self._terminals.escape(agent)
        if agent.own and not agent.turn:
            await self._terminals.clear(agent, agent.typed.count("\n") + 1)

    # Ends

    async def kill(self, session_id: SessionId) -> None:
        agent = self._agents.get(session_id) or await self._remembered(session_id)
        if agent is None:
            await self._terminals.end_left(session_id)
            return
        self._agents.pop(session_id, None)
        await self._terminals.end(agent, patience=0)
        async with agent.lock:
            await self._reports.lost(agent, BackendError("claude.ended"))

    async def close(self, session_id: SessionId) -> None:
        """What somebody began goes on at its terminal."""
        if (agent := self._agents.get(session_id)) is not None:
            await self._end(agent)
        else:
            await self._terminals.end_left(session_id)
        with contextlib.suppress(OSError):
            await asyncio.to_thread(self._memory.forget, session_id)
        self._used.pop(session_id, None)
        if (lock := self._locks.get(session_id)) and not lock.locked():
            del self._locks[session_id]

    async def _end(self, agent: Agent) -> None:
        """Let go of it, and end it if it is ours."""
        if self._agents.get(agent.session_id) is agent:
            del self._agents[agent.session_id]
        agent.let_go()
        if agent.own:
            await self._terminals.end(agent)

    async def aclose(self) -> None:
        """End every agent of ours. Running turns are not reported: what became of them is looked up at the next start."""
        for task in self._escaping:
            task.cancel()
        closing = [asyncio.create_task(self._end(one)) for one in list(self._agents.values())]
        if left := {*closing, *self._taker.later}:
            await asyncio.wait(left, timeout=CLOSE_WITHIN)

    # Questions about it

    async def attach(self, session_id: SessionId) -> tuple[str, ...]:
        agent = self._agents.get(session_id) or await self._remembered(session_id)
        if agent is None or not agent.target:
            raise BackendError("claude_tmux.no_terminal")
        return self._terminals.attach(agent)

    async def liveness(self, session_id: SessionId) -> Liveness:
        """What an earlier life left of ours is ended here; somebody's own goes on, and we look after it again."""
        agent = self._agents.get(session_id)
        if agent is None:
            try:
                kept = await asyncio.to_thread(self._memory.get, session_id)
            except DamagedError:
                log.warning("what is known of a terminal cannot be read", session_id=session_id)
                return Liveness.UNKNOWN
            if kept is None or kept.own:
                await self._terminals.end_left(session_id)
                return Liveness.DEAD
            agent = Agent.of(kept)
            if await agent.status() is Status.GONE:
                return Liveness.DEAD
            await self._meet_again(agent, kept.asked)
        match await agent.status():
            case Status.GONE:
                return Liveness.DEAD
            case _:
                return Liveness.ALIVE if agent.process.pid else Liveness.UNKNOWN

    async def _meet_again(self, agent: Agent, asked: tuple[str, ...]) -> None:
        agent = self._agents.setdefault(agent.session_id, agent)
        async with agent.lock:
            await self._reports.forgotten(agent, asked)
        if agent.turn:
            self._watcher.begin(agent)

    async def accepted(self, start: TurnStart) -> Accepted:
        """What we typed is written down before; whether it was taken, by the hook's word or the agent's own record."""
        agent = self._agents.get(start.session_id)
        try:
            kept = agent.kept if agent else await asyncio.to_thread(self._memory.get, start.session_id)
        except DamagedError:
            return Accepted.UNKNOWN
        if kept is None or not _is_of(kept, start):
            return Accepted.NO
        if kept.taken:
            return Accepted.YES
        if kept.own and agent is None:
            await self._terminals.end_left(start.session_id)  # nobody is left who could still write it
        earlier = Agent.of(kept)
        record = await asyncio.to_thread(earlier.record)
        found = await asyncio.to_thread(ends.has_words, record, kept.typed, kept.since) if record else ""
        return Accepted.YES if found else Accepted.NO

    async def said(self, start: TurnStart) -> str:
        kept = await self._kept(start.session_id)
        if kept is None or not _is_of(kept, start):
            return ""
        return (await self._reports.told(Agent.of(kept))).text

    async def ping(self, *, smoke: bool = False) -> str:
        version = await self._version()
        return f"{await selftest.ping(self._settings, self._data_dir, smoke=smoke)}, {version}"

    async def _version(self) -> str:
        program = tmux.found(self._terminals.program)
        return await tmux.Server(program=program, socket="/").run("-V")


async def _not_asked(agent: Agent | None) -> RequestGoneError:
    """Why an answer is not heard: the agent is gone, or goes on without it."""
    gone = agent is None or await agent.status() is Status.GONE
    return (RequestGoneError if gone else NoLongerAskedError)("claude_tmux.answered_there")


def _is_of(kept: Kept, start: TurnStart) -> bool:
    return kept.turn == start.turn and kept.prompt_ids[:1] == tuple(str(one.prompt_id) for one in start.prompts[:1])


def _words(prompts: Iterable[Prompt], images: Mapping[str, tuple[str, ...]]) -> str:
    """What is typed for the messages; what came with them is named, so that the agent can look at it."""
    texts: list[str] = []
    for prompt in prompts:
        names = "\n".join(f"[A file that came with this message: {path}]" for path in images.get(prompt.prompt_id, ()))
        texts += [one for one in (prompt.text, names) if one.strip()]
    return tmux.typed("\n\n".join(texts))
