from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phonework.channels.cards import values
from phonework.channels.cards.answers import answer_of
from phonework.channels.cards.clicks import (
    AnswerClick,
    DeskClick,
    DeskOp,
    Form,
    Malformed,
    MeantClick,
    Press,
    PromptClick,
    PromptOp,
    SwitchClick,
    TurnClick,
    TurnOp,
)
from phonework.channels.cards.reading import parse
from phonework.channels.cards.values import answer_value, mode_value
from phonework.fsm.types import (
    Answer,
    Ask,
    Option,
    PromptId,
    Question,
    RequestId,
    RequestKind,
    SessionId,
    Verdict,
)

ID = "0123456789abcdef0123456789abcdef"
OPTIONS = (Option(label="Postgres"), Option(label="SQLite"))


def ask(kind: RequestKind, *questions: Question, rule: str = "") -> Ask:
    return Ask(
        request_id=RequestId(ID), kind=kind, agent_ref="t", fingerprint="f", prompt="?", questions=questions, rule=rule
    )


def clicked(choice: str, form: dict[str, object] | None = None) -> AnswerClick:
    click = parse(values.answer_value(ID, 3, choice), form)
    assert isinstance(click, AnswerClick)
    return click


def test_every_button_reads_back_as_it_was_made() -> None:
    assert parse(values.turn_value(TurnOp.STOP, "fizz-top", 2)) == TurnClick(
        op=TurnOp.STOP, session_id=SessionId("fizz-top"), turn=2
    )
    assert parse(values.prompt_value(PromptOp.SEND_NOW, ID)) == PromptClick(
        op=PromptOp.SEND_NOW, prompt_id=PromptId(ID)
    )
    assert parse(values.switch_value("fizz-top")) == SwitchClick(session_id=SessionId("fizz-top"))
    for op in DeskOp:
        click = DeskClick(op=op, backend="claude", agent_session_id=ID, key="42:9.5" if op is DeskOp.TAKE_OVER else "")
        assert parse(values.desk_value(op, click.backend, click.agent_session_id, click.key)) == click
    for as_is in (False, True):
        meant = MeantClick(
            session_id=SessionId("fizz-top"), asked=ID, text="/status", as_is=as_is, active="fizz-tap", reply_to="om_1"
        )
        assert parse(values.meant_value(meant)) == meant
    assert clicked(Press.ALLOW) == AnswerClick(request_id=RequestId(ID), generation=3, press=Press.ALLOW)
    assert clicked(values.pick(0, 1)).pick == (0, 1)
    late = parse(values.answer_value(ID, 3, Press.DENY, late=True), {"reason": " no "})
    assert late == AnswerClick(
        request_id=RequestId(ID), generation=3, press=Press.DENY, form=Form(reason="no"), late=True
    )


def test_buttons_have_the_agreed_form() -> None:
    assert values.answer_value("r", 1, Press.ALLOW) == {"v": 1, "op": "answer", "id": "r", "g": 1, "c": "allow"}
    assert values.answer_value("r", 1, values.pick(0, 2), late=True) == {
        "v": 1,
        "op": "late",
        "id": "r",
        "g": 1,
        "c": "pick:0:2",
    }
    assert values.turn_value(TurnOp.CLOSE, "s", 4) == {"v": 1, "op": "close", "id": "s", "g": 4}


def test_a_form_holds_picks_and_words_by_question() -> None:
    form = {"q0": "1", "q2": ["0", "2", "0"], "t1": " mine ", "q1": "", "t0": None, "noise": object()}
    assert clicked("form", form).form == Form(picks=((1,), (), (0, 2)), words=("", "mine"))


@pytest.mark.parametrize(
    "value",
    [
        None,
        "allow",
        [],
        {},
        {"v": 2, "op": "stop", "id": "s", "g": 1},
        {"v": True, "op": "stop", "id": "s", "g": 1},
        {"v": 1, "op": "sudo", "id": "s", "g": 1},
        {"v": 1, "op": ["stop"], "id": "s", "g": 1},
        {"v": 1, "op": "stop", "id": "s"},
        {"v": 1, "op": "stop", "id": "s", "g": True},
        {"v": 1, "op": "stop", "id": "s", "g": -1},
        {"v": 1, "op": "stop", "id": "s", "g": 2**40},
        {"v": 1, "op": "stop", "id": "../etc", "g": 1},
        {"v": 1, "op": "stop", "id": "s" * 65, "g": 1},
        {"v": 1, "op": "stop", "id": "s\n", "g": 1},
        {"v": 1, "op": "answer", "id": "s", "g": 1},
        {"v": 1, "op": "answer", "id": "s", "g": 1, "c": "pick"},
        {"v": 1, "op": "answer", "id": "s", "g": 1, "c": "pick:0"},
        {"v": 1, "op": "answer", "id": "s", "g": 1, "c": "pick:0:100"},
        {"v": 1, "op": "answer", "id": "s", "g": 1, "c": "pick:-1:0"},
        {"v": 1, "op": "answer", "id": "s", "g": 1, "c": "yes"},
    ],
)
def test_what_no_button_of_ours_sends_is_malformed(value: object) -> None:
    assert isinstance(parse(value), Malformed)


@pytest.mark.parametrize(
    "form",
    [
        "text",
        {"q0": 1},
        {"q0": ["x"]},
        {"q0": ["1"] * 101},
        {"q0": {"a": "b"}},
        {"t0": ["a"]},
        {"reason": "x" * 10_001},
        {"text": True},
    ],
)
def test_a_form_of_another_shape_is_malformed(form: object) -> None:
    assert isinstance(parse(values.answer_value(ID, 1, Press.FORM), form), Malformed)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)
