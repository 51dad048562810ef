"""The port: turns that run programs, questions before them, and one report of how each turn ended."""

import asyncio
import hashlib
import json
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from uuid import uuid4

import structlog

from phonework.backends.base import About, Accepted, Capabilities, Liveness, Progress, Sink, TurnStart, end_of
from phonework.errors import BackendError, RequestGoneError, StoreError
from phonework.fsm.events import (
    AgentAsked,
    AgentEvent,
    AgentLost,
    RequestWithdrawn,
    TurnFailed,
    TurnFinished,
    TurnStarted,
)
from phonework.fsm.types import Answer, Ask, Prompt, RequestId, RequestKind, Sentence, SessionId, Verdict
from phonework.sandbox import Sandbox
from phonework.texts import text
from phonework_runner.program import Ended, run
from phonework_runner.record import Record
from phonework_runner.settings import RunnerSettings

log = structlog.get_logger(__name__)

SHOWN = 4_000  # characters of a running program's output on the card


@dataclass(slots=True)
class Turn:
    """A turn at work. open: who waits for which answer. instead: reported when it is cancelled; None: nothing is.

    over: its end is being reported, and nothing can change it any more.
    """

    start: TurnStart
    open: dict[RequestId, "asyncio.Future[Answer]"] = field(default_factory=dict)
    said: list[str] = field(default_factory=list)
    instead: AgentEvent | None = None
    over: bool = False
    task: "asyncio.Task[None] | None" = None

    @property
    def text(self) -> str:
        return "\n\n".join(text for text in self.said if text)


