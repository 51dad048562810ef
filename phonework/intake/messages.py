"""What a person wrote: for which session, and what if there is none."""

from typing import Final

from phonework.channels.base import Said
from phonework.engine import Happened, Outcome, ingest_new
from phonework.fsm import effects as order
from phonework.fsm import events as happened
from phonework.fsm.effects import Effect
from phonework.fsm.events import Event
from phonework.fsm.reasons import Reason
from phonework.fsm.types import (
    Prompt,
    SessionId,
)
from phonework.intake.hand import Hand, Taken, note, owe
from phonework.store import sessions
from phonework.store.events import Status

MAX_TEXT: Final = 200_000
"""Characters of one message; Feishu's own limit is 150 KB."""


def problem_of(said: Said) -> tuple[str, dict[str, str]] | None:
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


def prompt_of(hand: Hand, said: Said, words: str | None = None, *, verbatim: bool = True) -> Prompt:
    return Prompt(
        prompt_id=hand.derive(said.key, "message"),
        text=clean(said.text if words is None else words),
        sent_at=said.sent_at,
        verbatim=verbatim,
        message_id=said.message_id,
        attachments=said.attachments,
        spoken=is_spoken(hand, said),
    )


def is_spoken(hand: Hand, said: Said) -> bool:
    """Whether words are in it that can be heard."""
    return hand.desk.hears and any(one.kind == "audio" for one in said.attachments)


def to_session(hand: Hand, said: Said, prompt: Prompt, session_id: SessionId | None) -> Taken:
    """Give the session a message; None: there is none, and the person is told so."""
    if session_id is None:
        return reply(hand, said, order.Say(text="say.no_session", reply_to=said.message_id))
    sessions.move_chat(hand.connection, session_id, said.chat)
    stale = hand.envelope.received_at - said.sent_at > hand.desk.stale_after
    event = happened.MessageReceived(prompt=prompt, by=hand.user_id, stale=stale)
    return told(hand, said, session_id, event)


def told(hand: Hand, said: Said, session_id: SessionId, event: Event, key: str = "") -> Taken:
    """Hand the event over, of a message seen for the first time; if it changed nothing, the person is told why."""
    one = Happened(
        source=hand.source,
        key=key or said.key,
        session_id=session_id,
        event=event,
        occurred_at=said.sent_at,
        user_id=hand.user_id,
    )
    outcome = ingest_new(hand.connection, one, hand.now, claim=True)
    if outcome.applied or outcome.reason is None:
        return Taken(outcome=outcome, owed=outcome.owed)
    words = order.Say(text=f"reason.{outcome.reason.value}", reply_to=said.message_id)
    return Taken(outcome=outcome, owed=owe(hand, [words], key=f"{said.key}:why"))


def reply(hand: Hand, said: Said, *orders: Effect, applied: bool = False) -> Taken:
    """Our own answer to a message that moved no session."""
    note(hand, "message", said.key, "Command", said, said.sent_at, None if applied else Reason.NOTED)
    status = Status.APPLIED if applied else Status.IGNORED
    return Taken(outcome=Outcome(status=status), owed=owe(hand, orders, key=said.key))
