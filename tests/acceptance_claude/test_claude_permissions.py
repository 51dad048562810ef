"""Permissions: asked on the phone, answered there, and obeyed by the agent (F3, F4)."""

import json
import os
from pathlib import Path

import pytest

from phonework.testing.claude_bench import say, use
from phonework.testing.claude_server import Coder
from phonework.testing.person import offers, operations
from phonework.testing.phone import Shown

pytestmark = [pytest.mark.claude, pytest.mark.asyncio(loop_scope="session")]

TOUCH = use("Bash", command="touch made && echo it is made", description="Make it")


async def test_an_allowed_command_runs(ada: Coder) -> None:
    await ada.wants([say("I will make it."), TOUCH], [say("The tool said: {result}")])
    card = await ada.question("touch made && echo it is made")
    assert not (ada.cwd / "made").exists()

    answered = await ada.presses(card, "Allow")

    assert answered.toast_text == "Recorded, on its way"
    assert await ada.hears("The tool said") == "The tool said: it is made"
    assert (ada.cwd / "made").exists()
    assert (await ada.becomes(card, "allowed")).shows("The agent has it.")
    await ada.turn(1)


async def test_a_denied_command_does_not_run(ada: Coder) -> None:
    await ada.wants([TOUCH], [say("I was told: {result}")])
    card = await ada.question("touch made")

    await ada.presses(card, "Deny")

    assert await ada.hears("I was told") == "I was told: The user refused this."
    await ada.becomes(card, "denied")
    assert not (ada.cwd / "made").exists()


async def test_the_agent_reads_the_reason_of_a_no(ada: Coder) -> None:
    await ada.wants([TOUCH], [say("I was told: {result}")])
    card = await ada.question("touch made")

    await ada.presses(card, "Deny with reason", form={"reason": "use `mkdir` & 不要 touch"})

    assert await ada.hears("I was told") == "I was told: use `mkdir` & 不要 touch"
    assert (await ada.becomes(card, "denied")).shows("Reason:")
    assert not (ada.cwd / "made").exists()


async def test_other_words_than_yes_are_a_no_that_the_agent_reads(ada: Coder) -> None:
    await ada.wants([TOUCH], [say("I was told: {result}")])
    card = await ada.question("touch made")

    await ada.says("ok? not before the tests are green")

    assert await ada.hears("I was told") == "I was told: ok? not before the tests are green"
    await ada.becomes(card, "denied")
    assert not (ada.cwd / "made").exists()


async def test_a_typed_yes_allows(ada: Coder) -> None:
    await ada.wants([TOUCH], [say("The tool said: {result}")])
    await ada.question("touch made")

    await ada.says("好的")

    assert await ada.hears("The tool said") == "The tool said: it is made"


async def test_a_rule_holds_from_then_on(ada: Coder) -> None:
    """It is the agent's own rule, in the project's own settings; nothing else is allowed by it."""
    await ada.wants([TOUCH], [say("first: {result}")])
    card = await ada.question("touch made")
    assert card.shows("Bash(touch made *)")
    await ada.presses(card, "Always allow")
    await ada.hears("first: it is made")
    (ada.cwd / "made").unlink()

    await ada.wants([TOUCH], [use("Bash", command="touch other", description="Make another")], [say("last: {result}")])
    other = await ada.question("touch other")
    await ada.presses(other, "Deny")

    await ada.hears("last: The user refused this.")
    assert (ada.cwd / "made").exists()
    assert not (ada.cwd / "other").exists()
    assert await ada.questions() == 2
    rules = json.loads((ada.cwd / ".claude" / "settings.local.json").read_text())
    assert rules["permissions"]["allow"] == ["Bash(touch made *)"]


async def test_an_edit_is_shown_as_a_diff(ada: Coder) -> None:
    file = ada.cwd / "shop.py"
    file.write_text("one = 1\ntwo = 2\n")
    edit = use("Edit", file_path=str(file), old_string="two = 2", new_string="two = 22", replace_all=False)
    await ada.wants([use("Read", file_path=str(file))], [edit], [say("changed")])

    card = await ada.allows("two = 22")

    await ada.hears("changed")
    assert "-two = 2\n+two = 22" in card.text
    assert file.read_text() == "one = 1\ntwo = 22\n"


