"""The shell behind the port to agents: a person's companion, of which each turn is one command."""

import asyncio
import hashlib
import secrets
import sqlite3
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

import structlog

from phonework.backends.base import Accepted, Capabilities, Progress, Sink, Step, TurnStart
from phonework.backends.companion import Companion, LiveTurn
from phonework.channels.base import Chat
from phonework.errors import BackendError, RefusedError, RequestGoneError, StoreError
from phonework.fsm import effects as order
from phonework.fsm.events import AgentAsked, AgentEvent, TurnFailed, TurnFinished
from phonework.fsm.types import Answer, Ask, RequestId, RequestKind, Sentence, SessionId, Verdict
from phonework.shell import showing
from phonework.shell.runner import Ready, Runner
from phonework.shell.showing import Shown
from phonework.shell.verdicts import Verdict as Judged
from phonework.store import effects, runs, sessions, users
from phonework.store.codec import dump, load
from phonework.store.effects import Owed
from phonework.store.writer import Writer
from phonework.texts import text

log = structlog.get_logger(__name__)

NAME: Final = "shell"


@dataclass(slots=True)
class _Live(LiveTurn):
    """A command at work, or waiting for a yes. stop: a person wants it to end. asked: who waits for which answer."""

    stop: asyncio.Event = field(default_factory=asyncio.Event)
    asked: tuple[RequestId, asyncio.Future[Answer | None]] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stored:
    """A result and what its commit owes."""

    shown: Shown
    owed: tuple[Owed, ...]


