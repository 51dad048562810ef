"""One message's work: the model is asked, its calls are made, and so on until it only speaks, or has had enough."""

import asyncio
import sqlite3
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import structlog

from phonework.assistant import memory
from phonework.assistant.calls import ask_of, canonical, late_call, title, words_of
from phonework.assistant.memory import Begun
from phonework.assistant.model import Message, Model, ModelError, Offer, Reply, Role, ToolCall, Trouble, Watch
from phonework.assistant.surroundings import House, Surroundings, look, system_prompt
from phonework.assistant.tools import MAX_RESULT, Arguments, Call, Question, Result, Tool
from phonework.assistant.tools.schemas import WrongArgumentsError, offer, read
from phonework.backends.base import Progress, Step, TurnStart
from phonework.clock import Clock
from phonework.errors import RefusedError, StoreError
from phonework.fsm import effects as order
from phonework.fsm.types import Answer, Ask, Sentence, Usage, Verdict
from phonework.one_line import one_line
from phonework.store import dialogue, effects
from phonework.store.codec import dump
from phonework.store.dialogue import CallStatus
from phonework.store.effects import Owed
from phonework.store.writer import Writer
from phonework.texts import text

log = structlog.get_logger(__name__)

SHOWN_EVERY: Final = 0.2  # seconds; a long answer comes in very many pieces
MAX_SAME: Final = 2
"""How often the very same call is made for one message."""
FEWEST_TOKENS: Final = 1000
STOPPED: Final = "This was not run: the work was stopped before."
STOPPED_WHILE_IT_RAN: Final = "The work was stopped while this ran. It may have been done in part."


class StuckError(Exception):
    """The work cannot come to its end; the sentence is for the person."""

    def __init__(self, key: str, **params: str) -> None:
        super().__init__(text("en", key, **params))
        self.sentence = Sentence(key=key, params=params)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one message may cost. seconds: of work, waiting for the person aside. history: tokens shown of what was said."""

    seconds: float
    steps: int
    calls: int
    tokens: int
    history: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Kit:
    """What all work shares. at: the model's name and the host it is at, for sentences."""

    writer: Writer
    clock: Clock
    model: Model
    tools: Mapping[str, Tool[Any]]
    limits: Limits
    house: House
    at: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Noted:
    """What a commit of ours owes the dispatcher."""

    message: Message
    owed: tuple[Owed, ...] = ()


