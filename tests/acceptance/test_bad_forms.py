"""Forms that no card of ours sends: one toast each, the question stays open, and nothing is taken for an answer (F5)."""

from collections.abc import Mapping

import pytest

from phonework.testing.person import Person, operations
from phonework.testing.phone import Shown
from phonework.testing.server import Server

LONG = "x" * 1_000_000
NESTED: dict[str, object] = {}
for _ in range(100):
    NESTED = {"q0": [NESTED]}

HOSTILE: dict[str, object] = {
    "a text of a megabyte": {"q0": "0", "q1": ["1"], "t2": LONG},
    "an option of a megabyte": {"q0": LONG, "q1": ["1"], "t2": "next week"},
    "ten thousand keys": {f"q{number}": "0" for number in range(10_000)} | {"t2": ["next week"]},
    "ten thousand picks": {"q0": "0", "q1": [str(number % 3) for number in range(10_000)], "t2": "next week"},
    "no such option": {"q0": "7", "q1": ["1"], "t2": "next week"},
    "no such option among others": {"q0": "0", "q1": ["1", "99"], "t2": "next week"},
    "a negative option": {"q0": "-1", "q1": ["1"], "t2": "next week"},
    "an option's label": {"q0": "yes", "q1": ["allow"], "t2": "next week"},
    "two where one is asked for": {"q0": ["0", "1"], "q1": ["1"], "t2": "next week"},
    "numbers for texts": {"q0": 0, "q1": [1], "t2": 7},
    "truth for an answer": {"q0": True, "q1": [True], "t2": True},
    "a list for a text": {"q0": "0", "q1": ["1"], "t2": ["next", "week"]},
    "an object for everything": {"q0": {"$ne": 1}, "q1": {"0": "1"}, "t2": {"content": "next week"}},
    "objects in objects": {"q0": NESTED, "q1": ["1"], "t2": "next week"},
    "a decision": {"c": "allow", "op": "answer", "verdict": "allow", "allow": True, "reason": "yes"},
    "nothing but blanks": {"q0": "", "q1": [], "t2": " \n\u200b\u0000 "},
    "no object": "q0=0&q1=1",
    "a list": [["q0", "0"], ["q1", "1"], ["t2", "next week"]],
    "nothing": None,
}


async def sends(ada: Person, card: Shown, form: object, **of_value: object) -> str:
    """Send the card's form as this; returns the toast, after which nothing else was shown."""
    value = next(value for value in operations(card) if value.get("c") == "form")
    action = {"tag": "button", "name": "send_form", "value": {**value, **of_value}, "form_value": form}
    answered = await ada.phone.act(card.message_id, action, user=ada.user)
    assert answered.error is None
    assert answered.toast is not None
    assert answered.toast["type"] == "warning", answered.toast
    return answered.toast_text


def state(server: Server) -> str:
    ((state,),) = server.rows("SELECT state FROM session")
    return str(state)


async def test_a_form_that_makes_no_sense_leaves_its_question_open(ada: Person, server: Server) -> None:
    await ada.says("questions")
    card = await ada.question("Question 3/3")
    for name, form in HOSTILE.items():
        toast = await sends(ada, card, form)
        assert toast, name
        assert "\n" not in toast, name
        assert len(toast) < 200, name
        assert state(server) == "waiting_confirm", name
    assert server.rows("SELECT 1 FROM effect WHERE kind = 'AnswerAgent'") == []
    ((largest,),) = server.rows("SELECT max(length(payload)) FROM event")
    assert largest < 10_000, "what was refused is not kept"

    await ada.presses(card, "Send", form={"q0": "0", "q1": ["1"], "t2": "next week"})
    await ada.ended_turn(1)
    assert len(server.rows("SELECT 1 FROM effect WHERE kind = 'AnswerAgent' AND status = 'done'")) == 1
    assert await ada.phone.violations() == []


@pytest.mark.parametrize(
    "of_value", [{"c": "allow"}, {"c": "allow_rule"}, {"c": "pick:0:0"}, {"g": 99}, {"also": ["x"] * 51}]
)
async def test_a_button_of_another_card_answers_no_form(
    ada: Person, server: Server, of_value: Mapping[str, object]
) -> None:
    await ada.says("questions")
    card = await ada.question("Question 3/3")

    assert await sends(ada, card, {"q0": "0", "q1": ["1"], "t2": "next week"}, **of_value)
    assert state(server) == "waiting_confirm"


async def test_a_text_of_a_megabyte_is_no_answer_to_a_question_for_words(ada: Person, server: Server) -> None:
    await ada.says("input")
    card = await ada.question()

    assert await sends(ada, card, {"text": LONG})
    assert await sends(ada, card, {"text": {"text": "yes"}})
    assert state(server) == "waiting_input"
    await ada.presses(card, "Send", form={"text": "The Yellow Shop"})
    await ada.ended_turn(1)
