"""What a shell may do with its person's sessions: by the same events and checks as the person, each act under its own key.

Every act is part of a job of the writer. Done again under its key it changes nothing and has the first outcome.
"""

import hashlib
import json
import re
import sqlite3
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from msgspec import Struct

from phonework import commands
from phonework.channels.base import NOWHERE
from phonework.engine import Happened, Outcome, ingest
from phonework.errors import RefusedError
from phonework.fsm import events as happened
from phonework.fsm.events import Event
from phonework.fsm.reasons import Reason
from phonework.fsm.types import SessionId, State, UserId
from phonework.gateway.answers import answer_of
from phonework.gateway.refusals import GatewayError, not_found, of_reason
from phonework.gateway.shapes import NewAnswer, NewPrompt, NewSession
from phonework.intake import modes
from phonework.intake.acting import Deputy
from phonework.intake.commanded import capable, create
from phonework.intake.hand import Desk, Hand, Opened, Taken
from phonework.intake.messages import clean, prompt_of
from phonework.store import events, listing, requests, sessions, users
from phonework.store.codec import dump
from phonework.store.events import Known, Record, Status

SOURCE: Final = "shell"
_NAME: Final = re.compile(r"(?!\d+\Z)[a-z0-9][a-z0-9-]{0,63}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Shell:
    """One act of a program for the owner of the machine. key: names the act for ever, among those on one session."""

    connection: sqlite3.Connection
    desk: Desk
    owner: UserId
    key: str
    now: datetime

    def used(self, act: str, session_id: str, body: Struct | None) -> bool:
        """Whether the key was used for this before. Raises GatewayError when it was used for something else."""
        known = self._known(self._named("asked", ""))
        first = events.get(self.connection, known.seq) if known is not None else None
        if first is None:
            return False
        if json.loads(first.payload)["digest"] != _digest(act, session_id, body):
            hint = "take a new key for each act; only the very same request may be sent again under one"
            raise GatewayError(422, "key_reused", "this Idempotency-Key was used for something else", hint=hint)
        return True

    def claim(self, act: str, session_id: str, body: Struct | None) -> None:
        """Keep what the key is used for, in the commit of the act. Raises GatewayError."""
        if not self.used(act, session_id, body):
            digest = _digest(act, session_id, body)
            self._note(self._named("asked", ""), "ProgramAsked", SessionId(session_id), {"act": act, "digest": digest})

    def find(self, wanted: str) -> SessionId:
        """By id or name. Raises GatewayError; another person's session is as good as none."""
        found = listing.find(self.connection, self.owner, wanted)
        if found is None:
            raise not_found(wanted)
        return found

    # Beginning

    def begun(self) -> SessionId | None:
        """The session that this act began before."""
        known = self._known(self._create_key)
        return known.session_id if known is not None else None

    def create(self, wanted: NewSession, path: str) -> Taken:
        """path: the directory, found inside the working root. Raises RefusedError, GatewayError."""
        if known := self._known(self._create_key):
            return _again(known)
        self.check(wanted)
        users.meet(self.connection, self.owner, self.now)
        hand = self._hand(self._create_key, wanted.text)
        said = hand.envelope.said
        assert said is not None
        command = commands.New(
            directory=path,
            message=clean(wanted.text),
            backend=wanted.backend or self.desk.default_backend,
            model=clean(wanted.model).strip(),
            mode=wanted.mode,
            timeout=_length(wanted.timeout),
            idle=_length(wanted.idle),
        )
        opened = Opened(path=path)
        called = {"name": wanted.name, "group": wanted.group, "container": wanted.container}
        return create(hand, said, command, opened, **called, active=False)

    @property
    def _create_key(self) -> str:
        return self._named("create", "")

    def check(self, wanted: NewSession) -> None:
        """Raises RefusedError, GatewayError when it cannot begin as things are."""
        backend = wanted.backend or self.desk.default_backend
        if capable(self.desk, backend) is None:
            known = sorted(one for one in self.desk.backends if capable(self.desk, one))
            raise RefusedError("backend_unknown", backend=backend[:40], known=", ".join(known))
        if problem := modes.problem_of_new(self.desk, backend, wanted.mode):
            raise RefusedError(problem.text.removeprefix("say."), **problem.params)
        self._check_container(backend, wanted.container)
        _check_name(wanted.group)
        self._check_free(wanted.name)

    def _check_container(self, backend: str, container: str) -> None:
        can = capable(self.desk, backend)
        engines = can.containers if can is not None else ()
        if container and not engines:
            raise RefusedError("no_containers", backend=backend)
        if container and container not in engines:
            raise RefusedError("container_unknown", backend=backend, container=container[:40], known=", ".join(engines))

    def _check_free(self, name: str, *, of: SessionId | None = None) -> None:
        """Raises GatewayError when it is no name, or an open session, other than `of`, is called so."""
        _check_name(name)
        taken = listing.named(self.connection, self.owner, name) if name else None
        if name and sessions.is_of(self.connection, name, self.owner):
            taken = SessionId(name)
        if taken is not None and taken != of:
            hint = f"the session {taken} has it; choose another one, or close that session"
            raise GatewayError(409, "name_taken", f"the name {name!r} is taken", hint=hint)

    # Talking

    def send(self, session_id: SessionId, wanted: NewPrompt) -> Taken:
        """The message waits for its turn, or has it at once. It never answers what is asked. Raises GatewayError."""
        key = self._named("send", session_id)
        if known := self._known(key):
            return _again(known)
        hand, found = self._hand(key, wanted.text), sessions.find(self.connection, session_id)
        assert found is not None
        session, said = found.session, hand.envelope.said
        assert said is not None
        steers = wanted.how == "steer" and session.state is State.EXECUTING
        if steers and not session.can_steer:
            why = "this kind of agent takes no message in the middle of a turn"
            raise GatewayError(409, "cannot_steer", why, hint="queue it, or interrupt the turn")
        prompt = prompt_of(hand, said)
        steps: list[Event] = [happened.MessageReceived(prompt=prompt, by=self.owner, answers=False)]
        at_once = happened.SendNowAsked(prompt_id=prompt.prompt_id, by=self.owner)
        if steers:
            steps.append(at_once)
        elif wanted.how == "interrupt" and session.state is not State.IDLE:
            # In this order: what is sent at once to an agent that is being stopped runs next, and is not steered.
            steps += [happened.StopAsked(by=self.owner), at_once]
        return self._happen(key, session_id, *steps)

    def prompt_id(self, session_id: SessionId) -> str:
        """Of the message that this act sends."""
        key = self._named("send", session_id)
        return self._hand(key).derive(key, "message")

    def answer(self, session_id: SessionId, given: NewAnswer) -> Taken:
        """Only what is open is answered, in the form it was shown in. Raises GatewayError."""
        key = self._named("answer", session_id)
        if known := self._known(key):
            return _again(known)
        if given.agent:
            self._check_agent(given.agent, session_id)
        request = requests.get(self.connection, given.request_id, session_id)
        if request is None:
            raise of_reason(Reason.NO_SUCH_REQUEST)
        answer = answer_of(request.ask, given)
        if answer is None:
            raise of_reason(Reason.NOT_AN_ANSWER)
        event = happened.CardAnswered(
            request_id=request.request_id,
            generation=request.generation,
            answer=answer,
            by=self.owner,
            agent=given.agent,
        )
        return self._happen(key, session_id, event)

    def _check_agent(self, agent: str, session_id: SessionId) -> None:
        """Raises GatewayError when the agent would decide about its own question, or it cannot be told that it would not."""
        if agent == session_id or not sessions.is_of(self.connection, agent, self.owner):
            why = "an agent does not decide about what its own session asks"
            raise GatewayError(403, "own_question", why, hint="tell your person what is asked; they answer on their phone or at a terminal of theirs")  # fmt: skip

    # Changing

    def stop(self, session_id: SessionId) -> Taken:
        return self._happen(self._named("stop", session_id), session_id, happened.StopAsked(by=self.owner))

    def kill(self, session_id: SessionId) -> Taken:
        return self._happen(self._named("kill", session_id), session_id, happened.KillAsked(by=self.owner))

    def close(self, session_id: SessionId) -> Taken:
        return self._happen(self._named("close", session_id), session_id, happened.CloseAsked(by=self.owner))

    def retry(self, session_id: SessionId) -> Taken:
        key = self._named("retry", session_id)
        event = happened.RetryAsked(by=self.owner, prompt_id=self._hand(key).derive(key, "retry"))
        return self._happen(key, session_id, event)

    def rename(self, session_id: SessionId, name: str) -> Taken:
        key = self._named("rename", session_id)
        if known := self._known(key):
            return _again(known)
        self._check_free(name, of=session_id)
        listing.rename(self.connection, session_id, name)
        self._note(key, "Renamed", session_id, {"name": name})
        return Taken(outcome=Outcome(status=Status.APPLIED, session_id=session_id))

    def clean_up(self, older_than: timedelta) -> tuple[Taken, tuple[SessionId, ...]]:
        """Close the sessions at rest in which nothing has happened for so long. Under a key used before: which it closed."""
        key = self._named("cleanup", "")
        if known := self._known(key):
            first = events.get(self.connection, known.seq)
            return _again(known), tuple(json.loads(first.payload)["closed"]) if first is not None else ()
        found = listing.unused(self.connection, self.owner, self.now - older_than)
        closed = [(one, self.close(one)) for one in found]
        owed = tuple(effect for _, taken in closed for effect in taken.owed)
        ids = tuple(one for one, taken in closed if taken.outcome.applied and not taken.outcome.duplicate)
        self._note(key, "CleanedUp", SessionId(""), {"closed": ids})
        return Taken(outcome=Outcome(status=Status.APPLIED), owed=owed), ids

    # Helpers

    def _named(self, act: str, session_id: str) -> str:
        return f"{act}:{session_id}:{hashed(self.key)}"

    def _note(self, key: str, kind: str, session_id: SessionId, what: object) -> None:
        record = Record(
            source=SOURCE,
            key=key,
            kind=kind,
            session_id=session_id or None,
            user_id=self.owner,
            occurred_at=self.now,
            status=Status.APPLIED,
            payload=dump(what),
        )
        events.add(self.connection, record, self.now)

    def _known(self, key: str) -> Known | None:
        return events.find(self.connection, SOURCE, key)

    def _hand(self, key: str, words: str = "") -> Hand:
        deputy = Deputy(user_id=self.owner, key=key, chat=NOWHERE, language="", source=SOURCE)
        return deputy.hand(self.connection, self.desk, self.now, words)

    def _happen(self, key: str, session_id: SessionId, first: Event, *then: Event) -> Taken:
        """What follows happens only if the first event changed something, whose outcome it is."""
        outcome = self._ingest(key, session_id, first)
        if not outcome.applied or outcome.duplicate:
            return Taken(outcome=outcome)
        more = [self._ingest(f"{key}:{number}", session_id, one) for number, one in enumerate(then, start=1)]
        due = min((one.next_due for one in (outcome, *more) if one.next_due is not None), default=None)
        owed = tuple(effect for one in (outcome, *more) for effect in one.owed)
        return Taken(outcome=replace(outcome, next_due=due), owed=owed)

    def _ingest(self, key: str, session_id: SessionId, event: Event) -> Outcome:
        one = Happened(
            source=SOURCE,
            key=key,
            session_id=session_id,
            event=event,
            occurred_at=self.now,
            user_id=self.owner,
        )
        return ingest(self.connection, one, self.now, claim=True)


def hashed(key: str) -> str:
    """A caller's key as it stands in the keys of events: nobody can choose one that meets a key derived from another's."""
    return hashlib.sha256(key.encode()).hexdigest()[:40]


def _digest(act: str, session_id: str, body: Struct | None) -> str:
    return hashlib.sha256(dump([act, session_id, body]).encode()).hexdigest()


def _again(known: Known) -> Taken:
    outcome = Outcome(status=known.status, reason=known.reason, duplicate=True, session_id=known.session_id)
    return Taken(outcome=outcome)


def _check_name(name: str) -> None:
    """Raises GatewayError; on a phone a number alone is the place of a session in the list."""
    if name and not _NAME.fullmatch(name):
        hint = (
            "lower-case letters, digits and dashes, beginning with a letter or digit, with at least one letter or dash"
        )
        raise GatewayError(400, "bad_name", f"{name!r} is no name", hint=hint)


def _length(seconds: float | None) -> timedelta | None:
    return None if seconds is None else timedelta(seconds=seconds)
