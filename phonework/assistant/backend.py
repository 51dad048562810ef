"""The assistant behind the port to agents: a person's companion, whose turns, questions and failures are those of any agent."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

import structlog

from phonework.assistant import memory
from phonework.assistant.loop import Kit, StuckError, Work
from phonework.assistant.model import Message, ModelError, Role, Watch
from phonework.backends.base import Accepted, Capabilities, Progress, Sink, TurnStart
from phonework.backends.companion import Companion, LiveTurn
from phonework.errors import BackendError, RequestGoneError, StoreError
from phonework.fsm.events import AgentAsked, AgentEvent, TurnFailed, TurnFinished
from phonework.fsm.types import Answer, Ask, RequestId, RequestKind, Sentence, SessionId
from phonework.store import dialogue
from phonework.store.codec import load
from phonework.store.dialogue import CallStatus
from phonework.texts import text

log = structlog.get_logger(__name__)

NAME: Final = "assistant"


@dataclass(slots=True)
class _Live(LiveTurn):
    """A turn at work. asked: who waits for which answer. stopping: a person wants it to end."""

    work: Work | None = None
    working: asyncio.Task[str] | None = None
    asked: dict[RequestId, asyncio.Future[Answer]] = field(default_factory=dict)
    stopping: bool = False

    @property
    def tasks(self) -> tuple[asyncio.Task[Any], ...]:
        return tuple(task for task in (self.task, self.working) if task is not None)


class AssistantBackend(Companion[_Live]):
    """Runs turns in this process; what they have come to is in the store, so a turn that died with us goes on there."""

    name = NAME
    end_within = 2.0
    capabilities = Capabilities(
        can_resume=True, companion=True, assists=True, asks=frozenset({RequestKind.CONFIRM, RequestKind.CHOICE})
    )

    def __init__(self, *, sink: Sink, kit: Kit) -> None:
        super().__init__(sink)
        self._kit = kit

    def _begin(self, start: TurnStart) -> _Live:
        """The person's words are stored by the turn's first commit."""
        return _Live(start)

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
        await super().aclose()
        await self._kit.model.aclose()

    # One turn

    async def _ended(self, live: _Live) -> AgentEvent:
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
