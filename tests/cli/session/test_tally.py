"""When a wait is over, and what it amounts to."""

from typing import Any

import pytest

from phonework.cli.session import exits
from phonework.cli.session.tally import Tally
from phonework.cli.session.words import Outcome, outcome_of

STATES = {
    Outcome.WORKING: ("executing", "done"),
    Outcome.WAITING: ("waiting_confirm", "done"),
    Outcome.DONE: ("idle", "done"),
    Outcome.FAILED: ("idle", "failed"),
    Outcome.STOPPED: ("closed", "stopped"),
    Outcome.LOST: ("idle", "lost"),
}


def session(outcome: Outcome, name: str = "fizz-top") -> dict[str, Any]:
    state, status = STATES[outcome]
    return {"id": name, "state": state, "last": {"turn": 1, "status": status}}


def tally(*outcomes: str, **options: bool) -> Tally:
    found = Tally(**options)
    for number, outcome in enumerate(outcomes):
        found.take(session(Outcome(outcome), f"s{number}"))
    return found


@pytest.mark.parametrize("outcome", list(Outcome))
def test_what_became_of_a_session_is_plain_from_its_state_and_its_last_turn(outcome: Outcome) -> None:
    assert outcome_of(session(outcome)) is outcome


def test_a_session_that_was_told_nothing_is_done_and_an_unknown_state_is_work() -> None:
    assert outcome_of({"state": "idle", "last": None}) is Outcome.DONE
    assert outcome_of({"state": "dreaming", "last": None}) is Outcome.WORKING
    assert outcome_of({"state": "idle", "last": {"status": "live"}}) is Outcome.WORKING


@pytest.mark.parametrize(
    ("outcomes", "code"),
    [
        (["done", "done"], exits.DONE),
        (["done", "waiting", "failed"], exits.WAITING),
        (["done", "failed"], exits.TURN_FAILED),
        (["stopped"], exits.TURN_FAILED),
        (["lost", "done"], exits.TURN_FAILED),
    ],
)
def test_all_have_settled(outcomes: list[str], code: int) -> None:
    assert tally(*outcomes).met()
    assert tally(*outcomes).code() == code
    assert not tally(*outcomes, "working").met()
    assert tally(*outcomes, "working").unsettled() == [f"s{len(outcomes)}"]


def test_the_first_is_enough() -> None:
    assert not tally("working", "working", first_is_enough=True).met()
    one = tally("working", "failed", first_is_enough=True)
    assert one.met()
    assert one.code() == exits.TURN_FAILED


def test_a_question_is_waited_through_when_somebody_else_answers_it() -> None:
    assert not tally("waiting", through_questions=True).met()
    assert tally("waiting").met()


def test_a_session_counts_as_it_is_last() -> None:
    found = tally("working")
    found.take(session(Outcome.DONE, "s0"))

    assert found.met()
    assert found.report() == [{**session(Outcome.DONE, "s0"), "outcome": "done", "answer_with": []}]
