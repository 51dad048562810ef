"""`/rules`: what an agent may do without asking, and taking it back, once (S11)."""

import pytest

from phonework.backends.base import Rule
from phonework.errors import BackendError
from phonework.testing.playbook import BOB, Playbook

TOUCH = Rule(rule_id="a1", text="Bash(touch *)", place=".claude/settings.local.json")
DENY = Rule(rule_id="b2", text="Read(.env)", kind="deny", place=".claude/settings.json", removable=False)
FLEETING = Rule(rule_id="", text="Bash(ls *)", removable=False)


async def listed(play: Playbook) -> str:
    """The key of the card."""
    await play.say("/rules")
    return next(key for one in reversed(play.channel.posts.values()) if (key := one.delivery.card_key))


async def test_the_rules_are_listed_with_where_they_are_kept(play: Playbook) -> None:
    play.script.rules = [TOUCH, DENY, FLEETING]
    await play.begin()

    card = await listed(play)

    words = play.channel.shown(card).words
    for part in (
        "Bash(touch *)",
        ".claude/settings.local.json",
        "deny `Read(.env)`",
        "For this session only",
        "they end when the session does (`/close`)",
    ):
        assert part in words
    assert [one["rule"] for one in play.channel.values(card)] == ["a1"], "only what loosens can be taken back"


async def test_a_rule_is_taken_back_once(play: Playbook) -> None:
    play.script.rules = [TOUCH]
    await play.begin()
    value = play.button(await listed(play), "rule")

    reply = await play.click(value)
    await play.click(value)

    assert reply.toast is not None
    assert reply.toast.kind == "success"
    assert play.script.rules == []
    assert "removed the rule" in play.channel.texts()[-2]
    assert ".claude/settings.local.json" in play.channel.texts()[-2]
    assert "not there any more" in play.channel.texts()[-1]


async def test_the_card_shows_what_is_left_when_one_was_taken_back(play: Playbook) -> None:
    play.script.rules = [TOUCH, DENY]
    await play.begin()
    card = await listed(play)
    messages = len(play.channel.posts)

    await play.click(play.button(card, "rule"))

    assert "Bash(touch *)" not in play.channel.shown(card).words
    assert "deny `Read(.env)`" in play.channel.shown(card).words
    assert play.channel.values(card) == []
    assert len(play.channel.posts) == messages + 1, "and a sentence, but no second card"


async def test_a_rule_of_the_session_is_taken_back_where_the_agent_can(play: Playbook) -> None:
    play.script.rules = [Rule(rule_id="c3", text="Bash(ls *)")]
    await play.begin()
    card = await listed(play)
    assert "cannot be taken back" not in play.channel.shown(card).words
    await play.click(play.button(card, "rule"))

    assert play.script.rules == []
    assert play.channel.texts()[-1] == "api: removed the rule `Bash(ls *)`, which held for this session only."


async def test_somebody_elses_tap_and_nonsense_take_nothing_back(play: Playbook) -> None:
    play.script.rules = [TOUCH]
    await play.begin()
    value = play.button(await listed(play), "rule")

    await play.click(value, user=BOB)
    await play.click({**value, "rule": "../../etc"})
    await play.click({**value, "rule": "ffff"})

    assert play.script.rules == [TOUCH]


@pytest.mark.parametrize(
    ("trouble", "said"),
    [
        (BackendError("rules.damaged", path="settings.json"), "is damaged"),
        (RuntimeError("odd"), "could not be removed"),
    ],
)
async def test_what_cannot_be_removed_is_told(play: Playbook, trouble: Exception, said: str) -> None:
    play.script.rules, play.script.rules_trouble = [TOUCH], trouble
    await play.begin()

    await play.click(play.button(await listed(play), "rule"))

    assert said in play.channel.texts()[-1]
    assert play.script.rules == [TOUCH]


async def test_an_order_that_was_owed_when_the_program_died_is_carried_out_and_told_once(play: Playbook) -> None:
    play.script.rules = [TOUCH]
    await play.begin()
    clicked = play.tap(play.button(await listed(play), "rule"))

    await play.crash_unacknowledged(clicked)
    await play.deliver(clicked)

    assert play.script.rules == []
    assert len([one for one in play.channel.texts() if "removed the rule" in one]) == 1


async def test_without_a_session_there_are_no_rules(play: Playbook) -> None:
    await play.say("/rules")
    assert "You are in no session" in play.channel.texts()[-1]
