"""What was missed is found in the chat's history, and what was sent is not sent again."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import SecretStr

from phonework.channels.base import Chat, Delivery, Said
from phonework.channels.feishu import channel
from phonework.channels.feishu.inbound import LONG_AGO
from phonework.errors import ChannelError

CARD = {"schema": "2.0", "body": {"elements": [{"tag": "markdown", "content": "Run `make`?"}]}}


def _ago(**time: int) -> int:
    """Milliseconds since the epoch."""
    return int((datetime.now(UTC) - timedelta(**time)).timestamp() * 1000)


class Later:
    """A clock that is ahead."""

    def __init__(self, ahead: timedelta) -> None:
        self.ahead = ahead

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead


async def test_what_was_said_while_deaf_is_healed_under_the_same_keys(desk: Any) -> None:
    chat = await desk.chat()
    heard = await desk.phone.say("heard")
    await desk.said()
    await desk.channel.deliver(Delivery(key="1", chat=chat, markdown="the bot's own words"))
    missed = [await desk.phone.say(f"missed {n}", silent=True) for n in range(55)]
    recalled = await desk.phone.say("recalled", silent=True)
    await desk.phone.recall(recalled)

    healed = await desk.channel.heal(chat.chat_id, datetime.now(UTC) - timedelta(minutes=1))

    assert [said.key for said in healed] == [heard, *missed]
    assert healed[0] == desk.arrived[0]
    assert await desk.phone.violations() == []


async def test_only_what_came_since_is_read(desk: Any) -> None:
    old = int((datetime.now(UTC) - timedelta(hours=2)).timestamp() * 1000)
    await desk.phone.say("old", created_at=old, silent=True)
    new = await desk.phone.say("new", silent=True)

    healed = await desk.channel.heal((await desk.chat()).chat_id, datetime.now(UTC) - timedelta(hours=1))

    assert [said.key for said in healed] == [new]


async def test_a_group_is_healed_with_its_mentions_and_threads(desk: Any) -> None:
    await desk.phone.settings(group_all_messages=True)
    group = await desk.phone.add_group("team", [(await desk.phone.add_user("ou_ann"))["open_id"]])
    options = {"user": "ou_ann", "chat": group, "silent": True}
    asked = await desk.phone.say("deploy", mention_bot=True, **options)
    await desk.phone.say("lunch?", **options)

    first, second = await desk.channel.heal(group, datetime.now(UTC) - timedelta(minutes=1), private=False)

    assert (first.text, first.addressed, first.chat.private, first.chat.root) == ("deploy", True, False, asked)
    assert not second.addressed


async def _topic(desk: Any) -> tuple[str, str]:
    """A group and the first message of a topic in it, which the bot has answered."""
    await desk.phone.settings(group_all_messages=True)
    group = await desk.phone.add_group("team", [(await desk.phone.add_user("ou_ann"))["open_id"]])
    root = await desk.phone.say("deploy", mention_bot=True, user="ou_ann", chat=group)
    await desk.said()
    chat = Chat(channel="feishu", chat_id=group, private=False, root=root)
    await desk.channel.deliver(Delivery(key="1", chat=chat, markdown="On it."))
    return group, root


async def test_a_topic_is_healed_under_the_same_keys(desk: Any) -> None:
    """The group's own history has its first message only."""
    group, root = await _topic(desk)
    options: dict[str, Any] = {"user": "ou_ann", "chat": group, "reply_to": root, "mention_bot": True}
    heard = await desk.phone.say("and test", **options)
    _, pushed = await desk.said(2)
    missed = [await desk.phone.say(f"missed {n}", silent=True, **options) for n in range(55)]
    since = datetime.now(UTC) - timedelta(minutes=1)

    healed = await desk.channel.heal_topic(root, since)

    assert [said.key for said in healed] == [root, heard, *missed]
    assert healed[1] == pushed
    assert [said.key for said in await desk.channel.heal(group, since, private=False)] == [root]
    assert await desk.phone.violations() == []


async def test_of_a_topic_only_what_came_since_is_read(desk: Any) -> None:
    group, root = await _topic(desk)
    options: dict[str, Any] = {"user": "ou_ann", "chat": group, "reply_to": root, "silent": True}
    for minutes in range(200, 80, -1):
        await desk.phone.say("old", created_at=_ago(minutes=minutes), **options)
    new = await desk.phone.say("new", created_at=_ago(minutes=59), **options)

    healed = await desk.channel.heal_topic(root, datetime.now(UTC) - timedelta(hours=1))

    assert [said.key for said in healed if said.text != "deploy"] == [new]
    assert len(await desk.phone.calls("/open-apis/im/v1/messages", method="GET")) == 2, "its id, and one page"


async def test_where_nobody_opened_a_topic_there_is_nothing_to_heal(desk: Any) -> None:
    await desk.phone.settings(group_all_messages=True)
    group = await desk.phone.add_group("team", [(await desk.phone.add_user("ou_ann"))["open_id"]])
    root = await desk.phone.say("deploy", user="ou_ann", chat=group, silent=True)

    assert await desk.channel.heal_topic(root, datetime.now(UTC) - timedelta(hours=1)) == []


