"""Takes in what hooks report: of agents we began, and of everybody's at the terminals of this machine."""

import asyncio
import contextlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import structlog

from phonework.backends import hook_client
from phonework.backends.base import Arrival, DeskSink, Sink
from phonework.backends.claude import diffs, records
from phonework.backends.claude_tmux import calls
from phonework.backends.claude_tmux.agent import Agent, Waiting
from phonework.backends.claude_tmux.calls import Call
from phonework.backends.claude_tmux.reports import Reports, why
from phonework.backends.claude_tmux.status import process_of
from phonework.backends.claude_tmux.watcher import Watcher
from phonework.errors import BackendError, PhoneWorkError
from phonework.fsm.types import Prompt, PromptId, SessionId, Usage

log = structlog.get_logger(__name__)

LOOKS, LOOKS_EVERY = 6, 0.05  # seconds
UNHEARD = "…"  # stands for words that were typed when nobody here listened


@dataclass(slots=True)
class Taker:
    """name: of the backend. agents: those known, by session. mark: what the marks of our own begin with."""

    name: str
    sink: Sink
    reports: Reports
    watcher: Watcher
    agents: dict[SessionId, Agent]
    config: Path
    mark: str
    later: set["asyncio.Task[None]"] = field(default_factory=set)

    async def take(self, raw: Mapping[str, object]) -> Mapping[str, object] | None:
        """What the hook prints; None: nothing, and the terminal goes on by itself. Cancelled when the hook is gone."""
        call = calls.read(raw)
        if call is None or call.entrypoint.startswith("sdk"):
            return None  # it has no terminal
        try:
            return await self._take(call)
        except PhoneWorkError as error:
            log.warning("a hook's report was not taken in", event_type=call.event, why=str(error))
        except Exception:
            log.exception("taking in a hook's report raised", event_type=call.event)
        return None

    async def _take(self, call: Call) -> Mapping[str, object] | None:
        agent = await self._agent(call)
        if agent is None:
            return None
        match call.event:
            case hook_client.PRINTED:
                agent.printed(call.hook)
            case "UserPromptSubmit":
                async with agent.lock:
                    await self._prompted(agent, call)
            case "PermissionRequest":
                return await self._permission(agent, call)
            case "Stop":
                async with agent.lock:
                    await self.reports.finished(agent, call.text, usage=await self._used(agent))
            case "StopFailure":
                async with agent.lock:
                    await self.reports.failed(agent, why(call.error, call.text))
            case "SessionEnd" if call.reason not in ("clear", "resume"):
                async with agent.lock:
                    await self.reports.lost(agent, BackendError("claude_tmux.closed"))
                self.agents.pop(agent.session_id, None)
        return None

    # Whose report it is

    async def _agent(self, call: Call) -> Agent | None:
        """The agent that reports. Somebody's is met by the first words or question of it, not by anything else."""
        if call.mark:
            own = self.agents.get(SessionId(call.mark.removeprefix(self.mark)))
            return own if own is not None and own.own and call.mark.startswith(self.mark) else None
        known = next((one for one in self.agents.values() if one.agent_session_id == call.agent_session_id), None)
        if known is None and call.event in ("UserPromptSubmit", "PermissionRequest"):
            known = await self._meet(call)
        if known is None or known.own:  # one of ours has it open; what somebody does beside it stays at their terminal
            return None
        if call.pid and call.pid != known.process.pid:
            known.process = await asyncio.to_thread(process_of, known.config, known.agent_session_id, call.pid)
        known.socket, known.target = call.tmux_socket, call.pane
        return known

    async def _meet(self, call: Call) -> Agent | None:
        if not isinstance(self.sink, DeskSink):
            return None
        arrival = Arrival(agent_session_id=call.agent_session_id, cwd=call.cwd)
        session_id = await self.sink.adopt(self.name, arrival)
        if session_id in self.agents:  # met by two of its hooks at once
            return self.agents[session_id]
        record = Path(call.transcript)
        config = record.parents[2] if len(record.parts) > 3 else self.config  # <config>/projects/<key>/<id>.jsonl
        agent = Agent(session_id, call.agent_session_id, call.cwd, config, own=False)
        self.agents[session_id] = agent
        agent.process = await asyncio.to_thread(process_of, config, call.agent_session_id, call.pid)
        return agent

    # What it reports

    async def _prompted(self, agent: Agent, call: Call) -> None:
        """Somebody's words, or those we typed."""
        if agent.own and agent.agent_session_id != call.agent_session_id:
            agent.agent_session_id = call.agent_session_id  # after /clear
            await self.reports.changed(agent)
        if agent.turn and not agent.taken and call.prompt.strip().endswith(agent.typed.strip()):
            await self.reports.started(agent, call.prompt_id)
            return
        if await self._began(agent, call.prompt, call.prompt_id) or not agent.turn:
            return
        await self.watcher.conclude(agent)  # nobody said how the turn before ended, if it did
        if not agent.turn:
            await self._began(agent, call.prompt, call.prompt_id)

    async def _began(self, agent: Agent, words: str, prompt_id: str, *, again: bool = False) -> bool:
        """Whether a turn began with these words. again: they had one already, which is over, and still work goes on."""
        if not isinstance(self.sink, DeskSink) or (prompt_id == agent.prompt_id and prompt_id and not again):
            return False
        own_id = uuid4().hex if again else prompt_id or uuid4().hex
        prompt = Prompt(prompt_id=PromptId(own_id), text=words.strip() or UNHEARD, sent_at=datetime.now(UTC))
        turn = await self.sink.began(agent.session_id, prompt, key=f"typed:{own_id}")
        if not turn or turn == agent.turn:
            return False
        await asyncio.to_thread(agent.begin, turn, (own_id,), prompt_id=prompt_id or own_id)
        with contextlib.suppress(OSError):
            await self.reports.save(agent)
        self.watcher.begin(agent)
        return True

    async def _used(self, agent: Agent) -> Usage:
        """What the turn used, from the agent's record, which has the last reply a moment after the hook."""
        for _ in range(LOOKS):
            if (told := await self.reports.told(agent)).over or not told.begun:
                break
            await asyncio.sleep(LOOKS_EVERY)
        return told.usage

    async def _permission(self, agent: Agent, call: Call) -> Mapping[str, object] | None:
        editing = call.tool in diffs.EDITING
        diff = await asyncio.to_thread(diffs.of_call, call.tool, call.tool_input, call.cwd) if editing else ""
        waiting = Waiting(calls.ask(call, diff), call.hook)
        asking = asyncio.create_task(self._ask(agent, call, waiting))
        try:
            if not await asyncio.shield(asking):
                return None
            answer = await asyncio.shield(waiting.answered)  # a hook that is gone cancels us, not the future
        except asyncio.CancelledError:
            if waiting.answered.cancelled():
                return None  # we let it go; the hook itself is still there
            gone = asyncio.create_task(self._gone(agent, asking, waiting))
            self.later.add(gone)
            gone.add_done_callback(self.later.discard)
            raise
        return calls.output(waiting.ask, answer, call)

    async def _ask(self, agent: Agent, call: Call, waiting: Waiting) -> bool:
        async with agent.lock:
            if agent.turn and not agent.taken:
                await self.reports.started(agent, call.prompt_id)
            if not agent.turn and not await self._began_unheard(agent, call):
                return False
            return await self.reports.asked(agent, waiting)

    async def _began_unheard(self, agent: Agent, call: Call) -> bool:
        """It is at work, and nobody here was told: the server was away, or a subagent goes on after its turn's end."""
        return await self._began(agent, await self._last_words(agent), call.prompt_id, again=True)

    async def _last_words(self, agent: Agent) -> str:
        path = await asyncio.to_thread(agent.record)
        record = await asyncio.to_thread(records.look, path) if path else None
        return (record.last or record.first) if record is not None else ""

    async def _gone(self, agent: Agent, asking: "asyncio.Task[bool]", waiting: Waiting) -> None:
        with contextlib.suppress(Exception):
            await asking  # the question must be told before that it is gone
        await self.reports.withdrawn(agent, waiting)
