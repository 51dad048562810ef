"""What a move writes on the draft: pure, nothing is performed here."""

from typing import TypeVar

from phonework.fsm import effects as order
from phonework.fsm import events as happened
from phonework.fsm.change import replace
from phonework.fsm.draft import Arm, Draft
from phonework.fsm.events import Event
from phonework.fsm.guards import kept, typed_answer
from phonework.fsm.together import answered_with, left_behind
from phonework.fsm.types import (
    Carry,
    Prompt,
    PromptStatus,
    Request,
    RequestStatus,
    TurnStatus,
)

E = TypeVar("E", bound=Event)

STOPPED_WHY = "The person stopped the turn."
SHOWN_WORDS = 2_000
"""Characters of what was heard that are shown back."""
TIMED_OUT_WHY = "Nobody answered in time. Do not try this again; stop here."


def _event(draft: Draft, kind: type[E]) -> E:
    event = draft.event
    assert isinstance(event, kind)
    return event


# Messages


def start(draft: Draft) -> None:
    draft.begin_turn(_with_kept(draft))


def go_on(draft: Draft) -> None:
    draft.begin_turn(_event(draft, happened.ContinueAsked).prompt)


def queue(draft: Draft) -> None:
    prompt = _with_kept(draft)
    draft.queue(prompt)
    draft.owe(order.ShowPrompt(prompt_id=prompt.prompt_id))


def hold(draft: Draft) -> None:
    prompt = _event(draft, happened.MessageReceived).prompt
    draft.hold(prompt)
    draft.owe(order.ShowPrompt(prompt_id=prompt.prompt_id))


def _with_kept(draft: Draft) -> Prompt:
    """The message that came, with the files that were kept for it; they come first, as they were sent."""
    prompt, before = _event(draft, happened.MessageReceived).prompt, kept(draft.session)
    if before is None or not prompt.verbatim:
        return prompt
    draft.join(before, prompt)
    draft.owe(order.UpdatePrompt(prompt_id=before.prompt_id))
    return replace(prompt, attachments=(*before.attachments, *prompt.attachments))


def keep(draft: Draft) -> None:
    """Files without words wait for them, all on one card."""
    prompt, before = _event(draft, happened.MessageReceived).prompt, kept(draft.session)
    if before is None:
        draft.hold(replace(prompt, kept=True))
        draft.owe(order.ShowPrompt(prompt_id=prompt.prompt_id))
    else:
        draft.join(prompt, before)
        draft.hold(replace(before, attachments=(*before.attachments, *prompt.attachments)))
        draft.owe(order.UpdatePrompt(prompt_id=before.prompt_id))


def keep_at_rest(draft: Draft) -> None:
    """Who sends files is about to write: the session stays open for that."""
    keep(draft)
    draft.rest()


def retry_prompt(draft: Draft) -> Prompt:
    """The last turn's messages as one new message."""
    last = draft.session.last
    return replace(
        last[-1],
        prompt_id=_event(draft, happened.RetryAsked).prompt_id,
        text="\n\n".join(prompt.text for prompt in last),
        attachments=tuple(one for prompt in last for one in prompt.attachments),
        verbatim=len(last) > 1 or last[-1].verbatim,
        spoken=any(prompt.spoken for prompt in last),
        late=last[0].late,
        status=PromptStatus.QUEUED,
        turn=0,
    )


def retry(draft: Draft) -> None:
    draft.begin_turn(retry_prompt(draft))


def stop_and_retry(draft: Draft) -> None:
    draft.queue(retry_prompt(draft), front=True)
    stop(draft)


def named_prompt(draft: Draft) -> Prompt:
    prompt = draft.session.named_prompt
    assert prompt is not None
    return prompt


def run_now(draft: Draft) -> None:
    draft.begin_turn(named_prompt(draft))


def send_kept(draft: Draft) -> None:
    """The files go as they are, without words, when it is their turn."""
    prompt = named_prompt(draft)
    draft.queue(prompt)
    draft.owe(order.UpdatePrompt(prompt_id=prompt.prompt_id))


def steer(draft: Draft) -> None:
    prompt = named_prompt(draft)
    draft.add_to_turn(prompt)
    draft.owe(
        order.SteerTurn(turn=draft.session.turn, prompt_id=prompt.prompt_id),
        order.UpdatePrompt(prompt_id=prompt.prompt_id),
    )


def stop_and_run(draft: Draft) -> None:
    advance(draft)
    stop(draft)


def advance(draft: Draft) -> None:
    """It runs as soon as the agent has stopped."""
    prompt = named_prompt(draft)
    draft.queue(prompt, front=True)
    draft.owe(order.UpdatePrompt(prompt_id=prompt.prompt_id))


def drop(draft: Draft) -> None:
    draft.drop(named_prompt(draft))