class Work:
    """The work of one turn. ask: asks the person and waits for the answer. show: how far it is."""

    def __init__(
        self,
        start: TurnStart,
        kit: Kit,
        *,
        ask: Callable[[Ask], Awaitable[Answer]],
        show: Callable[[Progress], None],
    ) -> None:
        self._start, self._kit, self._ask, self._show = start, kit, ask, show
        self._offers: tuple[Offer, ...] = tuple(offer(tool) for tool in kit.tools.values())
        self._earlier: tuple[tuple[Message, ...], ...] = ()
        self._exchange: list[Message] = []
        self._begun: dict[str, CallStatus] = {}
        self._around: Surroundings
        self._bound: asyncio.Timeout
        self._history = kit.limits.history
        self._spent = 0
        self._steps: list[Step] = []
        self._read: Callable[[], str] = str
        self._shown_at = 0.0
        self.usage = Usage()

    @property
    def words(self) -> str:
        """What the model said last, so far."""
        return self._read()

    async def run(self) -> str:
        """The model's last words. Raises StuckError. Goes on where an earlier life of the same turn had come to."""
        try:
            async with asyncio.timeout(self._kit.limits.seconds) as self._bound:
                await self._begin()
                while (last := await self._settled()) is None:
                    await self._step()
                return last
        except TimeoutError:
            raise StuckError("assistant.too_slow", seconds=f"{self._kit.limits.seconds:.0f}") from None

    async def close_up(self) -> None:
        """Calls that were not made, or not to their end, get a result that says so."""
        session_id, turn = self._start.session_id, self._start.turn
        await self._kit.writer.run(
            lambda connection, _now: memory.close_up(connection, session_id, turn, STOPPED, STOPPED_WHILE_IT_RAN)
        )

    # Asking the model

    async def _begin(self) -> None:
        start, kit = self._start, self._kit

        def job(connection: sqlite3.Connection, _now: datetime) -> tuple[Begun, Surroundings]:
            begun = memory.begin(connection, start.session_id, start.turn, words_of(start), kit.limits.history)
            return begun, look(connection, start.session_id, kit.house)

        begun, self._around = await kit.writer.run(job)
        self._earlier, self._exchange, self._begun = begun.earlier, list(begun.exchange), begun.calls
        if (late := late_call(start)) and len(self._exchange) == 1:
            # The decision came after the agent that asked was gone: the same call asks again, and is answered from it.
            await self._say(Reply(calls=(late,)))

    async def _settled(self) -> str | None:
        """Make the calls that wait; the last words if there is nothing more to do."""
        for call in memory.pending(self._exchange):
            await self._make(call)
        last = self._exchange[-1]
        return last.text if last.role is Role.ASSISTANT and not last.calls else None

    async def _step(self) -> None:
        limits = self._kit.limits
        if sum(one.role is Role.ASSISTANT for one in self._exchange) >= limits.steps:
            raise StuckError("assistant.too_many_steps", number=str(limits.steps))
        if self._spent >= limits.tokens:
            raise StuckError("assistant.too_many_tokens", number=f"{limits.tokens:,}")
        reply = await self._answer()
        if reply.finish == "length" and not reply.calls:
            reply = replace(reply, text=f"{reply.text}\n\n{text(self._around.language, 'assistant.cut_off')}")
        await self._say(reply)

    async def _answer(self) -> Reply:
        session_id, house = self._start.session_id, self._kit.house
        self._around = await self._kit.writer.run(lambda connection, _now: look(connection, session_id, house))
        system = system_prompt(self._around, self._kit.clock.now())
        while True:
            messages = memory.fitting(self._earlier, self._exchange, self._history)
            try:
                reply = await self._kit.model.ask(system, messages, self._offers, self._watch())
            except ModelError as error:
                if error.trouble is not Trouble.TOO_LONG or self._history // 2 < FEWEST_TOKENS:
                    raise self._stuck(error) from error
                self._history //= 2  # it takes less than was thought
            else:
                self._count(reply, messages)
                return reply

    def _stuck(self, error: ModelError) -> StuckError:
        params = {**self._kit.at, "detail": error.detail}
        return StuckError(f"assistant.{error.trouble.value}", **params)

    def _count(self, reply: Reply, messages: list[Message]) -> None:
        used, total = reply.usage, self.usage
        self.usage = Usage(
            input_tokens=total.input_tokens + used.input_tokens,
            output_tokens=total.output_tokens + used.output_tokens,
            cache_read_tokens=total.cache_read_tokens + used.cache_read_tokens,
        )
        told = used.input_tokens + used.output_tokens + used.cache_read_tokens
        self._spent += told or sum(map(memory.tokens_of, messages))

    async def _say(self, reply: Reply) -> None:
        session_id, turn = self._start.session_id, self._start.turn
        message = await self._kit.writer.run(
            lambda connection, _now: memory.add_reply(connection, session_id, turn, reply)
        )
        self._exchange.append(message)

    def _watch(self) -> Watch:
        def heard(read: Callable[[], str]) -> None:
            self._read = read
            if time.monotonic() - self._shown_at >= SHOWN_EVERY:
                self._report()

        def again(error: ModelError, pause: timedelta) -> None:
            why = text(self._around.language, f"assistant.{error.trouble.value}", **self._kit.at, detail=error.detail)
            self._report(
                Sentence(key="assistant.again", params={"why": why, "seconds": f"{pause.total_seconds():.0f}"})
            )

        return Watch(text=heard, again=again)

    def _report(self, note: Sentence | str = "") -> None:
        self._shown_at = time.monotonic()
        self._show(Progress(text=self.words, steps=tuple(self._steps), usage=self.usage, note=note))

    # Making calls

    async def _make(self, call: ToolCall) -> None:
        if sum(one.role is Role.TOOL for one in self._exchange) >= self._kit.limits.calls:
            raise StuckError("assistant.too_many_calls", number=str(self._kit.limits.calls))
        self._steps.append(Step(title=title(call, self._around.language)))
        self._report()
        result = await self._result(call)
        await self._note(call, result)
        self._steps[-1] = replace(self._steps[-1], state="failed" if result.failed else "ok")
        self._report()

    async def _result(self, call: ToolCall) -> Result:
        """What came of it. Only the store's errors, and being stopped, get out of here."""
        if call.call_id in self._begun:
            return Result(text=memory.OUTCOME_UNKNOWN, failed=True)
        tool = self._kit.tools.get(call.name)
        if tool is None:
            known = ", ".join(sorted(self._kit.tools)) or "none"
            return Result(text=f"There is no tool {one_line(call.name, 60)!r}. The tools: {known}.", failed=True)
        if self._times(call) > MAX_SAME:
            return Result(text="You made this very call before; it is not made again. Go on without it.", failed=True)
        try:
            return await self._run(tool, call, read(tool, call.arguments))
        except WrongArgumentsError as error:
            return Result(text=str(error), failed=True)
        except RefusedError as error:
            return Result(text=text("en", f"say.{error.text}", **error.params), failed=True)
        except TimeoutError:
            if self._bound.expired():
                raise
            seconds = tool.within.total_seconds()
            return Result(text=f"It took longer than {seconds:g} s and was ended.", failed=True)
        except StoreError:
            raise
        except Exception:
            log.exception("a tool failed", tool=call.name)
            return Result(
                text=f"{call.name} failed for a reason of its own. It may have been done in part.", failed=True
            )

    def _times(self, call: ToolCall) -> int:
        made = (one for message in self._exchange for one in message.calls)
        return sum((one.name, canonical(one.arguments)) == (call.name, canonical(call.arguments)) for one in made)

    async def _run(self, tool: Tool[Any], call: ToolCall, arguments: Arguments) -> Result:
        within = tool.within.total_seconds()
        one = self._call(call)
        async with asyncio.timeout(within):
            question = await tool.question(one, arguments)
        answer = await self._decided(tool, call, question) if question is not None else self._late_no(call)
        if answer is not None and answer.verdict is Verdict.DENY:
            said = f" They said: {answer.text}" if answer.text else ""
            return Result(text=f"The person refused it. Nothing was done.{said}", failed=True)
        one = replace(one, answer=answer)
        if tool.changes:
            await self._claim(call)
        async with asyncio.timeout(within):
            return await tool.run(one, arguments)

    def _call(self, call: ToolCall) -> Call:
        around, active, now = self._around, self._around.active, self._kit.clock.now()
        return Call(
            user_id=around.user_id,
            session_id=self._start.session_id,
            turn=self._start.turn,
            call_id=call.call_id,
            words="\n".join(one.text for one in self._exchange if one.role is Role.USER),
            language=around.language,
            now=now,
            zone=around.zone or now.astimezone().tzinfo or UTC,
            root=around.root,
            cwd=around.cwd,
            active=active.session_id if active else None,
        )

    async def _decided(self, tool: Tool[Any], call: ToolCall, question: Question) -> Answer:
        """The person's decision. The time they take is theirs."""
        loop = asyncio.get_running_loop()
        left = (self._bound.when() or loop.time()) - loop.time()
        self._bound.reschedule(None)
        try:
            return await self._ask(ask_of(call, question))
        finally:
            self._bound.reschedule(loop.time() + left)

    def _late_no(self, call: ToolCall) -> Answer | None:
        """The decision the turn carries, if it is a no to this call: it counts also if the call need not ask any more."""
        carry, late = self._start.carry, late_call(self._start)
        if carry is None or late is None or carry.answer.verdict is not Verdict.DENY:
            return None
        same = (late.name, canonical(late.arguments)) == (call.name, canonical(call.arguments))
        return carry.answer if same else None

    async def _claim(self, call: ToolCall) -> None:
        session_id, turn = self._start.session_id, self._start.turn

        def job(connection: sqlite3.Connection, _now: datetime) -> None:
            dialogue.claim(connection, session_id, turn, call.call_id, call.name, dump(call))

        await self._kit.writer.run(job)

    async def _note(self, call: ToolCall, result: Result) -> None:
        """The result, the end of the call, and the files it gave, in one commit."""
        start, around = self._start, self._around
        files = [order.ShowReport(report="file", params={"path": str(path)}) for path in result.files]
        words = memory.shortened(result.text, MAX_RESULT) or "(nothing)"

        def job(connection: sqlite3.Connection, now: datetime) -> _Noted:
            dialogue.settle(connection, start.session_id, start.turn, call.call_id, CallStatus.DONE)
            message = Message(role=Role.TOOL, text=words, call_id=call.call_id)
            owed = effects.add(
                connection,
                files,
                prefix=f"{start.session_id}:{start.turn}:{call.call_id}",
                session_id=start.session_id,
                user_id=around.user_id,
                chat=around.chat,
                now=now,
            )
            return _Noted(message=memory.add(connection, start.session_id, start.turn, message), owed=owed)

        self._exchange.append((await self._kit.writer.run(job)).message)
