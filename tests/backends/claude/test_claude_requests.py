"""What the real Claude Code asks, and what it does with each answer (F3, F4, S11)."""

import json

import pytest

from phonework.errors import RequestGoneError
from phonework.fsm.events import BackgroundFinished, RequestWithdrawn
from phonework.fsm.types import RequestKind, Verdict
from phonework.testing.claude_bench import ONE, ClaudeBench, say, use

pytestmark = pytest.mark.claude

PLAN_MODE = "Plan mode is active"
TOUCH = use("Bash", command="touch x1 && echo made", description="Make x1")
QUESTIONS = {
    "questions": [
        {
            "question": "Which colour?",
            "header": "Colour",
            "multiSelect": False,
            "options": [{"label": "Blue", "description": "like the sky"}, {"label": "Red", "description": ""}],
        },
        {
            "question": "Which toppings?",
            "header": "Toppings",
            "multiSelect": True,
            "options": [{"label": "Cheese", "description": ""}, {"label": "Ham", "description": ""}],
        },
    ]
}


async def test_a_command_is_shown_in_full_and_runs_once_allowed(bench: ClaudeBench) -> None:
    await bench.write([say("I will touch it."), TOUCH], [say("done: {result}")])
    ask = await bench.asked()

    await bench.answer(ask, Verdict.ALLOW)

    assert await bench.words() == "done: made"
    assert (ask.kind, ask.tool, ask.command) == (RequestKind.CONFIRM, "Bash", "touch x1 && echo made")
    assert ask.prompt == "Make x1"
    assert ask.rule == "Bash(touch x1 *)"
    assert ask.agent_ref.startswith("toolu_")


async def test_the_agent_reads_the_reason_of_a_no_and_goes_on(bench: ClaudeBench) -> None:
    await bench.write([TOUCH], [say("I was told: {result}")])

    await bench.answer(await bench.asked(), Verdict.DENY, "use x2 instead")

    assert await bench.words() == "I was told: use x2 instead"
    assert not (bench.cwd / "x1").exists()


async def test_a_no_without_a_reason_is_a_no(bench: ClaudeBench) -> None:
    await bench.write([TOUCH], [say("{result}")])

    await bench.answer(await bench.asked(), Verdict.DENY)

    assert await bench.words() == "The user refused this."


async def test_always_allow_writes_the_rule_and_leaves_the_mode(bench: ClaudeBench) -> None:
    """The rule lands where the agent keeps its rules; edits are still asked about."""
    write = use("Write", file_path=str(bench.cwd / "n.txt"), content="x")
    await bench.write([TOUCH], [TOUCH], [write], [say("ok")])

    await bench.answer(await bench.asked(), Verdict.ALLOW_RULE)
    second = await bench.asked(2)
    await bench.answer(second, Verdict.DENY)

    await bench.finished()
    assert second.tool == "Write"
    rules = json.loads((bench.cwd / ".claude" / "settings.local.json").read_text())
    assert rules["permissions"]["allow"] == ["Bash(touch x1 *)"]


async def test_an_edit_is_asked_as_a_diff_of_the_file_on_disk(bench: ClaudeBench) -> None:
    file = bench.cwd / "shop.py"
    file.write_text("one = 1\ntwo = 2\nthree = 3\n")
    edit = use("Edit", file_path=str(file), old_string="two = 2", new_string="two = 22", replace_all=False)
    await bench.write([use("Read", file_path=str(file))], [edit], [say("changed")])
    ask = await bench.asked()

    await bench.answer(ask, Verdict.ALLOW)

    await bench.finished()
    assert "-two = 2\n+two = 22\n three = 3\n" in ask.diff
    assert ask.path == str(file)
    assert not ask.rule, "Claude Code proposes no rule for edits, only another mode"
    assert "two = 22" in file.read_text()


