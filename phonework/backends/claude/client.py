"""One live conversation: a connected Claude Code, the turn it runs, and what it asks."""

import asyncio
import contextlib
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import structlog
from claude_agent_sdk import ClaudeAgentOptions, ClaudeSDKClient, ClaudeSDKError

from phonework.backends.base import Sink
from phonework.backends.claude import failures
from phonework.backends.claude import messages as told
from phonework.backends.claude.desk import Asked, Desk, Settled, Waiting, Withdrawn
from phonework.backends.claude.modes import Modes
from phonework.backends.claude.process import CliProcess, Frame
from phonework.backends.claude.transcript import Totals
from phonework.backends.claude.turn import Glimpse, Meter, Turn, Words, add
from phonework.errors import BackendError
from phonework.fsm import events as happened
from phonework.fsm.events import AgentEvent
from phonework.fsm.types import Answer, Ask, PromptId, Sentence, SessionId

log = structlog.get_logger(__name__)

CONNECT_WITHIN = 40.0  # seconds; MCP servers may take long to start
TAKE_WITHIN = 15.0  # seconds until a message is taken; usually some 10 ms
RESUMES_WITHIN = 5.0  # seconds; a resumed call is asked again within 0.1
ANSWER_WITHIN = 10.0  # seconds for a control request; Claude Code takes some 10 ms
WORKING = {"compacting": Sentence(key="claude.compacting")}
UNASKABLE = "The user cannot be asked at the moment."
TURN_OVER = "The turn ended before the user answered. Stop here, and say what you still need."
REFUSED_TRIES = 2  # a 401 may heal while the login is refreshed; from here on it will not


@dataclass(frozen=True, slots=True)
class _Over:
    """A person stopped a turn that only waits for what a subagent asks."""

    turn: Turn


_Item = Frame | Asked | Withdrawn | Settled | _Over


