"""A message that comes too late is kept for its person to decide about, and does nothing by itself (F13)."""

from dataclasses import replace
from datetime import timedelta

import pytest

from phonework.fsm.effects import ShowPrompt
from phonework.fsm.events import AgentAsked, Event, MessageReceived
from phonework.fsm.guards import QUEUE_LIMIT
from phonework.fsm.machine import decide
from phonework.fsm.reasons import Reason
from phonework.fsm.types import Ask, Prompt, PromptId, RequestId, RequestKind, Session, State
from phonework.testing.world import NOW, OWNER, begin

ASK = Ask(request_id=RequestId("r"), kind=RequestKind.CONFIRM, agent_ref="t", fingerprint="rm", prompt="?")


def message(name: str, *, stale: bool = False) -> MessageReceived:
    prompt = Prompt(prompt_id=PromptId(name), text="yes", sent_at=NOW + timedelta(seconds=1))
    return MessageReceived(prompt=prompt, by=OWNER, stale=stale)


def after(*events: Event) -> Session:
    session = begin().session
    for event in events:
        session = decide(session, event, NOW).session
    return session


ASKED = (message("first"), AgentAsked(turn=1, ask=ASK))


@pytest.mark.parametrize("before", [(), (message("first"),), ASKED], ids=["idle", "executing", "waiting"])
def test_it_is_held_and_shown(before: tuple[Event, ...]) -> None:
    session = after(*before)
    decision = decide(session, message("late", stale=True), NOW)

    assert [one.prompt_id for one in decision.session.held] == ["late"]
    assert decision.effects == (ShowPrompt(prompt_id=PromptId("late")),)
    assert (decision.target, decision.session.turn, decision.requests) == (session.state, session.turn, ())


def test_where_too_many_wait_it_is_refused_and_answers_nothing() -> None:
    session = after(*ASKED)
    full = replace(session, queue=tuple(message(f"p{n}").prompt for n in range(QUEUE_LIMIT)))
    decision = decide(full, message("late", stale=True), NOW)

    assert (decision.applied, decision.reason) == (False, Reason.QUEUE_FULL)
    assert decide(full, message("now"), NOW).target is State.EXECUTING, "one in time is the answer"
