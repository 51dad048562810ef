"""Questions and plans of the agent, answered by tapping, in a form and in one's own words (F3, F4, C6)."""

import json

import pytest

from phonework.testing.claude_bench import say, use
from phonework.testing.claude_server import Coder
from phonework.testing.person import offers

pytestmark = [pytest.mark.claude, pytest.mark.asyncio(loop_scope="session")]


def option(label: str) -> dict[str, str]:
    return {"label": label, "description": f"{label} is fine"}


COLOUR = {
    "question": "Which colour?",
    "header": "Colour",
    "multiSelect": False,
    "options": [option("Blue"), option("Red")],
}
TOPPINGS = {
    "question": "Which toppings?",
    "header": "Toppings",
    "multiSelect": True,
    "options": [option("Cheese"), option("Ham"), option("Olives")],
}
PLAN = [{"plan": "# The plan of this test\n1. `touch made`\n"}]
TOUCH = use("Bash", command="touch made && echo it is made", description="Make it")


async def test_one_tap_answers_one_question(ada: Coder) -> None:
    await ada.wants([use("AskUserQuestion", questions=[COLOUR])], [say("The person said: {result}")])
    card = await ada.question("Which colour?")
    assert card.shows("Blue is fine")

    await ada.presses(card, "2. Red")

    assert '"Which colour?"="Red"' in await ada.hears("The person said")
    await ada.becomes(card, "answered")


async def test_a_form_answers_several_questions_also_in_own_words(ada: Coder) -> None:
    await ada.wants([use("AskUserQuestion", questions=[COLOUR, TOPPINGS])], [say("The person said: {result}")])
    card = await ada.question("Which toppings?")

    await ada.presses(card, "Send", form={"t0": "neither, make it green", "q1": ["0", "2"]})

    words = await ada.hears("The person said")
    assert '"Which colour?"="neither, make it green"' in words
    assert '"Which toppings?"="Cheese, Olives"' in words
    await ada.becomes(card, "answered")


@pytest.mark.parametrize(
    ("typed", "heard"), [("1", "Blue"), ("red", "Red"), ("something between the two", "something between the two")]
)
async def test_a_question_is_answered_by_typing(ada: Coder, typed: str, heard: str) -> None:
    await ada.wants([use("AskUserQuestion", questions=[COLOUR])], [say("The person said: {result}")])
    await ada.question("Which colour?")

    await ada.says(typed)

    assert f'"Which colour?"="{heard}"' in await ada.hears("The person said")


async def test_a_plan_is_kept_open_then_approved_and_carried_out(planner: Coder) -> None:
    await planner.wants(PLAN, [use("ExitPlanMode")], [use("ExitPlanMode")], [TOUCH], [say("last: {result}")])
    first = await planner.question("The plan of this test")
    await planner.presses(first, "Keep planning", form={"reason": "also write a test"})
    await planner.becomes(first, "keeps planning")
    assert not (planner.cwd / "made").exists()

    second = await planner.sees(lambda shown: shown.message_id != first.message_id and offers(op="answer")(shown))
    await planner.presses(second, "Approve")
    await planner.becomes(second, "approved")
    await planner.allows("touch made")

    await planner.hears("last: it is made")
    assert "also write a test" in json.dumps(planner.server.api.requests[-1].body), "the model read what it was told"


async def test_a_plan_approved_with_edits_asks_no_more_about_edits(planner: Coder) -> None:
    write = use("Write", file_path=str(planner.cwd / "n.txt"), content="from the plan")
    await planner.wants(PLAN, [use("ExitPlanMode")], [write], [say("written")])

    await planner.presses(await planner.question("The plan of this test"), "Approve, auto edits")

    await planner.hears("written")
    assert (planner.cwd / "n.txt").read_text() == "from the plan"
    assert await planner.questions() == 1
