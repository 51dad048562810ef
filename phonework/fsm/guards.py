"""Pure questions about a session and an event. A guard answers with the reason for a no, a branch with yes or no."""

from phonework.fsm import events as happened
from phonework.fsm.change import replace
from phonework.fsm.events import Event
from phonework.fsm.reasons import Reason
from phonework.fsm.replies import interpret
from phonework.fsm.together import left_behind
from phonework.fsm.types import Answer, Prompt, PromptStatus, RequestKind, RequestStatus, Session

QUEUE_LIMIT = 50
"""Messages that may wait in one session; more are refused in words."""
MOST_FILES = 20
"""Files that may go with one message."""

_SETTLED = {
    RequestStatus.QUEUED: Reason.OLD_REQUEST,
    RequestStatus.OPEN: Reason.OLD_REQUEST,
    RequestStatus.ANSWERED: Reason.ALREADY_ANSWERED,
    RequestStatus.DELIVERED: Reason.ALREADY_ANSWERED,
    RequestStatus.RESUMED: Reason.ALREADY_ANSWERED,
    RequestStatus.REFUSED: Reason.OLD_REQUEST,
    RequestStatus.EXPIRED: Reason.EXPIRED_REQUEST,
    RequestStatus.VOID: Reason.AGENT_GONE,
    RequestStatus.WITHDRAWN: Reason.WITHDRAWN_REQUEST,
}
_RESUMABLE = frozenset({RequestStatus.EXPIRED, RequestStatus.VOID})
_KINDS = (RequestKind.CONFIRM, RequestKind.CHOICE, RequestKind.PLAN)


# Guards


def owner(session: Session, event: Event) -> Reason | None:
    """Only the session's own person moves it."""
    return None if getattr(event, "by", session.user_id) == session.user_id else Reason.NOT_YOURS


def answers_open(session: Session, event: Event) -> Reason | None:
    """The click is about the request that is open, in the form it was shown in."""
    assert isinstance(event, happened.CardAnswered)
    request = session.open
    if request is not None and request.request_id == event.request_id:
        return None if request.generation == event.generation else Reason.OLD_REQUEST
    return settled(session, event)


def settled(session: Session, event: Event) -> Reason:
    """Why the request that the event names cannot be answered."""
    request = session.named_request
    return _SETTLED[request.status] if request is not None else Reason.NO_SUCH_REQUEST


def resumable(session: Session, event: Event) -> Reason | None:
    """A late answer belongs to a request that expired or whose agent died, in the form it was shown in."""
    assert isinstance(event, happened.LateAnswered)
    request = session.named_request
    if request is None:
        return Reason.NO_SUCH_REQUEST
    if request.status in _RESUMABLE:
        return None if request.generation == event.generation else Reason.OLD_REQUEST
    return Reason.NOT_RESUMABLE if request.status is RequestStatus.REFUSED else _SETTLED[request.status]


def this_turn(session: Session, event: Event) -> Reason | None:
    """The event is about the turn that is running."""
    return None if session.live is not None and getattr(event, "turn", 0) == session.turn else Reason.STALE_TURN


def turn_meant(session: Session, event: Event) -> Reason | None:
    """A button of an older turn's card does nothing to a newer one; 0 means whichever runs."""
    return None if getattr(event, "turn", 0) in (0, session.turn) else Reason.STALE_TURN


def this_wait(session: Session, event: Event) -> Reason | None:
    return None if getattr(event, "generation", -1) == session.generation else Reason.STALE_TIMER


def this_turn_timer(session: Session, event: Event) -> Reason | None:
    return None if getattr(event, "turn", -1) == session.turn else Reason.STALE_TIMER


def has_room(session: Session, event: Event) -> Reason | None:
    return None if len(session.queue) + len(session.held) < QUEUE_LIMIT else Reason.QUEUE_FULL


def files_fit(session: Session, event: Event) -> Reason | None:
    """The files of the message, and those that were kept for it, are not too many for one message."""
    assert isinstance(event, happened.MessageReceived)
    prompt, before = event.prompt, kept(session)
    along = before.attachments if before is not None and prompt.verbatim else ()
    return None if len(prompt.attachments) + len(along) <= MOST_FILES else Reason.TOO_MANY_FILES


