"""From what a person did to what it means: which command, which session, which event. Runs inside the commit."""

import sqlite3
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

from phonework import commands
from phonework.backends.base import Capabilities
from phonework.channels.base import Clicked, Said
from phonework.channels.cards import values
from phonework.engine import NAMESPACE, Happened, Outcome, ingest
from phonework.errors import RefusedError
from phonework.fsm import effects as order
from phonework.fsm import events as happened
from phonework.fsm.draft import Arm
from phonework.fsm.effects import Effect
from phonework.fsm.events import Event
from phonework.fsm.reasons import Reason
from phonework.fsm.types import (
    Answer,
    Prompt,
    PromptId,
    Request,
    SessionId,
    Timeouts,
    UserId,
    Verdict,
)
from phonework.link.base import Envelope
from phonework.store import effects, events, messages, prompts, requests, sessions, timers, users, views
from phonework.store.codec import dump
from phonework.store.events import Record, Status
from phonework.store.sessions import NewSession
from phonework.texts import text
from phonework.views import PromptView, RequestView, TurnView

MAX_TEXT: Final = 200_000
"""Characters of one message; Feishu's own limit is 150 KB."""
_NAMES_TRIED: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What a node knows of itself. backends: those that can be used, by name. new_id: proposes a session's name."""

    backends: Mapping[str, Capabilities]
    default_backend: str
    new_id: Callable[[], str]
    timeouts: Timeouts = field(default_factory=Timeouts)
    stale_after: timedelta = timedelta(minutes=10)


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """The directory that a `/new` asked for, looked up before the commit; or why it cannot be used."""

    path: str = ""
    refused: RefusedError | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What a person's act came to. toast: kind and key of what a clicker sees. card: what is true of the card now."""

    outcome: Outcome
    owed: tuple[effects.Owed, ...] = ()
    toast: tuple[str, str] | None = None
    card: RequestView | TurnView | PromptView | None = None

    @property
    def next_due(self) -> datetime | None:
        return self.outcome.next_due


def take(connection: sqlite3.Connection, envelope: Envelope, opened: Opened | None, desk: Desk, now: datetime) -> Taken:
    """Take in what an authorised person did. opened: set when it is a `/new` with a directory."""
    hand = _Hand(connection, envelope, desk, now)
    if envelope.said is not None:
        return _said(hand, envelope.said, opened)
    assert envelope.clicked is not None
    return _clicked(hand, envelope.clicked)


@dataclass(slots=True)
class _Hand:
    """What every step of one intake needs."""

    connection: sqlite3.Connection
    envelope: Envelope
    desk: Desk
    now: datetime

    @property
    def user_id(self) -> UserId:
        return self.envelope.user_id

    def derive(self, key: str, purpose: str) -> PromptId:
        """An id that a redelivery derives again."""
        return PromptId(str(uuid.uuid5(NAMESPACE, f"{purpose}:{key}")))


# Messages


def _said(hand: _Hand, said: Said, opened: Opened | None) -> Taken:
    if known := events.find(hand.connection, "message", said.key):
        outcome = Outcome(status=known.status, reason=known.reason, duplicate=True, session_id=known.session_id)
        return Taken(outcome=outcome)
    users.touch(hand.connection, hand.user_id, hand.envelope.language, said.chat, hand.now)
    if problem := _problem(said):
        return _reply(hand, said, order.Say(text=problem[0], params=problem[1], reply_to=said.message_id))
    command = commands.parse_command(said.text)
    if command is None:
        return _to_session(hand, said, _prompt(hand, said))
    if hand.envelope.received_at - said.sent_at > hand.desk.stale_after and not isinstance(
        command, commands.PassThrough | commands.Status | commands.Help
    ):
        return _reply(hand, said, order.Say(text="say.stale_command", params={"command": said.text.strip()[:80]}))
    return _command(hand, said, command, opened)


def _problem(said: Said) -> tuple[str, dict[str, str]] | None:
    if said.problem:
        return f"say.{said.problem}", {}
    if len(said.text) > MAX_TEXT:
        return "say.too_long", {"size": f"{len(said.text):,}", "limit": f"{MAX_TEXT:,}"}
    if not said.text.strip() and not said.attachments:
        return "say.empty_message", {}
    return None


