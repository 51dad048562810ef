"""What a person reads and can press on the card of a request."""

import json
import re
from dataclasses import replace
from datetime import UTC, timedelta, timezone
from typing import Any

import pytest

from phonework.channels.cards.answers import answer_of
from phonework.channels.cards.clicks import AnswerClick
from phonework.channels.cards.parts import MAX_BYTES, Card, size_bytes
from phonework.channels.cards.reading import parse
from phonework.channels.cards.request import request_card, request_file
from phonework.fsm.replies import interpret
from phonework.fsm.types import (
    Answer,
    Ask,
    Option,
    Question,
    Request,
    RequestId,
    RequestKind,
    RequestStatus,
    Scope,
    Sentence,
    State,
    UserId,
    Verdict,
)
from phonework.testing.taps import find_action
from phonework.testing.views import a_choice, a_request, a_session, an_ask

OPTIONS = (Option(label="Postgres", description="as in production"), Option(label="SQLite"))
ONE = Question(text="Which database?", options=OPTIONS)
MANY = Question(text="Which checks?", header="Checks", options=OPTIONS, multiple=True)
BEIJING = timezone(timedelta(hours=8))


def said(card: Card) -> str:
    return json.dumps(card, ensure_ascii=False)


def values(card: Card) -> dict[str, Any]:
    """What each button sends, by its label."""
    found: dict[str, Any] = {}

    def look(node: object) -> None:
        if isinstance(node, dict):
            if node.get("tag") == "button":
                found[node["text"]["content"]] = node["behaviors"][0]["value"]
            for each in node.values():
                look(each)
        elif isinstance(node, list):
            for each in node:
                look(each)

    look(card)
    return found


def answered(ask: Ask, card: Card, label: str, form: dict[str, object] | None = None) -> Answer | None:
    click = parse(values(card)[label], form)
    assert isinstance(click, AnswerClick)
    return answer_of(ask, click)


def test_a_permission_shows_the_command_and_the_rule_in_full_and_five_ways_to_answer() -> None:
    ask = an_ask(
        command="npm test -- --watch=false",
        rule="Bash(npm test:*)",
        scopes=(Scope.SESSION, Scope.ALWAYS),
        kept_in=".claude/settings.local.json",
    )
    card = request_card(a_request(ask), "en", tz=UTC)
    assert ".claude/settings.local.json" in said(card)
    assert "everything that begins with `npm test`" in said(card)
    assert answered(ask, card, "Allow for this session") == Answer(verdict=Verdict.ALLOW_SESSION)
    assert "npm test -- --watch=false" in said(card)
    assert "Bash(npm test:*)" in said(card)
    assert answered(ask, card, "Allow") == Answer(verdict=Verdict.ALLOW)
    assert answered(ask, card, "Always allow") == Answer(verdict=Verdict.ALLOW_RULE)
    assert answered(ask, card, "Deny") == Answer(verdict=Verdict.DENY)
    reason: dict[str, object] = {"reason": "use pnpm"}
    assert answered(ask, card, "Deny with reason", reason) == Answer(verdict=Verdict.DENY, text="use pnpm")


def test_the_emulators_way_of_pressing_finds_the_form() -> None:
    card = request_card(a_request(), "en", tz=UTC)
    action = find_action(card, "Deny with reason", form={"reason": "not now"})
    assert parse(action["value"], action["form_value"]) == parse(
        values(card)["Deny with reason"], {"reason": "not now"}
    )


def test_always_is_offered_only_with_a_rule() -> None:
    assert "Always allow" not in values(request_card(a_request(), "en"))


def test_only_what_a_rule_can_be_is_offered() -> None:
    fleeting = values(request_card(a_request(an_ask(rule="Read(//tmp/**)", scopes=(Scope.SESSION,))), "en"))
    assert "Allow for this session" in fleeting
    assert "Always allow" not in fleeting
    endless = values(request_card(a_request(an_ask(rule=f"Bash({'x' * 1_000})")), "en"))
    assert "Always allow" not in endless


