"""One live conversation: what is asked of it, and everything that happens in it as events, each turn with one end."""

import asyncio
import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import structlog

from phonework.backends.base import Sink
from phonework.backends.codex import asks, failures
from phonework.backends.codex import messages as told
from phonework.backends.codex.frames import Call, Id, Note
from phonework.backends.codex.rpc import DisconnectedError, RpcError
from phonework.backends.codex.server import AppServer
from phonework.backends.codex.turn import Glimpse, Meter, Turn
from phonework.errors import BackendError, RequestGoneError
from phonework.fsm import events as happened
from phonework.fsm.events import AgentEvent
from phonework.fsm.types import Answer, Ask, PromptId, Sentence, SessionId, Verdict

log = structlog.get_logger(__name__)

TAKE_WITHIN: Final = 15.0  # seconds until a turn has begun; 0.02 as a rule
ANSWER_WITHIN: Final = 10.0  # seconds until the server says that it has an answer
ENDS_WITHIN: Final = 2.0  # seconds from an interrupt to the end of the turn; 0.01 as a rule
MOST_UNREAD: Final = 1000  # frames; beyond it the server waits for us
WAITING: Final = frozenset({"waitingOnApproval", "waitingOnUserInput"})


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


class LiveThread:
    """A conversation that the server has loaded, and we are told of. kept_in: the file of Codex's rules that hold for good.

    Everything goes through one queue and is reported by one task, in order. on_end: called once when it is let go.
    """

    def __init__(
        self,
        session_id: SessionId,
        thread_id: str,
        *,
        server: AppServer,
        sink: Sink,
        kept_in: str,
        on_end: Callable[["LiveThread"], None],
    ) -> None:
        self.session_id, self.thread_id = session_id, thread_id
        self.turn: Turn | None = None
        self.model = self.usual_model = ""
        self.effort: object = None
        self.plan = False
        self.workspace: Mapping[str, Any] = {}
        self.gone = self.silent = False
        self.session_rules: dict[str, None] = {}  # what was allowed as long as it is loaded
        self._server, self._sink, self._kept_in, self._on_end = server, sink, kept_in, on_end
        self._inbox: asyncio.Queue[Item | None] = asyncio.Queue()
        self._room, self._idle = asyncio.Event(), asyncio.Event()
        self._idle.set()
        self._waiting: dict[tuple[str, str, str], Waiting] = {}
        self._items: dict[str, Mapping[str, Any]] = {}
        self._glimpse, self._meter = Glimpse(), Meter()
        self._reporting = asyncio.create_task(self._report(), name=f"codex {session_id}")

    # What the backend asks of it

    async def run(self, turn: Turn, params: Mapping[str, Any]) -> None:
        """Begin a turn and return when Codex has. Raises BackendError, and then nothing of the turn goes on or is reported."""
        self.turn = turn
        self._idle.clear()
        self._glimpse = Glimpse()
        self._meter.begin()
        try:
            reply = await self._server.request("turn/start", {"threadId": self.thread_id, **params})
            turn.turn_id = turn.turn_id or str(_part(reply, "turn").get("id") or "")
            async with asyncio.timeout(TAKE_WITHIN):
                await asyncio.shield(turn.started)
        except RpcError as error:
            self._drop(turn)
            raise failures.of_refusal(error) from error
        except (DisconnectedError, TimeoutError) as error:
            await self._abandon(turn)
            raise BackendError("codex.not_taken") from error
        except asyncio.CancelledError:
            await asyncio.shield(self._abandon(turn))
            raise
        except BackendError:  # it does not answer, or is gone
            await self._abandon(turn)
            raise

    def _drop(self, turn: Turn) -> None:
        if self.turn is turn:
            self.turn = None
            self._idle.set()

    async def _abandon(self, turn: Turn) -> None:
        """Nobody waits for the turn any more, so it must not go on unseen."""
        self._drop(turn)
        if not self._server.alive:
            return
        try:
            await self._stop(turn.turn_id or await self._running())
        except (BackendError, RpcError, DisconnectedError):
            await self._server.kill()

    async def steer(self, number: int, inputs: list[dict[str, Any]], prompt_id: str) -> None:
        turn = self.turn
        if turn is None or turn.number != number or turn.interrupted or not turn.turn_id:
            raise BackendError("agent.turn_over")
        try:
            await self._steer(turn, inputs, prompt_id)
        except RpcError as error:
            raise BackendError("agent.turn_over") from error
        except DisconnectedError as error:
            raise BackendError("codex.no_reaction") from error

    async def _steer(self, turn: Turn, inputs: list[dict[str, Any]], prompt_id: str | None) -> None:
        place = {"threadId": self.thread_id, "expectedTurnId": turn.turn_id}
        await self._server.request("turn/steer", {**place, "input": inputs, "clientUserMessageId": prompt_id})

    async def answer(self, ask: Ask, answer: Answer) -> None:
        """Return when the server has the answer. Raises RequestGoneError when it does not take it any more."""
        waiting = next((one for one in self._waiting.values() if one.ask.request_id == ask.request_id), None)
        if waiting is None or waiting.reply is not None:
            raise RequestGoneError("Codex no longer waits for this answer.")
        waiting.reply = asks.reply(waiting.ask, answer)
        try:
            if words := asks.reason(waiting.ask, answer):
                await self._explain(words)
        finally:
            await self._send(waiting)
        try:
            async with asyncio.timeout(ANSWER_WITHIN):
                taken = await asyncio.shield(waiting.settled)
        except TimeoutError:
            taken = False
        if not taken:
            raise RequestGoneError("Codex did not take the answer.")
        if answer.verdict is Verdict.ALLOW_SESSION and waiting.ask.offered:
            rule = f"Bash({waiting.ask.command})" if waiting.ask.command else waiting.ask.rule
            self.session_rules[rule] = None

    async def _explain(self, words: str) -> None:
        """A no carries no words, so they go to the agent as a message of their own, before it; better twice than never."""
        for _ in range(2):
            if self.turn is None:
                return
            try:
                await self._steer(self.turn, [{"type": "text", "text": words}], None)
                return
            except DisconnectedError:
                continue
            except (BackendError, RpcError) as error:
                log.warning("the reason of a no was not told", session_id=self.session_id, why=str(error))
                return

    async def _send(self, waiting: Waiting) -> None:
        """A connection that has just broken loses nothing: the request is made again on the next one, and answered there."""
        connection = self._server.connection
        if connection is not None and waiting.reply is not None:
            with contextlib.suppress(DisconnectedError):
                await connection.answer(waiting.id, waiting.reply)

    async def interrupt(self, number: int) -> None:
        turn = self.turn
        if turn is None or turn.number != number or not turn.turn_id:
            return
        turn.interrupted = True
        try:
            await self._stop(turn.turn_id)
        except DisconnectedError as error:
            raise BackendError("codex.no_reaction") from error

    async def fail(self, reason: BackendError) -> None:
        """End the turn that runs, for this reason; return when it has ended."""
        if self.turn is not None:
            self.turn.failure = reason
            await self._end_turn(self.turn)

    async def _stop(self, turn_id: str) -> None:
        """Interrupt the turn, and end the command it had begun, which would go on. Nothing happens when it is over already."""
        if turn_id:
            with contextlib.suppress(RpcError):
                await self._server.request("turn/interrupt", {"threadId": self.thread_id, "turnId": turn_id})
        with contextlib.suppress(RpcError):
            await self._server.request("thread/backgroundTerminals/clean", {"threadId": self.thread_id})

    async def _end_turn(self, turn: Turn) -> None:
        """One that does not end takes the whole server with it: nothing else is sure to end it."""
        try:
            async with asyncio.timeout(ENDS_WITHIN):
                await self._stop(turn.turn_id)
                await self._idle.wait()
        except (TimeoutError, BackendError, DisconnectedError):
            log.warning("a turn did not end, so Codex was ended", session_id=self.session_id)
            await self._server.kill()

    async def kill(self) -> None:
        """End the turn and what it started; it is reported as lost. The server goes on, and what else runs in it."""
        if self.turn is not None:
            self.turn.lost = BackendError("codex.ended")
            await self._end_turn(self.turn)
            if self.turn is not None:
                self._inbox.put_nowait(Died(BackendError("codex.ended")))
        if not self.gone and self._server.alive:
            with contextlib.suppress(BackendError, RpcError, DisconnectedError):
                await self._unload()
        await self.let_go()

    async def _unload(self) -> None:
        """Let the server forget what was allowed for the session, which else it would know as long as it runs (0.163.0).

        Only putting the conversation away makes it. Should we die in between, it is fetched back when it is gone on with.
        """
        await self._stop("")
        await self._server.request("thread/archive", {"threadId": self.thread_id})
        await self._server.request("thread/unarchive", {"threadId": self.thread_id})

    async def let_go(self) -> None:
        """Be told of it no more."""
        self.gone = True
        self._inbox.put_nowait(None)
        self._room.set()
        await asyncio.shield(self._reporting)

    # What it is told

    async def take(self, frame: Call | Note) -> None:
        self._inbox.put_nowait(frame)
        while self._inbox.qsize() > MOST_UNREAD and not self.gone:
            self._room.clear()
            await self._room.wait()

    async def die(self, reason: BackendError) -> None:
        """The server is gone; return when that is reported."""
        self._inbox.put_nowait(Died(reason))
        await self.let_go()

    async def resume(self) -> None:
        """After a new connection: be told again, and find out what became of the turn meanwhile."""
        try:
            status = _part(await self._resumed(), "status")
            recorded = await self._recorded(self.turn) if self.turn is not None else {}
            if self.turn is None and status.get("type") == "active":
                await self._stop(await self._running())
        except (BackendError, RpcError, DisconnectedError) as error:
            log.warning("a conversation could not be taken up again", session_id=self.session_id, why=str(error))
            return  # with the connection gone again there will be another one
        flags = status.get("activeFlags")
        waits = isinstance(flags, list) and bool(WAITING.intersection(map(str, flags)))
        self._inbox.put_nowait(Again(waits, recorded))

    async def _resumed(self) -> Mapping[str, Any]:
        asked = {"threadId": self.thread_id, "excludeTurns": True}
        return _part(await self._server.request("thread/resume", asked), "thread")

    async def _recorded(self, turn: Turn) -> Mapping[str, Any]:
        listed = await turns(self._server, self.thread_id)
        return next((one for one in listed if _is_of(one, turn)), {})

    async def _running(self) -> str:
        """The id of a turn that runs, whoever began it."""
        listed = await turns(self._server, self.thread_id)
        return next((str(one.get("id")) for one in listed if one.get("status") == "inProgress"), "")

    # What it reports

    async def _report(self) -> None:
        while (item := await self._inbox.get()) is not None:
            try:
                await self._handle(item)
            except Exception:  # a mistake of ours must not end the conversation
                log.exception("not handled", session_id=self.session_id)
            self._room.set()
        for waiting in self._waiting.values():
            _settle(waiting, taken=False)
        self._on_end(self)

    async def _handle(self, item: Item) -> None:
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
        known = self._waiting.get(asks.key(call))
        if known is not None:  # made again on a new connection, and perhaps answered on the old one
            known.id = call.id
            await self._send(known)
            return
        ask = asks.ask(call, self._items.get(str(call.params.get("itemId"))), kept_in=self._kept_in)
        turn = self.turn
        if ask is None or turn is None or turn.turn_id != call.params.get("turnId"):
            await self._refuse(call)
            return
        await self._announce(turn)
        waiting = Waiting(ask, call.id, asks.key(call), asyncio.get_running_loop().create_future())
        self._waiting[waiting.key] = waiting
        if not await self._emit(happened.AgentAsked(turn=turn.number, ask=ask), f"asked:{ask.request_id}"):
            waiting.reply = asks.refusal(ask)  # nobody will ever see it
            await self._send(waiting)

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
                self._glimpse.finish(item_id, title, ok=ok, output=output)
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
        waiting = next((one for one in self._waiting.values() if one.id == identity), None)
        if waiting is not None:
            await self._withdraw(waiting) if waiting.reply is None else self._forget(waiting, taken=True)

    async def _withdraw(self, waiting: Waiting) -> None:
        """The server asks no longer: somebody else has answered, or the turn has ended."""
        self._forget(waiting, taken=False)
        number = self.turn.number if self.turn is not None else 0
        event = happened.RequestWithdrawn(turn=number, request_id=waiting.ask.request_id)
        await self._emit(event, f"withdrawn:{waiting.ask.request_id}")

    def _forget(self, waiting: Waiting, *, taken: bool) -> None:
        self._waiting.pop(waiting.key, None)
        _settle(waiting, taken=taken)

    async def _taken_up(self, waits: bool, recorded: Mapping[str, Any]) -> None:
        """What was told while nobody heard it is read from the record."""
        if not waits:
            for waiting in list(self._waiting.values()):
                await self._withdraw(waiting) if waiting.reply is None else self._forget(waiting, taken=True)
        turn = self.turn
        if turn is None or not recorded or not _is_of(recorded, turn):
            return
        await self._announce(turn)
        for prompt in told.prompts_in(recorded):
            await self._seen(turn, prompt)
        if (over := told.over(recorded)) is not None:
            turn.words.replace(over.text)
            await self._finish(turn, over)

    # How a turn ends

    async def _finish(self, turn: Turn, over: told.TurnOver) -> None:
        for waiting in list(self._waiting.values()):
            if waiting.reply is None and turn.lost is None:
                await self._withdraw(waiting)
            else:
                self._forget(waiting, taken=False)
        self._items.clear()
        self.turn = None
        await self._emit(_ended(turn, over), f"ended:{turn.number}")
        self._idle.set()

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
        self._idle.set()

    async def _emit(self, event: AgentEvent, key: str) -> bool:
        """Whether it was stored. If not, the conversation goes on: the next fact may be stored again."""
        if self.silent:
            return False
        try:
            await self._sink.emit(self.session_id, event, key=key)
            return True
        except Exception:
            log.exception("event not stored", session_id=self.session_id, event_type=type(event).__name__, key=key)
            return False


async def turns(server: AppServer, thread_id: str, limit: int = 20) -> list[Mapping[str, Any]]:
    """The newest turns of a conversation with all their items, the newest first; the conversation need not be loaded."""
    asked = {"threadId": thread_id, "limit": limit, "itemsView": "full", "sortDirection": "desc"}
    found = (await server.request("thread/turns/list", asked)).get("data")
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


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


def _is_of(listed: Mapping[str, Any], turn: Turn) -> bool:
    return listed.get("id") == turn.turn_id or bool(turn.own & told.prompts_in(listed))


def _settle(waiting: Waiting, *, taken: bool) -> None:
    if not waiting.settled.done():
        waiting.settled.set_result(taken)


def _part(whole: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found = whole.get(key)
    return found if isinstance(found, dict) else {}
