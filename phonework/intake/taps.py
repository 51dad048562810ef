"""What a person tapped: which card, whose, and what the button stands for."""

from dataclasses import replace

from phonework.channels.base import NOWHERE, Clicked
from phonework.channels.cards import clicks, reading
from phonework.channels.cards.answers import answer_of, left_out
from phonework.channels.cards.parts import plain
from phonework.engine import Happened, Outcome, ingest
from phonework.fsm import events as happened
from phonework.fsm.events import Event
from phonework.fsm.reasons import Reason
from phonework.fsm.types import (
    Answer,
    Ask,
    Late,
    Prompt,
    Request,
    SessionId,
    Verdict,
)
from phonework.intake import meant, modes, reminders, rules
from phonework.intake.fetching import fetched
from phonework.intake.hand import Hand, Opened, Taken, find_session, note, owe, refused, stray, switched
from phonework.intake.resuming import resume
from phonework.intake.shell import is_shell
from phonework.store import events, prompts, requests, sessions, turns, users, views
from phonework.store.events import Status
from phonework.texts import text


def tapped_card(hand: Hand, clicked: Clicked, opened: Opened | None = None) -> Taken:
    """opened: what a tap for a conversation at the desk, or for a command, is about."""
    if known := events.find(hand.connection, "click", clicked.key):
        return refused(known.reason or Reason.DUPLICATE, duplicate=True)
    click = reading.parse(clicked.value, clicked.form)
    match click:
        case clicks.AnswerClick():
            return _answer(hand, clicked, click)
        case clicks.TurnClick():
            return _on_turn(hand, clicked, click)
        case clicks.PromptClick():
            return _on_prompt(hand, clicked, click)
        case clicks.FetchClick():
            return fetched(hand, clicked, click)
        case clicks.SwitchClick():
            return _on_switch(hand, clicked, click)
        case clicks.DeskClick():
            return _at_desk(hand, clicked, click, opened)
        case clicks.ModeClick():
            taken, reason = modes.tapped(hand, clicked, click)
            return taken or stray(hand, clicked, reason or Reason.ERROR)
        case clicks.ReminderClick():
            return reminders.on_reminder(hand, clicked, click)
        case clicks.RemindersClick():
            return reminders.on_page(hand, clicked, click)
        case clicks.RuleClick():
            return rules.tapped(hand, clicked, click) or stray(hand, clicked, Reason.NO_SESSION)
        case clicks.MeantClick():
            return meant.tapped(hand, clicked, click, opened)
        case clicks.Malformed():
            return stray(hand, clicked, Reason.MALFORMED_CLICK)


def _tapped(hand: Hand, clicked: Clicked, session_id: SessionId, event: Event, toast: str) -> Taken:
    one = Happened(
        source="click",
        key=clicked.key,
        session_id=session_id,
        event=event,
        occurred_at=clicked.clicked_at,
        user_id=hand.user_id,
    )
    outcome = ingest(hand.connection, one, hand.now, claim=True)
    if outcome.reason is not None:
        return Taken(outcome=outcome, toast=("warning", f"reason.{outcome.reason.value}"))
    return Taken(outcome=outcome, owed=outcome.owed, toast=("success", toast))


def _answer(hand: Hand, clicked: Clicked, click: clicks.AnswerClick) -> Taken:
    found = requests.find(hand.connection, click.request_id)
    if found is None:
        return stray(hand, clicked, Reason.NO_SUCH_REQUEST)
    session_id, request = found
    answer = answer_of(request.ask, click)
    if answer is None:
        return _not_an_answer(hand, clicked, click, session_id, request.ask)
    event: Event
    if click.late:
        event = happened.LateAnswered(
            request_id=click.request_id,
            generation=click.generation,
            answer=answer,
            by=hand.user_id,
            prompt=_late_prompt(hand, clicked, session_id, request, answer),
        )
        toast = "toast.resumed"
    else:
        event = happened.CardAnswered(
            request_id=click.request_id,
            generation=click.generation,
            answer=answer,
            by=hand.user_id,
            also=click.also,
        )
        toast = "toast.recorded"
    taken = _tapped(hand, clicked, session_id, event, toast)
    if not click.listed:
        return replace(taken, card=views.request(hand.connection, click.request_id))
    # The card of everything that is asked shows what is left of it; in a group somebody else may have tapped it.
    own = sessions.run_of(hand.connection, session_id).user_id == hand.user_id
    return replace(taken, card=views.pending(hand.connection, hand.user_id)) if own else taken


def _not_an_answer(hand: Hand, clicked: Clicked, click: clicks.AnswerClick, session_id: SessionId, ask: Ask) -> Taken:
    """A form that was sent half-filled: what is missing is named, to whom it was asked."""
    taken, missing = stray(hand, clicked, Reason.NOT_AN_ANSWER), left_out(ask, click)
    if not missing or sessions.run_of(hand.connection, session_id).user_id != hand.user_id:
        return taken
    first, more = missing[0], len(missing) - 1
    named = plain(ask.questions[first].text or ask.questions[first].header, 60)
    params = {"number": str(first + 1), "question": named, "count": str(more)}
    return replace(taken, toast=("warning", "toast.left_out_more" if more else "toast.left_out"), toast_params=params)


