from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from phonework.fsm.replies import interpret, is_no, is_yes
from phonework.fsm.types import Answer, Ask, Option, Question, RequestId, RequestKind, Scope, Verdict

ALLOW = Answer(verdict=Verdict.ALLOW)
RULE = Answer(verdict=Verdict.ALLOW_RULE)
SESSION = Answer(verdict=Verdict.ALLOW_SESSION)
EDITS = Answer(verdict=Verdict.ALLOW_EDITS)
DENY = Answer(verdict=Verdict.DENY)
DATABASES = (Option(label="Postgres"), Option(label="SQLite"), Option(label="8080"))


def ask(kind: RequestKind, *questions: Question, rule: str = "") -> Ask:
    return Ask(
        request_id=RequestId("0" * 32),
        kind=kind,
        agent_ref="toolu_1",
        fingerprint="f",
        prompt="Run this?",
        rule=rule,
        questions=questions,
    )


CONFIRM = ask(RequestKind.CONFIRM)
RULED = ask(RequestKind.CONFIRM, rule="Bash(npm test:*)")
PLAN = ask(RequestKind.PLAN)
SINGLE = ask(RequestKind.CHOICE, Question(text="Which?", options=DATABASES))
CLOSED = ask(RequestKind.CHOICE, Question(text="Which?", options=DATABASES, free_text=False))
MANY = ask(RequestKind.CHOICE, Question(text="Which?", options=DATABASES, multiple=True))
TWO = ask(RequestKind.CHOICE, Question(text="Which?", options=DATABASES), Question(text="Name?"))


def denied(text: str) -> Answer:
    return Answer(verdict=Verdict.DENY, text=text)


def picked(*picks: tuple[str, ...]) -> Answer:
    return Answer(verdict=Verdict.ANSWER, picks=picks)


@pytest.mark.parametrize(
    "word", ["y", "YES", " ok. ", "好", "好的！", "可以", "同意", "ＯＫ", "👍", "go ahead", "没问题。"]
)
def test_known_words_of_agreement_allow(word: str) -> None:
    assert is_yes(word)
    assert interpret(CONFIRM, word) == ALLOW
    assert interpret(PLAN, word) == ALLOW


@pytest.mark.parametrize("word", ["n", "No!", "不", "别", "拒绝", "不行。", "don’t", "取消"])
def test_known_words_of_refusal_deny_without_a_reason(word: str) -> None:
    assert is_no(word)
    assert interpret(CONFIRM, word) == DENY
    assert interpret(PLAN, word) == DENY


@pytest.mark.parametrize("word", ["always", "总是允许", "Always allow."])
def test_always_takes_the_rule_only_if_one_is_proposed(word: str) -> None:
    assert interpret(RULED, word) == RULE
    assert interpret(CONFIRM, word) == ALLOW


BOTH = replace(RULED, scopes=(Scope.SESSION, Scope.ALWAYS))
FLEETING = replace(RULED, scopes=(Scope.SESSION,))


@pytest.mark.parametrize("word", ["session", "For this session.", "本次会话", "本次会话都允许"])
def test_a_rule_for_the_session_is_taken_only_if_it_can_be_made(word: str) -> None:
    assert interpret(BOTH, word) == SESSION
    assert interpret(RULED, word) == denied(word)
    assert interpret(CONFIRM, word) == denied(word)


def test_where_a_rule_cannot_hold_for_good_always_allows_less() -> None:
    assert interpret(BOTH, "always") == RULE
    assert interpret(FLEETING, "always") == SESSION


def test_a_rule_too_long_to_be_shown_is_not_agreed_to() -> None:
    endless = replace(BOTH, rule=f"Bash({'x' * 1_000})")
    assert interpret(endless, "always") == ALLOW
    assert interpret(endless, "session") == denied("session")


@pytest.mark.parametrize(
    "text",
    [
        "yes but use npm",
        "ok?",
        "可以吗？",
        "好，但是先备份",
        "not yes",
        "no, yes",
        "yes no",
        "don't allow",
        "use pnpm",
        "y\nn",
        "为什么要这样",
        "yes\u200b",
    ],
)
def test_anything_else_said_to_a_permission_is_a_no_with_feedback(text: str) -> None:
    assert interpret(CONFIRM, text) == denied(text)
    assert interpret(PLAN, text) == denied(text)


@pytest.mark.parametrize("text", ["", "   ", "。", "1", "2", "１", "\n"])
def test_nothing_and_bare_numbers_decide_nothing_about_a_permission(text: str) -> None:
    assert interpret(RULED, text) is None
    assert interpret(PLAN, text) is None


