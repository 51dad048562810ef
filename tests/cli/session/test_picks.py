"""From what was typed to an answer that fits what is asked."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phonework.cli.session.picks import answer_to, picked
from phonework.errors import PhoneWorkError


def question(*labels: str, multiple: bool = False, free_text: bool = False) -> dict[str, Any]:
    options = [{"label": label, "description": ""} for label in labels]
    return {"text": "Which?", "header": "", "options": options, "multiple": multiple, "free_text": free_text}


def request(kind: str, *questions: dict[str, Any]) -> dict[str, Any]:
    return {"id": "r1", "kind": kind, "prompt": "May I?", "questions": list(questions)}


def test_a_text_is_the_words_as_they_are() -> None:
    assert answer_to(request("input"), ("call", "it", "2")) == {
        "verdict": "answer",
        "text": "call it 2",
        "request_id": "r1",
    }


@pytest.mark.parametrize(
    ("asked", "word", "picks"),
    [
        (question("Python", "Rust"), "rust", ["Rust"]),
        (question("Python", "Rust"), "2", ["Rust"]),
        (question("2", "Rust"), "2", ["2"]),
        (question("A, B", "B", multiple=True), "a, b", ["A, B"]),
        (question("A", "B", "C", multiple=True), "3,a , 3", ["C", "A"]),
        (question("A", free_text=True), "something else", ["something else"]),
        (question("A", "B", multiple=True, free_text=True), "A, and more", ["A, and more"]),
    ],
)
def test_an_option_is_picked_by_label_or_number_and_else_by_own_words(
    asked: dict[str, Any], word: str, picks: list[str]
) -> None:
    assert picked(asked, word) == picks


@pytest.mark.parametrize("word", ["0", "3", "Go", "", "a,b", "²"])
def test_what_is_no_option_is_refused_with_those_there_are(word: str) -> None:
    with pytest.raises(PhoneWorkError, match="is no answer to 'Which\\?'") as caught:
        picked(question("A", "B"), word)
    assert caught.value.hint == "one of: 1. A, 2. B"


def test_a_form_takes_one_answer_for_each_question() -> None:
    form = request("choice", question("A", "B"), question("C", "D"))
    assert answer_to(form, ("a", "2"))["picks"] == [["A"], ["D"]]
    with pytest.raises(PhoneWorkError, match="2 answers are wanted"):
        answer_to(form, ("a",))


@pytest.mark.parametrize("kind", ["confirm", "plan"])
def test_a_permission_is_never_given_by_words(kind: str) -> None:
    with pytest.raises(PhoneWorkError, match="asks for a permission") as caught:
        answer_to(request(kind), ("yes",))
    assert "approve" in caught.value.hint


@given(st.text(), st.booleans())
def test_without_own_words_nothing_but_options_is_picked(word: str, multiple: bool) -> None:
    try:
        found = picked(question("A", "B", multiple=multiple), word)
    except PhoneWorkError:
        return
    assert found
    assert set(found) <= {"A", "B"}
