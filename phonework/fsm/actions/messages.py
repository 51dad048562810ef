"""What becomes of a message: it begins a turn, waits, goes along with another, or is dropped."""

from typing import Final

from phonework.fsm import effects as order
from phonework.fsm import events as happened
from phonework.fsm.actions.ends import stop
from phonework.fsm.change import replace
from phonework.fsm.draft import Draft
from phonework.fsm.guards import kept, without
from phonework.fsm.types import Prompt, PromptStatus, RequestStatus, TurnStatus

SHOWN_WORDS: Final = 2_000
"""Characters of what was heard that are shown back."""


def start(draft: Draft) -> None:
    draft.begin_turn(_with_kept(draft))


def go_on(draft: Draft) -> None:
    draft.begin_turn(draft.expect(happened.ContinueAsked).prompt)


def queue(draft: Draft) -> None:
    prompt = _with_kept(draft)
    draft.queue(prompt)
    draft.owe(order.ShowPrompt(prompt_id=prompt.prompt_id))


def hold(draft: Draft) -> None:
    prompt = draft.expect(happened.MessageReceived).prompt
    draft.hold(prompt)
    draft.owe(order.ShowPrompt(prompt_id=prompt.prompt_id))


def _with_kept(draft: Draft) -> Prompt:
    """The message that came, with the files that were kept for it; they come first, as they were sent."""
    prompt, before = draft.expect(happened.MessageReceived).prompt, kept(draft.session)
    if before is None or not prompt.verbatim:
        return prompt
    draft.join(before, prompt)
    draft.owe(order.UpdatePrompt(prompt_id=before.prompt_id))
    return replace(prompt, attachments=(*before.attachments, *prompt.attachments))


def keep(draft: Draft) -> None:
    """Files without words wait for them, all on one card."""
    prompt, before = draft.expect(happened.MessageReceived).prompt, kept(draft.session)
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
        prompt_id=draft.expect(happened.RetryAsked).prompt_id,
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
    """The question that is open is refused with the turn; who sent a command, and no answer, is told."""
    draft.queue(retry_prompt(draft), front=True)
    if draft.session.open is not None:
        draft.owe(order.Say(text="say.retry_refused"))
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


def take_files_back(draft: Draft) -> None:
    """Those of one message; what they went along with stays as it is."""
    event, prompt = draft.expect(happened.MessageTakenBack), named_prompt(draft)
    rest = without(prompt, event.message_id)
    assert rest is not None
    draft.change_prompt(rest)
    draft.owe(order.UpdatePrompt(prompt_id=prompt.prompt_id))


def leave_turn(draft: Draft) -> None:
    """The turn was to take it, and goes on without it."""
    prompt, turn = named_prompt(draft), draft.session.live
    assert turn is not None
    draft.change_turn(replace(turn, prompt_ids=tuple(one for one in turn.prompt_ids if one != prompt.prompt_id)))
    _forget(draft, prompt)


def call_off(draft: Draft) -> None:
    """There is no turn without the message that was to begin it."""
    _call_off(draft)
    draft.rest()


def call_off_and_start_next(draft: Draft) -> None:
    _call_off(draft)
    draft.begin_next()


def _call_off(draft: Draft) -> None:
    """What was to slip into the turn is asked about, as when an agent could not take it."""
    prompt = named_prompt(draft)
    for other in draft.session.last:
        if other.prompt_id != prompt.prompt_id:
            draft.hold(other)
            draft.owe(order.UpdatePrompt(prompt_id=other.prompt_id))
    _forget(draft, prompt)
    draft.settle_all(RequestStatus.WITHDRAWN)
    draft.end_turn(TurnStatus.STOPPED)


def _forget(draft: Draft, prompt: Prompt) -> None:
    draft.session = replace(draft.session, last=())
    draft.drop(replace(prompt, turn=0))


def tell_it_runs(draft: Draft) -> None:
    draft.owe(order.Say(text="say.taken_back_late"))


def hold_again(draft: Draft) -> None:
    """It was given to the running turn and did not arrive."""
    prompt = named_prompt(draft)
    draft.hold(prompt)
    draft.owe(order.UpdatePrompt(prompt_id=prompt.prompt_id))


def note_heard(draft: Draft) -> None:
    """The voice message becomes its words, and the person sees them before the agent acts on them."""
    event, prompt = draft.expect(happened.PromptHeard), named_prompt(draft)
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