def clean(words: str) -> str:
    """The text without what no keyboard types: control characters but line breaks and tabs, and lone surrogates."""
    whole = words.encode("utf-8", "replace").decode()
    return "".join(one for one in whole if one >= " " or one in "\n\t")


def _prompt(hand: _Hand, said: Said, words: str | None = None, *, verbatim: bool = True) -> Prompt:
    return Prompt(
        prompt_id=hand.derive(said.key, "message"),
        text=clean(said.text if words is None else words),
        sent_at=said.sent_at,
        verbatim=verbatim,
        message_id=said.message_id,
        attachments=said.attachments,
    )


def _to_session(hand: _Hand, said: Said, prompt: Prompt) -> Taken:
    session_id = _session_for(hand, said)
    if session_id is None:
        return _reply(hand, said, order.Say(text="say.no_session", reply_to=said.message_id))
    sessions.move_chat(hand.connection, session_id, said.chat)
    stale = hand.envelope.received_at - said.sent_at > hand.desk.stale_after
    event = happened.MessageReceived(prompt=prompt, by=hand.user_id, stale=stale)
    return _told(hand, said, session_id, event)


def _session_for(hand: _Hand, said: Said) -> SessionId | None:
    """The session of the message replied to, also one that is closed, and says so; else the active one."""
    if said.reply_to and (shown := messages.shown_by(hand.connection, said.reply_to)):
        replied = SessionId(shown[1].split(":")[0])
        if (
            sessions.exists(hand.connection, replied)
            and sessions.run_of(hand.connection, replied).user_id == hand.user_id
        ):
            return replied
    return _active(hand)


def _active(hand: _Hand) -> SessionId | None:
    user = users.get(hand.connection, hand.user_id)
    return user.active_session if user else None


def _told(hand: _Hand, said: Said, session_id: SessionId, event: Event, key: str = "") -> Taken:
    """Hand the event over; if it changed nothing, the person is told why."""
    one = Happened(
        source="message",
        key=key or said.key,
        session_id=session_id,
        event=event,
        occurred_at=said.sent_at,
        user_id=hand.user_id,
    )
    outcome = ingest(hand.connection, one, hand.now)
    if outcome.applied or outcome.reason is None:
        return Taken(outcome=outcome, owed=outcome.owed)
    words = order.Say(text=f"reason.{outcome.reason.value}", reply_to=said.message_id)
    return Taken(outcome=outcome, owed=_owe(hand, [words], key=f"{said.key}:why"))


# Commands


def _command(hand: _Hand, said: Said, command: commands.Command, opened: Opened | None) -> Taken:
    match command:
        case commands.New():
            return _new(hand, said, command, opened)
        case commands.Status():
            return _reply(hand, said, order.ShowStatus())
        case commands.Help():
            return _reply(hand, said, order.Say(text="say.help"))
        case commands.Switch():
            return _switch(hand, said, command.target)
        case commands.Close():
            return _to_named(hand, said, command.target, happened.CloseAsked(by=hand.user_id))
        case commands.Stop():
            return _to_named(hand, said, "", happened.StopAsked(by=hand.user_id))
        case commands.Retry():
            event = happened.RetryAsked(by=hand.user_id, prompt_id=hand.derive(said.key, "retry"))
            return _to_named(hand, said, "", event)
        case commands.PassThrough():
            return _pass(hand, said, command)
        case commands.Wrong():
            return _reply(hand, said, *_wrong(hand, command))


def _wrong(hand: _Hand, command: commands.Wrong) -> list[Effect]:
    params = dict(command.params)
    if command.usage:
        params.setdefault("usage", text(hand.envelope.language, command.usage))
    return [order.Say(text=command.text, params=params)]


def _to_named(hand: _Hand, said: Said, target: str, event: Event) -> Taken:
    session_id = _find(hand, target) if target else _active(hand)
    if session_id is None:
        words = "say.no_such_session" if target else "say.no_session"
        return _reply(hand, said, order.Say(text=words, params={"target": target[:80]}))
    return _told(hand, said, session_id, event)


