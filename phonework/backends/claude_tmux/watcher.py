"""Looks after a turn at a terminal where no hook speaks: somebody pressed Escape there, closed it, or it was killed."""

import asyncio
from time import monotonic

from phonework.backends.base import Progress, Sink
from phonework.backends.claude_tmux.agent import Agent, Waiting
from phonework.backends.claude_tmux.reports import Reports, why
from phonework.backends.claude_tmux.status import Status
from phonework.errors import BackendError
from phonework.fsm.types import Sentence

LOOKS_EVERY = 0.2  # seconds
SURE_AFTER = 1.2  # seconds of the same: a hook on its way is faster
STOPPED_AFTER = 0.4  # seconds after Escape: before that it may not have begun yet
UNSEEN_AFTER = 10.0  # seconds; a terminal that asks has said by then that it waits, or was answered too quickly to see


class Watcher:
    """One for all agents; `begin` at each turn."""

    def __init__(self, sink: Sink, reports: Reports) -> None:
        self._sink, self._reports = sink, reports

    def begin(self, agent: Agent) -> None:
        if agent.watch is None or agent.watch.done():
            agent.watch = asyncio.create_task(self._watch(agent), name=f"watch {agent.session_id}")

    async def _watch(self, agent: Agent) -> None:
        """As long as a turn runs."""
        last, since = (Status.UNKNOWN, False), monotonic()
        while agent.turn:
            await asyncio.sleep(LOOKS_EVERY)
            status = await agent.status()
            if last != (status, agent.taken):  # what it did before it had the words does not count
                last, since = (status, agent.taken), monotonic()
            async with agent.lock:
                await self._judge(agent, status, monotonic() - since)

    async def _judge(self, agent: Agent, status: Status, seconds: float) -> None:
        """seconds: for how long it has been so."""
        sure = seconds >= SURE_AFTER
        match status:
            case Status.GONE:
                await self._reports.lost(agent, BackendError("claude_tmux.closed"))
            case Status.IDLE if agent.taken and (sure or (agent.interrupted and seconds >= STOPPED_AFTER)):
                await self.conclude(agent, certain=agent.interrupted or seconds >= UNSEEN_AFTER)
            case Status.BUSY if sure:
                for waiting in list(agent.open.values()):
                    if not waiting.answered.done() and _over(waiting):  # it works again, so somebody answered there
                        await self._reports.answered_there(agent, waiting)
            case Status.WAITING if agent.open:
                for waiting in agent.open.values():
                    waiting.seen = True
            case Status.WAITING if sure:
                await self._waits_there(agent, seconds)

    async def _waits_there(self, agent: Agent, seconds: float) -> None:
        """It asks where no hook speaks, or its turn is over and somebody has a menu open: Escape twice more opens one (2.1.329)."""
        if seconds < UNSEEN_AFTER:  # its record is not read again and again for as long as nobody is there
            await self.conclude(agent)
        if agent.turn:
            note = Progress(note=Sentence(key="claude_tmux.waits_there"))
            self._sink.progress(agent.session_id, agent.turn, note)

    async def conclude(self, agent: Agent, *, certain: bool = False) -> None:
        """The turn is over, as its own record says how. certain: also when the record does not say so."""
        told = await self._reports.told(agent)
        if not (told.over or certain):
            return
        if told.failed:
            await self._reports.failed(agent, why("", told.failed))
        else:
            stopped = told.interrupted or agent.interrupted
            await self._reports.finished(agent, told.text, usage=told.usage, interrupted=stopped)


def _over(waiting: Waiting) -> bool:
    """Whether work means that it was answered: the hook tells of a question a moment before the agent says that it waits."""
    return waiting.seen or monotonic() - waiting.since >= UNSEEN_AFTER
