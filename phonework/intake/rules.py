"""A tap that takes a permission rule back."""

from phonework.channels.base import Clicked
from phonework.channels.cards.clicks import RuleClick
from phonework.engine import Outcome
from phonework.fsm import effects as order
from phonework.intake.hand import Hand, Taken, find_session, note
from phonework.store import effects
from phonework.store.events import Status


def tapped(hand: Hand, clicked: Clicked, click: RuleClick) -> Taken | None:
    """It is owed to the agent's lane and carried out once; None when the session is none of the person's."""
    session_id = find_session(hand, click.session_id)
    if session_id is None:
        return None
    what = {"value": {"remove_rule": click.rule_id, "session_id": session_id}}
    note(hand, "click", clicked.key, "Clicked", what, clicked.clicked_at, None)
    owed = effects.add(
        hand.connection,
        [order.RemoveRule(rule_id=click.rule_id)],
        prefix=f"{session_id}:rule:{clicked.key}",
        session_id=session_id,
        user_id=hand.user_id,
        chat=clicked.chat,
        now=hand.now,
    )
    return Taken(outcome=Outcome(status=Status.APPLIED), owed=owed, toast=("success", "toast.rule"))