def hold_again(draft: Draft) -> None:
    """It was given to the running turn and did not arrive."""
    prompt = named_prompt(draft)
    draft.hold(prompt)
    draft.owe(order.UpdatePrompt(prompt_id=prompt.prompt_id))


def note_heard(draft: Draft) -> None:
    """The voice message becomes its words, and the person sees them before the agent acts on them."""
    event, prompt = _event(draft, happened.PromptHeard), named_prompt(draft)
    heard = replace(
        prompt,
        text="\n\n".join(one for one in (prompt.text.strip(), event.text) if one),
        attachments=tuple(one for one in prompt.attachments if one.kind != "audio"),
        spoken=False,
    )
    last = tuple(heard if one.prompt_id == heard.prompt_id else one for one in draft.session.last)
    draft.session = replace(draft.session, last=last)
    draft.put_prompt(heard)
    shown = event.text if len(event.text) <= SHOWN_WORDS else f"{event.text[:SHOWN_WORDS]}…"
    draft.owe(order.Say(text="say.heard", params={"words": shown}, reply_to=prompt.message_id))


def choose_model(draft: Draft) -> None:
    model = _event(draft, happened.ModelChosen).model
    draft.session = replace(draft.session, model=model)
    draft.owe(order.Say(text="say.model_chosen" if model else "say.model_default", params={"model": model}))


def choose_mode(draft: Draft) -> None:
    """With a limit the mode of before comes back by itself; one that had a limit of its own never does."""
    event, session = _event(draft, happened.ModeChosen), draft.session
    before = session.mode_after if session.mode_until else session.mode
    if event.limit is None:
        _change_mode(draft, event.mode)
        said = order.Say(text="say.mode_chosen" if event.mode else "say.mode_usual", params={"mode": event.mode})
    else:
        until = draft.now + event.limit
        draft.session = replace(session, mode=event.mode, mode_after=before, mode_until=until)
        draft.timers["mode"] = Arm(name="mode", due=until, turn=session.turn, generation=session.version + 1)
        minutes = str(round(event.limit.total_seconds() / 60))
        said = order.Say(text="say.mode_limited", params={"mode": event.mode, "minutes": minutes})
    draft.owe(order.SetMode(mode=event.mode, before=before), said)
    _show_mode(draft)


def end_mode(draft: Draft) -> None:
    """Its time is over."""
    over, mode = draft.session.mode, draft.session.mode_after
    _change_mode(draft, mode)
    draft.owe(order.SetMode(mode=mode, before=mode), order.Say(text="say.mode_over", params={"mode": over}))
    _show_mode(draft)


def refuse_mode(draft: Draft) -> None:
    """The agent goes on as it did."""
    event = _event(draft, happened.ModeRefused)
    _change_mode(draft, event.before)
    why = event.problem
    draft.owe(
        order.Say(text=why.key, params=why.params)
        if why is not None
        else order.Say(text="say.mode_refused", params={"mode": event.mode, "problem": event.reason})
    )
    if event.before != event.mode:
        draft.owe(order.Say(text="say.mode_stays"))
    _show_mode(draft)


def _change_mode(draft: Draft, mode: str) -> None:
    draft.session = replace(draft.session, mode=mode, mode_after="", mode_until=None)
    draft.disarm("mode")


def _show_mode(draft: Draft) -> None:
    """The cards that are in use say how little is asked."""
    if draft.session.open is not None:
        draft.owe(order.UpdateRequest(request_id=draft.session.open.request_id))
    if draft.session.live is not None:
        draft.owe(order.UpdateTurn(turn=draft.session.live.turn))


# Requests


def _request(draft: Draft) -> Request:
    event = _event(draft, happened.AgentAsked)
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
        clicked = _event(draft, happened.CardAnswered)
        behind = answered_with(draft.session, clicked)
        draft.session = replace(draft.session, waiting=left_behind(draft.session, clicked))
        draft.answer_request(request, clicked.answer, clicked.by)
        for one in behind:
            draft.answer_request(replace(one, together=request.request_id), clicked.answer, clicked.by)
    draft.open_next()


def answer_late(draft: Draft) -> None:
    """A new turn carries the decision."""
    event, request = _event(draft, happened.LateAnswered), draft.session.named_request
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
    wanted = _event(draft, happened.RequestWithdrawn).request_id
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


def _settle_named(draft: Draft, status: RequestStatus) -> None:
    request = draft.session.named_request
    assert request is not None
    draft.put_request(replace(request, status=status))
    draft.owe(order.UpdateRequest(request_id=request.together or request.request_id))


def mark_delivered(draft: Draft) -> None:
    _settle_named(draft, RequestStatus.DELIVERED)


def mark_lost(draft: Draft) -> None:
    _settle_named(draft, RequestStatus.VOID)


# The agent


def note_started(draft: Draft) -> None:
    event = _event(draft, happened.TurnStarted)
    if event.agent_session_id:
        draft.session = replace(draft.session, agent_session_id=event.agent_session_id)