@pytest.mark.parametrize("word", ["auto", "自动", "Auto-edits"])
def test_auto_approves_a_plan_with_its_edits_and_no_command(word: str) -> None:
    assert interpret(PLAN, word) == EDITS
    assert interpret(CONFIRM, word) == denied(word)


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("1", picked(("Postgres",))),
        ("２", picked(("SQLite",))),
        ("②", picked(("SQLite",))),
        ("2.", picked(("SQLite",))),
        ("postgres", picked(("Postgres",))),
        ("8080", picked(("8080",))),
        ("4", None),
        ("0", None),
        ("1,2", None),
        ("MySQL, please", picked(("MySQL, please",))),
        ("9090", picked(("9090",))),
        ("100", picked(("100",))),
        ("  ", None),
    ],
)
def test_a_single_choice_takes_a_number_an_option_or_own_words(text: str, answer: Answer | None) -> None:
    assert interpret(SINGLE, text) == answer


@pytest.mark.parametrize("text", ["MySQL", "yes", "4", "Postgres SQLite"])
def test_own_words_answer_only_where_they_are_wanted(text: str) -> None:
    assert interpret(CLOSED, text) is None


@pytest.mark.parametrize(
    "text", ["1,2", "1、2", "1 2", "1和2", "1 and 2", "Postgres, sqlite", "1，SQLite", "1, 2, 1", "postgres\nSQLite"]
)
def test_several_are_chosen_in_many_ways(text: str) -> None:
    assert interpret(MANY, text) == picked(("Postgres", "SQLite"))


def test_a_number_out_of_range_among_several_chooses_nothing() -> None:
    assert interpret(MANY, "1,9") is None
    assert interpret(MANY, "Postgres and redis") == picked(("Postgres and redis",))


def test_several_questions_take_one_line_each() -> None:
    assert interpret(TWO, "2\nshop") == picked(("SQLite",), ("shop",))
    assert interpret(TWO, "2\n\n shop \n") == picked(("SQLite",), ("shop",))
    assert interpret(TWO, "2") is None
    assert interpret(TWO, "2\nshop\nmore") is None


def test_options_that_differ_only_in_case_need_the_exact_text() -> None:
    question = Question(text="?", options=(Option(label="A"), Option(label="a")), free_text=False)
    assert interpret(ask(RequestKind.CHOICE, question), "a") == picked(("a",))
    assert interpret(ask(RequestKind.CHOICE, question), "ａ") is None


def test_an_input_takes_any_text() -> None:
    assert interpret(ask(RequestKind.INPUT), " 8080 ") == Answer(verdict=Verdict.ANSWER, text="8080")
    assert interpret(ask(RequestKind.INPUT), " ") is None


# An approval never happens by accident

AGREEING = frozenset({Verdict.ALLOW, Verdict.ALLOW_SESSION, Verdict.ALLOW_RULE, Verdict.ALLOW_EDITS})
KNOWN = ("y", "yes", "ok", "好", "可以", "同意", "session", "本次会话", "always", "总是允许", "auto", "自动")


@given(st.text(), st.sampled_from([CONFIRM, RULED, PLAN, SINGLE, CLOSED, MANY, TWO]))
@example("ẞ", CONFIRM)
def test_reading_never_raises_and_a_choice_is_never_an_approval(text: str, request: Ask) -> None:
    answer = interpret(request, text)
    if answer is not None and request.kind is RequestKind.CHOICE:
        assert answer.verdict is Verdict.ANSWER
        assert len(answer.picks) == len(request.questions)
        assert all(answer.picks)


@given(st.sampled_from(KNOWN), st.text(st.characters(categories=["L", "N"]), min_size=1), st.booleans())
def test_a_known_word_with_any_other_word_is_no_approval(word: str, other: str, before: bool) -> None:
    joined = f"{other} {word}" if before else f"{word} {other}"
    for request in (CONFIRM, RULED, BOTH, PLAN):
        answer = interpret(request, joined)
        if joined.strip().casefold() not in {"yes always", "yes auto"}:
            assert answer is not None
            assert answer.verdict is Verdict.DENY
            assert answer.text == joined.strip()


@given(st.text(st.characters(categories=["N", "P", "S", "Z", "C"], exclude_characters="👍👌✅")))
def test_no_text_without_a_word_approves(text: str) -> None:
    for request in (CONFIRM, RULED, PLAN):
        answer = interpret(request, text)
        assert answer is None or answer.verdict is Verdict.DENY
