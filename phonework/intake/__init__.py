"""From what a person did to what it means: which command, which session, which event. Runs inside the commit."""

import sqlite3
from datetime import datetime

from phonework import commands
from phonework.channels.base import Said
from phonework.engine import Outcome
from phonework.fsm import effects as order
from phonework.intake.commanded import carry_out
from phonework.intake.hand import Desk, Hand, Opened, Taken
from phonework.intake.messages import problem_of, reply
from phonework.intake.routing import Way
from phonework.intake.smart import routed
from phonework.intake.taps import tapped_card
from phonework.link.base import Envelope
from phonework.store import events, users

__all__ = ["Desk", "Opened", "Taken", "take"]


def take(connection: sqlite3.Connection, envelope: Envelope, opened: Opened | None, desk: Desk, now: datetime) -> Taken:
    """Take in what an authorised person did. opened: set when it is a `/new` with a directory."""
    hand = Hand(connection, envelope, desk, now)
    if envelope.said is not None:
        return _said(hand, envelope.said, opened)
    assert envelope.clicked is not None
    return tapped_card(hand, envelope.clicked, opened)


def _said(hand: Hand, said: Said, opened: Opened | None) -> Taken:
    if known := events.find(hand.connection, "message", said.key):
        outcome = Outcome(status=known.status, reason=known.reason, duplicate=True, session_id=known.session_id)
        return Taken(outcome=outcome)
    users.touch(hand.connection, hand.user_id, hand.envelope.language, said.chat, hand.now)
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
