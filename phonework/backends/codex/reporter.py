"""Tells the engine what happens in one conversation: what Codex says and asks, as events, each turn with one end."""

import asyncio
import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import structlog

from phonework.backends.base import Sink
from phonework.backends.codex import asks, failures
from phonework.backends.codex import messages as told
from phonework.backends.codex.frames import Call, Id, Note
from phonework.backends.codex.rpc import DisconnectedError
from phonework.backends.codex.server import AppServer
from phonework.backends.codex.turn import Meter, Turn
from phonework.backends.reporting import Glimpse, emitted
from phonework.errors import BackendError
from phonework.fsm import events as happened
from phonework.fsm.events import AgentEvent
from phonework.fsm.types import Ask, PromptId, Sentence, SessionId

log = structlog.get_logger(__name__)


@dataclass(slots=True, eq=False)
class Waiting:
    """A request that waits for a person. reply: what the server was told. settled: True when it has that, False when it never will."""

    ask: Ask
    id: Id
    key: tuple[str, str, str]
    settled: asyncio.Future[bool]
    reply: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Died:
    """The server is gone."""

    reason: BackendError


@dataclass(frozen=True, slots=True)
class Again:
    """There is a new connection. waits: for a person. recorded: our turn as it stands in Codex's record; empty when it does not."""

    waits: bool
    recorded: Mapping[str, Any]


Item = Call | Note | Died | Again


