"""A tool call becomes a question in full; only an explicit yes lets it pass."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from phonework.backends.claude import asks
from phonework.backends.claude.asks import Allow, Call, Deny
from phonework.fsm.types import Answer, RequestKind, Scope, Verdict

RULE = {
    "type": "addRules",
    "rules": [{"toolName": "Bash", "ruleContent": "touch x1 *"}],
    "behavior": "allow",
    "destination": "localSettings",
}
MODE = {"type": "setMode", "mode": "acceptEdits", "destination": "session"}
DIRECTORY = {"type": "addDirectories", "directories": ["/home/dev/project"], "destination": "session"}
QUESTION = {"question": "Which?", "header": "H", "multiSelect": True, "options": [{"label": "A", "description": "a"}]}


def bash(**more: Any) -> Call:
    fields = {"command": "touch x1", **more.pop("tool_input", {})}
    return Call(tool="Bash", tool_input=fields, tool_use_id="toolu_1", **more)


def question(*questions: dict[str, Any]) -> Call:
    return Call(tool="AskUserQuestion", tool_input={"questions": list(questions)}, tool_use_id="toolu_1")


def test_the_rule_proposed_is_shown_as_the_agent_writes_it() -> None:
    whole = {**RULE, "rules": [{"toolName": "WebFetch"}]}

    assert asks.ask(bash(suggestions=(DIRECTORY, RULE, MODE))).rule == "Bash(touch x1 *)"
    assert asks.ask(bash(suggestions=(RULE, whole))).rule == "Bash(touch x1 *), WebFetch"
    assert not asks.ask(bash(suggestions=(MODE, {**RULE, "behavior": "deny"}))).rule


def test_always_allow_returns_the_rules_and_nothing_else() -> None:
    """The other suggestions would switch the session to accepting every edit."""
    asked = asks.ask(bash(suggestions=(DIRECTORY, RULE, MODE)))

    assert asks.decision(asked, Answer(verdict=Verdict.ALLOW_RULE), {"command": "touch x1"}) == Allow(
        tool_input={"command": "touch x1"}, updates=(RULE,)
    )
    assert asks.decision(asked, Answer(verdict=Verdict.ALLOW), {}) == Allow(tool_input={}, updates=())


def test_for_the_session_the_same_rules_are_returned_and_kept_nowhere() -> None:
    asked = asks.ask(bash(suggestions=(DIRECTORY, RULE, MODE)))

    assert asks.decision(asked, Answer(verdict=Verdict.ALLOW_SESSION), {"command": "touch x1"}) == Allow(
        tool_input={"command": "touch x1"}, updates=({**RULE, "destination": "session"},)
    )


def test_only_a_rule_that_is_written_somewhere_is_offered_for_good() -> None:
    kept = asks.ask(bash(suggestions=(RULE,)))
    fleeting = asks.ask(bash(suggestions=({**RULE, "destination": "session"},)))

    assert (kept.offered, kept.kept_in) == ((Scope.SESSION, Scope.ALWAYS), ".claude/settings.local.json")
    assert (fleeting.offered, fleeting.kept_in) == ((Scope.SESSION,), "")
    assert asks.ask(bash()).offered == ()


def test_the_fingerprint_is_of_the_whole_input_in_any_order() -> None:
    one = asks.fingerprint("Bash", {"command": "a", "description": "b"})

    assert one == asks.fingerprint("Bash", {"description": "b", "command": "a"})
    assert one != asks.fingerprint("Bash", {"command": "a", "description": "c"})
    assert one != asks.fingerprint("Shell", {"command": "a", "description": "b"})


def test_what_changes_the_meaning_of_a_command_is_said() -> None:
    asked = asks.ask(
        bash(
            description="Make it",
            by_subagent=True,
            tool_input={"run_in_background": True, "dangerouslyDisableSandbox": True},
        )
    )

    assert asked.prompt == "Make it"
    assert [one.key for one in asked.notes] == ["claude.in_background", "claude.outside_sandbox", "claude.by_subagent"]


def test_an_unknown_tool_is_shown_with_its_whole_input() -> None:
    asked = asks.ask(Call(tool="mcp__mail__send", tool_input={"to": "a@b", "body": "中文\nx" * 5000}, tool_use_id="t"))

    assert json.loads(asked.input_json) == {"to": "a@b", "body": "中文\nx" * 5000}
    assert asked.prompt == "mcp__mail__send"
    assert not asked.command


def test_a_diff_takes_the_place_of_the_input() -> None:
    call = Call(tool="Edit", tool_input={"file_path": "/a"}, tool_use_id="t", diff="--- a\n+++ b\n")

    asked = asks.ask(call)

    assert (asked.diff, asked.input_json, asked.path) == ("--- a\n+++ b\n", "", "/a")


@pytest.mark.parametrize(
    "damaged",
    [{}, {"question": "Which?"}, {"question": "Which?", "options": None}, {"question": "Which?", "options": [1]}],
)
def test_questions_of_an_unknown_shape_are_shown_as_they_are(damaged: dict[str, Any]) -> None:
    asked = asks.ask(question(QUESTION, damaged))

    assert asked.kind is RequestKind.CONFIRM
    assert asked.input_json


def test_answers_go_under_the_exact_question() -> None:
    call = question(QUESTION, {**QUESTION, "question": "And?\n"})
    asked = asks.ask(call)

    decided = asks.decision(asked, Answer(verdict=Verdict.ANSWER, picks=(("A", "own"), ("B",))), call.tool_input)

    assert isinstance(decided, Allow)
    assert decided.tool_input["answers"] == {"Which?": "A, own", "And?\n": "B"}
    assert decided.tool_input["questions"] == call.tool_input["questions"]


def test_a_typed_answer_counts_for_the_first_question() -> None:
    call = question(QUESTION)
    decided = asks.decision(asks.ask(call), Answer(verdict=Verdict.ANSWER, text="neither"), call.tool_input)

    assert isinstance(decided, Allow)
    assert decided.tool_input["answers"] == {"Which?": "neither"}


@pytest.mark.parametrize(
    "answer",
    [Answer(verdict=Verdict.ANSWER), Answer(verdict=Verdict.ALLOW), Answer(verdict=Verdict.ANSWER, picks=((" ",),))],
)
def test_a_question_without_an_answer_is_not_answered(answer: Answer) -> None:
    call = question(QUESTION)

    assert asks.decision(asks.ask(call), answer, call.tool_input) == Deny(message=asks.UNANSWERED)


def test_a_plan_sent_back_without_words_stays_a_plan() -> None:
    asked = asks.ask(Call(tool="ExitPlanMode", tool_input={"plan": "# P", "planFilePath": "/p"}, tool_use_id="t"))

    assert (asked.kind, asked.plan) == (RequestKind.PLAN, "# P")
    assert asks.decision(asked, Answer(verdict=Verdict.DENY), {}) == Deny(message=asks.KEEP_PLANNING)
    assert asks.decision(asked, Answer(verdict=Verdict.ALLOW_EDITS), {}) == Allow(tool_input={}, updates=(MODE,))


@settings(deadline=None)
@given(
    st.sampled_from([bash(), question(QUESTION), Call(tool="ExitPlanMode", tool_input={}, tool_use_id="t")]),
    st.sampled_from(Verdict),
    st.text(max_size=5),
    st.lists(st.lists(st.text(max_size=3), max_size=2).map(tuple), max_size=3).map(tuple),
)
def test_nothing_but_a_yes_allows(call: Call, verdict: Verdict, text: str, picks: tuple[tuple[str, ...], ...]) -> None:
    asked = asks.ask(call)
    decided = asks.decision(asked, Answer(verdict=verdict, text=text, picks=picks), call.tool_input)

    if isinstance(decided, Allow):
        choice = asked.kind is RequestKind.CHOICE
        assert (
            (verdict is Verdict.ANSWER)
            if choice
            else (verdict in (Verdict.ALLOW, Verdict.ALLOW_SESSION, Verdict.ALLOW_RULE, Verdict.ALLOW_EDITS))
        )
    else:
        assert decided.message
