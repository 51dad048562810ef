"""A file that an answer named, asked for by its button. What the button says is looked up in what was stored."""

from phonework.channels.base import Clicked
from phonework.channels.cards.clicks import FetchClick
from phonework.engine import Outcome
from phonework.fsm import effects as order
from phonework.fsm.reasons import Reason
from phonework.intake.hand import Hand, Taken, note, owe, stray
from phonework.store import sessions, turns
from phonework.store.events import Status


def fetched(hand: Hand, clicked: Clicked, click: FetchClick) -> Taken:
    """Owe the file, once for each tap."""
    if not sessions.exists(hand.connection, click.session_id):
        return stray(hand, clicked, Reason.NO_SESSION)
    if sessions.run_of(hand.connection, click.session_id).user_id != hand.user_id:
        return stray(hand, clicked, Reason.NOT_YOURS)
    turn = turns.get(hand.connection, click.session_id, click.turn)
    if turn is None or click.number >= len(turn.files):
        return stray(hand, clicked, Reason.MALFORMED_CLICK)
    name = turn.files[click.number]
    note(hand, "click", clicked.key, "Clicked", {"value": f"the file {name}"}, clicked.clicked_at, None)
    params = {"path": name, "within": "session"}
    wanted = order.ShowReport(report="file", session_id=click.session_id, params=params)
    owed = owe(hand, [wanted], key=clicked.key)
    return Taken(outcome=Outcome(status=Status.APPLIED), owed=owed, toast=("success", "toast.fetching"))
