"""What programs ask for, carried out: acts in one commit each, looks beside the writer. Without HTTP."""

import asyncio
import base64
import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec
import structlog

from phonework import workdir
from phonework.backends.base import Attachable, Backend
from phonework.clock import Clock
from phonework.engine import Outcome
from phonework.errors import BackendError, RefusedError
from phonework.fsm.types import SessionId
from phonework.gateway import looks
from phonework.gateway.acts import Shell
from phonework.gateway.feed import Feed
from phonework.gateway.refusals import GatewayError, not_found, of_reason
from phonework.gateway.shapes import (
    Accepted,
    Closed,
    NewAnswer,
    NewName,
    NewPrompt,
    NewSession,
    OldOnes,
    Session,
    Sessions,
    Terminal,
    Turns,
)
from phonework.intake.hand import Desk, Taken
from phonework.intake.messages import clean
from phonework.owner import Owner
from phonework.store import listing
from phonework.store import log as stored_log
from phonework.store.effects import Owed
from phonework.store.listing import Listed, Wanted
from phonework.store.reader import Reader
from phonework.store.writer import Writer

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What a job of the writer came to, and the session right after it. more: what else the act tells."""

    taken: Taken
    session: Listed | None = None
    more: tuple[str, ...] = ()

    @property
    def owed(self) -> tuple[Owed, ...]:
        return self.taken.owed

    @property
    def next_due(self) -> datetime | None:
        return self.taken.next_due


class Gateway:
    """The sessions of the machine's owner, as programs use them. Every method raises GatewayError, RefusedError, StoreError."""

    def __init__(
        self,
        *,
        writer: Writer,
        reader: Reader,
        clock: Clock,
        desk: Desk,
        owner: Owner,
        backends: Mapping[str, Backend],
    ) -> None:
        self._writer, self._reader, self._clock, self._desk, self._owner = writer, reader, clock, desk, owner
        self._backends = backends
        self.feed = Feed(reader=reader, clock=clock, owner=owner)

    # Acts

    async def create(self, key: str, wanted: NewSession) -> Session:
        def query(connection: sqlite3.Connection) -> SessionId | None:
            shell = self._shell(connection, key, self._clock.now())
            shell.used("create", "", wanted)
            begun = shell.begun()
            if begun is None:
                shell.check(wanted)  # before a directory is made for nothing
            return begun

        if (begun := await self._reader.run(query)) is not None:
            return await self.get(begun)
        path = await asyncio.to_thread(workdir.resolve, wanted.cwd, self._desk.root, create=wanted.create)
        return _session(await self._act("create", key, "", wanted, lambda shell, _: shell.create(wanted, str(path))))

    async def send(self, key: str, wanted: str, prompt: NewPrompt) -> Accepted:
        if not clean(prompt.text).strip():
            raise GatewayError(400, "empty", "there are no words in it")

        def job(connection: sqlite3.Connection, now: datetime) -> Done:
            shell = self._shell(connection, key, now)
            session_id = shell.find(wanted)
            shell.claim("send", session_id, prompt)
            taken = shell.send(session_id, prompt)
            return _done(shell, session_id, taken, shell.prompt_id(session_id))

        done = await self._writer.run(job)
        return Accepted(session=_session(done), prompt_id=done.more[0])

    async def answer(self, key: str, wanted: str, given: NewAnswer) -> Session:
        return _session(
            await self._act("answer", key, wanted, given, lambda shell, session_id: shell.answer(session_id, given))
        )

    async def stop(self, key: str, wanted: str) -> Session:
        return _session(await self._act("stop", key, wanted, None, Shell.stop))

    async def retry(self, key: str, wanted: str) -> Session:
        return _session(await self._act("retry", key, wanted, None, Shell.retry))

    async def kill(self, key: str, wanted: str) -> Session:
        return _session(await self._act("kill", key, wanted, None, Shell.kill))

    async def close(self, key: str, wanted: str) -> Session:
        return _session(await self._act("close", key, wanted, None, Shell.close))

    async def rename(self, key: str, wanted: str, name: NewName) -> Session:
        return _session(
            await self._act("rename", key, wanted, name, lambda shell, session_id: shell.rename(session_id, name.name))
        )

    async def clean_up(self, key: str, old: OldOnes) -> Closed:
        def job(connection: sqlite3.Connection, now: datetime) -> Done:
            shell = self._shell(connection, key, now)
            shell.claim("cleanup", "", old)
            taken, ids = shell.clean_up(timedelta(hours=old.older_than_hours))
            return Done(taken=taken, more=ids)

        return Closed(closed=list((await self._writer.run(job)).more))

    async def _act(
        self, name: str, key: str, wanted: str, body: msgspec.Struct | None, act: Callable[[Shell, SessionId], Taken]
    ) -> Done:
        """wanted: id or name of the session; empty: there is none yet. name, body: what the key stands for from now on."""

        def job(connection: sqlite3.Connection, now: datetime) -> Done:
            shell = self._shell(connection, key, now)
            session_id = shell.find(wanted) if wanted else SessionId("")
            shell.claim(name, session_id, body)
            return _done(shell, session_id, act(shell, session_id))

        return await self._writer.run(job)

    def _shell(self, connection: sqlite3.Connection, key: str, now: datetime) -> Shell:
        owner = self._owner.find(connection)
        return Shell(connection=connection, desk=self._desk, owner=owner, key=key, now=now)

    # Looks

    async def get(self, wanted: str) -> Session:
        def query(connection: sqlite3.Connection) -> Session:
            owner = self._owner.find(connection)
            found = listing.find(connection, owner, wanted)
            if found is None:
                raise not_found(wanted)
            return looks.session(listing.of(connection, owner, [found], self._clock.now())[0])

        return await self._reader.run(query)

    async def list(self, wanted: Wanted) -> Sessions:
        def query(connection: sqlite3.Connection) -> Sessions:
            found = listing.listed(connection, self._owner.find(connection), wanted, self._clock.now())
            further = len(found) == wanted.limit
            return Sessions(
                sessions=[looks.session(one) for one in found], next=cursor_after(found[-1]) if further else ""
            )

        return await self._reader.run(query)

    async def turns(self, wanted: str, count: int) -> Turns:
        """The newest, at most so many."""

        def query(connection: sqlite3.Connection) -> Turns:
            found = listing.find(connection, self._owner.find(connection), wanted)
            if found is None:
                raise not_found(wanted)
            return Turns(turns=[looks.turn(one) for one in stored_log.last(connection, found, count)])

        return await self._reader.run(query)

    async def terminal(self, wanted: str) -> Terminal:
        """Where its agent can be looked at. Raises GatewayError when it has no terminal."""
        found = await self.get(wanted)
        backend = self._backends.get(found.backend)
        hint = f"`phonework session logs {found.id} --follow` shows what is said"
        if not isinstance(backend, Attachable):
            raise GatewayError(409, "no_terminal", f"{found.id} has no terminal: its kind of agent has none", hint=hint)
        try:
            return Terminal(attach=list(await backend.attach(SessionId(found.id))))
        except BackendError as error:
            raise GatewayError(409, "no_terminal", str(error), hint=error.hint or hint) from error


