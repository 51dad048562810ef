"""Redelivery and its faults: what the platform promises about events, and what it does not."""

from __future__ import annotations

import json
from typing import Any

import pytest

MINUTE, HOUR = 60, 3600


async def attempts(phone: Any) -> list[str]:
    return [each["outcome"] for each in (await phone.deliveries("message.receive"))[0]["attempts"]]


async def test_an_unanswered_event_comes_again_four_times_with_the_same_id(bot: Any, phone: Any) -> None:
    """15 s, 5 min, 1 h, 6 h; the clock jumps, nobody waits."""

    def fail(event: Any) -> None:
        raise RuntimeError("not committed")

    bot.on_event = fail
    await phone.say("hello")
    for number, wait in enumerate((15, 5 * MINUTE, HOUR, 6 * HOUR), start=1):
        await phone.attempts(number)
        await phone.jump(wait - 1)
        assert len(await attempts(phone)) == number
        await phone.jump(1)
    await phone.attempts(5)
    delivery = (await phone.deliveries())[0]
    assert [each["outcome"] for each in delivery["attempts"]] == ["refused"] * 5
    assert delivery["state"] == "given_up"
    assert len({each["header"]["event_id"] for each in bot.events}) == 1


async def test_a_time_scale_shortens_the_waiting(bot: Any, phone: Any) -> None:
    await phone.settings(time_scale=0.001)
    await phone.fault("event.lose_ack")
    await phone.say("hello")
    await phone.attempts(2)
    assert await attempts(phone) == ["ack_lost", "acked"]


async def test_a_lost_acknowledgement_makes_a_repeat(bot: Any, phone: Any) -> None:
    await phone.fault("event.lose_ack")
    message_id = await phone.say("pay once")
    await phone.attempts(1)
    await phone.jump(15)
    await phone.attempts(2)
    assert [each["event"]["message"]["message_id"] for each in bot.events] == [message_id, message_id]


@pytest.mark.parametrize("new_event_id", [False, True])
async def test_a_duplicate_has_the_same_message_id(bot: Any, phone: Any, new_event_id: bool) -> None:
    await phone.fault("event.duplicate", copies=2, new_event_id=new_event_id)
    message_id = await phone.say("once")
    await phone.idle()
    assert {each["event"]["message"]["message_id"] for each in bot.events} == {message_id}
    assert len(bot.events) == 3
    assert len({each["header"]["event_id"] for each in bot.events}) == (3 if new_event_id else 1)


async def test_a_held_event_arrives_after_the_next(bot: Any, phone: Any) -> None:
    await phone.fault("event.hold")
    await phone.say("first")
    await phone.say("second")
    await phone.attempts(2, total=True)
    assert [json.loads(each["event"]["message"]["content"])["text"] for each in bot.events] == ["second", "first"]


async def test_a_delayed_event_waits_for_the_clock(bot: Any, phone: Any) -> None:
    await phone.fault("event.delay", seconds=900)
    await phone.say("late", created_at=1_767_000_000_000)
    await phone.say("now")
    await phone.idle()
    assert len(bot.events) == 1
    await phone.jump(900)
    await phone.attempts(2, total=True)
    assert bot.events[1]["event"]["message"]["create_time"] == "1767000000000"


async def test_a_lost_event_is_only_in_the_history(bot: Any, phone: Any) -> None:
    await phone.say("unheard", silent=True)
    answer = await bot.call(
        "GET",
        "/open-apis/im/v1/messages",
        query=[("container_id_type", "chat"), ("container_id", "oc_demo"), ("start_time", "1")],
    )
    assert json.loads(answer["data"]["items"][0]["body"]["content"]) == {"text": "unheard"}
    assert bot.events == []
    assert await phone.deliveries() == []


async def test_an_event_for_nobody_comes_when_somebody_is_there(phone: Any, make_bot: Any) -> None:
    await phone.say("anybody?")
    await phone.attempts(1)
    assert await attempts(phone) == ["nobody"]
    bot = await make_bot()
    await phone.jump(15)
    await phone.attempts(2)
    assert len(bot.events) == 1


async def test_events_of_all_kinds_reach_the_sdk(bot: Any, phone: Any) -> None:
    message_id = await phone.say("hello")
    await phone.react(message_id, "THUMBSUP")
    await phone.menu("status")
    await phone.recall(message_id)
    await phone.attempts(4, total=True)
    kinds = {each["header"]["event_type"] for each in bot.events}
    assert kinds == {
        "im.message.receive_v1",
        "im.message.reaction.created_v1",
        "application.bot.menu_v6",
        "im.message.recalled_v1",
    }


async def test_an_unregistered_event_is_refused_and_comes_back(bot: Any, phone: Any) -> None:
    await phone.inject("im.chat.updated_v1", {"chat_id": "oc_demo"})
    await phone.attempts(1)
    assert (await phone.deliveries())[0]["attempts"][0]["code"] == 500


async def test_a_p2p_message_has_no_mentions_and_a_group_message_needs_one(bot: Any, phone: Any) -> None:
    group = await phone.add_group("team", ["ou_demo"])
    await phone.say("private")
    await phone.say("to the others", chat=group)
    await phone.say("deploy", chat=group, mention_bot=True)
    await phone.attempts(2, total=True)
    private, mentioned = sorted(
        (each["event"]["message"] for each in bot.events), key=lambda each: each["chat_type"], reverse=True
    )
    assert private["chat_type"] == "p2p"
    assert private.get("mentions") is None
    assert private.get("root_id") is None
    assert json.loads(mentioned["content"]) == {"text": "@_user_1 deploy"}
    assert mentioned["mentions"][0]["id"]["open_id"] == "ou_phonework"


async def test_event_times_are_milliseconds_and_tap_times_microseconds(bot: Any, phone: Any) -> None:
    sent = await bot.create("ou_demo", "interactive", {"schema": "2.0", "body": {"elements": []}})
    await phone.say("hello")
    await phone.act(sent.data.message_id, {"tag": "button", "value": {}})
    await phone.idle()
    assert len(bot.events[0]["header"]["create_time"]) == 13
    assert len(bot.clicks[0]["header"]["create_time"]) == 16