def test_a_broad_rule_is_marked() -> None:
    assert "This rule is broad" in said(request_card(a_request(an_ask(command="rm x", rule="Bash(rm:*)")), "en"))
    assert "This rule is broad" not in said(request_card(a_request(an_ask(rule="Bash(npm test:*)")), "en"))


def test_danger_is_marked_and_still_decided_by_the_person() -> None:
    card = request_card(a_request(an_ask(command="git push --force")), "en")
    assert "overwrites commits" in said(card)
    assert {"Allow", "Deny"} <= set(values(card))


def test_times_are_those_of_the_person() -> None:
    assert "20:05" in said(request_card(a_request(), "zh", tz=BEIJING))
    assert "12:05" in said(request_card(a_request(), "zh", tz=UTC))


@pytest.mark.parametrize(
    ("ask", "how"),
    [
        (an_ask(), "好 / 不"),
        (an_ask(rule="r"), "好 / 总是 / 不"),
        (an_ask(rule="r", scopes=(Scope.SESSION,)), "好 / 会话 / 不"),
        (an_ask(rule="r", scopes=(Scope.SESSION, Scope.ALWAYS)), "好 / 会话 / 总是 / 不"),
        (an_ask(RequestKind.PLAN, plan="p"), "好 / 自动 / 不"),
        (an_ask(RequestKind.INPUT), "直接发消息回答"),
        (a_choice(ONE), "序号、选项原文"),
        (a_choice(MANY), "1、3"),
        (a_choice(ONE, MANY), "2 个问题，每行回答一个"),
    ],
)
def test_each_open_question_says_how_to_answer_by_typing(ask: Ask, how: str) -> None:
    assert how in said(request_card(a_request(ask), "zh"))


def test_few_options_are_one_tap_away_and_own_words_in_a_form() -> None:
    ask = a_choice(ONE)
    card = request_card(a_request(ask), "en")
    assert answered(ask, card, "2. SQLite") == Answer(verdict=Verdict.ANSWER, picks=(("SQLite",),))
    assert answered(ask, card, "Send", {"t0": "MySQL"}) == Answer(verdict=Verdict.ANSWER, picks=(("MySQL",),))
    assert "as in production" in said(card)


def test_several_questions_share_one_form() -> None:
    ask = a_choice(ONE, MANY)
    card = request_card(a_request(ask), "en")
    action = find_action(card, "Send", form={"q0": "0", "q1": ["0", "1"]})
    click = parse(action["value"], action["form_value"])
    assert isinstance(click, AnswerClick)
    assert answer_of(ask, click) == Answer(verdict=Verdict.ANSWER, picks=(("Postgres",), ("Postgres", "SQLite")))


def test_own_words_are_offered_only_where_they_count() -> None:
    assert '"t0"' not in said(request_card(a_request(a_choice(replace(ONE, free_text=False))), "en"))


def test_a_plan_can_be_approved_in_two_ways_or_sent_back() -> None:
    ask = an_ask(RequestKind.PLAN, plan="1. test\n2. fix")
    card = request_card(a_request(ask), "en")
    assert answered(ask, card, "Approve") == Answer(verdict=Verdict.ALLOW)
    assert answered(ask, card, "Approve, auto edits") == Answer(verdict=Verdict.ALLOW_EDITS)
    back = answered(ask, card, "Keep planning", {"reason": "smaller"})
    assert back == Answer(verdict=Verdict.DENY, text="smaller")


def test_an_answer_on_its_way_is_not_called_allowed_until_the_agent_has_it() -> None:
    recorded = request_card(a_request(status=RequestStatus.ANSWERED), "en", tz=UTC)
    delivered = request_card(a_request(status=RequestStatus.DELIVERED), "en", tz=UTC)
    assert "on its way to the agent" in said(recorded)
    assert "allowed" not in said(recorded)
    assert "allowed" in said(delivered)
    for card in (recorded, delivered):
        assert "12:02 You" in said(card)
        assert not values(card)


def test_a_private_card_speaks_to_the_one_it_was_sent_to() -> None:
    view = a_request(status=RequestStatus.DELIVERED)
    assert "12:02 You" in said(request_card(view, "en", tz=UTC))
    assert "ou_mia" not in said(request_card(view, "en", tz=UTC))