def _done(shell: Shell, session_id: SessionId, taken: Taken, *more: str) -> Done:
    about = taken.outcome.session_id or session_id
    found = listing.of(shell.connection, shell.owner, [about], shell.now)
    return Done(taken=taken, session=found[0] if found else None, more=more)


def _session(done: Done) -> Session:
    """The session after the act. Raises GatewayError when the act changed nothing, now or the first time."""
    outcome: Outcome = done.taken.outcome
    if outcome.reason is not None:
        raise of_reason(outcome.reason)
    if done.session is None:
        raise RefusedError("internal_error")
    if not outcome.duplicate:
        log.info("a program acted", session_id=done.session.session_id, state=done.session.state)
    return looks.session(done.session)


def cursor_after(one: Listed) -> str:
    """Names the place in the list behind this session."""
    return base64.urlsafe_b64encode(msgspec.json.encode(listing.place_of(one))).decode().rstrip("=")


def place_of(cursor: str) -> tuple[int, str]:
    """The way back. Raises GatewayError for what is no cursor of ours."""
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        place = msgspec.json.decode(base64.urlsafe_b64decode(padded), type=tuple[int, str])
        if abs(place[0]) < 2**62:
            return place
    except (ValueError, msgspec.DecodeError):
        pass
    raise GatewayError(400, "bad_cursor", "this is no cursor of a list", hint="take it from `next` as it is")
