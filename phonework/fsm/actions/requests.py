"""What becomes of a question: it is asked, answered, taken back, and its answer arrives or is lost."""

from typing import Final

from phonework.fsm import effects as order
from phonework.fsm import events as happened
from phonework.fsm.change import replace
from phonework.fsm.draft import Draft
from phonework.fsm.guards import typed_answer
from phonework.fsm.together import answered_with, left_behind
from phonework.fsm.types import Carry, Request, RequestKind, RequestStatus

STOPPED_WHY: Final = "The person stopped the turn."


def _request(draft: Draft) -> Request:
    event = draft.expect(happened.AgentAsked)
    return Request(ask=event.ask, turn=event.turn, status=RequestStatus.QUEUED, asked_at=draft.now)


def ask(draft: Draft) -> None:
    draft.open_request(_request(draft))


def ask_later(draft: Draft) -> None:
    draft.enqueue_request(_request(draft))
    draft.show_behind()


def answer_from_carry(draft: Draft) -> None:
    """The same thing was decided before the agent died or the wait ended: it is answered from that, once."""
    carry = draft.session.carry
    assert carry is not None
    draft.session = replace(draft.session, carry=replace(carry, used=True))
    draft.answer_request(_request(draft), carry.answer, draft.session.user_id)


def refuse_new(draft: Draft) -> None:
    """Asked while the turn is being stopped, or outside any turn."""
    draft.refuse_request(_request(draft), RequestStatus.REFUSED, STOPPED_WHY)


def answer(draft: Draft) -> None:
    event, request = draft.event, draft.session.open
    assert request is not None
    if isinstance(event, happened.MessageReceived):
        typed = typed_answer(draft.session, event)
        assert typed is not None
        draft.answer_request(request, typed, event.by)
    else:
        clicked = draft.expect(happened.CardAnswered)
        behind = answered_with(draft.session, clicked)
        draft.session = replace(draft.session, waiting=left_behind(draft.session, clicked))
        draft.answer_request(request, clicked.answer, clicked.by)
        for one in behind:
            draft.answer_request(replace(one, together=request.request_id), clicked.answer, clicked.by)
    draft.open_next()


def answer_late(draft: Draft) -> None:
    """A new turn carries the decision."""
    event, request = draft.expect(happened.LateAnswered), draft.session.named_request
    assert request is not None
    resumed = replace(
        request, status=RequestStatus.RESUMED, answer=event.answer, answered_by=event.by, answered_at=draft.now
    )
    draft.put_request(resumed)
    draft.owe(order.UpdateRequest(request_id=request.request_id))
    draft.begin_turn(event.prompt, Carry(ask=request.ask, answer=event.answer))


def withdraw_open(draft: Draft) -> None:
    request = draft.session.open
    assert request is not None
    draft.put_request(replace(request, status=RequestStatus.WITHDRAWN))
    draft.owe(order.UpdateRequest(request_id=request.request_id))
    draft.open_next()


def withdraw_queued(draft: Draft) -> None:
    wanted = draft.expect(happened.RequestWithdrawn).request_id
    for request in draft.session.waiting:
        if request.request_id == wanted:
            draft.put_request(replace(request, status=RequestStatus.WITHDRAWN))
    waiting = tuple(one for one in draft.session.waiting if one.request_id != wanted)
    draft.session = replace(draft.session, waiting=waiting)
    draft.show_behind()


def note_shown(draft: Draft) -> None:
    """Only words written from now on can be meant for it, and its time runs from now on."""
    request = draft.session.open
    assert request is not None
    draft.wait_for(replace(request, opened_at=draft.now), since=draft.now)
    draft.arm("turn", draft.session.timeouts.turn)
    draft.owe(order.UpdateRequest(request_id=request.request_id))


def remind(draft: Draft) -> None:
    """Who is not to be disturbed cannot be reminded, so the wait goes on until they can be."""
    request, quiet = draft.session.open, draft.session.quiet_until
    assert request is not None
    if quiet is not None:
        draft.wait_for(request, since=quiet)
        draft.owe(order.UpdateRequest(request_id=request.request_id))
        return
    seconds = (request.expires_at - draft.now).total_seconds() if request.expires_at else 0
    minutes = str(max(1, round(seconds / 60)))
    asked = {} if request.ask.kind is RequestKind.PLAN else {"prompt": request.ask.prompt}
    draft.owe(order.Say(text=said_of("wait_reminder", request), params={"minutes": minutes, **asked}))


def said_of(what: str, request: Request) -> str:
    """The sentence for the kind of question: a permission is refused, the others have no no."""
    kind = request.ask.kind
    return f"say.{what}" if kind is RequestKind.CONFIRM else f"say.{what}_{kind}"


def _settle_named(draft: Draft, status: RequestStatus) -> None:
    request = draft.session.named_request
    assert request is not None
    draft.put_request(replace(request, status=status))
    draft.owe(order.UpdateRequest(request_id=request.together or request.request_id))


def mark_delivered(draft: Draft) -> None:
    _settle_named(draft, RequestStatus.DELIVERED)


def mark_lost(draft: Draft) -> None:
    """What the agent may have been told elsewhere is not offered to be answered late."""
    withdrawn = draft.expect(happened.AnswerLost).withdrawn
    _settle_named(draft, RequestStatus.WITHDRAWN if withdrawn else RequestStatus.VOID)
