"""The assistant behind the port to agents: a person's companion, whose turns, questions and failures are those of any agent."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Final

import structlog

from phonework.assistant import memory
from phonework.assistant.loop import Kit, StuckError, Work
from phonework.assistant.model import Message, ModelError, Role, Watch
from phonework.backends.base import Accepted, Capabilities, Liveness, Progress, Sink, TurnStart
from phonework.errors import BackendError, RequestGoneError, StoreError
from phonework.fsm.events import AgentAsked, AgentEvent, AgentLost, TurnFailed, TurnFinished, TurnStarted
from phonework.fsm.types import Answer, Ask, Prompt, RequestId, RequestKind, Sentence, SessionId
from phonework.store import dialogue
from phonework.store.codec import load
from phonework.store.dialogue import CallStatus
from phonework.texts import text

log = structlog.get_logger(__name__)

NAME: Final = "assistant"
END_WITHIN: Final = 2.0


@dataclass(slots=True)
class _Live:
    """A turn at work. asked: who waits for which answer. stopping: a person wants it to end."""

    start: TurnStart
    work: Work | None = None
    working: asyncio.Task[str] | None = None
    watching: asyncio.Task[None] | None = None
    asked: dict[RequestId, asyncio.Future[Answer]] = field(default_factory=dict)
    stopping: bool = False


class AssistantBackend:
    """Runs turns in this process; what they have come to is in the store, so a turn that died with us goes on there."""

    name = NAME
    capabilities = Capabilities(
        can_resume=True, companion=True, assists=True, asks=frozenset({RequestKind.CONFIRM, RequestKind.CHOICE})
    )

    def __init__(self, *, sink: Sink, kit: Kit) -> None:
        self._sink, self._kit = sink, kit
        self._live: dict[SessionId, _Live] = {}

    async def start_turn(self, start: TurnStart) -> None:
        """Return at once; the person's words are stored by the turn's first commit."""
        await self._finish(start.session_id)
        live = self._live[start.session_id] = _Live(start)
        live.watching = asyncio.create_task(self._watch(live), name=f"assistant {start.session_id}:{start.turn}")

    async def steer(self, session_id: SessionId, turn: int, prompt: Prompt, images: tuple[str, ...]) -> None:
        raise BackendError("assistant.no_steering")

    async def answer(self, session_id: SessionId, ask: Ask, answer: Answer) -> None:
        live = self._live.get(session_id)
        future = live.asked.get(ask.request_id) if live else None
        if future is None or future.done():
            raise RequestGoneError("assistant.gone")
        future.set_result(answer)

    async def interrupt(self, session_id: SessionId, turn: int) -> None:
        live = self._live.get(session_id)
        if live is not None and live.start.turn == turn:
            live.stopping = True
            if live.working is not None:
                live.working.cancel()

    async def kill(self, session_id: SessionId) -> None:
        """End the turn without waiting for what it is in the middle of."""
        live = self._live.get(session_id)
        if live is None:
            return
        await self._finish(session_id)
        reason = Sentence(key="assistant.killed")
        await self._emit(live, AgentLost(turn=live.start.turn, reason=text("en", reason.key), problem=reason))

    async def close(self, session_id: SessionId) -> None:
        await self._finish(session_id)

    async def liveness(self, session_id: SessionId) -> Liveness:
        return Liveness.ALIVE if session_id in self._live else Liveness.DEAD

    async def accepted(self, start: TurnStart) -> Accepted:
        """NO unless a call that must not be made twice was begun and not ended: all else goes on from what is stored."""
        session_id, turn = start.session_id, start.turn
        calls = await self._kit.writer.run(lambda connection, _now: dialogue.calls(connection, session_id, turn))
        return Accepted.UNKNOWN if CallStatus.CLAIMED in calls.values() else Accepted.NO

    async def said(self, start: TurnStart) -> str:
        """The last words of the turn that were stored."""
        session_id, turn = start.session_id, start.turn
        lines = await self._kit.writer.run(lambda connection, _now: dialogue.of_turn(connection, session_id, turn))
        messages = [load(Message, line.body) for line in lines]
        return next((one.text for one in reversed(messages) if one.role is Role.ASSISTANT and one.text), "")

    async def ping(self, *, smoke: bool = False) -> str:
        """Which model is asked where; smoke: ask it."""
        at = self._kit.at
        line = f"{at['model']} at {at['host']}"
        if not smoke:
            return line
        hello = Message(role=Role.USER, text="Answer with the one word pong.")
        try:
            reply = await self._kit.model.ask("", [hello], (), Watch(text=lambda _t: None, again=lambda _e, _p: None))
        except ModelError as error:
            raise BackendError(f"assistant.{error.trouble.value}", **at, detail=error.detail) from error
        return f"{line}: {memory.shortened(reply.text.strip(), 80)}"

    async def aclose(self) -> None:
        """End every turn without a report: the next start goes on with them."""
        await asyncio.gather(*(self._finish(session_id) for session_id in list(self._live)))
        await self._kit.model.aclose()

    # One turn

    async def _watch(self, live: _Live) -> None:
        """See a turn to its end and report it; nothing else reports a turn that was not killed."""
        start = live.start
        try:
            await self._emit(live, TurnStarted(turn=start.turn, agent_session_id=start.session_id))
            event = await self._work(live)
            self._forget(live)
            await self._emit(live, event)
        except StoreError as error:
            log.error("a turn of the assistant ended with the store", session_id=start.session_id, error=str(error))
        finally:
            self._forget(live)

    async def _work(self, live: _Live) -> AgentEvent:
        turn = live.start.turn
        work = live.work = Work(
            live.start,
            self._kit,
            ask=partial(self._ask, live),
            show=lambda progress: self._show(live, progress),
        )
        live.working = asyncio.create_task(work.run())
        if live.stopping:
            live.working.cancel()
        await asyncio.wait([live.working])
        if live.working.cancelled():
            await work.close_up()
            return TurnFinished(turn=turn, text=work.words, interrupted=True, usage=work.usage)
        error = live.working.exception()
        if error is None:
            return TurnFinished(turn=turn, text=live.working.result(), usage=work.usage)
        if isinstance(error, StoreError):
            raise error
        sentence = error.sentence if isinstance(error, StuckError) else Sentence(key="assistant.broke")
        if not isinstance(error, StuckError):
            log.error("a turn of the assistant raised", session_id=live.start.session_id, exc_info=error)
        with suppress(Exception):
            await work.close_up()
        said = text("en", sentence.key, **sentence.params)
        return TurnFailed(turn=turn, error=said, problem=sentence, text=work.words, usage=work.usage)

    async def _ask(self, live: _Live, ask: Ask) -> Answer:
        future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        live.asked[ask.request_id] = future
        try:
            await self._emit(live, AgentAsked(turn=live.start.turn, ask=ask), of=ask.request_id)
            return await future
        finally:
            del live.asked[ask.request_id]

    def _show(self, live: _Live, progress: Progress) -> None:
        self._sink.progress(live.start.session_id, live.start.turn, progress)

    async def _emit(self, live: _Live, event: AgentEvent, *, of: str = "") -> None:
        """Under a key that the same turn has again after a restart: what was reported once is not reported twice."""
        key = f"{NAME}:{live.start.turn}:{of or type(event).__name__}"
        await self._sink.emit(live.start.session_id, event, key=key)

    def _forget(self, live: _Live) -> None:
        if self._live.get(live.start.session_id) is live:
            del self._live[live.start.session_id]

    async def _finish(self, session_id: SessionId) -> None:
        """End a turn's tasks and say nothing. One that does not let go is left behind: it can report nothing any more."""
        live = self._live.pop(session_id, None)
        tasks = [task for task in (live.watching, live.working) if task is not None] if live else []
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=END_WITHIN)