FIELDS = st.sampled_from(["v", "op", "id", "g", "c", "q0", "t0", "reason", "text", "x"])


@pytest.mark.parametrize(
    "change",
    [
        {"b": ""},
        {"b": 7},
        {"b": "../x"},
        {"id": ""},
        {"id": "a/../b"},
        {"key": 42},
        {"key": "42"},
        {"key": "-1:2"},
        {"key": "1:2;3"},
    ],
)
def test_a_forged_button_of_a_desk_conversation_is_malformed(change: dict[str, object]) -> None:
    value = {**values.desk_value(DeskOp.TAKE_OVER, "claude", ID, "42:9"), **change}
    assert isinstance(parse(value), Malformed)


HINTS = st.sampled_from([1, "answer", "late", "stop", "drop", "switch", "allow", "form", "pick:0:0", ID, ["0"], "0"])


@given(
    st.one_of(JSON, st.dictionaries(FIELDS, HINTS | JSON)),
    st.one_of(JSON, st.dictionaries(FIELDS, HINTS | JSON)),
)
def test_reading_a_click_never_raises(value: Any, form: Any) -> None:
    parse(value, form)


# What a click means for a request


def test_a_permission_is_allowed_or_denied() -> None:
    request = ask(RequestKind.CONFIRM, rule="Bash(ls:*)")
    assert answer_of(request, clicked("allow")) == Answer(verdict=Verdict.ALLOW)
    assert answer_of(request, clicked("allow_rule")) == Answer(verdict=Verdict.ALLOW_RULE)
    assert answer_of(request, clicked("deny")) == Answer(verdict=Verdict.DENY)
    assert answer_of(request, clicked("deny", {"reason": "use npm"})) == Answer(verdict=Verdict.DENY, text="use npm")


def test_a_button_that_the_request_never_had_answers_nothing() -> None:
    assert answer_of(ask(RequestKind.CONFIRM), clicked("allow_rule")) is None
    assert answer_of(ask(RequestKind.CONFIRM), clicked("allow_edits")) is None
    assert answer_of(ask(RequestKind.PLAN), clicked("allow_rule")) is None
    assert answer_of(ask(RequestKind.INPUT), clicked("allow")) is None
    for choice in ("allow", "deny", "allow_rule", "allow_edits"):
        assert answer_of(ask(RequestKind.CHOICE, Question(text="?", options=OPTIONS)), clicked(choice)) is None


def test_a_plan_is_approved_with_or_without_its_edits_or_kept_being_planned() -> None:
    request = ask(RequestKind.PLAN)
    assert answer_of(request, clicked("allow")) == Answer(verdict=Verdict.ALLOW)
    assert answer_of(request, clicked("allow_edits")) == Answer(verdict=Verdict.ALLOW_EDITS)
    assert answer_of(request, clicked("deny", {"reason": "smaller"})) == Answer(verdict=Verdict.DENY, text="smaller")


def test_one_tap_picks_an_option_of_the_only_question() -> None:
    question = Question(text="?", options=OPTIONS)
    assert answer_of(ask(RequestKind.CHOICE, question), clicked("pick:0:1")) == Answer(
        verdict=Verdict.ANSWER, picks=(("SQLite",),)
    )
    for wrong in ("pick:0:2", "pick:1:0"):
        assert answer_of(ask(RequestKind.CHOICE, question), clicked(wrong)) is None
    assert answer_of(ask(RequestKind.CHOICE, question, question), clicked("pick:0:1")) is None


def test_a_form_answers_every_question_or_none() -> None:
    request = ask(
        RequestKind.CHOICE,
        Question(text="one", options=OPTIONS),
        Question(text="many", options=OPTIONS, multiple=True),
        Question(text="only these", options=OPTIONS, free_text=False),
    )
    whole: dict[str, object] = {"t0": "MySQL", "q1": ["0", "1"], "t1": "more", "q2": "0"}
    assert answer_of(request, clicked("form", whole)) == Answer(
        verdict=Verdict.ANSWER, picks=(("MySQL",), ("Postgres", "SQLite", "more"), ("Postgres",))
    )
    changes: tuple[dict[str, object], ...] = ({"q2": ""}, {"q2": "7"}, {"q2": ["0", "1"]}, {"t2": "own"}, {"t0": " "})
    for change in changes:
        assert answer_of(request, clicked("form", {**whole, **change})) is None


def test_an_input_takes_what_was_written() -> None:
    assert answer_of(ask(RequestKind.INPUT), clicked("form", {"text": "8080"})) == Answer(
        verdict=Verdict.ANSWER, text="8080"
    )
    assert answer_of(ask(RequestKind.INPUT), clicked("form", {"text": "  "})) is None


@pytest.mark.parametrize("also", ["x", 1, {}, [1], ["a b"], ["a"] * 51, [["a"]], [""]])
def test_further_requests_that_are_none_are_malformed(also: object) -> None:
    assert isinstance(parse({**answer_value("r1", 1, "allow"), "also": also}), Malformed)


@pytest.mark.parametrize(
    "wrong",
    [
        {"mode": ""},
        {"mode": "a b"},
        {"mode": 1},
        {"id": ""},
        {"offer": ""},
        {"offer": 1},
        {"at": "1"},
        {"at": True},
        {"at": -1},
        {"at": 10**30},
        {"g": -1},
        {"g": "15"},
    ],
)
def test_a_mode_that_is_none_is_malformed(wrong: dict[str, object]) -> None:
    value = mode_value("fizz-top", "plan", minutes=15, offer="o1", offered_at=1)
    assert not isinstance(parse(value), Malformed)
    assert isinstance(parse({**value, **wrong}), Malformed)
