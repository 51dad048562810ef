"""Agents in our own tmux: begun, typed to, interrupted and ended, with all they started."""

import asyncio
import contextlib
import hashlib
from dataclasses import replace
from pathlib import Path
from time import monotonic
from typing import Any, Final
from uuid import UUID, uuid5

import psutil  # type: ignore[import-untyped]
import structlog

from phonework import processes
from phonework.backends.base import TurnStart
from phonework.backends.claude import failures, holders, launcher, transcript
from phonework.backends.claude_tmux import ends, launch, prompt, tmux
from phonework.backends.claude_tmux.agent import Agent
from phonework.backends.claude_tmux.status import Process, Status, process_of
from phonework.errors import BackendError
from phonework.fsm.types import SessionId

log = structlog.get_logger(__name__)

UP_WITHIN: Final = 30.0  # seconds
LOOKS_EVERY: Final = 0.05
ASKS_AFTER: Final = 4.0
"""Seconds after which an agent that says nothing of itself has most likely put a question on its screen."""
ENDS_WITHIN: Final = 1.5
FREE_WITHIN: Final = 3.0
DRAWN_WITHIN: Final = 2.0  # its screen is a moment behind what it says of itself
_IDS: Final = UUID("b1f0a9a4-3b59-4a55-9c35-0f3a1f5fb7c1")  # namespace of the conversations' own ids


