"""One live conversation: a connected Claude Code, and what may be asked of it."""

import asyncio
import contextlib
import json
from collections.abc import Awaitable, Callable
from typing import Any

import structlog
from claude_agent_sdk import ClaudeAgentOptions, ClaudeSDKClient, ClaudeSDKError

from phonework.backends.base import Sink
from phonework.backends.claude import failures
from phonework.backends.claude.commands import Commands
from phonework.backends.claude.desk import Desk
from phonework.backends.claude.modes import BYPASS, Modes
from phonework.backends.claude.process import CliProcess, Frame
from phonework.backends.claude.reporter import Item, Over, Reporter
from phonework.backends.claude.transcript import Totals
from phonework.backends.claude.turn import Turn
from phonework.errors import BackendError
from phonework.fsm.types import Answer, Ask, SessionId

log = structlog.get_logger(__name__)

CONNECT_WITHIN = 40.0  # seconds; MCP servers may take long to start
TAKE_WITHIN = 15.0  # seconds until a message is taken; usually some 10 ms
RESUMES_WITHIN = 5.0  # seconds; a resumed call is asked again within 0.1
ANSWER_WITHIN = 10.0  # seconds for a control request; Claude Code takes some 10 ms


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
        commands: Commands,
        on_end: Callable[["LiveSession"], None],
        end_container: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        self.session_id, self.cwd, self.env = session_id, cwd, env
        self.model = ""
        self._on_end = on_end
        self._inbox: asyncio.Queue[Item | None] = asyncio.Queue()  # None: the end
        self._room = asyncio.Event()
        self._side: set[asyncio.Task[None]] = set()
        self._desk = Desk(cwd, self._inbox.put_nowait)
        self.reporter = Reporter(
            session_id,
            agent_session_id,
            sink=sink,
            desk=self._desk,
            modes=modes,
            commands=commands,
            spent=spent,
            write=self._write,
            interrupt_soon=self._interrupt_soon,
        )
        self._ending = False
        self.wanted = True  # a turn is about to begin
        self.process = self._process_of(words, end_container)
        self._client = ClaudeSDKClient(ClaudeAgentOptions(can_use_tool=self._desk.ask), transport=self.process)
        self._reporting: asyncio.Task[None] | None = None

    def _process_of(self, words: list[str], end_container: Callable[[], Awaitable[None]] | None) -> CliProcess:
        """Not started yet; what it says and its end go into the queue."""
        return CliProcess(
            words,
            cwd=self.cwd,
            env=self.env,
            on_frame=self._take,
            on_written=self._desk.note_written,
            on_end=lambda: self._inbox.put_nowait(None),
            end_container=end_container,
        )

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
        self._reporting = asyncio.create_task(self._report(), name=f"claude {self.session_id}")

    @property
    def turn(self) -> Turn | None:
        """The one that runs."""
        return self.reporter.turn

    @property
    def agent_session_id(self) -> str:
        return self.reporter.agent_session_id

    @property
    def idle(self) -> bool:
        """Nothing runs or is about to, nothing is asked and no background task works."""
        return self.turn is None and not self.wanted and not self._desk and not self.reporter.tasks_running

    @property
    def alive(self) -> bool:
        return not self.reporter.gone and self.process.exit_code is None

    async def run(self, turn: Turn, *, resumed: bool = False) -> None:
        """Hand the turn's first message over and return when the agent has it.

        resumed: the agent should go on by itself with a call it had made; the message is for when it does not.
        Raises BackendError when it could not be handed over; then nothing of the turn is reported.
        """
        self.reporter.begin(turn)
        self.wanted = False
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
            self.reporter.turn = None
            raise

    async def _abandon(self) -> None:
        """Nobody waits for the turn any more, so it must not go on unseen."""
        self.reporter.turn = None
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
            self._inbox.put_nowait(Over(turn))
        await self._interrupt()

    async def set_mode(self, mode: str, *, usual: str) -> None:
        """mode: as the person chose it; empty: the usual one. One that does not stop asking nothing is ended."""
        before, self.reporter.mode = self.reporter.mode, mode  # what it reports now belongs to the new one
        request = self._client.set_permission_mode(mode or usual)  # type: ignore[arg-type]
        try:
            await self._control(request, "claude.mode_refused", mode=mode or usual)
        except (BackendError, asyncio.CancelledError):
            self.reporter.mode = before
            if before == BYPASS:
                await self.kill()
            raise

    @property
    def session_rules(self) -> tuple[str, ...]:
        """The rules that hold as long as this process."""
        return self._desk.session_rules

    async def set_model(self, model: str) -> None:
        """model: empty for Claude Code's own choice."""
        await self._control(self._client.set_model(model or None), "claude.model_refused", model=model or "default")
        self.model = model

    async def kill(self) -> None:
        """End everything at once; a running turn is reported as lost."""
        self._ending = True
        await self.process.kill()
        if self._reporting is not None:
            await asyncio.shield(self._reporting)
        else:
            await self._let_go()

    async def close(self, *, report: bool = True) -> None:
        """End the process in good order, within 4 s. report: tell that a running turn is lost."""
        self._ending = True
        self.reporter.silent = not report
        patience = 1.5 if self.idle else 0.0  # at the end of its input a busy one would go on to the end of its turn
        await self.process.close(patience=patience)
        if self._reporting is not None:
            await asyncio.shield(self._reporting)
        else:
            await self._let_go()

    # What it reports

    async def _take(self, frame: Frame) -> None:
        self._inbox.put_nowait(frame)
        while self._inbox.qsize() > 1000 and not self.reporter.gone:  # the CLI waits until what it said is stored
            self._room.clear()
            await self._room.wait()

    async def _report(self) -> None:
        try:
            while (item := await self._inbox.get()) is not None:
                try:
                    await self.reporter.handle(item)
                except Exception:  # a mistake of ours must not end the conversation
                    log.exception("not handled", session_id=self.session_id)
                self._room.set()
        finally:
            await self._end()

    async def _resumes(self, turn: Turn) -> bool:
        """Whether the agent goes on without a message."""
        with contextlib.suppress(TimeoutError, BackendError):
            async with asyncio.timeout(RESUMES_WITHIN):
                await asyncio.shield(turn.started)
                turn.waiting -= turn.own
                turn.unsent.clear()
                return True
        return False

    async def _end(self) -> None:
        """The process is gone."""
        self.reporter.gone = True
        self._room.set()
        if not self._ending:
            await self.process.kill()  # its tools go on without it
        with contextlib.suppress(Exception):
            await self._client.disconnect()
        await self.process.close(patience=0)
        turn, self.reporter.turn = self.turn, None
        if turn is not None:
            reason = self._why_gone()
            if turn.announced:
                await self.reporter.lose(turn, reason)
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
        self.reporter.gone = True
        with contextlib.suppress(Exception):
            await self._client.disconnect()
        await self.process.kill()
        await self.process.close(patience=0)