class RunnerBackend:
    """Its agents live in this process and no longer than a turn: one that this object does not know is dead."""

    name = "runner"
    about = About(title="Runner", account=False)
    Settings = RunnerSettings
    capabilities = Capabilities(can_resume=True, asks=frozenset({RequestKind.CONFIRM}))

    def __init__(self, *, sink: Sink, settings: Mapping[str, object], data_dir: Path) -> None:
        self._sink, self._settings = sink, RunnerSettings.of(settings)
        sandbox = settings.get("sandbox")
        if sandbox is not None and not isinstance(sandbox, Sandbox):
            raise TypeError(f"sandbox is {type(sandbox).__name__}, not Sandbox")
        self._sandbox = sandbox
        self.capabilities = replace(type(self).capabilities, sandboxed=sandbox is not None)
        self._language = str(settings.get("language", "zh"))
        self._record = Record(data_dir)
        self._turns: dict[SessionId, Turn] = {}

    # What PhoneWork asks for

    async def start_turn(self, start: TurnStart) -> None:
        """Return when the messages are on the disk: `accepted` must know of them."""
        if start.session_id in self._turns:
            raise BackendError("agent.busy")
        turn = self._turns[start.session_id] = Turn(start)
        try:
            await asyncio.to_thread(self._record.begun, start)
        except OSError as error:
            del self._turns[start.session_id]
            raise BackendError("runner.no_record", problem=error.strerror or str(error)) from error
        turn.task = asyncio.create_task(self._see_through(turn), name=f"{self.name} {start.session_id}:{start.turn}")

    async def steer(self, session_id: SessionId, turn: int, prompt: Prompt, images: tuple[str, ...]) -> None:
        raise BackendError("runner.no_steering")

    async def answer(self, session_id: SessionId, ask: Ask, answer: Answer) -> None:
        turn = self._turns.get(session_id)
        waiting = turn.open.pop(ask.request_id, None) if turn else None
        if waiting is None or waiting.done():
            raise RequestGoneError("Nobody waits for this answer any more.")
        waiting.set_result(answer)

    async def interrupt(self, session_id: SessionId, turn: int) -> None:
        live = self._turns.get(session_id)
        if live is not None and live.start.turn == turn:
            self._cancel(live, TurnFinished(turn=turn, text=live.text, interrupted=True))

    async def kill(self, session_id: SessionId) -> None:
        if live := self._turns.get(session_id):
            killed = BackendError("runner.killed")
            lost = AgentLost(turn=live.start.turn, reason=str(killed), problem=killed.problem, text=live.text)
            await self._end(live, lost)

    async def close(self, session_id: SessionId) -> None:
        if live := self._turns.get(session_id):
            await self._end(live, None)

    async def liveness(self, session_id: SessionId) -> Liveness:
        return Liveness.ALIVE if session_id in self._turns else Liveness.DEAD

    async def accepted(self, start: TurnStart) -> Accepted:
        try:
            begun = await asyncio.to_thread(self._record.has_begun, start)
        except OSError:
            return Accepted.UNKNOWN
        return Accepted.YES if begun else Accepted.NO

    async def said(self, start: TurnStart) -> str:
        try:
            return await asyncio.to_thread(self._record.words_of, start)
        except OSError as error:
            raise BackendError("runner.no_record", problem=error.strerror or str(error)) from error

    async def ping(self, *, smoke: bool = False) -> str:
        if smoke:
            await run(("echo", "OK"), cwd=Path("/"), sandbox=None)
        return f"runs {len(self._settings.unasked)} programs unasked, and asks before all others"

    async def aclose(self) -> None:
        """Report nothing: the next start finds the turns as they are, and tells of them."""
        await asyncio.gather(*(self._end(live, None) for live in list(self._turns.values())))

    # One turn

    async def _see_through(self, turn: Turn) -> None:
        """Whatever happens in it, its end is reported once."""
        end: AgentEvent | None = None
        try:
            await self._report(turn, TurnStarted(turn=turn.start.turn, agent_session_id=turn.start.session_id))
            end = await self._work(turn)
        except asyncio.CancelledError:
            end = turn.instead
        except BackendError as error:
            end = TurnFailed(turn=turn.start.turn, error=str(error), problem=error.problem, text=turn.text)
        except StoreError as error:  # without the store nothing is allowed, and nothing can be told
            log.error("a turn ended with the store", session_id=turn.start.session_id, error=str(error))
        turn.over = True
        del self._turns[turn.start.session_id]
        try:
            await self._conclude(turn, end)
        except StoreError as error:
            log.error("the end of a turn is not stored", session_id=turn.start.session_id, error=str(error))

    async def _conclude(self, turn: Turn, end: AgentEvent | None) -> None:
        if isinstance(end, TurnFinished | TurnFailed):
            for request_id in turn.open:
                await self._report(turn, RequestWithdrawn(turn=turn.start.turn, request_id=request_id), request_id)
        if end is not None:
            await self._report(turn, end)

    async def _work(self, turn: Turn) -> AgentEvent:
        number, carry = turn.start.turn, turn.start.carry
        lines = [prompt.text for prompt in turn.start.prompts]
        if carry is not None and not carry.used:
            lines[0] = carry.ask.command  # asked for again, and answered from what was decided too late
        for line in lines:
            words = _words(line)
            if words[0] not in self._settings.unasked:
                answer = await self._asked(turn, line, words)
                if answer.verdict is not Verdict.ALLOW:  # whatever else it is, it is no yes
                    turn.said.append(text(self._language, "runner.not_run", reason=answer.text))
                    continue
            ended = await self._run(turn, words)
            turn.said.append(ended.output.strip())
            await asyncio.to_thread(self._record.said, turn.start, turn.text)
            if ended.code < 0:
                why = BackendError("runner.signal", program=words[0], signal=str(-ended.code))
                return AgentLost(turn=number, reason=str(why), problem=why.problem, text=turn.text)
            if ended.code > 0:
                raise BackendError("runner.exit_code", program=words[0], code=str(ended.code))
        return TurnFinished(turn=number, text=turn.text or text(self._language, "runner.silent"))

    async def _asked(self, turn: Turn, line: str, words: list[str]) -> Answer:
        """Ask, and wait as long as it takes: how long a question may stay open is not ours to decide."""
        request_id, sentence = (
            RequestId(uuid4().hex),
            Sentence(key="runner.ask", params={"program": " ".join(words[0].split())}),
        )
        waiting: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        turn.open[request_id] = waiting
        ask = Ask(
            request_id=request_id,
            kind=RequestKind.CONFIRM,
            agent_ref=request_id,
            fingerprint=hashlib.sha256(json.dumps([turn.start.cwd, words]).encode()).hexdigest(),
            prompt=text("en", sentence.key, **sentence.params),
            sentence=sentence,
            tool="program",
            command=line,
        )
        await self._report(turn, AgentAsked(turn=turn.start.turn, ask=ask), request_id)
        return await waiting

    async def _run(self, turn: Turn, words: list[str]) -> Ended:
        start = turn.start

        def show(output: str) -> None:
            self._sink.progress(start.session_id, start.turn, Progress(text=end_of(output, SHOWN)))

        return await run(words, cwd=Path(start.cwd), sandbox=self._sandbox, on_output=show)

    async def _report(self, turn: Turn, event: AgentEvent, of: str = "") -> None:
        """Return when it is stored. The key is the same for the same thing, so that a repeat is recognised."""
        key = f"{self.name}:{turn.start.turn}:{type(event).__name__}:{of}"
        await self._sink.emit(turn.start.session_id, event, key=key)

    def _cancel(self, turn: Turn, instead: AgentEvent | None) -> None:
        if turn.task is not None and not turn.over:
            turn.instead = instead
            turn.task.cancel()

    async def _end(self, turn: Turn, instead: AgentEvent | None) -> None:
        self._cancel(turn, instead)
        if turn.task is not None:
            await asyncio.wait({turn.task})


def _words(line: str) -> list[str]:
    """Raises BackendError when it is no command line."""
    try:
        words = shlex.split(line)
    except ValueError as error:
        raise BackendError("runner.no_command", problem=str(error)) from error
    if not words:
        raise BackendError("runner.nothing")
    return words