class LiveSession:
    """A connected Claude Code for one session.

    Everything the CLI says, and everything it asks, goes through one queue and is reported by one task, in order; so each
    turn has exactly one end, and `Sink.emit` is never called for two facts of the session at once.
    on_end: called once, when the process is gone, after the turn's end was reported.
    """

    def __init__(
        self,
        session_id: SessionId,
        agent_session_id: str,
        *,
        sink: Sink,
        words: list[str],
        cwd: str,
        env: dict[str, str],
        spent: Totals,
        modes: Modes,
        on_end: Callable[["LiveSession"], None],
    ) -> None:
        self.session_id, self.agent_session_id, self.cwd = session_id, agent_session_id, cwd
        self.turn: Turn | None = None
        self.model = self.mode = ""
        self._sink, self._modes, self._on_end = sink, modes, on_end
        self._mode_kept = ("", "")  # of which conversation, which mode
        self._inbox: asyncio.Queue[_Item | None] = asyncio.Queue()  # None: the end
        self._room = asyncio.Event()
        self._side: set[asyncio.Task[None]] = set()
        self._shown: set[Waiting] = set()  # reported as requests, and not yet settled or withdrawn
        self._desk = Desk(cwd, self._inbox.put_nowait)
        self._words, self._glimpse, self._meter = Words(), Glimpse(), Meter(spent)
        self._tasks_running = self._last_turn = 0
        self._ending = self._ended = self._silent = False
        self.wanted = True  # a turn is about to begin
        self.process = CliProcess(
            words,
            cwd=cwd,
            env=env,
            on_frame=self._take,
            on_written=self._desk.note_written,
            on_end=lambda: self._inbox.put_nowait(None),
        )
        self._client = ClaudeSDKClient(ClaudeAgentOptions(can_use_tool=self._desk.ask), transport=self.process)
        self._reporter: asyncio.Task[None] | None = None

    # What the backend asks of it

    async def connect(self) -> None:
        """Start Claude Code. Raises BackendError with the reason when it does not come up."""
        try:
            done = await self._until_gone(self._client.connect(), CONNECT_WITHIN)
        except TimeoutError:
            await self._let_go()
            raise BackendError("claude.not_up", seconds=f"{CONNECT_WITHIN:.0f}") from None
        except asyncio.CancelledError:
            await asyncio.shield(self._let_go())
            raise
        except (ClaudeSDKError, OSError) as error:
            await self._let_go()
            raise BackendError("claude.not_started", problem=failures.detail(str(error))) from error
        if not done:
            await self._let_go()
            raise self._why_gone()
        self._reporter = asyncio.create_task(self._report(), name=f"claude {self.session_id}")

    @property
    def idle(self) -> bool:
        """Nothing runs or is about to, nothing is asked and no background task works."""
        return self.turn is None and not self.wanted and not self._desk and not self._tasks_running

    @property
    def alive(self) -> bool:
        return not self._ended and self.process.exit_code is None

    async def run(self, turn: Turn, *, resumed: bool = False) -> None:
        """Hand the turn's first message over and return when the agent has it.

        resumed: the agent should go on by itself with a call it had made; the message is for when it does not.
        Raises BackendError when it could not be handed over; then nothing of the turn is reported.
        """
        self.turn, self._last_turn = turn, turn.number
        self.wanted, self._glimpse = False, Glimpse()
        try:
            if not resumed or not await self._resumes(turn):
                await self._write(turn.unsent.popleft())
            async with asyncio.timeout(TAKE_WITHIN):
                await asyncio.shield(turn.started)
        except TimeoutError:
            await self._abandon()
            raise BackendError("claude.not_taken", seconds=f"{TAKE_WITHIN:.0f}") from None
        except asyncio.CancelledError:
            await asyncio.shield(self._abandon())
            raise
        except BackendError:
            self.turn = None
            raise

    async def _abandon(self) -> None:
        """Nobody waits for the turn any more, so it must not go on unseen."""
        self.turn = None
        await self.kill()

    async def steer(self, number: int, message: dict[str, Any]) -> None:
        turn = self.turn
        if turn is None or turn.number != number or turn.held is not None or turn.interrupted:
            raise BackendError("agent.turn_over")
        turn.waiting.add(message["uuid"])
        await self._write(message)

    async def answer(self, ask: Ask, answer: Answer) -> None:
        """Return when the answer was written to the agent."""
        await self._desk.answer(ask, answer)

    async def interrupt(self, number: int) -> None:
        turn = self.turn
        if turn is None or turn.number != number:
            return
        turn.interrupted = True
        if turn.held is not None:
            self._inbox.put_nowait(_Over(turn))
        await self._interrupt()

    async def set_mode(self, mode: str) -> None:
        await self._control(self._client.set_permission_mode(mode), "claude.mode_refused", mode=mode)  # type: ignore[arg-type]
        self.mode = mode

    async def set_model(self, model: str) -> None:
        await self._control(self._client.set_model(model), "claude.model_refused", model=model)
        self.model = model

    async def kill(self) -> None:
        """End everything at once; a running turn is reported as lost."""
        self._ending = True
        await self.process.kill()
        if self._reporter is not None:
            await asyncio.shield(self._reporter)
        else:
            await self._let_go()

    async def close(self, *, report: bool = True) -> None:
        """End the process in good order, within 4 s. report: tell that a running turn is lost."""
        self._ending = True
        self._silent = not report
        patience = 1.5 if self.idle else 0.0  # at the end of its input a busy one would go on to the end of its turn
        await self.process.close(patience=patience)
        if self._reporter is not None:
            await asyncio.shield(self._reporter)
        else:
            await self._let_go()

    # What it reports

    async def _take(self, frame: Frame) -> None:
        self._inbox.put_nowait(frame)
        while self._inbox.qsize() > 1000 and not self._ended:  # the CLI waits until what it said is stored
            self._room.clear()
            await self._room.wait()

    async def _report(self) -> None:
        try:
            while (item := await self._inbox.get()) is not None:
                try:
                    await self._handle(item)
                except Exception:  # a mistake of ours must not end the conversation
                    log.exception("not handled", session_id=self.session_id)
                self._room.set()
        finally:
            await self._end()

    async def _handle(self, item: _Item) -> None:
        match item:
            case Asked(waiting):
                await self._asked(waiting)
            case Withdrawn(waiting):
                await self._withdrawn(waiting)
            case Settled(waiting):
                self._shown.discard(waiting)
                if self.turn is not None and self.turn.held is not None and not self._desk:
                    await self._finish(self.turn, self.turn.held)
            case _Over(turn):
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
        if waiting in self._shown and not self._ended:
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
            case told.TasksRunning(count):
                self._tasks_running = count
            case told.Result():
                await self._result(fact)
            case told.TextSaid(text):
                self._words.say(text)
                self._glimpse.paragraph()
            case told.LocalOutput(text):
                self._words.say_locally(text)
            case _:
                await self._glimpsed(fact)
        if self.turn is not None and not isinstance(fact, told.TasksRunning | told.ModeReported):
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
            case told.ToolDone(tool_use_id, ok):
                self._glimpse.finish(tool_use_id, ok=ok)
            case told.TokensSeen():
                self._glimpse.count(fact)
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

    async def _resumes(self, turn: Turn) -> bool:
        """Whether the agent goes on without a message."""
        with contextlib.suppress(TimeoutError, BackendError):
            async with asyncio.timeout(RESUMES_WITHIN):
                await asyncio.shield(turn.started)
                turn.waiting -= turn.own
                turn.unsent.clear()
                return True
        return False

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

    async def _end(self) -> None:
        """The process is gone."""
        self._ended = True
        self._room.set()
        if not self._ending:
            await self.process.kill()  # its tools go on without it
        with contextlib.suppress(Exception):
            await self._client.disconnect()
        await self.process.close(patience=0)
        turn, self.turn = self.turn, None
        if turn is not None:
            reason = self._why_gone()
            if turn.announced:
                said = "\n\n".join(one for one in (*turn.texts, self._words.so_far()) if one)
                event = happened.AgentLost(turn=turn.number, reason=str(reason), problem=reason.problem, text=said)
                await self._emit(event, f"ended:{turn.number}")
            elif not turn.started.done():
                turn.started.set_exception(reason)
        self._on_end(self)

    # Small helpers

    def _why_gone(self) -> BackendError:
        if self.process.trouble is not None:
            return self.process.trouble
        if self._ending:
            return BackendError("claude.ended")
        return failures.of_end(self.process.exit_code, self.process.stderr)

    async def _emit(self, event: AgentEvent, key: str) -> bool:
        """Whether it was stored. If not, the conversation goes on: the next fact may be stored again."""
        if self._silent:
            return False
        try:
            await self._sink.emit(self.session_id, event, key=key)
            return True
        except Exception:
            log.exception("event not stored", session_id=self.session_id, event_type=type(event).__name__, key=key)
            return False

    async def _write(self, message: dict[str, Any]) -> None:
        try:
            await self.process.write(json.dumps(message) + "\n")
        except ClaudeSDKError as error:
            raise self._why_gone() from error

    async def _interrupt(self) -> None:
        await self._control(self._client.interrupt(), "claude.stop_refused")

    def _interrupt_soon(self) -> None:
        """Interrupt from within the reporter, which must not wait for the answer: it comes over the same wire."""
        task = asyncio.create_task(self._interrupt_quietly())
        self._side.add(task)
        task.add_done_callback(self._side.discard)

    async def _interrupt_quietly(self) -> None:
        with contextlib.suppress(BackendError):
            await self._interrupt()

    async def _control(self, request: Awaitable[None], refused: str, **what: str) -> None:
        """Make a control request. Raises BackendError when it is not answered in time, or refused: then in these words."""
        try:
            await self._until_gone(request, ANSWER_WITHIN)  # should it end meanwhile, that is reported by itself
        except TimeoutError:
            raise BackendError("claude.no_reaction", seconds=f"{ANSWER_WITHIN:.0f}") from None
        except Exception as error:  # the SDK raises bare Exception here
            raise BackendError(refused, problem=failures.detail(str(error)), **what) from error

    async def _until_gone(self, request: Awaitable[None], within: float) -> bool:
        """Await the request unless the process ends before, then False. Raises TimeoutError when the time is up."""
        task = asyncio.ensure_future(request)
        gone = asyncio.create_task(self.process.gone())
        try:
            await asyncio.wait({task, gone}, timeout=within, return_when=asyncio.FIRST_COMPLETED)
            if task.done():
                task.result()
                return True
            if gone.done():
                return False
            raise TimeoutError
        finally:
            gone.cancel()
            if not task.done():
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError, Exception):
                    await task

    async def _let_go(self) -> None:
        self._ended = True
        with contextlib.suppress(Exception):
            await self._client.disconnect()
        await self.process.kill()
        await self.process.close(patience=0)