def note_agent_session(draft: Draft) -> None:
    event = _event(draft, happened.AgentSessionChanged)
    draft.session = replace(draft.session, agent_session_id=event.agent_session_id)


def note_taken(draft: Draft) -> None:
    """The cards of the messages that were folded in say so."""
    draft.owe(*(order.UpdatePrompt(prompt_id=one) for one in _event(draft, happened.PromptsTaken).prompt_ids))


def relay(draft: Draft) -> None:
    draft.owe(order.Relay(body=_event(draft, happened.BackgroundFinished).text))


def _record_end(draft: Draft) -> TurnStatus:
    """Write what the agent said at the end on the turn, and return how the turn ended."""
    event, turn = draft.event, draft.session.live
    assert turn is not None
    stopping = draft.session.state.value == "stopping"
    match event:
        case happened.TurnFinished():
            draft.change_turn(
                replace(
                    turn,
                    text=event.text,
                    usage=event.usage,
                    files=event.files,
                    steps=event.steps,
                    outcome=event.outcome,
                    unwell=event.unwell,
                )
            )
            return TurnStatus.STOPPED if stopping or event.interrupted else TurnStatus.DONE
        case happened.TurnFailed():
            draft.change_turn(
                replace(
                    turn,
                    text=event.text,
                    error=event.error,
                    problem=event.problem,
                    usage=event.usage,
                    steps=event.steps,
                )
            )
            return TurnStatus.STOPPED if stopping else TurnStatus.FAILED
        case happened.AgentLost():
            draft.change_turn(
                replace(turn, text=event.text, error=event.reason, problem=event.problem, steps=event.steps)
            )
            return TurnStatus.STOPPED if stopping else TurnStatus.LOST
        case _:
            return TurnStatus.STOPPED


def end(draft: Draft) -> None:
    """The turn ended and nothing waits to be run."""
    status = _record_end(draft)
    draft.settle_all(RequestStatus.WITHDRAWN)
    draft.end_turn(status)
    draft.rest()


def end_and_start_next(draft: Draft) -> None:
    status = _record_end(draft)
    draft.settle_all(RequestStatus.WITHDRAWN)
    draft.end_turn(status)
    draft.begin_next()


def fail(draft: Draft) -> None:
    """The agent could not finish: what it asked can be answered later, what waited is shown with Run / Drop."""
    status = _record_end(draft)
    draft.settle_all(RequestStatus.VOID)
    draft.end_turn(status)
    draft.hold_queue()
    draft.rest()


# Ends decided by a person or a clock


def stop(draft: Draft) -> None:
    draft.interrupt()
    draft.refuse_all(RequestStatus.REFUSED, STOPPED_WHY)


def expire_wait(draft: Draft) -> None:
    draft.interrupt()
    draft.refuse_all(RequestStatus.EXPIRED, TIMED_OUT_WHY)
    draft.owe(order.Say(text="say.wait_expired"))


def expire_turn(draft: Draft) -> None:
    draft.interrupt()
    draft.refuse_all(RequestStatus.EXPIRED, TIMED_OUT_WHY)
    draft.owe(order.Say(text="say.turn_expired"))


def go_on_in_background(draft: Draft) -> None:
    """It becomes a task. Where it waits for the person, its question is the newest message and stays that."""
    turn, asked = draft.session.live, draft.session.open
    assert turn is not None
    draft.change_turn(replace(turn, background=True))
    draft.owe(
        order.UpdateRequest(request_id=asked.request_id) if asked is not None else order.ShowTask(turn=turn.turn),
        order.UpdateTurn(turn=turn.turn),
    )


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
    draft.owe(order.Say(text="say.wait_reminder", params={"minutes": minutes, "prompt": request.ask.prompt}))


def kill(draft: Draft) -> None:
    draft.owe(order.KillAgent(turn=draft.session.turn), order.Say(text="say.agent_killed"))
    draft.end_turn(TurnStatus.STOPPED)
    draft.rest()


def kill_and_start_next(draft: Draft) -> None:
    draft.owe(order.KillAgent(turn=draft.session.turn), order.Say(text="say.agent_killed"))
    draft.end_turn(TurnStatus.STOPPED)
    draft.begin_next()


def _close(draft: Draft, text: str) -> None:
    draft.settle_all(RequestStatus.REFUSED)
    draft.end_turn(TurnStatus.STOPPED)
    for prompt in (*draft.session.queue, *draft.session.held):
        draft.drop(prompt)
    draft.disarm("idle")
    if draft.session.mode_until is not None:
        _change_mode(draft, draft.session.mode_after)
    draft.owe(order.CloseAgent(), order.Say(text=text))


def close(draft: Draft) -> None:
    _close(draft, "say.session_closed")


def close_idle(draft: Draft) -> None:
    _close(draft, "say.session_closed_idle")


def noop(draft: Draft) -> None:
    """The move itself is the record."""
