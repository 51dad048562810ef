"""From what a person did to what it means: which command, which session, which event. Runs inside the commit."""

import sqlite3
from dataclasses import replace
from datetime import datetime

from phonework import commands
from phonework.channels.base import Said
from phonework.engine import Outcome
from phonework.fsm import effects as order
from phonework.intake.commanded import carry_out
from phonework.intake.hand import Desk, Hand, Opened, Taken
from phonework.intake.messages import problem_of, reply
from phonework.intake.recalling import take_back
from phonework.intake.routing import Way
from phonework.intake.smart import routed
from phonework.intake.taps import tapped_card
from phonework.link.base import Envelope
from phonework.store import effects, events, users

__all__ = ["Desk", "Opened", "Taken", "take"]


def take(connection: sqlite3.Connection, envelope: Envelope, opened: Opened | None, desk: Desk, now: datetime) -> Taken:
    """Take in what an authorised person did. opened: set when it is a `/new` with a directory."""
    hand = Hand(connection, envelope, desk, now)
    if envelope.recalled is not None:
        return take_back(hand, envelope.recalled)
    if envelope.said is not None:
        taken = _said(hand, envelope.said, opened)
    else:
        assert envelope.clicked is not None
        users.acted(connection, envelope.user_id, min(envelope.clicked.clicked_at, now))
        taken = replace(tapped_card(hand, envelope.clicked, opened), wishes=hand.wishes)
    released = effects.release(connection, envelope.user_id, now) if _is_there(hand) else ()
    return replace(taken, owed=(*released, *taken.owed)) if released else taken


def _is_there(hand: Hand) -> bool:
    """The person may be disturbed: by what they just did, or because they chose other hours by it."""
    return users.quiet_until(hand.connection, hand.user_id, hand.now) is None


def _said(hand: Hand, said: Said, opened: Opened | None) -> Taken:
    if known := events.find(hand.connection, "message", said.key):
        outcome = Outcome(status=known.status, reason=known.reason, duplicate=True, session_id=known.session_id)
        return Taken(outcome=outcome)
    users.touch(hand.connection, hand.user_id, hand.envelope.language, said.chat, hand.now, said.sent_at)
    if problem := problem_of(said):
        return reply(hand, said, order.Say(text=problem[0], params=problem[1], reply_to=said.message_id))
    command = commands.parse_command(said.text)
    if command is None:
        return routed(hand, said)
    hand.desk.routed[Way.COMMAND] += 1
    if hand.envelope.received_at - said.sent_at > hand.desk.stale_after and not isinstance(
        command, commands.PassThrough | commands.Status | commands.Help | commands.Look
    ):
        return reply(hand, said, order.Say(text="say.stale_command", params={"command": said.text.strip()[:80]}))
    return carry_out(hand, said, command, opened)
