"""Each condition that a move depends on, where leaving it out would not break a promise but a person's trust."""

from dataclasses import replace
from datetime import timedelta

import pytest

from phonework.fsm.events import AgentAsked, AgentSessionChanged, Event, MessageReceived, RequestWithdrawn, TurnFinished
from phonework.fsm.guards import typed_answer
from phonework.fsm.machine import decide
from phonework.fsm.reasons import Reason
from phonework.fsm.types import Ask, Attachment, Prompt, PromptId, RequestId, RequestKind, Session
from phonework.testing.world import NOW, OWNER, STRANGER, begin

ASK = Ask(request_id=RequestId("r"), kind=RequestKind.CONFIRM, agent_ref="t", fingerprint="rm", prompt="?")
YES = Prompt(prompt_id=PromptId("p"), text="yes", sent_at=NOW + timedelta(seconds=1))
PICTURE = Attachment(kind="image", key="img", name="a.png", message_id="om")


def after(*events: Event) -> Session:
    session = begin().session
    for event in events:
        session = decide(session, event, NOW).session
    return session


def asked() -> Session:
    return after(MessageReceived(prompt=YES, by=OWNER), AgentAsked(turn=1, ask=ASK))


def test_a_yes_typed_after_the_question_answers_it() -> None:
    assert typed_answer(asked(), MessageReceived(prompt=YES, by=OWNER)) is not None


@pytest.mark.parametrize(
    "message",
    [
        MessageReceived(prompt=YES, by=STRANGER),
        MessageReceived(prompt=replace(YES, attachments=(PICTURE,)), by=OWNER),
        MessageReceived(prompt=replace(YES, verbatim=False), by=OWNER),
        MessageReceived(prompt=replace(YES, sent_at=NOW), by=OWNER),
    ],
    ids=["stranger", "attachment", "not as typed", "as it was asked"],
)
def test_what_may_mean_something_else_is_no_answer(message: MessageReceived) -> None:
    """F13: it is queued instead."""
    assert typed_answer(asked(), message) is None


def test_a_request_that_is_not_waiting_cannot_be_withdrawn() -> None:
    decision = decide(asked(), RequestWithdrawn(turn=1, request_id=RequestId("another")), NOW)

    assert (decision.applied, decision.reason) == (False, Reason.NO_SUCH_REQUEST)


def test_an_older_turn_does_not_rename_the_agents_session() -> None:
    """Else the next turn would resume the wrong conversation."""
    prompts = [replace(YES, prompt_id=PromptId(name)) for name in "ab"]
    session = after(
        MessageReceived(prompt=prompts[0], by=OWNER), TurnFinished(turn=1), MessageReceived(prompt=prompts[1], by=OWNER)
    )
    decision = decide(session, AgentSessionChanged(turn=1, agent_session_id="old"), NOW)

    assert (decision.applied, decision.reason) == (False, Reason.STALE_TURN)
