"""Tells the engine what happens at a terminal, as events: each turn begins once and ends once, whichever source saw it."""

import asyncio
import contextlib
from uuid import uuid4

import structlog

from phonework.backends.base import Sink
from phonework.backends.claude import failures
from phonework.backends.claude_tmux import ends
from phonework.backends.claude_tmux.agent import Agent, Waiting
from phonework.backends.claude_tmux.memory import Memory
from phonework.errors import BackendError
from phonework.fsm import events as happened
from phonework.fsm.events import AgentEvent
from phonework.fsm.types import RequestId, Usage

log = structlog.get_logger(__name__)

_BY_ERROR = {"authentication_failed": failures.NOT_LOGGED_IN, "rate_limit": "claude.limit", "overloaded": "claude.api"}


def why(error: str, said: str) -> BackendError:
    """Why the API ended a turn. error: the hook's one word for it, empty when it is not known."""
    key = _BY_ERROR.get(error, "claude.api")
    return BackendError(key) if key == failures.NOT_LOGGED_IN else BackendError(key, said=failures.detail(said))


class Reports:
    """Every method but `save` and `withdrawn` is called with the agent's lock held."""

    def __init__(self, sink: Sink, memory: Memory) -> None:
        self._sink, self._memory = sink, memory

    async def save(self, agent: Agent) -> None:
        """Keep what must outlive us. Raises OSError."""
        await asyncio.to_thread(self._memory.put, agent.kept)

    async def started(self, agent: Agent, prompt_id: str) -> None:
        """The agent has the words we typed. prompt_id: its own of them, empty when it is not known."""
        if agent.taken or not agent.turn:
            return
        agent.taken, agent.prompt_id = True, prompt_id
        event = happened.TurnStarted(turn=agent.turn, agent_session_id=agent.agent_session_id)
        await self._emit(agent, event, f"started:{agent.turn}")
        await self._save(agent)
        agent.started.set()

    async def asked(self, agent: Agent, waiting: Waiting) -> bool:
        """Whether it is stored: if not, nobody here will ever see it."""
        agent.open[waiting.ask.request_id] = waiting
        await self._save(agent)  # first: killed in between, we would never tell that nobody can answer it here any more
        event = happened.AgentAsked(turn=agent.turn, ask=waiting.ask)
        if await self._emit(agent, event, f"asked:{waiting.ask.request_id}"):
            return True
        agent.open.pop(waiting.ask.request_id, None)
        await self._save(agent)
        return False

    async def withdrawn(self, agent: Agent, waiting: Waiting) -> None:
        """It was answered at the desk, or its hook is gone; nothing when that was told already."""
        async with agent.lock:
            await self._withdraw(agent, waiting)

    async def answered_there(self, agent: Agent, waiting: Waiting) -> None:
        """Its hook says nothing any more."""
        await self._withdraw(agent, waiting)
        waiting.answered.cancel()

    async def _withdraw(self, agent: Agent, waiting: Waiting) -> None:
        request_id = waiting.ask.request_id
        waiting.lose()
        if agent.open.pop(request_id, None) is None or not agent.turn:
            return
        agent.untold.append(request_id)
        await self._tell(agent)

    async def forgotten(self, agent: Agent, request_ids: tuple[str, ...]) -> None:
        """Requests of before our last start: their hooks ended with us, and only the terminal still asks."""
        agent.untold += [RequestId(one) for one in request_ids if one not in agent.untold]
        await self._tell(agent)

    async def _tell(self, agent: Agent) -> None:
        """Say of every request that is gone that it is; those of which that cannot be stored stay to be told."""
        for one in list(agent.untold):
            event = happened.RequestWithdrawn(turn=agent.turn, request_id=one)
            if await self._emit(agent, event, f"withdrawn:{one}"):
                agent.untold.remove(one)
        await self._save(agent)

    async def finished(self, agent: Agent, text: str, *, usage: Usage | None = None, interrupted: bool = False) -> None:
        turn, used = agent.turn, usage or Usage()
        if turn:
            event = happened.TurnFinished(turn=turn, text=text, interrupted=interrupted, usage=used)
            await self._end(agent, event)
        elif text:
            await self._emit(agent, happened.BackgroundFinished(text=text, usage=used), f"background:{uuid4().hex}")

    async def failed(self, agent: Agent, error: BackendError) -> None:
        if agent.turn:
            await self._end(agent, happened.TurnFailed(turn=agent.turn, error=str(error), problem=error.problem))

    async def lost(self, agent: Agent, error: BackendError) -> None:
        """Its process is gone. What it asked went with it."""
        agent.let_go()
        agent.open.clear()
        if agent.turn:
            text = (await self.told(agent)).text
            event = happened.AgentLost(turn=agent.turn, reason=str(error), problem=error.problem, text=text)
            await self._end(agent, event)

    async def told(self, agent: Agent) -> ends.Told:
        """What the agent's own record says of its turn."""
        record = await asyncio.to_thread(agent.record)
        return await asyncio.to_thread(ends.since_prompt, record, agent.prompt_id) if record else ends.Told()

    async def _end(self, agent: Agent, event: happened.TurnFinished | happened.TurnFailed | happened.AgentLost) -> None:
        if not agent.taken:  # it ended before any source had said that it began
            await self.started(agent, agent.prompt_id)
        for waiting in list(agent.open.values()):
            await self.answered_there(agent, waiting)
        if agent.untold:
            await self._tell(agent)
        turn, agent.turn = agent.turn, 0
        agent.over.set()
        await self._emit(agent, event, f"ended:{turn}")

    async def _save(self, agent: Agent) -> None:
        with contextlib.suppress(OSError):  # after a restart we know less, which is all
            await self.save(agent)

    async def changed(self, agent: Agent) -> None:
        """The agent goes on under another id of its own."""
        event = happened.AgentSessionChanged(turn=agent.turn, agent_session_id=agent.agent_session_id)
        await self._emit(agent, event, f"named:{agent.turn}:{agent.agent_session_id}")

    async def _emit(self, agent: Agent, event: AgentEvent, key: str) -> bool:
        """Whether it was stored. If not, the agent goes on: the next event may be stored again."""
        try:
            await self._sink.emit(agent.session_id, event, key=key)
            return True
        except Exception:
            log.exception("event not stored", session_id=agent.session_id, event_type=type(event).__name__, key=key)
            return False
