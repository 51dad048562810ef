"""One live conversation that the server has loaded, and what may be asked of it."""

import asyncio
import contextlib
from collections.abc import Callable, Mapping
from typing import Any, Final

import structlog

from phonework.backends.base import Sink
from phonework.backends.codex import asks, failures
from phonework.backends.codex.frames import Call, Note
from phonework.backends.codex.reporter import Again, Died, Item, Reporter, is_of
from phonework.backends.codex.rpc import DisconnectedError, RpcError
from phonework.backends.codex.server import AppServer
from phonework.backends.codex.turn import Turn
from phonework.errors import BackendError, RequestGoneError
from phonework.fsm.types import Answer, Ask, SessionId, Verdict

log = structlog.get_logger(__name__)

TAKE_WITHIN: Final = 15.0  # seconds until a turn has begun; 0.02 as a rule
ANSWER_WITHIN: Final = 10.0  # seconds until the server says that it has an answer
ENDS_WITHIN: Final = 2.0  # seconds from an interrupt to the end of the turn; 0.01 as a rule
MOST_UNREAD: Final = 1000  # frames; beyond it the server waits for us
WAITING: Final = frozenset({"waitingOnApproval", "waitingOnUserInput"})


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
        self.reporter = Reporter(session_id, thread_id, server=server, sink=sink, kept_in=kept_in)
        self.model = self.usual_model = ""
        self.effort: object = None
        self.plan = False
        self.workspace: Mapping[str, Any] = {}
        self.session_rules: dict[str, None] = {}  # what was allowed as long as it is loaded
        self._server, self._on_end = server, on_end
        self._inbox: asyncio.Queue[Item | None] = asyncio.Queue()
        self._room = asyncio.Event()
        self._held: list[Call | Note] | None = None  # what is told while the conversation is taken up again
        self._resuming = asyncio.Lock()
        self._reporting = asyncio.create_task(self._report(), name=f"codex {session_id}")

    @property
    def turn(self) -> Turn | None:
        """The one that runs."""
        return self.reporter.turn

    @property
    def gone(self) -> bool:
        return self.reporter.gone

    # What the backend asks of it

    async def run(self, turn: Turn, params: Mapping[str, Any]) -> None:
        """Begin a turn and return when Codex has. Raises BackendError, and then nothing of the turn goes on or is reported."""
        self.reporter.begin(turn)
        try:
            reply = await self._server.request("turn/start", {"threadId": self.thread_id, **params})
            turn.turn_id = turn.turn_id or str(_part(reply, "turn").get("id") or "")
            async with asyncio.timeout(TAKE_WITHIN):
                await asyncio.shield(turn.started)
        except RpcError as error:
            self.reporter.drop(turn)
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

    async def _abandon(self, turn: Turn) -> None:
        """Nobody waits for the turn any more, so it must not go on unseen."""
        self.reporter.drop(turn)
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
        waiting = next((one for one in self.reporter.waiting.values() if one.ask.request_id == ask.request_id), None)
        if waiting is None or waiting.reply is not None:
            raise RequestGoneError("Codex no longer waits for this answer.")
        waiting.reply = asks.reply(waiting.ask, answer)
        try:
            if words := asks.reason(waiting.ask, answer):
                await self._explain(words)
        finally:
            await self.reporter.send(waiting)
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
                await self.reporter.idle.wait()
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
        self.reporter.gone = True
        self._inbox.put_nowait(None)
        self._room.set()
        await asyncio.shield(self._reporting)

    # What it is told

    async def take(self, frame: Call | Note) -> None:
        if self._held is not None:
            self._held.append(frame)
            return
        self._inbox.put_nowait(frame)
        while self._inbox.qsize() > MOST_UNREAD and not self.gone:
            self._room.clear()
            await self._room.wait()

    async def die(self, reason: BackendError) -> None:
        """The server is gone; return when that is reported."""
        self._inbox.put_nowait(Died(reason))
        await self.let_go()

    async def resume(self) -> None:
        """After a new connection: be told again, and find out what became of the turn meanwhile.

        What is told from now on waits until that is known: an end of the turn must not come before what was missed of it.
        """
        async with self._resuming:
            held = self._held = []
            try:
                await self._take_up()
            finally:
                self._held = None
                for frame in held:
                    self._inbox.put_nowait(frame)

    async def _take_up(self) -> None:
        try:
            status = _part(await self._resumed(), "status")
            recorded = await self._recorded(self.turn) if self.turn is not None else {}
            if self.turn is None and status.get("type") == "active":
                await self._stop(await self._running())
        except RpcError as error:
            self._inbox.put_nowait(Died(failures.of_refusal(error)))
            return
        except (BackendError, DisconnectedError) as error:
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
        return next((one for one in listed if is_of(one, turn)), {})

    async def _running(self) -> str:
        """The id of a turn that runs, whoever began it."""
        listed = await turns(self._server, self.thread_id)
        return next((str(one.get("id")) for one in listed if one.get("status") == "inProgress"), "")

    # What it reports

    async def _report(self) -> None:
        while (item := await self._inbox.get()) is not None:
            try:
                await self.reporter.handle(item)
            except Exception:  # a mistake of ours must not end the conversation
                log.exception("not handled", session_id=self.session_id)
            self._room.set()
        self.reporter.lose_waiting()
        self._on_end(self)


async def turns(server: AppServer, thread_id: str, limit: int = 20) -> list[Mapping[str, Any]]:
    """The newest turns of a conversation with all their items, the newest first; the conversation need not be loaded."""
    asked = {"threadId": thread_id, "limit": limit, "itemsView": "full", "sortDirection": "desc"}
    found = (await server.request("thread/turns/list", asked)).get("data")
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def _part(whole: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found = whole.get(key)
    return found if isinstance(found, dict) else {}
