"""The node: where sessions live. Every event enters here and is committed before anybody hears of it."""

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import structlog

from phonework import commands, engine, poison, workdir
from phonework.backends.base import Arrival, Progress
from phonework.carriers.chats import ChatCarrier
from phonework.channels.base import Reply, Toast
from phonework.channels.cards import clicks, reading
from phonework.clock import Clock
from phonework.desks import Desks
from phonework.engine import Happened, Outcome, Swept
from phonework.errors import PhoneWorkError, RefusedError, StoreError
from phonework.files.named import mentioned, there
from phonework.files.place import Root
from phonework.fsm.events import AgentEvent, AgentLost, TurnBegan, TurnFailed, TurnFinished
from phonework.fsm.types import Prompt, SessionId, UserId
from phonework.intake import Desk, Opened, Taken, take
from phonework.intake.adopting import adopt
from phonework.link.base import Envelope
from phonework.owner import Owner
from phonework.store import prompts, sessions, users
from phonework.store.writer import Writer
from phonework.texts import text

log = structlog.get_logger(__name__)

Answer = Callable[[Mapping[str, object]], Awaitable[object]]


class Node:
    """One machine's engine. It is the `DeskSink` of its backends and the `Node` of its link.

    files: what may be sent of them. owner: who works at this machine.
    """

    def __init__(
        self,
        *,
        writer: Writer,
        clock: Clock,
        desk: Desk,
        files: Root,
        desks: Desks,
        chats: ChatCarrier,
        owner: Owner,
    ) -> None:
        self._writer, self._clock, self._desk, self._owner = writer, clock, desk, owner
        self._root, self._files, self._desks, self._chats = files.path, files, desks, chats
        self._answers: dict[str, Answer] = {}

    def on_call(self, method: str, answer: Answer) -> None:
        """Answer the live question `method` with this."""
        self._answers[method] = answer

    # From people

    async def submit(self, envelope: Envelope) -> Reply:
        """Return when the person's act is committed. Raises StoreError when it is not."""
        opened = await self._open(envelope)
        try:
            taken = await self._writer.run(lambda connection, now: take(connection, envelope, opened, self._desk, now))
        except (StoreError, asyncio.CancelledError):
            raise
        except Exception as error:
            log.exception("deciding raised; the event is kept as poisoned", user_id=envelope.user_id)
            reason = repr(error)
            await self._writer.run(lambda connection, now: poison.keep_envelope(connection, envelope, reason, now))
            return Reply(toast=Toast(kind="error", text=text(await self._language_of(envelope), "reason.error")))
        _log(taken.outcome)
        return self._reply(envelope, taken)

    async def _open(self, envelope: Envelope) -> Opened | None:
        """Look at what an act is about before the commit: the disk must not be waited for in there."""
        try:
            if envelope.said is not None:
                if envelope.received_at - envelope.said.sent_at > self._desk.stale_after:
                    return None  # it will not be run, so nothing is made for it
                return await self._commanded(envelope.user_id, commands.parse_command(envelope.said.text))
            click = reading.parse(envelope.clicked.value) if envelope.clicked is not None else None
            if isinstance(click, clicks.MeantClick) and not click.as_is:
                return await self._commanded(envelope.user_id, commands.parse_command(click.text))
            if not isinstance(click, clicks.DeskClick):
                return None
            return Opened(desk=await self._desks.find(envelope.user_id, click.backend, click.agent_session_id))
        except RefusedError as error:
            return Opened(refused=error)

    async def _commanded(self, user_id: UserId, command: commands.Command | None) -> Opened | None:
        match command:
            case commands.New(directory=directory, create=create):
                return Opened(path=str(await asyncio.to_thread(workdir.resolve, directory, self._root, create=create)))
            case commands.Resume(number=number):
                return Opened(desk=await self._desks.numbered(user_id, number))
            case _:
                return None

    def _reply(self, envelope: Envelope, taken: Taken) -> Reply:
        if envelope.clicked is None:
            return Reply()
        wishes = taken.wishes or self._desk.wishes
        toast = None
        if taken.toast is not None:
            kind, key = taken.toast
            toast = Toast(kind=kind, text=text(wishes.language, key, **taken.toast_params))
        return Reply(toast=toast, card=self._chats.click_card(taken.card, wishes) if taken.card else None)

    async def _language_of(self, envelope: Envelope) -> str:
        user = await self._writer.run(lambda connection, _now: users.get(connection, envelope.user_id))
        return users.wishes_of(user, self._desk.wishes).language

    # From agents: the Sink

    async def emit(self, session_id: SessionId, event: AgentEvent, *, key: str) -> None:
        if isinstance(event, TurnFinished | TurnFailed | AgentLost) and not event.steps:
            event = replace(event, steps=self._chats.board.steps(session_id, event.turn))
        if isinstance(event, TurnFinished) and (names := mentioned(event.text)):
            event = replace(event, files=await self._there(session_id, names))
        await self.happened(
            Happened(
                source="agent",
                key=f"{session_id}:{key}",
                session_id=session_id,
                event=event,
                occurred_at=self._clock.now(),
            )
        )

    async def _there(self, session_id: SessionId, names: tuple[str, ...]) -> tuple[str, ...]:
        """Which of the files that the agent's last words name are there now; its directory may be gone too."""
        try:
            run = await self._writer.run(lambda connection, _now: sessions.run_of(connection, session_id))
        except KeyError:
            return ()
        return await asyncio.to_thread(there, names, replace(self._files, path=Path(run.cwd)))

    def progress(self, session_id: SessionId, turn: int, progress: Progress) -> None:
        self._chats.board.report(session_id, turn, progress)

    async def adopt(self, backend: str, arrival: Arrival) -> SessionId:
        def job(connection: sqlite3.Connection, now: datetime) -> SessionId:
            return adopt(connection, self._desk, self._owner.find(connection), backend, arrival, now)

        return await self._writer.run(job)

    async def began(self, session_id: SessionId, prompt: Prompt, *, key: str) -> int:
        await self.emit(session_id, TurnBegan(prompt=prompt), key=key)
        taken = await self._writer.run(lambda connection, _now: prompts.get(connection, prompt.prompt_id, session_id))
        return taken.turn if taken is not None else 0

    async def happened(self, one: Happened) -> Outcome:
        """Take one event in. A bug in deciding keeps the event as poisoned and harms nothing else."""
        try:
            outcome = await self._writer.run(lambda connection, now: engine.ingest(connection, one, now, claim=True))
        except (StoreError, asyncio.CancelledError):
            raise
        except Exception as error:
            log.exception("deciding raised; the event is kept as poisoned", session_id=one.session_id, key=one.key)
            reason = repr(error)
            outcome = await self._writer.run(lambda connection, now: engine.keep(connection, one, reason, now))
        _log(outcome, type(one.event).__name__)
        return outcome

    async def rerun(self, number: int) -> Outcome:
        """Take a poisoned event in again. Raises KeyError when there is none of that number."""
        return await self._writer.run(lambda connection, now: poison.rerun(connection, number, self._desk, now))

    # From the clock

    async def sweep(self) -> None:
        """Fire what is due."""

        def job(connection: sqlite3.Connection, now: datetime) -> Swept:
            return engine.sweep(connection, now)

        swept = await self._writer.run(job)
        for outcome in swept.outcomes:
            _log(outcome, "timer")

    # Live questions

    async def call(self, method: str, params: Mapping[str, object]) -> object:
        answer = self._answers.get(method)
        if answer is None:
            raise PhoneWorkError(f"this node does not know the question {method}")
        return await answer(params)


def _log(outcome: Outcome, cause: str = "") -> None:
    if outcome.applied:
        log.info(
            "session moved", session_id=outcome.session_id, source=outcome.source, target=outcome.target, cause=cause
        )
    elif not outcome.duplicate:
        log.info("event recorded", session_id=outcome.session_id, reason=outcome.reason, cause=cause)