def _late_prompt(hand: Hand, clicked: Clicked, session_id: SessionId, request: Request, answer: Answer) -> Prompt:
    """What the agent reads when a decision comes after the wait, or after the agent that asked was gone.

    The shell reads commands: the same one in the same place, with the decision beside it.
    """
    if is_shell(hand, session_id):
        prompt_id, ask = hand.derive(clicked.key, "late"), request.ask
        return Prompt(prompt_id=prompt_id, text=ask.command, sent_at=clicked.clicked_at, cwd=ask.path)
    if answer.verdict is Verdict.DENY:
        key = "prompt.late_denied"
    elif answer.verdict is Verdict.ANSWER:
        key = "prompt.late_answer"
    else:
        key = "prompt.late_allowed"
    said = "; ".join(", ".join(pick) for pick in answer.picks) or answer.text
    words = text(hand.language, key, prompt=_about(request.ask), answer=said)
    return Prompt(
        prompt_id=hand.derive(clicked.key, "late"),
        text=words,
        sent_at=clicked.clicked_at,
        late=Late(kind=request.ask.kind, answer=answer),
    )


def _about(ask: Ask) -> str:
    """What was asked, with the call it was about: the agent may remember nothing of it."""
    call = ask.command or ask.path
    return f"{ask.prompt} [{ask.tool}: {call[:1000]}]" if call and call not in ask.prompt else ask.prompt


def _on_turn(hand: Hand, clicked: Clicked, click: clicks.TurnClick) -> Taken:
    if not sessions.exists(hand.connection, click.session_id):
        return stray(hand, clicked, Reason.NO_SESSION)
    if click.op is clicks.TurnOp.CLOSE and views.session(hand.connection, click.session_id).companion:
        return stray(hand, clicked, Reason.MALFORMED_CLICK)  # no card offers to close a helper, which would be for ever
    event, toast = _turn_event(hand, clicked, click)
    taken = _tapped(hand, clicked, click.session_id, event, toast)
    if taken.outcome.reason in (None, Reason.NOT_YOURS) or not turns.get(hand.connection, click.session_id, click.turn):
        return taken
    # The card offered what is over: it repairs itself.
    return replace(taken, card=views.turn(hand.connection, click.session_id, click.turn))


def _turn_event(hand: Hand, clicked: Clicked, click: clicks.TurnClick) -> tuple[Event, str]:
    match click.op:
        case clicks.TurnOp.STOP:
            return happened.StopAsked(by=hand.user_id, turn=click.turn), "toast.stopping"
        case clicks.TurnOp.CLOSE:
            return happened.CloseAsked(by=hand.user_id), "toast.closed"
        case clicks.TurnOp.RETRY:
            prompt_id = hand.derive(clicked.key, "retry")
            return happened.RetryAsked(by=hand.user_id, turn=click.turn, prompt_id=prompt_id), "toast.retrying"
        case clicks.TurnOp.CONTINUE:
            prompt = Prompt(
                prompt_id=hand.derive(clicked.key, "continue"),
                text=text(hand.language, "prompt.continue"),
                sent_at=clicked.clicked_at,
            )
            return happened.ContinueAsked(by=hand.user_id, turn=click.turn, prompt=prompt), "toast.continuing"


def _on_prompt(hand: Hand, clicked: Clicked, click: clicks.PromptClick) -> Taken:
    found = prompts.find(hand.connection, click.prompt_id)
    if found is None:
        return stray(hand, clicked, Reason.NO_SUCH_MESSAGE)
    event: Event
    if click.op is clicks.PromptOp.SEND_NOW:
        event, toast = happened.SendNowAsked(prompt_id=click.prompt_id, by=hand.user_id), "toast.sending"
    else:
        event, toast = happened.DropAsked(prompt_id=click.prompt_id, by=hand.user_id), "toast.dropped"
    taken = _tapped(hand, clicked, found[0], event, toast)
    return replace(taken, card=views.prompt(hand.connection, click.prompt_id))


def _at_desk(hand: Hand, clicked: Clicked, click: clicks.DeskClick, opened: Opened | None) -> Taken:
    at_desk = replace(hand, source="click")
    # In a group somebody may tap who never wrote.
    users.touch(hand.connection, hand.user_id, hand.envelope.language, clicked.chat, hand.now, clicked.clicked_at)
    taken = resume(at_desk, opened, key=clicked.key, at=clicked.clicked_at, chat=clicked.chat, click=click)
    return replace(taken, toast=taken.toast or ("success", "toast.continuing"))


def _on_switch(hand: Hand, clicked: Clicked, click: clicks.SwitchClick) -> Taken:
    session_id = find_session(hand, click.session_id)
    if session_id is None:
        return stray(hand, clicked, Reason.NO_SESSION)
    users.activate(hand.connection, hand.user_id, session_id, switched_at=min(clicked.clicked_at, hand.now))
    if sessions.chat_of(hand.connection, session_id) == NOWHERE:
        sessions.move_chat(hand.connection, session_id, clicked.chat)
    note(hand, "click", clicked.key, "Clicked", {"switch": session_id}, clicked.clicked_at, None)
    owed = owe(hand, [switched(hand, session_id)], key=clicked.key)
    return Taken(outcome=Outcome(status=Status.APPLIED), owed=owed, toast=("success", "toast.switched"))