def _find(hand: _Hand, target: str) -> SessionId | None:
    """One of the person's own sessions, by number or id; another's is as good as none."""
    own = sessions.ids_of(hand.connection, hand.user_id)
    if target.isdecimal() and len(target) < 6:
        number = int(target)
        return own[number - 1] if 1 <= number <= len(own) else None
    return next((one for one in own if one == target.strip().lower()), None)


def _switch(hand: _Hand, said: Said, target: str) -> Taken:
    session_id = _find(hand, target)
    if session_id is None:
        return _reply(hand, said, order.Say(text="say.no_such_session", params={"target": target[:80]}))
    users.activate(hand.connection, hand.user_id, session_id)
    sessions.move_chat(hand.connection, session_id, said.chat)
    return _reply(hand, said, _switched(hand, session_id), applied=True)


def _switched(hand: _Hand, session_id: SessionId) -> Effect:
    view = views.session(hand.connection, session_id)
    return order.Say(text="say.switched", params={"project": view.project, "session_id": session_id})


def _pass(hand: _Hand, said: Said, command: commands.PassThrough) -> Taken:
    """A command of the agent's own; without a session the nearest of ours is named."""
    session_id = _session_for(hand, said)
    if session_id is None:
        text_key = "say.unknown_command" if command.nearest else "say.unknown_command_no_match"
        params = {"command": command.name[:40], "nearest": command.nearest}
        return _reply(hand, said, order.Say(text=text_key, params=params))
    backend = sessions.run_of(hand.connection, session_id).backend
    capabilities = hand.desk.backends.get(backend)
    runs_it = capabilities is not None and capabilities.slash_commands
    return _to_session(hand, said, _prompt(hand, said, command.text, verbatim=not runs_it))


def _new(hand: _Hand, said: Said, command: commands.New, opened: Opened | None) -> Taken:
    backend = command.backend or hand.desk.default_backend
    capabilities = hand.desk.backends.get(backend)
    if capabilities is None:
        params = {"backend": backend[:40], "known": ", ".join(sorted(hand.desk.backends))}
        return _reply(hand, said, order.Say(text="say.backend_unknown", params=params))
    if opened is None or opened.refused is not None:
        refused = opened.refused if opened is not None else None
        words = (
            order.Say(text=f"say.{refused.text}", params=refused.params)
            if refused
            else order.Say(text="say.internal_error")
        )
        return _reply(hand, said, words)
    timeouts = hand.desk.timeouts
    new = NewSession(
        session_id=_free_name(hand),
        user_id=hand.user_id,
        backend=backend,
        cwd=opened.path,
        chat=said.chat,
        timeouts=replace(
            timeouts,
            turn=timeouts.turn if command.timeout is None else command.timeout,
            idle=timeouts.idle if command.idle is None else command.idle,
        ),
        can_steer=capabilities.can_steer,
        model=command.model,
        mode=command.mode,
    )
    return _create(hand, said, new, command.message)


def _free_name(hand: _Hand) -> SessionId:
    for _ in range(_NAMES_TRIED):
        name = hand.desk.new_id()
        if not sessions.exists(hand.connection, name):
            return SessionId(name)
    return SessionId(f"{hand.desk.new_id()}-{uuid.uuid4().hex[:8]}")


def _create(hand: _Hand, said: Said, new: NewSession, message: str) -> Taken:
    """The session, its first history entry and its first message: all in this commit."""
    sessions.add(hand.connection, new, hand.now)
    users.activate(hand.connection, hand.user_id, new.session_id)
    record = Record(
        source="message",
        key=said.key,
        kind=happened.Created.__name__,
        session_id=new.session_id,
        user_id=hand.user_id,
        occurred_at=said.sent_at,
        status=Status.APPLIED,
        target_state="idle",
        version=1,
        payload=dump(new),
    )
    events.add(hand.connection, record, hand.now)
    params = {"session_id": new.session_id, "cwd": new.cwd, "backend": new.backend}
    begun = effects.add(
        hand.connection,
        [order.Say(text="say.new_session", params=params)],
        prefix=f"{new.session_id}:1",
        session_id=new.session_id,
        user_id=hand.user_id,
        chat=new.chat,
        now=hand.now,
    )
    if new.timeouts.idle > timedelta():
        rests = Arm(name="idle", due=hand.now + new.timeouts.idle, turn=0, generation=0)
        timers.change(hand.connection, new.session_id, [rests])
    outcome = Outcome(status=Status.APPLIED, session_id=new.session_id, next_due=timers.next_due(hand.connection))
    if not message.strip() and not said.attachments:
        return Taken(outcome=outcome, owed=begun)
    event = happened.MessageReceived(prompt=_prompt(hand, said, message), by=hand.user_id)
    first = _told(hand, said, new.session_id, event, key=f"{said.key}:first")
    return replace(first, owed=(*begun, *first.owed))