async def two_reads(ada: Coder, tmp_path: Path) -> tuple[Shown, str, str]:
    """A card with both of the requests made at once; and which file it is about, and which the other."""
    for name in ("one", "two"):
        (tmp_path / name).write_text(f"this is {name}")
    reads = [use("Read", file_path=str(tmp_path / name)) for name in ("one", "two")]
    await ada.wants(reads, [say("The tools said: {results}")])
    card = await ada.sees(lambda shown: any("also" in value for value in operations(shown)))
    first = "one" if card.text.index(str(tmp_path / "one")) < card.text.index(str(tmp_path / "two")) else "two"
    return card, first, "two" if first == "one" else "one"


async def test_two_requests_at_once_are_allowed_together(ada: Coder, tmp_path: Path) -> None:
    card, _, _ = await two_reads(ada, tmp_path)
    assert await ada.questions() == 1

    await ada.presses(card, "Allow all 2")

    words = await ada.hears("The tools said")
    assert "this is one" in words
    assert "this is two" in words
    assert await ada.questions() == 1


async def test_two_requests_at_once_are_answered_one_after_another(ada: Coder, tmp_path: Path) -> None:
    card, asked_first, asked_second = await two_reads(ada, tmp_path)

    await ada.presses(card, {"op": "answer", "c": "allow"})
    second = await ada.sees(lambda shown: shown.message_id != card.message_id and offers(op="answer")(shown))
    await ada.presses(second, "Deny")

    words = await ada.hears("The tools said")
    assert f"this is {asked_first}" in words
    assert f"this is {asked_second}" not in words


async def test_a_rule_for_the_session_asks_no_more_and_is_written_nowhere(ada: Coder) -> None:
    await ada.wants([TOUCH], [TOUCH], [say("last: {result}")])
    card = await ada.question("touch made")
    await ada.presses(card, "Allow for this session")

    await ada.hears("last: it is made")
    assert await ada.questions() == 1
    assert not (ada.cwd / ".claude").exists()
    await ada.says("/rules")
    assert (await ada.sees("For this session only")).shows("Bash(touch made *)")


async def test_a_rule_is_taken_back_on_the_phone(ada: Coder) -> None:
    await ada.wants([TOUCH], [say("first: {result}")])
    await ada.presses(await ada.question("touch made"), "Always allow")
    await ada.hears("first: it is made")
    await ada.says("/rules")
    listed = await ada.sees(offers(op="rule"))

    await ada.presses(listed, "Remove")

    await ada.hears("removed the rule")
    rules = json.loads((ada.cwd / ".claude" / "settings.local.json").read_text())
    assert rules["permissions"]["allow"] == []


async def test_for_a_while_nothing_is_asked_and_then_everything_again(carefree: Coder) -> None:
    await carefree.says("/mode bypass 15m")
    offer = await carefree.sees(offers(op="mode", mode="bypassPermissions"))
    await carefree.presses(offer, {"op": "mode", "mode": "bypassPermissions"})
    await carefree.hears("for 15 min the agent asks nothing")
    await carefree.wants([TOUCH], [say("first: {result}")])
    await carefree.hears("first: it is made")
    assert await carefree.questions() == 0

    await carefree.says("/mode default")
    await carefree.hears("in the mode `default` now")

    await carefree.wants([TOUCH], [say("last: {result}")])
    await carefree.presses(await carefree.question("touch made"), "Deny")
    await carefree.hears("last: The user refused this.")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root is refused")
async def test_an_agent_that_refuses_to_ask_nothing_says_so(ada: Coder) -> None:
    await ada.says("/mode bypass")
    await ada.presses(await ada.sees(offers(op="mode", mode="bypassPermissions")), {"op": "mode"})

    await ada.hears("does not run as root without asking")
    await ada.hears("the mode stays as it was")
    await ada.wants([TOUCH], [say("told: {result}")])
    await ada.presses(await ada.question("touch made"), "Deny")
    await ada.hears("told: The user refused this.")


async def test_a_button_pressed_twice_counts_once(ada: Coder) -> None:
    await ada.wants([TOUCH], [TOUCH], [say("last: {result}")])
    card = await ada.question("touch made")
    action = {"tag": "button", "value": {"v": 1, "op": "answer", "c": "allow"}}
    pressed = next(one for one in operations(card) if one["c"] == "allow")
    action["value"] = pressed
    await ada.phone.act(card.message_id, action, user=ada.user)

    again = await ada.phone.act(card.message_id, action, user=ada.user)

    assert "answered already" in again.toast_text
    second = await ada.sees(lambda shown: shown.message_id != card.message_id and offers(op="answer")(shown))
    await ada.presses(second, "Deny")
    await ada.hears("last: The user refused this.")