def test_in_a_group_the_card_names_who_is_asked() -> None:
    card = request_card(a_request(person=UserId("ou_mia")), "en")
    assert card["body"]["elements"][0]["content"] == (  # type: ignore[index]
        "<at id=ou_mia></at>, your answer is needed:\n**Run the tests**"
    )
    assert "mention me in what you type" in said(card)
    assert "you" not in json.dumps(card["header"], ensure_ascii=False)


@pytest.mark.parametrize("kind", RequestKind)
@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_heading_of_a_card_in_a_group_calls_nobody_you(kind: RequestKind, language: str) -> None:
    header = json.dumps(
        request_card(a_request(an_ask(kind), person=UserId("ou_mia")), language)["header"], ensure_ascii=False
    )
    assert not re.search(r"\byou\b|你", header)


@pytest.mark.parametrize("status", [RequestStatus.ANSWERED, RequestStatus.DELIVERED, RequestStatus.RESUMED])
def test_in_a_group_the_card_names_who_answered(status: RequestStatus) -> None:
    words = said(request_card(a_request(status=status, person=UserId("ou_mia")), "en", tz=UTC))
    assert "12:02 <at id=ou_mia></at>: “Allow”" in words
    assert "your answer is needed" not in words
    assert "You" not in words


def test_what_is_no_id_calls_nobody() -> None:
    words = said(request_card(a_request(person=UserId("x></at><at id=all")), "en"))
    assert "<at" not in words


def test_a_denial_shows_its_reason() -> None:
    view = a_request(status=RequestStatus.DELIVERED, answer=Answer(verdict=Verdict.DENY, text="use pnpm"))
    assert "denied" in said(request_card(view, "en"))
    assert "use pnpm" in said(request_card(view, "en"))


@pytest.mark.parametrize(
    ("language", "reads"),
    [("en", "Make it (in the background · by a subagent)"), ("zh", "Make it（在后台运行 · 由子智能体提出）")],
)
def test_what_changes_the_meaning_of_a_call_is_said_in_the_persons_language(language: str, reads: str) -> None:
    notes = (Sentence(key="claude.in_background"), Sentence(key="claude.by_subagent"))
    view = a_request()
    ask = replace(view.request.ask, prompt="Make it", notes=notes)
    card = request_card(replace(view, request=replace(view.request, ask=ask)), language)

    assert reads in said(card)
    assert reads in str(card["config"])


def test_a_plan_is_asked_about_in_the_persons_language() -> None:
    view = a_request()
    ask = replace(
        view.request.ask, kind=RequestKind.PLAN, prompt="Is this plan good?", sentence=Sentence(key="claude.plan_good")
    )
    words = said(request_card(replace(view, request=replace(view.request, ask=ask)), "zh"))

    assert "这个计划可以吗？" in words
    assert "Is this plan good?" not in words


@pytest.mark.parametrize(
    ("more", "language", "ends"),
    [
        ({"command": "rm -rf build"}, "en", "refused and not run."),
        ({"command": "rm -rf build"}, "zh", "已拒绝，没有运行。"),
        ({"command": "", "path": "a.py"}, "en", "refused and not done."),
        ({"command": "", "path": "a.py"}, "zh", "已拒绝，没有执行。"),
    ],
)
def test_a_denial_says_that_it_was_not_done(more: dict[str, str], language: str, ends: str) -> None:
    """That the agent "has it" is said of answers alone."""
    view = a_request(status=RequestStatus.DELIVERED, answer=Answer(verdict=Verdict.DENY))
    view = replace(view, request=replace(view.request, ask=replace(view.request.ask, **more)))
    words = said(request_card(view, language))

    assert ends in words
    assert "has it" not in words
    assert "已收到" not in words


@pytest.mark.parametrize("status", [RequestStatus.EXPIRED, RequestStatus.VOID])
def test_what_was_not_answered_in_time_can_be_answered_and_resumed(status: RequestStatus) -> None:
    card = request_card(a_request(status=status), "en")
    assert values(card)["Allow and resume"] == {
        "v": 1,
        "op": "late",
        "id": a_request().request.request_id,
        "g": 7,
        "c": "allow",
    }
    assert "Deny and resume" in values(card)
    closed = a_request(status=status, session=a_session(state=State.CLOSED))
    assert not values(request_card(closed, "en"))