class Terminals:
    """settings: as of the launcher. gateway: the file that says where the server is. data_dir: the backend's own."""

    def __init__(
        self, settings: launcher.Settings, server: tmux.Server, gateway: Path, data_dir: Path, name: str
    ) -> None:
        self._settings, self._server, self._gateway, self._data_dir = settings, server, gateway, data_dir
        self._backend, self.program = name, server.program
        self._suffix = hashlib.sha256(str(data_dir).encode()).hexdigest()[:6]  # another PhoneWork may use the same tmux

    def server_of(self, agent: Agent) -> tmux.Server:
        """The tmux its terminal is in."""
        return self._server if agent.own else tmux.Server(program=self._server.program, socket=agent.socket)

    def mark(self, session_id: str) -> str:
        return f"{self._data_dir}:{session_id}"

    @property
    def config(self) -> Path:
        return launcher.config_dir(launch.environment(self._settings, ""))

    def name_of(self, session_id: SessionId) -> str:
        """What its terminal is called."""
        return f"{session_id}-{self._suffix}"

    def attach(self, agent: Agent) -> tuple[str, ...]:
        """The words that show its terminal."""
        server = self.server_of(agent)
        return (*server.words, "attach-session", "-t", agent.target)

    # Beginning

    async def begin(self, start: TurnStart) -> Agent:
        """A new agent in a new terminal that waits for words. Raises BackendError, and then nothing is left of it."""
        if self._settings.sandbox is not None:
            raise BackendError("claude_tmux.no_outer_sandbox")
        if not await asyncio.to_thread(Path(start.cwd).is_dir):
            raise BackendError("agent.no_directory", directory=start.cwd)
        tmux.found(self._server.program)
        await self.end_left(start.session_id)
        command, agent = await asyncio.to_thread(self._prepared, start)
        name = self.name_of(start.session_id)
        try:
            pid = await self._server.begin(name, start.cwd, command)
            agent.process = await asyncio.to_thread(process_of, agent.config, "", pid)
            await self._up(agent)
        except BaseException:
            await asyncio.shield(self.end_left(start.session_id))
            raise
        return agent

    def _prepared(self, start: TurnStart) -> tuple[list[str], Agent]:
        cli = launcher.find_cli(self._settings.cli_path)
        environment = launch.environment(self._settings, self.mark(start.session_id))
        config = launcher.config_dir(environment)
        named = self.conversation(start)
        record = transcript.find(config, named)
        known = record is not None and ends.can_resume(record)
        if known:
            self._check_free(config, named)
        elif record is not None:  # its id is taken, and there is nothing to go on with
            named = self.conversation(replace(start, agent_session_id=""))
        forked = not known and bool(start.fork_of) and not start.agent_session_id
        if forked and transcript.find(config, start.fork_of) is None:
            raise BackendError("claude.no_record")
        model = start.model or self._settings.model
        words = launch.words(
            cli,
            gateway=self._gateway,
            backend=self._backend,
            session_id=named,
            resume=named if known else start.fork_of if forked else "",
            fork=forked,
            model=model,
            mode=start.mode or self._settings.permission_mode or "default",
        )
        agent = Agent(
            start.session_id,
            named,
            start.cwd,
            config,
            own=True,
            target=f"={self.name_of(start.session_id)}:",
            model=start.model,
            mode=start.mode,
        )
        return launch.to_begin(self._data_dir / "beginning", words, environment), agent

    def conversation(self, start: TurnStart) -> str:
        """The agent's own id of the conversation; a new one follows from the turn, so that it is found again."""
        with contextlib.suppress(ValueError):
            return str(UUID(start.agent_session_id))
        first = start.prompts[0].prompt_id if start.prompts else ""
        return str(uuid5(_IDS, f"{self._data_dir}\n{start.session_id}\n{start.turn}\n{first}"))

    def _check_free(self, config: Path, agent_session_id: str) -> None:
        """Raises BackendError when a program at the desk has the conversation open: one of the two would lose what it wrote."""
        found = holders.holder_of(holders.holders(config, self.mark("")), agent_session_id)
        if found is not None and found.key:
            raise BackendError("claude.held", pid=str(found.pid))

    async def _up(self, agent: Agent) -> None:
        """Return when it waits for words."""
        begun, screen = monotonic(), ""
        while (status := await agent.status()) is not Status.IDLE:
            waited = monotonic() - begun
            if status is Status.GONE or not agent.process.start:
                raise BackendError("claude_tmux.ended_at_once", said=failures.detail(screen))
            screen = await self._server.screen(agent.target) or screen
            if waited > UP_WITHIN or (waited > ASKS_AFTER and _asks(screen)):
                raise BackendError("claude_tmux.asks_first", directory=agent.cwd, said=_gist(screen))
            await asyncio.sleep(LOOKS_EVERY)

    # Typing

    async def type(self, agent: Agent, text: str) -> None:
        """Give it the words, as somebody there would.

        Raises BackendError while it asks something, which they would answer, and where something is half typed: behind a `!` they
        would be a shell command.
        """
        await self._free(agent)
        await self._blank(agent)
        server = self.server_of(agent)
        await server.paste(agent.target, text)
        await asyncio.sleep(tmux.SETTLES)
        await self.enter(agent)

    async def _free(self, agent: Agent) -> None:
        """Return when it does nothing. It tells of a turn's end a moment before that."""
        deadline = monotonic() + FREE_WITHIN
        while (status := await agent.status()) is Status.BUSY and monotonic() < deadline:  # noqa: ASYNC110
            await asyncio.sleep(LOOKS_EVERY)
        if status is Status.GONE:
            raise BackendError("claude_tmux.closed")
        if status is not Status.IDLE or agent.open:
            raise BackendError("claude_tmux.asks_there" if status is Status.WAITING else "agent.busy")
        await self._reachable(agent)

    async def _blank(self, agent: Agent) -> None:
        """Return when nothing stands where words are typed. At a terminal of ours it is taken away first."""
        server, deadline = self.server_of(agent), monotonic() + DRAWN_WITHIN
        while not prompt.is_empty(*await server.around_cursor(agent.target)):
            if monotonic() > deadline:
                raise BackendError("claude_tmux.half_typed")
            if agent.own:
                await server.press(agent.target, "C-u")  # takes a line, what is left of the cursor, or the mark `!`
            await asyncio.sleep(LOOKS_EVERY)

    async def _reachable(self, agent: Agent) -> None:
        """Raises BackendError when keys would reach something else: a shell would run what is typed."""
        if not await self.server_of(agent).at_hand(agent.target, agent.process.pid):
            raise BackendError("claude_tmux.put_aside")

    async def enter(self, agent: Agent) -> None:
        """Press Enter, unless it asks something."""
        await self._reachable(agent)
        if await agent.status() is Status.IDLE:
            await self.server_of(agent).press(agent.target, "Enter")

    async def escape(self, agent: Agent) -> None:
        await self._reachable(agent)
        await self.server_of(agent).press(agent.target, "Escape")

    async def clear(self, agent: Agent, lines: int) -> None:
        """Take back what stands where words are typed: after Escape that can be the words it was given."""
        with contextlib.suppress(BackendError):
            await self._reachable(agent)
            await self.server_of(agent).press(agent.target, *["C-u"] * (2 * lines + 1))

    # Ending

    async def end(self, agent: Agent, *, patience: float = ENDS_WITHIN) -> None:
        """End it with all it started; its terminal closes. patience: seconds it is given to do so by itself."""
        family = await asyncio.to_thread(_family, agent.process)
        if agent.own:
            await self._server.close(self.name_of(agent.session_id))
            await self._gone(agent, patience)
        await asyncio.to_thread(_end, agent.process, family)
        if agent.own:
            await self.end_left(agent.session_id)

    async def _gone(self, agent: Agent, patience: float) -> None:
        """Return when its process is gone, or when it has taken too long."""
        deadline = monotonic() + patience
        while await agent.status() is not Status.GONE and monotonic() < deadline:  # noqa: ASYNC110  # nobody's event
            await asyncio.sleep(LOOKS_EVERY)

    async def end_left(self, session_id: SessionId) -> None:
        """End what an earlier life of ours left of a session: its terminal, its agent, and every command it had begun."""
        with contextlib.suppress(BackendError):
            await self._server.close(self.name_of(session_id))
        if ended := await asyncio.to_thread(processes.end_marked, launcher.MARK, self.mark(session_id)):
            log.warning("what an agent had left running was ended", session_id=session_id, count=ended)

    async def end_all_left(self) -> None:
        """End what an earlier life of ours left of every session."""
        for name in await self._server.names(f"-{self._suffix}"):
            await self._server.close(name)
        if ended := await asyncio.to_thread(processes.end_marked, launcher.MARK, self.mark(""), start=True):
            log.warning("what agents had left running was ended", count=ended)


def _family(process: Process) -> list[Any]:
    """All below it; nobody when it is gone, and the number another's by now."""
    is_there = process.pid and process.start and holders.start_of(process.pid) == process.start
    return processes.family(process.pid) if is_there else []


def _end(process: Process, family: list[Any]) -> None:
    if process.pid and holders.start_of(process.pid) == process.start:
        with contextlib.suppress(psutil.Error):
            found = psutil.Process(process.pid)
            processes.end([found, *family])
            found.wait(ENDS_WITHIN)
    processes.end(family)


def _asks(screen: str) -> bool:
    """Whether something is to be chosen: each of its questions at the start marks the choice, or names the keys."""
    return any(sign in screen for sign in ("❯ 1.", "❯ No", "❯ Yes", "Enter to confirm", "Press Enter"))


def _gist(screen: str) -> str:
    """The first words on it, without its frames."""
    lines = (
        "".join(one for one in line if one.isalnum() or one in " .,:?!'/-_()").strip() for line in screen.splitlines()
    )
    return failures.detail(" ".join(line for line in lines if line))[:200]
