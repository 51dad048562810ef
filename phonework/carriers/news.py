"""What is worth showing by the time it can be shown, and what deserves a message of its own."""

from datetime import timedelta
from typing import Final

from phonework.channels.cards.turn import holds_answer
from phonework.fsm import effects as order
from phonework.fsm.effects import Effect
from phonework.fsm.types import RequestStatus, State, TurnStatus
from phonework.views import PromptView, ReminderView, RequestView, StatusView, TurnView, Wishes

View = RequestView | TurnView | PromptView | StatusView | ReminderView | None
"""What an effect is about, as it is now."""
WAITED_FOR: Final = timedelta(seconds=20)
"""Who waited longer has put the phone away."""


def is_past(effect: Effect, view: View, *, late: bool) -> bool:
    """It waited so long that there is nothing more to it."""
    match effect, view:
        case order.ShowRequest(), RequestView(request=request):
            return late and request.status not in (RequestStatus.OPEN, RequestStatus.EXPIRED, RequestStatus.VOID)
        case order.ShowTurn(), TurnView(turn=turn):
            return late and turn.status is not TurnStatus.LIVE
        case order.ShowTask(), TurnView(session=session):
            # A question that was asked meanwhile stays the newest message.
            return view.turn.status is not TurnStatus.LIVE or session.state is not State.EXECUTING
        case order.UpdateTurn(), TurnView(turn=turn):
            return turn.status is not TurnStatus.LIVE
        case _:
            return False


def in_card(view: TurnView, wishes: Wishes) -> bool:
    """Whether the result card has the agent's words whole."""
    return view.session.companion and holds_answer(view, wishes.language, verbosity=wishes.verbosity)


def is_news(view: TurnView, wishes: Wishes) -> bool:
    """Whether a message of its own says how the turn ended: its person went on with something else, or waited long."""
    turn, session = view.turn, view.session
    if view.task:
        return True
    if turn.status is TurnStatus.STOPPED:
        return False
    if not session.active and not session.companion:
        return True
    rings = bool(turn.text.strip()) and not in_card(view, wishes)
    took = (turn.ended_at or turn.started_at) - turn.started_at
    return took > WAITED_FOR and not rings and turn.status is TurnStatus.DONE
