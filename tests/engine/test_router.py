"""Who gets in: the allowlist, the pairing code, and what everybody else is told."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from phonework.channels.base import Action, Chat, Delivery
from phonework.errors import ChannelError
from phonework.fsm.types import SessionId
from phonework.testing.playbook import ADA, BOB, MALLORY, Playbook

GROUP = Chat(channel="feishu", chat_id="oc_group", private=False)
DAY = timedelta(days=1)


@pytest.fixture
async def unpaired(tmp_path: Path) -> AsyncIterator[Playbook]:
    async with Playbook.opened(tmp_path, allow=()) as play:
        yield play


async def test_a_stranger_is_told_once_a_day_how_to_be_added(play: Playbook) -> None:
    """C10."""
    for _ in range(3):
        await play.say("hello", user=MALLORY)
    assert len(play.channel.posts) == 1
    assert MALLORY in play.channel.texts()[0]
    await play.advance(DAY)
    await play.say("hello", user=MALLORY)

    assert len(play.channel.posts) == 2


async def test_nothing_of_what_a_stranger_writes_is_stored_and_no_agent_is_touched(play: Playbook) -> None:
    """C10."""
    await play.say("/new api my secret plan", user=MALLORY)

    assert play.rows("SELECT payload FROM event") == [("{}",)]
    assert play.rows("SELECT count(*) FROM effect WHERE payload LIKE '%secret%'") == [(0,)]
    assert play.script.told == []


async def test_a_stranger_s_tap_says_so_and_changes_nothing(play: Playbook) -> None:
    """C10, F7."""
    session = await play.begin("go")
    request = await play.asks(session)
    reply = await play.click(play.button(f"request:{request}", "answer", "allow"), user=MALLORY)

    assert reply.toast is not None
    assert "not on the list" in reply.toast.text
    assert reply.card is None
    assert play.request_status(request) == "open"


async def test_another_person_s_tap_changes_nothing_and_says_whose_card_it_is(play: Playbook) -> None:
    """C10, F7."""
    session = await play.begin("go")
    request = await play.asks(session)
    reply = await play.click(play.button(f"request:{request}", "answer", "allow"), user=BOB)

    assert reply.toast is not None
    assert "somebody else" in reply.toast.text
    assert play.request_status(request) == "open"


async def test_in_a_group_only_what_is_addressed_is_heard(play: Playbook) -> None:
    """C3."""
    await play.say("lunch?", chat=GROUP, addressed=False)
    await play.say("lunch?", user=MALLORY, chat=GROUP, addressed=False)

    assert play.rows("SELECT * FROM event") == []
    assert play.channel.posts == {}


async def test_an_answer_to_a_group_goes_to_the_group(play: Playbook) -> None:
    """C3."""
    await play.say("/new api go", chat=GROUP)
    await play.finishes(SessionId("fizz-1"), text="Here.")

    assert {post.chat.chat_id for post in play.channel.posts.values()} == {"oc_group"}


async def test_the_first_to_send_the_code_is_let_in_and_nobody_after(unpaired: Playbook) -> None:
    """C10."""
    assert unpaired.codes == ["00000001"]
    await unpaired.say("/pair 00000001", user=ADA)
    await unpaired.say("00000001", user=BOB)
    await unpaired.begin("go", user=ADA)
    await unpaired.say("go", user=BOB)

    assert unpaired.channel.texts()[0].startswith("Paired")
    assert {start.session_id for start in unpaired.script.starts} == {"fizz-1"}
    assert unpaired.codes == ["00000001"]


async def test_whoever_was_paired_stays_so_after_a_crash(unpaired: Playbook) -> None:
    await unpaired.say("00000001")
    await unpaired.crash()
    await unpaired.begin("go")

    assert len(unpaired.script.starts) == 1
    assert unpaired.codes == ["00000001"]


async def test_guessing_the_code_makes_it_void(unpaired: Playbook) -> None:
    for guess in range(5):
        await unpaired.say(f"9999999{guess}", user=MALLORY)
    assert unpaired.codes == ["00000001", "00000002"]
    await unpaired.say("00000001", user=MALLORY)
    assert not unpaired.gate.allows(MALLORY)
    await unpaired.say("00000002", user=ADA)

    assert unpaired.gate.allows(ADA)


async def test_a_pairing_message_that_comes_again_does_nothing(unpaired: Playbook) -> None:
    """C2: the history is looked through, or Feishu delivers it once more."""
    said = await unpaired.say("00000001")
    await unpaired.deliver(said)
    await unpaired.crash()
    await unpaired.deliver(said)

    assert len(unpaired.channel.posts) == 1
    assert unpaired.rows("SELECT status FROM event") == [("ignored",)]


async def test_a_wrong_code_that_comes_again_is_counted_once(unpaired: Playbook) -> None:
    """C2."""
    said = await unpaired.say("12345678", user=MALLORY)
    for _ in range(6):
        await unpaired.deliver(said)

    assert len(unpaired.channel.posts) == 1
    assert unpaired.one("SELECT wrong_codes FROM user WHERE user_id = ?", MALLORY) == 1


async def test_words_to_a_bot_nobody_owns_yet_are_answered_with_the_way_in(unpaired: Playbook) -> None:
    await unpaired.say("hello")

    assert "pairing code" in unpaired.channel.texts()[0]


async def test_what_was_delivered_before_is_not_delivered_again(play: Playbook) -> None:
    """F10: the receipt is stored."""
    await play.begin()
    first = play.channel.calls[0]
    receipt = await play.core.router.deliver(first)

    assert len(play.channel.calls) == 1
    assert receipt.message_id in play.channel.posts


async def test_a_card_nobody_saw_cannot_be_changed(play: Playbook) -> None:
    with pytest.raises(ChannelError) as refused:
        await play.core.router.deliver(
            Delivery(key="k", chat=GROUP, action=Action.UPDATE, card={}, card_key="request:none")
        )
    assert refused.value.gone


async def test_a_channel_that_is_not_there_is_said_to_be_gone(play: Playbook) -> None:
    with pytest.raises(ChannelError, match="no channel called pigeon"):
        await play.core.router.deliver(Delivery(key="k", chat=Chat(channel="pigeon", chat_id="x"), markdown="hi"))


async def test_a_person_s_chat_is_remembered_for_its_history(play: Playbook) -> None:
    """C11."""
    await play.say("/help")
    await play.say("hello", user=MALLORY)

    assert play.rows("SELECT chat_id, user_id FROM chat") == [(f"oc_of_{ADA}", ADA)]