@pytest.mark.parametrize(
    ("state", "language", "words"),
    [
        (State.IDLE, "en", "not known whether the agent got it. Look at what was done before you answer again"),
        (State.IDLE, "zh", "请先看看做了什么"),
        (State.CLOSED, "en", "not known whether the agent got it. The session is closed."),
        (State.CLOSED, "zh", "会话已关闭"),
    ],
)
def test_of_an_answer_whose_fate_nobody_knows_nothing_is_claimed(state: State, language: str, words: str) -> None:
    view = a_request(status=RequestStatus.VOID, answer=Answer(verdict=Verdict.ALLOW), session=a_session(state=state))
    card = request_card(replace(view, unknown=True), language)

    assert words in said(card)
    assert "never got" not in said(card)
    assert "没有得到" not in said(card)
    assert bool(values(card)) is (state is State.IDLE)


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (RequestStatus.QUEUED, "in line"),
        (RequestStatus.REFUSED, "counts as a no"),
        (RequestStatus.WITHDRAWN, "no longer needs"),
        (RequestStatus.RESUMED, "A new turn carries this decision"),
    ],
)
def test_what_is_over_says_what_became_of_it(status: RequestStatus, words: str) -> None:
    card = request_card(a_request(status=status), "en")
    assert words in said(card)
    assert not values(card)


def test_a_command_that_fits_is_whole_and_sends_no_file() -> None:
    ask = an_ask(command="\n".join(f"echo {number}" for number in range(500)))
    assert all(f"echo {number}" in said(request_card(a_request(ask), "en")) for number in (0, 250, 499))
    assert request_file(a_request(ask), "en") is None


def test_a_huge_command_shows_head_and_tail_and_comes_whole_as_a_file() -> None:
    command = "echo first\n" + "echo middle\n" * 5_000 + "rm -rf last"
    view = a_request(an_ask(command=command))
    card = request_card(view, "en")
    assert "echo first" in said(card)
    assert "rm -rf last" in said(card)
    assert "bytes left out" in said(card)
    assert "deletes files" in said(card)
    assert size_bytes(card) <= MAX_BYTES
    assert request_file(view, "en") == ("command.sh", command.encode())


def test_hidden_characters_in_a_command_are_written_out() -> None:
    card = request_card(a_request(an_ask(command="rm \u202egpj.txt\x1b")), "en")
    assert "⟨U+202E⟩" in said(card)
    assert "␛" in said(card)


def test_answers_to_several_questions_stand_beside_what_they_answer() -> None:
    answer = Answer(verdict=Verdict.ANSWER, picks=(("SQLite",), ("Lint", "Types")))
    card = request_card(a_request(a_choice(ONE, MANY), RequestStatus.DELIVERED, answer=answer), "en")

    assert r"- Which database? **SQLite**\n- Which checks? **Lint, Types**" in said(card)
    one = request_card(
        a_request(a_choice(ONE), RequestStatus.DELIVERED, answer=replace(answer, picks=(("SQLite",),))), "en"
    )
    assert "**SQLite**" not in said(one)


def test_too_many_questions_are_answered_by_typing() -> None:
    ask = a_choice(*(replace(ONE, text=f"Question {number}") for number in range(12)))
    card = request_card(a_request(ask), "en")
    assert not values(card)
    assert "Answer by typing one message of 12 lines: the first line answers question 1" in said(card)
    assert "Or type" not in said(card)
    for number in range(12):
        assert f"Question {number + 1}/12" in said(card)
    typed = "\n".join("2" if number % 2 else "my own words" for number in range(12))
    answer = interpret(ask, typed)
    assert answer is not None
    assert answer.picks[:2] == (("my own words",), ("SQLite",))
    assert interpret(ask, typed + "\none too many") is None


