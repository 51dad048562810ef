"""A tap that says what was meant by a mistyped command: ours, or those very words for the agent."""

from dataclasses import replace

from phonework import commands
from phonework.channels.base import Clicked, Said
from phonework.channels.cards.clicks import MeantClick
from phonework.fsm.reasons import Reason
from phonework.intake.commanded import carry_out, hand_on
from phonework.intake.hand import Hand, Opened, Taken, active, note, refused, stray
from phonework.store import events, sessions


def tapped(hand: Hand, clicked: Clicked, click: MeantClick, opened: Opened | None) -> Taken:
    """Each of the two is done once for a message, however often it is tapped.

    A command is about the session at hand, so it is not run where the person is in another one by now.
    """
    if click.topic:  # a tap does not tell in which topic its card stands
        clicked = replace(clicked, chat=replace(clicked.chat, root=click.topic))
        hand = replace(hand, envelope=replace(hand.envelope, clicked=clicked))
    if not sessions.exists(hand.connection, click.session_id):
        return stray(hand, clicked, Reason.NO_SESSION)
    if sessions.run_of(hand.connection, click.session_id).user_id != hand.user_id:
        return stray(hand, clicked, Reason.NOT_YOURS)
    command = commands.parse_command(click.text)
    if command is None or (isinstance(command, commands.PassThrough) and not click.as_is):
        return stray(hand, clicked, Reason.MALFORMED_CLICK)
    if not click.as_is and (active(hand) or "") != click.active:
        return stray(hand, clicked, Reason.GONE_ELSEWHERE)
    key = f"{hand.user_id}:{click.asked}:{'as_is' if click.as_is else 'meant'}"
    if events.find(hand.connection, "click", key):
        return refused(Reason.DUPLICATE, duplicate=True)
    note(hand, "click", key, "Clicked", {"value": {"text": click.text}}, clicked.clicked_at, None)
    said = Said(
        key=key,
        user=clicked.user,
        chat=clicked.chat,
        message_id="",
        text=click.text,
        sent_at=clicked.clicked_at,
        reply_to=click.reply_to,
    )
    if click.as_is:
        return replace(hand_on(hand, said, click.text, click.session_id), toast=("success", "toast.sending"))
    return replace(carry_out(hand, said, command, opened), toast=("success", "toast.looking"))