class ShellBackend(Companion[_Live]):
    """Runs commands as children of this process; that one was begun is in the store before it is."""

    name = NAME
    end_within = 3.0
    capabilities = Capabilities(companion=True, asks=frozenset({RequestKind.CONFIRM}))

    def __init__(self, *, sink: Sink, writer: Writer, runner: Runner, language: str) -> None:
        super().__init__(sink)
        self._writer, self._runner, self._language = writer, runner, language

    def _begin(self, start: TurnStart) -> _Live:
        return _Live(start)

    async def answer(self, session_id: SessionId, ask: Ask, answer: Answer) -> None:
        live = self._live.get(session_id)
        if live is None or live.asked is None or live.asked[0] != ask.request_id or live.asked[1].done():
            raise RequestGoneError("shell.gone")
        live.asked[1].set_result(answer)

    async def interrupt(self, session_id: SessionId, turn: int) -> None:
        live = self._live.get(session_id)
        if live is not None and live.start.turn == turn:
            live.stop.set()
            if live.asked is not None and not live.asked[1].done():
                live.asked[1].set_result(None)

    async def accepted(self, start: TurnStart) -> Accepted:
        """NO while it is certain that the command was not begun, or its result is stored: then it is only told."""

        def is_open(connection: sqlite3.Connection, _now: datetime) -> bool:
            begun = runs.was_begun(connection, start.session_id, start.turn)
            return begun and runs.result(connection, start.session_id, start.turn) is None

        return Accepted.UNKNOWN if await self._writer.run(is_open) else Accepted.NO

    async def said(self, start: TurnStart) -> str:
        """What it came to, if that was stored."""
        done = await self._stored(start)
        return done.markdown if done else ""

    async def ping(self, *, smoke: bool = False) -> str:
        """Where commands begin; smoke: run one."""
        if not smoke:
            return str(self._runner.root)
        try:
            finished = await self._runner.run(await self._runner.judge("echo pong", str(self._runner.root)))
        except (OSError, RefusedError) as error:
            raise BackendError("shell.not_started", problem=str(error)) from error
        return f"{self._runner.root}: {finished.output.strip()}"

    # One turn

    async def _ended(self, live: _Live) -> AgentEvent:
        turn = live.start.turn
        try:
            done = await self._stored(live.start) or await self._performed(live)
        except RefusedError as error:
            return _failed(turn, Sentence(key=f"say.{error.text}", params=error.params))
        except BackendError as error:  # the sandbox is not to be had
            why = f"{error}\n{error.hint}".strip()
            return TurnFailed(turn=turn, error=why, problem=error.problem)
        except StoreError:
            raise
        except OSError as error:
            return _failed(turn, Sentence(key="shell.not_started", params={"problem": error.strerror or str(error)}))
        except Exception as error:
            log.exception("a command could not be seen to its end", session_id=live.start.session_id)
            return _failed(turn, Sentence(key="shell.broke", params={"problem": type(error).__name__}))
        return TurnFinished(
            turn=turn, text=done.markdown, interrupted=done.stopped, outcome=done.outcome, unwell=done.unwell
        )

    async def _performed(self, live: _Live) -> Shown:
        """Judge, ask if need be, and run. Raises RefusedError where nothing can be run."""
        start = live.start
        prompt, language = start.prompts[-1], await self._speaks(start)
        ready = await self._runner.judge(prompt.text.strip(), prompt.cwd or start.cwd)
        if ready.judged.verdict is Judged.REFUSE:
            return showing.refusal(ready.judged, language)
        if not await self._agreed(live, ready, language) or live.stop.is_set():
            return showing.not_run(language, stopped=live.stop.is_set())
        session_id, turn = start.session_id, start.turn
        await self._writer.run(lambda connection, _now: runs.begin(connection, session_id, turn, "{}"))
        if live.stop.is_set():
            return showing.not_run(language, stopped=True)
        return await self._run(live, ready, language)

    async def _agreed(self, live: _Live, ready: Ready, language: str) -> bool:
        """Whether it may run: unasked, or by an explicit yes."""
        carry = live.start.carry
        if carry is not None and carry.answer.verdict is not Verdict.ALLOW:
            return False
        if ready.unattended:
            return True
        future: asyncio.Future[Answer | None] = asyncio.get_running_loop().create_future()
        ask = ask_of(ready, language)
        live.asked = (ask.request_id, future)
        try:
            await self._emit(live, AgentAsked(turn=live.start.turn, ask=ask), of=ask.request_id)
            answer = None if live.stop.is_set() else await future
        finally:
            live.asked = None
        return answer is not None and answer.verdict is Verdict.ALLOW

    async def _run(self, live: _Live, ready: Ready, language: str) -> Shown:
        def show(output: str = "", state: str = "running") -> None:
            steps = (Step(title=f"$ {ready.command}", state=state),)
            self._sink.progress(
                live.start.session_id, live.start.turn, Progress(text=showing.glimpse(output), steps=steps)
            )

        show()
        finished = await self._runner.run(ready, stop=live.stop, on_output=show)
        show(finished.output, "ok" if finished.exit_code == 0 else "failed")
        return await self._keep(live.start, showing.result(finished, language))

    async def _keep(self, start: TurnStart, done: Shown) -> Shown:
        """Store the result, and owe its file: from here on a crash loses nothing of it."""

        def job(connection: sqlite3.Connection, now: datetime) -> _Stored:
            runs.finish(connection, start.session_id, start.turn, dump(done))
            run, chat = _whose(connection, start.session_id)
            report = order.ShowReport(report="output", session_id=start.session_id, params={"turn": str(start.turn)})
            owed = effects.add(
                connection,
                [report] if done.file else [],
                prefix=f"{start.session_id}:{start.turn}:output",
                session_id=start.session_id,
                user_id=run.user_id,
                chat=chat,
                now=now,
            )
            return _Stored(shown=done, owed=owed)

        return (await self._writer.run(job)).shown

    async def _stored(self, start: TurnStart) -> Shown | None:
        body = await self._writer.run(lambda connection, _now: runs.result(connection, start.session_id, start.turn))
        return load(Shown, body) if body else None

    async def _speaks(self, start: TurnStart) -> str:
        """The language of whoever wants it."""

        def job(connection: sqlite3.Connection, _now: datetime) -> str:
            user = users.get(connection, sessions.run_of(connection, start.session_id).user_id)
            return users.language_of(user, self._language)

        return await self._writer.run(job)


def ask_of(ready: Ready, language: str) -> Ask:
    """The question whether it may run. A late yes is for this command there, with these reasons to ask, and for no other."""
    why = showing.reasons(ready.judged)
    asked = dump([ready.command, str(ready.directory), why])
    return Ask(
        request_id=RequestId(secrets.token_hex(16)),
        kind=RequestKind.CONFIRM,
        agent_ref=NAME,
        fingerprint=hashlib.sha256(asked.encode()).hexdigest(),
        prompt=text(language, "shell.ask"),
        tool=text(language, "companion.shell"),
        command=ready.command,
        path=str(ready.directory),
        reasons=why,
    )


def _whose(connection: sqlite3.Connection, session_id: SessionId) -> tuple[effects.Run, Chat]:
    return sessions.run_of(connection, session_id), sessions.chat_of(connection, session_id)


def _failed(turn: int, problem: Sentence) -> TurnFailed:
    return TurnFailed(turn=turn, error=text("en", problem.key, **problem.params), problem=problem)