class Reporter:
    """Takes one item after another and reports what it means.

    waiting: what is asked, by what names it across connections. gone: the conversation is let go. silent: nothing is reported.
    idle: set while no turn runs. kept_in: the file of Codex's rules that hold for good.
    """

    def __init__(self, session_id: SessionId, thread_id: str, *, server: AppServer, sink: Sink, kept_in: str) -> None:
        self.session_id, self.thread_id = session_id, thread_id
        self.turn: Turn | None = None
        self.gone = self.silent = False
        self.idle = asyncio.Event()
        self.idle.set()
        self.waiting: dict[tuple[str, str, str], Waiting] = {}
        self._server, self._sink, self._kept_in = server, sink, kept_in
        self._items: dict[str, Mapping[str, Any]] = {}
        self._glimpse, self._meter = Glimpse(), Meter()

    def begin(self, turn: Turn) -> None:
        """From here on Codex works on this turn."""
        self.turn = turn
        self.idle.clear()
        self._glimpse = Glimpse()
        self._meter.begin()

    def drop(self, turn: Turn) -> None:
        """Nothing is reported of this turn."""
        if self.turn is turn:
            self.turn = None
            self.idle.set()

    def lose_waiting(self) -> None:
        """No answer reaches Codex any more."""
        for waiting in self.waiting.values():
            _settle(waiting, taken=False)

    async def send(self, waiting: Waiting) -> None:
        """A connection that has just broken loses nothing: the request is made again on the next one, and answered there."""
        connection = self._server.connection
        if connection is not None and waiting.reply is not None:
            with contextlib.suppress(DisconnectedError):
                await connection.answer(waiting.id, waiting.reply)

    async def handle(self, item: Item) -> None:
        match item:
            case Call():
                await self._called(item)
            case Note():
                fact = told.fact(item)
                if fact is not None:
                    await self._fact(fact)
            case Died(reason):
                await self._lost(reason)
            case Again(waits, recorded):
                await self._taken_up(waits, recorded)

    async def _called(self, call: Call) -> None:
        ask = asks.ask(call, self._items.get(str(call.params.get("itemId"))), kept_in=self._kept_in)
        known, turn = self.waiting.get(asks.key(call)), self.turn
        if known is not None and ask is not None and ask.fingerprint == known.ask.fingerprint:
            known.id = call.id  # made again on a new connection, and perhaps answered on the old one
            await self.send(known)
            return
        if known is not None:  # the answer was for something else
            await self._withdraw(known)
        if ask is None or turn is None or turn.turn_id != call.params.get("turnId"):
            await self._refuse(call)
            return
        await self._announce(turn)
        waiting = Waiting(ask, call.id, asks.key(call), asyncio.get_running_loop().create_future())
        self.waiting[waiting.key] = waiting
        if not await self._emit(happened.AgentAsked(turn=turn.number, ask=ask), f"asked:{ask.request_id}"):
            waiting.reply = asks.refusal(ask)  # nobody will ever see it
            await self.send(waiting)

    async def _refuse(self, call: Call) -> None:
        log.warning("Codex asked something that cannot be answered here", session_id=self.session_id, what=call.method)
        if self._server.connection is not None:
            with contextlib.suppress(DisconnectedError):
                await self._server.connection.refuse(call.id, "PhoneWork cannot ask its user this.")

    async def _fact(self, fact: told.Fact) -> None:
        turn = self.turn
        match fact:
            case told.Resolved(id=identity):
                await self._resolved(identity)
                return
            case told.TokensUsed(turn_id=turn_id, total=total, last=last):
                ours = turn is not None and turn.turn_id == turn_id
                usage = self._meter.take(total, last, ours=ours)
                if turn is not None and ours:
                    turn.usage = self._glimpse.usage = usage
            case told.TurnBegun(turn_id=turn_id) if turn is not None:
                turn.turn_id = turn.turn_id or turn_id
        if turn is None or turn.turn_id != fact.turn_id:
            return  # what an earlier turn had left running
        await self._announce(turn)
        await self._of_turn(turn, fact)

    async def _of_turn(self, turn: Turn, fact: told.Fact) -> None:
        match fact:
            case told.TurnOver():
                await self._finish(turn, fact)
                return
            case told.PromptSeen(client_id=client_id):
                await self._seen(turn, client_id)
            case told.TextStreamed(text=text):
                turn.words.stream(text)
                self._glimpse.stream(text)
            case told.TextSaid(text=text):
                turn.words.say(text)
                self._glimpse.paragraph()
            case told.ActionBegun(item_id=item_id, title=title, item=item):
                turn.words.act()
                self._items[item_id] = item
                self._glimpse.begin(item_id, title)
            case told.ActionDone(item_id=item_id, title=title, ok=ok, output=output):
                turn.words.act()
                self._glimpse.finish(item_id, ok=ok, output=output, title=title)
            case told.Troubled(said=said):
                self._glimpse.note = Sentence(key="codex.again", params={"said": said})
            case told.Compacting():
                self._glimpse.note = Sentence(key="codex.compacting")
            case _:
                pass
        self._sink.progress(self.session_id, turn.number, self._glimpse.progress())

    async def _announce(self, turn: Turn) -> None:
        """The turn has begun: reported once, before anything else of it."""
        if turn.announced:
            return
        turn.announced = True
        event = happened.TurnStarted(turn=turn.number, agent_session_id=self.thread_id)
        await self._emit(event, f"started:{turn.number}")
        if not turn.started.done():
            turn.started.set_result(None)

    async def _seen(self, turn: Turn, client_id: str) -> None:
        if client_id in turn.own or client_id in turn.taken:
            return
        turn.taken.add(client_id)
        event = happened.PromptsTaken(turn=turn.number, prompt_ids=(PromptId(client_id),))
        await self._emit(event, f"taken:{turn.number}:{client_id}")

    async def _resolved(self, identity: Id) -> None:
        waiting = next((one for one in self.waiting.values() if one.id == identity), None)
        if waiting is not None:
            await self._withdraw(waiting) if waiting.reply is None else self._forget(waiting, taken=True)

    async def _withdraw(self, waiting: Waiting) -> None:
        """The server asks no longer: somebody else has answered, or the turn has ended."""
        self._forget(waiting, taken=False)
        number = self.turn.number if self.turn is not None else 0
        event = happened.RequestWithdrawn(turn=number, request_id=waiting.ask.request_id)
        await self._emit(event, f"withdrawn:{waiting.ask.request_id}")

    def _forget(self, waiting: Waiting, *, taken: bool) -> None:
        self.waiting.pop(waiting.key, None)
        _settle(waiting, taken=taken)

    async def _taken_up(self, waits: bool, recorded: Mapping[str, Any]) -> None:
        """What was told while nobody heard it is read from the record."""
        if not waits:
            for waiting in list(self.waiting.values()):
                await self._withdraw(waiting) if waiting.reply is None else self._forget(waiting, taken=True)
        turn = self.turn
        if turn is None or not recorded or not is_of(recorded, turn):
            return
        await self._announce(turn)
        for prompt in told.prompts_in(recorded):
            await self._seen(turn, prompt)
        if (over := told.over(recorded)) is not None:
            turn.words.replace(over.text)
            await self._finish(turn, over)

    # How a turn ends

    async def _finish(self, turn: Turn, over: told.TurnOver) -> None:
        for waiting in list(self.waiting.values()):
            if waiting.reply is None and turn.lost is None:
                await self._withdraw(waiting)
            else:
                self._forget(waiting, taken=False)
        self._items.clear()
        self.turn = None
        await self._emit(_ended(turn, over), f"ended:{turn.number}")
        self.idle.set()

    async def _lost(self, reason: BackendError) -> None:
        """The server is gone in the middle of the turn."""
        turn, self.turn = self.turn, None
        self.gone = True
        if turn is not None and turn.announced:
            why = turn.lost or reason
            said = turn.words.so_far()
            event = happened.AgentLost(turn=turn.number, reason=str(why), problem=why.problem, text=said)
            await self._emit(event, f"ended:{turn.number}")
        elif turn is not None and not turn.started.done():
            turn.started.set_exception(reason)
        self.idle.set()

    async def _emit(self, event: AgentEvent, key: str) -> bool:
        """Whether it was stored. If not, the conversation goes on: the next fact may be stored again."""
        return not self.silent and await emitted(self._sink, self.session_id, event, key)


def _ended(turn: Turn, over: told.TurnOver) -> AgentEvent:
    said = turn.words.so_far() or over.text
    if turn.lost is not None:
        return happened.AgentLost(turn=turn.number, reason=str(turn.lost), problem=turn.lost.problem, text=said)
    error = turn.failure or (failures.of_turn(over.error) if over.status == "failed" else None)
    if error is not None:
        return happened.TurnFailed(
            turn=turn.number, error=str(error), problem=error.problem, text=said, usage=turn.usage
        )
    interrupted = over.status == "interrupted"
    return happened.TurnFinished(turn=turn.number, text=said, interrupted=interrupted, usage=turn.usage)


def is_of(listed: Mapping[str, Any], turn: Turn) -> bool:
    """Whether a turn of a list is this one."""
    return listed.get("id") == turn.turn_id or bool(turn.own & told.prompts_in(listed))


def _settle(waiting: Waiting, *, taken: bool) -> None:
    if not waiting.settled.done():
        waiting.settled.set_result(taken)