async def test_questions_are_one_form_and_all_answers_arrive(bench: ClaudeBench) -> None:
    await bench.write([use("AskUserQuestion", **QUESTIONS)], [say("{result}")])
    ask = await bench.asked()

    await bench.answer(ask, Verdict.ANSWER, "", ("Blue",), ("Cheese", "Ham"))

    words = await bench.words()
    assert '"Which colour?"="Blue"' in words
    assert '"Which toppings?"="Cheese, Ham"' in words
    assert ask.kind is RequestKind.CHOICE
    assert [question.multiple for question in ask.questions] == [False, True]
    assert ask.questions[0].options[0].description == "like the sky"


async def test_own_words_answer_a_question(bench: ClaudeBench) -> None:
    await bench.write([use("AskUserQuestion", **QUESTIONS)], [say("{result}")])

    await bench.answer(await bench.asked(), Verdict.ANSWER, "", ("neither, make it green",), ())

    assert "neither, make it green" in await bench.words()


async def test_a_plan_is_shown_and_kept_open_until_it_is_approved(bench: ClaudeBench) -> None:
    plan_file = bench.config / "plans" / "a-plan.md"
    plan_file.parent.mkdir(parents=True)
    plan_file.write_text("# The plan\n1. touch x1\n")
    await bench.write([use("ExitPlanMode")], [use("ExitPlanMode")], [TOUCH], [say("{result}")], mode="plan")
    first = await bench.asked()
    await bench.answer(first, Verdict.DENY, "also write a test")
    second = await bench.asked(2)

    await bench.answer(second, Verdict.ALLOW)
    await bench.answer(await bench.asked(3), Verdict.ALLOW)

    assert await bench.words() == "made"
    assert first.kind is second.kind is RequestKind.PLAN
    assert first.plan is not None
    assert "also write a test" in json.dumps((await bench.api.requested(2)).body), "the model reads the feedback"


async def test_a_plan_approved_with_edits_asks_no_more_about_edits(bench: ClaudeBench) -> None:
    write = use("Write", file_path=str(bench.cwd / "n.txt"), content="from the plan")
    await bench.write([use("ExitPlanMode")], [write], [say("written")], mode="plan")

    await bench.answer(await bench.asked(), Verdict.ALLOW_EDITS)

    assert await bench.words() == "written"
    assert (bench.cwd / "n.txt").read_text() == "from the plan"


async def test_in_plan_mode_a_command_is_asked_and_not_judged_elsewhere(bench: ClaudeBench) -> None:
    """The vendor's server would judge it otherwise, and a gateway has none."""
    await bench.write([TOUCH], [say("{result}")], mode="plan")
    ask = await bench.asked()

    await bench.answer(ask, Verdict.DENY, "not yet")

    assert ask.command == "touch x1 && echo made"
    assert await bench.words() == "not yet"


async def test_two_requests_at_once_are_answered_in_any_order(bench: ClaudeBench) -> None:
    reads = []
    for name in ("one", "two"):
        (bench.directory / name).write_text(f"this is {name}")
        reads.append(use("Read", file_path=str(bench.directory / name)))
    await bench.write(reads, [say("{results}")])
    first, second = await bench.asked(1), await bench.asked(2)

    await bench.answer(second, Verdict.DENY, "not this one")
    await bench.answer(first, Verdict.ALLOW)

    words = await bench.words()
    assert "this is one" in words
    assert "not this one" in words


async def test_a_foreground_subagent_asks_within_the_turn(bench: ClaudeBench) -> None:
    inner = json.dumps([[TOUCH], [say("the helper made it")]])
    helper = use("Agent", description="Help", prompt=f"Touch it. fake: {inner}", subagent_type="general-purpose")
    helper["input"]["run_in_background"] = False
    await bench.write([helper], [say("all done: {result}")])
    ask = await bench.asked()

    await bench.answer(ask, Verdict.ALLOW)

    assert "the helper made it" in await bench.words()
    assert [one.key for one in ask.notes] == ["claude.by_subagent"]