def _reply(hand: _Hand, said: Said, *orders: Effect, applied: bool = False) -> Taken:
    """Our own answer to a message that moved no session."""
    _note(hand, "message", said.key, "Command", said, said.sent_at, None if applied else Reason.NOTED)
    status = Status.APPLIED if applied else Status.IGNORED
    return Taken(outcome=Outcome(status=status), owed=_owe(hand, orders, key=said.key))


def _note(
    hand: _Hand, source: str, key: str, kind: str, what: object, occurred_at: datetime, reason: Reason | None
) -> None:
    record = Record(
        source=source,
        key=key,
        kind=kind,
        user_id=hand.user_id,
        occurred_at=occurred_at,
        status=Status.APPLIED if reason is None else Status.IGNORED,
        reason=reason,
        payload=dump(what),
    )
    events.add(hand.connection, record, hand.now)


def _owe(hand: _Hand, orders: Sequence[Effect], *, key: str) -> tuple[effects.Owed, ...]:
    """Effects that belong to no session: shown to the person, where they wrote."""
    act = hand.envelope.said or hand.envelope.clicked
    assert act is not None
    return effects.add(
        hand.connection,
        orders,
        prefix=f"{hand.user_id}:{key}",
        session_id=None,
        user_id=hand.user_id,
        chat=act.chat,
        now=hand.now,
    )


# Taps


def _clicked(hand: _Hand, clicked: Clicked) -> Taken:
    if known := events.find(hand.connection, "click", clicked.key):
        return _refused(known.reason or Reason.DUPLICATE, duplicate=True)
    click = values.parse(clicked.value, clicked.form)
    match click:
        case values.AnswerClick():
            return _answer(hand, clicked, click)
        case values.TurnClick():
            return _on_turn(hand, clicked, click)
        case values.PromptClick():
            return _on_prompt(hand, clicked, click)
        case values.SwitchClick():
            return _on_switch(hand, clicked, click)
        case values.Malformed():
            return _stray(hand, clicked, Reason.MALFORMED_CLICK)


def _refused(reason: Reason, *, duplicate: bool = False) -> Taken:
    status = Status.STALE if reason.is_stale else Status.IGNORED
    return Taken(
        outcome=Outcome(status=status, reason=reason, duplicate=duplicate), toast=("warning", f"reason.{reason.value}")
    )


def _stray(hand: _Hand, clicked: Clicked, reason: Reason) -> Taken:
    """A tap that names nothing we know, or nothing of theirs."""
    what = {"value": dump(clicked.value)[:2000], "message_id": clicked.message_id}
    _note(hand, "click", clicked.key, "Clicked", what, clicked.clicked_at, reason)
    return _refused(reason)


def _tapped(hand: _Hand, clicked: Clicked, session_id: SessionId, event: Event, toast: str) -> Taken:
    one = Happened(
        source="click",
        key=clicked.key,
        session_id=session_id,
        event=event,
        occurred_at=clicked.clicked_at,
        user_id=hand.user_id,
    )
    outcome = ingest(hand.connection, one, hand.now)
    if outcome.reason is not None:
        return Taken(outcome=outcome, toast=("warning", f"reason.{outcome.reason.value}"))
    return Taken(outcome=outcome, owed=outcome.owed, toast=("success", toast))