@pytest.mark.parametrize(
    "heal", [lambda one: one.heal("oc_x", LONG_AGO, private=False), lambda one: one.heal_topic("om_x", LONG_AGO)]
)
async def test_no_group_is_healed_before_the_bot_knows_its_name(
    heal: Any, emulator: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody could tell whether it was spoken to."""
    monkeypatch.setattr(channel, "_PATIENCE_S", 0)

    with pytest.raises(ChannelError, match="own id is not known") as error:
        await heal(channel.FeishuChannel("cli_demo", SecretStr("demo-secret"), emulator.url))

    assert error.value.retry_after is not None


async def test_a_history_that_may_not_be_read_says_which_permission_is_missing(desk: Any) -> None:
    group = await desk.phone.add_group("team", [(await desk.phone.add_user("ou_ann"))["open_id"]])

    with pytest.raises(ChannelError, match="may not read") as error:
        await desk.channel.heal(group, datetime.now(UTC))

    assert "im:message.group_msg" in error.value.hint
    assert (error.value.code, error.value.retry_after) == (230027, None)


@pytest.mark.parametrize(
    "content",
    [
        {"card": CARD},
        {"markdown": "Done: **3** files, see `a_b.py`."},
        {"markdown": "## Table\n| a |\n|---|\n| 1 |"},
        {"file_name": "answer.md", "file": b"# All of it"},
    ],
)
async def test_after_the_hour_of_the_uuid_the_history_knows_what_was_sent(
    open_desk: Any, content: dict[str, Any]
) -> None:
    """Past 50 minutes Feishu may have forgotten the id, so the chat is looked through first (DESIGN 6)."""
    async with open_desk(clock=Later(timedelta(minutes=55))) as desk:
        began = datetime.now(UTC)
        first = Delivery(key="s:1:1", chat=await desk.chat(), **content)
        sent = await desk.channel.deliver(first)
        await desk.phone.jump(3700)

        again = await desk.channel.deliver(Delivery(key="s:1:1", chat=first.chat, first_attempt_at=began, **content))

        assert again.message_id == sent.message_id
        assert len(await desk.phone.messages(from_bot=True)) == 1


async def test_after_that_hour_a_topic_knows_what_was_sent_into_it(open_desk: Any) -> None:
    """It is in no history of the chat."""
    async with open_desk(clock=Later(timedelta(minutes=55))) as desk:
        began = datetime.now(UTC)
        group, root = await _topic(desk)
        delivery = Delivery(
            key="s:1:1", chat=Chat(channel="feishu", chat_id=group, private=False, root=root), card=CARD
        )
        sent = await desk.channel.deliver(delivery)
        await desk.phone.jump(3700)

        again = await desk.channel.deliver(replace(delivery, first_attempt_at=began))

        assert again.message_id == sent.message_id
        assert len(await desk.phone.messages(group, from_bot=True)) == 2


async def test_another_delivery_that_says_the_same_is_not_taken_for_it(open_desk: Any) -> None:
    async with open_desk(clock=Later(timedelta(minutes=55))) as desk:
        began, chat = datetime.now(UTC), await desk.chat()
        await desk.channel.deliver(Delivery(key="s:1:1", chat=chat, markdown="Done."))

        await desk.channel.deliver(Delivery(key="s:2:1", chat=chat, markdown="Done.", first_attempt_at=began))

        assert len(await desk.phone.messages(from_bot=True)) == 2


async def test_where_the_history_is_closed_it_is_sent_again(open_desk: Any) -> None:
    async with open_desk(clock=Later(timedelta(minutes=55))) as desk:
        group = await desk.phone.add_group("team", [(await desk.phone.add_user("ou_ann"))["open_id"]])
        chat = type(await desk.chat())(channel="feishu", chat_id=group, private=False)

        await desk.channel.deliver(
            Delivery(key="s:1:1", chat=chat, markdown="Done.", first_attempt_at=datetime.now(UTC))
        )

        await desk.phone.wait_for_message("Done.", chat=group)


async def test_while_the_history_cannot_be_read_nothing_is_sent(open_desk: Any) -> None:
    async with open_desk(clock=Later(timedelta(minutes=55))) as desk:
        await desk.phone.fault("http.status", status=503, match={"method": "GET", "path": "messages"})
        delivery = Delivery(key="s:1:1", chat=await desk.chat(), markdown="Done.", first_attempt_at=datetime.now(UTC))

        with pytest.raises(ChannelError) as error:
            await desk.channel.deliver(delivery)

        assert error.value.retry_after is not None
        assert await desk.phone.messages(from_bot=True) == []


async def test_a_healed_gap_holds_what_nobody_pushed(open_desk: Any) -> None:
    """From the drop to the first healed message, as the app does it (C11)."""
    async with open_desk() as desk:
        chat = await desk.chat()
        await desk.phone.drop()
        missed = await desk.phone.say("lost", silent=True)
        await desk.until(lambda desk: desk.gaps)
        since, _ = desk.gaps[0]

        healed = await desk.channel.heal(chat.chat_id, since - timedelta(seconds=5))

        assert [type(said) for said in healed] == [Said]
        assert healed[0].key == missed