async def test_a_subagent_that_asks_keeps_the_turn_open_until_it_is_answered(bench: ClaudeBench) -> None:
    """The question stays answerable although the agent itself has finished."""
    inner = json.dumps([[TOUCH], [say("the helper made it")]])
    helper = use("Agent", description="Help", prompt=f"Touch it. fake: {inner}", subagent_type="general-purpose")
    await bench.write([helper], [{"gate": "asked"}, say("I started a helper.")], [say("The helper is done.")])
    ask = await bench.asked()
    bench.api.open("asked")
    await bench.result_held()

    await bench.answer(ask, Verdict.ALLOW)

    assert (await bench.words()).startswith("I started a helper.")
    assert (await bench.one(BackgroundFinished)).text == "The helper is done."
    assert not bench.of(RequestWithdrawn)
    assert (bench.cwd / "x1").exists()


async def test_a_stop_ends_a_turn_that_only_waits_for_a_subagents_question(bench: ClaudeBench) -> None:
    inner = json.dumps([[TOUCH], [say("I was told: {result}")]])
    helper = use("Agent", description="Help", prompt=f"Touch it. fake: {inner}", subagent_type="general-purpose")
    await bench.write([helper], [{"gate": "asked"}, say("I started a helper.")], [say("The helper is done.")])
    ask = await bench.asked()
    bench.api.open("asked")
    await bench.result_held()

    await bench.interrupt()

    assert (await bench.finished()).interrupted
    assert (await bench.one(RequestWithdrawn)).request_id == ask.request_id
    with pytest.raises(RequestGoneError):
        await bench.answer(ask, Verdict.ALLOW)
    await bench.write([say("free again")])
    assert await bench.words() == "free again"
    assert not (bench.cwd / "x1").exists()


async def test_a_subagent_that_asks_outside_any_turn_is_reported_under_the_last_one(bench: ClaudeBench) -> None:
    """The engine refuses it, in words the subagent reads; nobody would see the question otherwise."""
    inner = json.dumps([[{"gate": "later"}, TOUCH], [say("I was told: {result}")]])
    helper = use("Agent", description="Help", prompt=f"Touch it. fake: {inner}", subagent_type="general-purpose")
    await bench.write([helper], [say("I started a helper.")], [say("The helper said: {said}")])
    await bench.finished()
    bench.api.open("later")

    await bench.answer(await bench.asked(), Verdict.DENY, "the turn is over")

    assert "the turn is over" in (await bench.one(BackgroundFinished)).text


@pytest.mark.parametrize("killed", [True, False])
async def test_an_approved_plan_stays_approved_after_a_restart(bench: ClaudeBench, killed: bool) -> None:
    """Also in a turn for which the session's first mode is given again; a plan asked for anew is a plan again."""
    await bench.write([use("ExitPlanMode")], [say("approved")], mode="plan")
    await bench.answer(await bench.asked(), Verdict.ALLOW_EDITS)
    await bench.finished()
    await (bench.backend.kill(ONE) if killed else bench.backend.aclose())
    bench.restart()

    await bench.write([use("Write", file_path=str(bench.cwd / "a"), content="x")], [say("written")], mode="plan")

    assert await bench.words() == "written"
    assert not bench.asks(), "edits need no asking any more"
    await bench.backend.aclose()
    bench.restart()
    await bench.write([use("Write", file_path=str(bench.cwd / "b"), content="x")], [say("asked")], mode="default")
    await bench.answer(await bench.asked(), Verdict.DENY, "no")
    assert await bench.words() == "asked"


async def test_an_agent_that_left_plan_mode_does_not_go_back_to_it(bench: ClaudeBench) -> None:
    await bench.write([use("ExitPlanMode")], [say("approved")], mode="plan")
    await bench.answer(await bench.asked(), Verdict.ALLOW)
    await bench.finished()
    await bench.backend.aclose()
    bench.restart()

    await bench.write([say("on")], text="go on", mode="plan")

    assert await bench.words() == "on"
    requests = [request.said.count(PLAN_MODE) for request in bench.api.requests]
    assert requests[0] == requests[-1] == 1, "told at the beginning, and not again"
