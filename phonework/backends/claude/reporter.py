"""Tells the engine what happens in one conversation: what Claude Code says and asks, as events, each turn with one end."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import structlog

from phonework.backends.base import Sink
from phonework.backends.claude import failures
from phonework.backends.claude import messages as told
from phonework.backends.claude.commands import Commands
from phonework.backends.claude.desk import Asked, Desk, Settled, Waiting, Withdrawn
from phonework.backends.claude.modes import Modes
from phonework.backends.claude.process import Frame
from phonework.backends.claude.transcript import Totals
from phonework.backends.claude.turn import Meter, Turn, Words, add
from phonework.backends.reporting import Glimpse, emitted
from phonework.errors import BackendError
from phonework.fsm import events as happened
from phonework.fsm.events import AgentEvent
from phonework.fsm.types import PromptId, Sentence, SessionId

log = structlog.get_logger(__name__)

WORKING = {"compacting": Sentence(key="claude.compacting")}
UNASKABLE = "The user cannot be asked at the moment."
TURN_OVER = "The turn ended before the user answered. Stop here, and say what you still need."
REFUSED_TRIES = 2  # a 401 may heal while the login is refreshed; from here on it will not


@dataclass(frozen=True, slots=True)
class Over:
    """A person stopped a turn that only waits for what a subagent asks."""

    turn: Turn


Item = Frame | Asked | Withdrawn | Settled | Over


class Reporter:
    """Takes one item after another and reports what it means.

    agent_session_id: the conversation's own id; changes after /clear. mode: the one the person wants.
    silent: nothing is reported any more. gone: the process has ended.
    write: hands a message to the agent; interrupt_soon: asks it to stop, without waiting for its answer.
    """

    def __init__(
        self,
        session_id: SessionId,
        agent_session_id: str,
        *,
        sink: Sink,
        desk: Desk,
        modes: Modes,
        commands: Commands,
        spent: Totals,
        write: Callable[[dict[str, Any]], Awaitable[None]],
        interrupt_soon: Callable[[], None],
    ) -> None:
        self.session_id, self.agent_session_id = session_id, agent_session_id
        self.turn: Turn | None = None
        self.mode = ""
        self.tasks_running = 0
        self.silent = self.gone = False
        self._sink, self._desk, self._modes, self._commands = sink, desk, modes, commands
        self._write, self._interrupt_soon = write, interrupt_soon
        self._mode_kept = ("", "")  # of which conversation, which mode
        self._shown: set[Waiting] = set()  # reported as requests, and not yet settled or withdrawn
        self._words, self._glimpse, self._meter = Words(), Glimpse(), Meter(spent)
        self._last_turn = 0

    def begin(self, turn: Turn) -> None:
        """From here on the agent works on this turn."""
        self.turn, self._last_turn = turn, turn.number
        self._glimpse = Glimpse()

    async def lose(self, turn: Turn, reason: BackendError) -> None:
        """The process is gone in the middle of the turn."""
        said = "\n\n".join(one for one in (*turn.texts, self._words.so_far()) if one)
        event = happened.AgentLost(turn=turn.number, reason=str(reason), problem=reason.problem, text=said)
        await self._emit(event, f"ended:{turn.number}")

    async def handle(self, item: Item) -> None:
        match item:
            case Asked(waiting):
                await self._asked(waiting)
            case Withdrawn(waiting):
                await self._withdrawn(waiting)
            case Settled(waiting):
                self._shown.discard(waiting)
                if self.turn is not None and self.turn.held is not None and not self._desk:
                    await self._finish(self.turn, self.turn.held)
            case Over(turn):
                if self.turn is turn and turn.held is not None:
                    await self._refuse_open()
                    await self._finish(turn, turn.held)
            case _:
                for fact in told.facts(item):
                    await self._fact(fact)

    async def _asked(self, waiting: Waiting) -> None:
        turn = self.turn
        if turn is not None:
            await self._announce(turn)
        if waiting.answered.done():
            return
        ask = waiting.ask
        number = turn.number if turn else self._last_turn
        self._shown.add(waiting)
        if not await self._emit(happened.AgentAsked(turn=number, ask=ask), f"asked:{ask.request_id}"):
            waiting.refuse(UNASKABLE)  # nobody will ever see it

    async def _withdrawn(self, waiting: Waiting) -> None:
        """The agent asks no longer; told once, and never after the turn's end. A dead one did not withdraw anything."""
        if waiting in self._shown and not self.gone:
            self._shown.discard(waiting)
            number = self.turn.number if self.turn else self._last_turn
            event = happened.RequestWithdrawn(turn=number, request_id=waiting.ask.request_id)
            await self._emit(event, f"withdrawn:{waiting.ask.request_id}")

    async def _fact(self, fact: told.Fact) -> None:
        match fact:
            case told.PromptSeen(prompt_id, state):
                await self._prompt_seen(prompt_id, state)
                return
            case told.SessionNamed(agent_session_id):
                await self._named(agent_session_id)
            case told.ModeReported(mode):
                await self._keep_mode(mode)
            case told.CommandsListed(names):
                self._commands.note(self.session_id, names)
            case told.TasksRunning(count):
                self.tasks_running = count
            case told.Result():
                await self._result(fact)
            case told.TextSaid(text):
                self._words.say(text)
                self._glimpse.paragraph()
            case told.LocalOutput(text):
                self._words.say_locally(text)
            case _:
                await self._glimpsed(fact)
        if self.turn is not None and not isinstance(fact, told.TasksRunning | told.ModeReported | told.CommandsListed):
            await self._announce(self.turn)

    async def _glimpsed(self, fact: told.Fact) -> None:
        match fact:
            case told.ReplyBegun():
                self._words.begin()
            case told.TextStreamed(text):
                self._words.stream(text)
                self._glimpse.stream(text)
            case told.ToolUsed(tool_use_id, title, by_subagent):
                if not by_subagent:
                    self._words.act()
                self._glimpse.begin(tool_use_id, f"↳ {title}" if by_subagent else title)
            case told.ToolDone(tool_use_id, ok, output):
                self._glimpse.finish(tool_use_id, ok=ok, output=output)
            case told.TokensSeen(usage):
                self._glimpse.usage = add(self._glimpse.usage, usage)
            case told.Working(what):
                self._glimpse.note = WORKING.get(what, what)
            case told.Retrying():
                self._glimpse.note = failures.of_retry(fact)
                await self._refused(fact)
            case _:
                pass
        if self.turn is not None:
            self._sink.progress(self.session_id, self.turn.number, self._glimpse.progress())

    async def _refused(self, retry: told.Retrying) -> None:
        """A key that is refused stays refused: ten tries would take three minutes."""
        turn = self.turn
        if retry.status == 401 and retry.attempt >= REFUSED_TRIES and turn is not None and not turn.failure:
            turn.failure = BackendError(failures.NOT_LOGGED_IN)
            self._interrupt_soon()

    async def _prompt_seen(self, prompt_id: str, state: str) -> None:
        turn = self.turn
        if turn is None or prompt_id not in turn.waiting:
            return
        await self._announce(turn)
        if state == "queued":
            return
        turn.running = True
        if prompt_id not in turn.own:
            await self._taken(turn, (prompt_id,))
        if state == "started" and turn.interrupted:
            # It was still in the queue when the person stopped the turn.
            self._interrupt_soon()

    async def _announce(self, turn: Turn) -> None:
        """The turn has begun: reported once, before anything else of it."""
        if turn.announced:
            return
        turn.announced = True
        event = happened.TurnStarted(turn=turn.number, agent_session_id=self.agent_session_id)
        await self._emit(event, f"started:{turn.number}")
        if not turn.started.done():
            turn.started.set_result(None)

    async def _named(self, agent_session_id: str) -> None:
        if agent_session_id == self.agent_session_id or not agent_session_id:
            return
        if self.turn is not None:
            await self._announce(self.turn)
        before, self.agent_session_id = self.agent_session_id, agent_session_id
        await self._forget_mode(before)
        self._meter.reset()
        number = self.turn.number if self.turn else self._last_turn
        event = happened.AgentSessionChanged(turn=number, agent_session_id=agent_session_id)
        await self._emit(event, f"session:{agent_session_id}")

    async def _keep_mode(self, mode: str) -> None:
        if self._mode_kept == (self.agent_session_id, mode):
            return
        self._mode_kept = (self.agent_session_id, mode)
        try:
            await asyncio.to_thread(self._modes.remember, self.agent_session_id, wanted=self.mode, mode=mode)
        except OSError as error:
            log.warning("mode not kept", session_id=self.session_id, mode=mode, why=str(error))

    async def _forget_mode(self, agent_session_id: str) -> None:
        with contextlib.suppress(OSError):
            await asyncio.to_thread(self._modes.forget, agent_session_id)

    async def _taken(self, turn: Turn, prompt_ids: tuple[str, ...]) -> None:
        fresh = tuple(PromptId(one) for one in prompt_ids if one not in turn.taken)
        if fresh:
            turn.taken.update(fresh)
            event = happened.PromptsTaken(turn=turn.number, prompt_ids=fresh)
            await self._emit(event, f"taken:{turn.number}:{','.join(fresh)}")

    # How a turn ends

    async def _result(self, result: told.Result) -> None:
        await self._named(result.agent_session_id)
        turn, usage = self.turn, self._meter.take(result)
        failed = result.is_error and not result.aborted
        text = self._words.take("" if failed and turn is not None else result.text)
        covered = set(result.prompt_ids)
        if turn is None or (not covered & turn.waiting and (covered or result.background)):
            if text:
                await self._emit(happened.BackgroundFinished(text=text, usage=usage), f"background:{result.uuid}")
            return
        await self._announce(turn)
        turn.usage = add(turn.usage, usage)
        await self._taken(turn, tuple(one for one in result.prompt_ids if one in turn.waiting - turn.own))
        turn.waiting -= covered or turn.waiting & turn.own
        turn.texts.append(text)
        await self._go_on(turn, result)

    async def _go_on(self, turn: Turn, result: told.Result) -> None:
        """Hand over what is left of the turn, wait for what is still open, or end it."""
        failed = bool(turn.failure) or (result.is_error and not result.aborted)
        if not failed and turn.waiting:
            return  # a message sent in the middle that was not folded in: it runs next, and is part of the turn
        if not failed and not result.aborted and turn.unsent:
            try:
                await self._write(turn.unsent.popleft())
            except BackendError:
                log.warning("message not handed over", session_id=self.session_id, turn=turn.number)
            return
        if self._desk:
            if not failed and not result.aborted:
                turn.held = result
                return
            await self._refuse_open()
        await self._finish(turn, result)

    async def _finish(self, turn: Turn, result: told.Result) -> None:
        event: AgentEvent
        if turn.failure or (result.is_error and not result.aborted):
            error = turn.failure or failures.of_result(result)
            said = "\n\n".join(one for one in turn.texts if one and one != result.text)
            event = happened.TurnFailed(
                turn=turn.number, error=str(error), problem=error.problem, text=said, usage=turn.usage
            )
        else:
            text = "\n\n".join(one for one in turn.texts if one)
            stopped = result.aborted or (turn.interrupted and turn.held is not None)
            event = happened.TurnFinished(turn=turn.number, text=text, interrupted=stopped, usage=turn.usage)
        await self._withdraw_cancelled()
        self.turn = None
        await self._emit(event, f"ended:{turn.number}")

    async def _refuse_open(self) -> None:
        """What is still asked when the turn is over is refused: nobody is there to answer it."""
        for waiting in self._desk.waiting:
            await self._withdrawn(waiting)
            waiting.refuse(TURN_OVER)

    async def _withdraw_cancelled(self) -> None:
        """What the CLI no longer asks, but has not come through the queue yet: it must be told before the turn's end."""
        for waiting in [one for one in self._shown if one.answered.cancelled()]:
            await self._withdrawn(waiting)

    async def _emit(self, event: AgentEvent, key: str) -> bool:
        """Whether it was stored. If not, the conversation goes on: the next fact may be stored again."""
        return not self.silent and await emitted(self._sink, self.session_id, event, key)