@pytest.mark.parametrize(
    ("multiple", "typed", "picks"), [(False, "100", ("Option 100",)), (True, "7, 100", ("Option 7", "Option 100"))]
)
@pytest.mark.parametrize("free_text", [True, False])
def test_too_many_options_are_answered_by_typing(
    multiple: bool, typed: str, picks: tuple[str, ...], free_text: bool
) -> None:
    options = tuple(Option(label=f"Option {number}") for number in range(1, 101))
    ask = a_choice(Question(text="Which?", options=options, multiple=multiple, free_text=free_text))
    card = request_card(a_request(ask), "en")
    assert not values(card)
    assert "**100. Option 100**" in said(card)
    assert "too much for a form. Answer by typing" in said(card)
    assert ("your own words" in said(card)) is free_text
    answer = interpret(ask, typed)
    assert answer is not None
    assert answer.picks == (picks,)


def test_too_late_for_a_form_too_large_the_agent_can_still_be_told() -> None:
    ask = a_choice(*(replace(ONE, text=f"Question {number}") for number in range(12)))
    assert "To go on, tell the agent in a message" in said(request_card(a_request(ask, RequestStatus.EXPIRED), "en"))


def test_questions_that_do_not_fit_come_as_a_file() -> None:
    ask = a_choice(*(replace(ONE, text=f"Question {number} " + "x" * 1_900) for number in range(30)))
    view = a_request(ask)
    name, content = request_file(view, "en") or ("", b"")
    assert name == "questions.md"
    assert b"Question 30/30" in content
    assert "sent as a file" in said(request_card(view, "en"))
    assert size_bytes(request_card(view, "en")) <= MAX_BYTES
    assert request_file(a_request(a_choice(*(ONE,) * 9)), "en") is None


def test_those_behind_are_counted() -> None:
    assert "2 more waiting" in said(request_card(a_request(behind=2), "en"))


def test_a_form_is_headed_by_its_size_where_the_first_question_would_stand_twice() -> None:
    card = request_card(a_request(a_choice(ONE, MANY, prompt=ONE.text)), "en")
    assert "2 questions" in said(card)
    assert json.dumps(card["body"]).count(ONE.text) == 1


def test_only_a_tool_that_wants_to_run_is_named_with_the_session() -> None:
    assert '"Bash · fizz-top"' in said(request_card(a_request(), "en"))
    plan = an_ask(RequestKind.PLAN, tool="ExitPlanMode")
    assert "ExitPlanMode" not in said(request_card(a_request(plan), "en"))


def behind(number: int, command: str) -> Request:
    ask = an_ask(request_id=RequestId(f"{number:032x}"), command=command, prompt=f"Number {number}")
    return a_request(ask, RequestStatus.QUEUED).request


def test_those_behind_are_shown_in_full_and_named_by_one_tap_for_all() -> None:
    others = (behind(2, "touch two"), behind(3, "rm -rf three"))
    card = request_card(a_request(together=others, behind=3), "en")

    assert "touch two" in said(card)
    assert "rm -rf three" in said(card)
    assert "deletes files" in said(card)
    assert "1 more waiting behind" in said(card)
    click = parse(values(card)["Allow all 3"])
    assert isinstance(click, AnswerClick)
    assert click.also == tuple(one.request_id for one in others)
    assert answer_of(an_ask(), click) == Answer(verdict=Verdict.ALLOW)
    assert values(card)["Deny all 3"] == {**values(card)["Deny"], "also": list(click.also)}
    assert "also" not in values(card)["Allow"], "the single buttons are for the one"


def test_what_does_not_fit_in_full_is_not_shown_and_not_answered_along() -> None:
    card = request_card(a_request(together=(behind(2, "x" * 30_000),), behind=1), "en")

    assert "Number 2" not in said(card)
    assert not any("all" in label for label in values(card))
    assert size_bytes(card) <= MAX_BYTES


def test_afterwards_the_card_says_what_became_of_each() -> None:
    others = tuple(
        replace(behind(number, f"touch {number}"), status=RequestStatus.DELIVERED, answer=Answer(verdict=Verdict.ALLOW))
        for number in (2, 3)
    )
    card = request_card(a_request(status=RequestStatus.DELIVERED, together=others), "en")

    assert "touch 2: allowed" in said(card)
    assert values(card) == {}