def _answer(hand: _Hand, clicked: Clicked, click: values.AnswerClick) -> Taken:
    found = requests.find(hand.connection, click.request_id)
    if found is None:
        return _stray(hand, clicked, Reason.NO_SUCH_REQUEST)
    session_id, request = found
    answer = values.answer_of(request.ask, click)
    if answer is None:
        return _stray(hand, clicked, Reason.NOT_AN_ANSWER)
    event: Event
    if click.late:
        event = happened.LateAnswered(
            request_id=click.request_id,
            generation=click.generation,
            answer=answer,
            by=hand.user_id,
            prompt=_late_prompt(hand, clicked, request, answer),
        )
        toast = "toast.resumed"
    else:
        event = happened.CardAnswered(
            request_id=click.request_id, generation=click.generation, answer=answer, by=hand.user_id
        )
        toast = "toast.recorded"
    taken = _tapped(hand, clicked, session_id, event, toast)
    return replace(taken, card=views.request(hand.connection, click.request_id))


def _late_prompt(hand: _Hand, clicked: Clicked, request: Request, answer: Answer) -> Prompt:
    """What the agent reads when a decision comes after the wait, or after the agent that asked was gone."""
    if answer.verdict is Verdict.DENY:
        key = "prompt.late_denied"
    elif answer.verdict is Verdict.ANSWER:
        key = "prompt.late_answer"
    else:
        key = "prompt.late_allowed"
    said = "; ".join(", ".join(pick) for pick in answer.picks) or answer.text
    words = text(hand.envelope.language, key, prompt=request.ask.prompt, answer=said)
    return Prompt(prompt_id=hand.derive(clicked.key, "late"), text=words, sent_at=clicked.clicked_at)


def _on_turn(hand: _Hand, clicked: Clicked, click: values.TurnClick) -> Taken:
    if not sessions.exists(hand.connection, click.session_id):
        return _stray(hand, clicked, Reason.NO_SESSION)
    event, toast = _turn_event(hand, clicked, click)
    return _tapped(hand, clicked, click.session_id, event, toast)


def _turn_event(hand: _Hand, clicked: Clicked, click: values.TurnClick) -> tuple[Event, str]:
    match click.op:
        case values.TurnOp.STOP:
            return happened.StopAsked(by=hand.user_id, turn=click.turn), "toast.stopping"
        case values.TurnOp.CLOSE:
            return happened.CloseAsked(by=hand.user_id), "toast.closed"
        case values.TurnOp.RETRY:
            prompt_id = hand.derive(clicked.key, "retry")
            return happened.RetryAsked(by=hand.user_id, turn=click.turn, prompt_id=prompt_id), "toast.retrying"
        case values.TurnOp.CONTINUE:
            prompt = Prompt(
                prompt_id=hand.derive(clicked.key, "continue"),
                text=text(hand.envelope.language, "prompt.continue"),
                sent_at=clicked.clicked_at,
            )
            return happened.ContinueAsked(by=hand.user_id, turn=click.turn, prompt=prompt), "toast.continuing"


def _on_prompt(hand: _Hand, clicked: Clicked, click: values.PromptClick) -> Taken:
    found = prompts.find(hand.connection, click.prompt_id)
    if found is None:
        return _stray(hand, clicked, Reason.NO_SUCH_MESSAGE)
    event: Event
    if click.op is values.PromptOp.SEND_NOW:
        event, toast = happened.SendNowAsked(prompt_id=click.prompt_id, by=hand.user_id), "toast.sending"
    else:
        event, toast = happened.DropAsked(prompt_id=click.prompt_id, by=hand.user_id), "toast.dropped"
    taken = _tapped(hand, clicked, found[0], event, toast)
    return replace(taken, card=views.prompt(hand.connection, click.prompt_id))


def _on_switch(hand: _Hand, clicked: Clicked, click: values.SwitchClick) -> Taken:
    session_id = _find(hand, click.session_id)
    if session_id is None:
        return _stray(hand, clicked, Reason.NO_SESSION)
    users.activate(hand.connection, hand.user_id, session_id)
    _note(hand, "click", clicked.key, "Clicked", {"switch": session_id}, clicked.clicked_at, None)
    owed = _owe(hand, [_switched(hand, session_id)], key=clicked.key)
    return Taken(outcome=Outcome(status=Status.APPLIED), owed=owed, toast=("success", "toast.switched"))
