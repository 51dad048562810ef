"""Permissions: asked on the phone, answered there, and obeyed by the agent (F3, F4)."""

import json
from pathlib import Path

import pytest

from phonework.testing.claude_bench import say, use
from phonework.testing.claude_server import Coder
from phonework.testing.person import offers, operations

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


async def test_two_requests_at_once_are_asked_one_after_another(ada: Coder, tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).write_text(f"this is {name}")
    reads = [use("Read", file_path=str(tmp_path / name)) for name in ("one", "two")]
    await ada.wants(reads, [say("The tools said: {results}")])
    first = await ada.question(str(tmp_path))
    asked_first = "one" if first.shows(str(tmp_path / "one")) else "two"
    asked_second = "two" if asked_first == "one" else "one"
    assert await ada.questions() == 1

    await ada.presses(first, "Allow")
    second = await ada.question(str(tmp_path / asked_second))
    answered = next(one for one in (await ada.phone.message(first.message_id)).versions if one["cause"] == "answer")
    assert answered["at_ms"] <= second.created_at
    await ada.presses(second, "Deny")

    words = await ada.hears("The tools said")
    assert f"this is {asked_first}" in words
    assert f"this is {asked_second}" not in words


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