def is_spoken(session: Session, event: Event) -> Reason | None:
    """The words of the message are still to be heard, and it was not taken back meanwhile."""
    prompt = session.named_prompt
    if prompt is None:
        return Reason.NO_SUCH_MESSAGE
    if prompt.status is PromptStatus.DROPPED:
        return Reason.MESSAGE_DROPPED
    return None if prompt.spoken else Reason.NOTED


def was_given(session: Session, event: Event) -> Reason | None:
    """The message was given to a turn, and was not taken back meanwhile."""
    prompt = session.named_prompt
    if prompt is None:
        return Reason.NO_SUCH_MESSAGE
    if prompt.status is PromptStatus.DROPPED:
        return Reason.MESSAGE_DROPPED
    return None if prompt.status is PromptStatus.TAKEN else Reason.NOTED


def has_last(session: Session, event: Event) -> Reason | None:
    return None if session.last else Reason.NOTHING_TO_RETRY


def prompt_waits(session: Session, event: Event) -> Reason | None:
    """The message is queued or held, not run and not dropped."""
    prompt = session.named_prompt
    if prompt is None:
        return Reason.NO_SUCH_MESSAGE
    return {PromptStatus.TAKEN: Reason.MESSAGE_ALREADY_RUN, PromptStatus.DROPPED: Reason.MESSAGE_DROPPED}.get(
        prompt.status
    )


def run_already(session: Session, event: Event) -> Reason:
    """Why a message that does not wait can no more be taken back."""
    prompt = session.named_prompt
    if prompt is None:
        return Reason.NO_SUCH_MESSAGE
    return Reason.MESSAGE_DROPPED if prompt.status is PromptStatus.DROPPED else Reason.MESSAGE_ALREADY_RUN


def with_agent(session: Session, event: Event) -> Reason | None:
    """The turn at work has the message."""
    return None if in_turn(session, event) else run_already(session, event)


def shown_open(session: Session, event: Event) -> Reason | None:
    """What the person sees now is the question that is open."""
    assert isinstance(event, happened.RequestShown)
    request = session.open
    same = request is not None and (request.request_id, request.generation) == (event.request_id, event.generation)
    return None if same else Reason.NOTED


def asked_by_agent(session: Session, event: Event) -> Reason | None:
    """The request is one of those still waiting."""
    wanted = getattr(event, "request_id", "")
    known = (session.open, *session.waiting)
    return None if any(one is not None and one.request_id == wanted for one in known) else settled(session, event)


def answered(session: Session, event: Event) -> Reason | None:
    """The decision is stored and on its way."""
    request = session.named_request
    if request is None:
        return Reason.NO_SUCH_REQUEST
    return None if request.status is RequestStatus.ANSWERED else Reason.NOTED


def same_agent_session(session: Session, event: Event) -> Reason | None:
    """The agent's own id may change only by the newest turn."""
    return None if getattr(event, "turn", 0) == session.turn else Reason.STALE_TURN


def mode_changes(session: Session, event: Event) -> Reason | None:
    """It is another mode, or its time begins anew."""
    assert isinstance(event, happened.ModeChosen)
    same = event.mode == session.mode and event.limit is None and session.mode_until is None
    return Reason.SAME_MODE if same else None


def mode_over(session: Session, event: Event) -> Reason | None:
    """The time that is over is that of the mode at hand."""
    assert isinstance(event, happened.ModeExpired)
    return None if session.mode_until == event.until else Reason.STALE_TIMER


def mode_wanted(session: Session, event: Event) -> Reason | None:
    """The mode that was not taken is still the one that is wanted."""
    return None if session.mode == getattr(event, "mode", None) else Reason.NOTED


# Branches


def is_stale(session: Session, event: Event) -> bool:
    assert isinstance(event, happened.MessageReceived)
    return event.stale


def only_files(session: Session, event: Event) -> bool:
    """Nothing says what to do with the files that came. A voice message says it in its own way."""
    assert isinstance(event, happened.MessageReceived)
    prompt = event.prompt
    return not event.stale and bool(prompt.attachments) and not prompt.spoken and not prompt.text.strip()


def has_words(session: Session, event: Event) -> bool:
    return not is_stale(session, event) and not only_files(session, event)


def names_kept(session: Session, event: Event) -> bool:
    prompt = session.named_prompt
    return prompt is not None and prompt.kept and prompt.status is PromptStatus.HELD


def kept(session: Session) -> Prompt | None:
    """The files that wait for words; whatever comes without any is added to them."""
    return next((one for one in session.held if one.kept), None)


def waits(session: Session, event: Event) -> bool:
    """The message that the event names is in line or on hold."""
    return session.named_prompt is not None and prompt_waits(session, event) is None


def leaves_a_rest(session: Session, event: Event) -> bool:
    """Files that went along are taken back, and what they went along with stays."""
    assert isinstance(event, happened.MessageTakenBack)
    prompt = session.named_prompt
    return prompt is not None and without(prompt, event.message_id) is not None


def without(prompt: Prompt, message_id: str) -> Prompt | None:
    """What is left when one of the messages it is made of is taken back; None: nothing to be run by itself."""
    is_its_own = prompt.message_id == message_id
    files = tuple(one for one in prompt.attachments if one.message_id != message_id)
    if is_its_own and (prompt.text.strip() or prompt.spoken):
        return None
    return replace(prompt, attachments=files) if files or prompt.text.strip() or prompt.spoken else None


def in_turn(session: Session, event: Event) -> bool:
    """The live turn has the message that the event names."""
    prompt, live = session.named_prompt, session.live
    taken = prompt is not None and prompt.status is PromptStatus.TAKEN
    return taken and prompt is not None and live is not None and prompt.prompt_id in live.prompt_ids


def unheard(session: Session, event: Event) -> bool:
    """The turn has the message, the agent does not, and it need not get it."""
    assert isinstance(event, happened.MessageTakenBack)
    return event.unheard and in_turn(session, event)


def came_later(session: Session, event: Event) -> bool:
    """The message was given to the turn when it had begun."""
    prompt, live = session.named_prompt, session.live
    return prompt is not None and live is not None and live.prompt_ids[:1] != (prompt.prompt_id,)


def typed_answer(session: Session, event: Event) -> Answer | None:
    """The answer that a typed message gives to the open request; None: it is not one.

    A message answers only a question that was asked before it was sent, so that a redelivered "yes" approves nothing.
    """
    assert isinstance(event, happened.MessageReceived)
    request, prompt = session.open, event.prompt
    if request is None or request.opened_at is None or prompt.sent_at <= request.opened_at:
        return None
    if event.by != session.user_id or not event.answers or not prompt.verbatim or prompt.attachments:
        return None
    return interpret(request.ask, prompt.text)


def is_answer(session: Session, event: Event) -> bool:
    return not is_stale(session, event) and typed_answer(session, event) is not None


def carried(session: Session, event: Event) -> bool:
    """The person decided about this very tool call already, in a late answer not yet used."""
    assert isinstance(event, happened.AgentAsked)
    carry = session.carry
    return carry is not None and not carry.used and carry.ask.fingerprint == event.ask.fingerprint


def asks_input(session: Session, event: Event) -> bool:
    assert isinstance(event, happened.AgentAsked)
    return event.ask.kind is RequestKind.INPUT


def none_behind(session: Session, event: Event) -> bool:
    return not left_behind(session, event)


def confirm_behind(session: Session, event: Event) -> bool:
    return any(one.ask.kind in _KINDS for one in left_behind(session, event)[:1])


def input_behind(session: Session, event: Event) -> bool:
    return any(one.ask.kind is RequestKind.INPUT for one in left_behind(session, event)[:1])


def names_open(session: Session, event: Event) -> bool:
    return session.open is not None and session.open.request_id == getattr(event, "request_id", "")


def prompts_wait(session: Session, event: Event) -> bool:
    return bool(session.queue)


def can_steer(session: Session, event: Event) -> bool:
    return session.can_steer
