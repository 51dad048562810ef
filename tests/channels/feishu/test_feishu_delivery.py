"""At-least-once delivery of events, and when they are acknowledged (C2)."""

import asyncio
from typing import Any

from phonework.channels.base import Recalled, Reply


async def failing() -> Reply:
    raise OSError("disk full")


def outcomes(delivery: Any) -> list[str]:
    return [attempt["outcome"] for attempt in delivery["attempts"]]


async def test_a_message_that_was_committed_is_acknowledged_exactly_once(desk: Any) -> None:
    await desk.phone.say("once")
    await desk.said()
    await desk.phone.idle()

    (delivery,) = await desk.phone.deliveries("message.receive")
    assert (delivery["state"], outcomes(delivery)) == ("done", ["acked"])
    assert len(desk.arrived) == 1


async def test_a_message_that_was_not_committed_comes_again(desk: Any) -> None:
    answers = iter([failing(), failing()])
    desk.answer = lambda event: next(answers, Reply())

    message_id = await desk.phone.say("run the tests")
    await desk.said(2)
    await desk.phone.idle()
    await desk.phone.jump(400)
    said = await desk.said(3)
    await desk.phone.idle()

    assert [each.key for each in said] == [message_id] * 3
    (delivery,) = await desk.phone.deliveries("message.receive")
    assert outcomes(delivery) == ["refused", "refused", "acked"]


async def test_a_lost_acknowledgement_brings_the_same_key_again(desk: Any) -> None:
    await desk.phone.fault("event.lose_ack")
    message_id = await desk.phone.say("once or twice")
    await desk.until(lambda desk: len(desk.arrived) >= 1)
    await desk.phone.jump(10)
    await desk.phone.jump(20)

    said = await desk.said(2)
    assert {each.key for each in said} == {message_id}


async def test_a_commit_that_hangs_is_not_acknowledged(desk: Any) -> None:
    hanging = iter([asyncio.Event().wait()])
    desk.answer = lambda event: next(hanging, Reply())

    await desk.phone.say("slow")
    await desk.said(2)
    await desk.phone.idle()

    (delivery,) = await desk.phone.deliveries("message.receive")
    assert outcomes(delivery) == ["refused", "acked"]


async def test_fragments_in_any_order_are_one_message(desk: Any) -> None:
    await desk.phone.fault("event.fragment", parts=7, shuffle=True)
    text = "in pieces " * 200

    await desk.phone.say(text)

    (said,) = await desk.said()
    assert said.text == text


async def test_a_message_taken_back_is_told_and_one_without_a_name_is_passed_over(desk: Any) -> None:
    await desk.phone.inject("im.message.recalled_v1", {"message_id": ["om"], "recall_time": "soon"})
    message = await desk.phone.say("never mind")
    (said,) = await desk.said()
    await desk.phone.recall(message)
    await desk.until(lambda desk: len(desk.arrived) == 2)

    assert desk.arrived[1] == Recalled(key=said.key, recalled_at=desk.arrived[1].recalled_at)
    assert desk.arrived[1].recalled_at >= said.sent_at


async def test_rubbish_on_the_socket_harms_nothing(desk: Any) -> None:
    await desk.phone.send_raw(b"\xff\x00no frame at all" * 100)
    await desk.phone.inject("im.message.receive_v1", {"message": {"content": "["}, "sender": []})
    await desk.phone.inject("never.heard.of", {})
    await desk.phone.say("still here")

    (said,) = await desk.said()
    assert said.text == "still here"
    assert desk.channel.health().reconnects == 0


async def test_a_group_is_asked_again_while_the_bot_does_not_know_its_own_name(emulator: Any, open_desk: Any) -> None:
    """Whether it was mentioned cannot be told yet, and to guess would lose or answer what it should not."""
    fault = await emulator.phone.fault("http.status", status=503, times=-1, match={"path": "bot/v3/info"})
    group = await emulator.phone.add_group("team", [(await emulator.phone.add_user("ou_ann"))["open_id"]])
    async with open_desk() as desk:
        await emulator.phone.say("deploy", user="ou_ann", chat=group, mention_bot=True)
        await emulator.phone.say("private", user="ou_ann")
        (said,) = await desk.said()
        assert said.text == "private"

        await emulator.phone.idle()
        first, _ = await emulator.phone.deliveries("message.receive")
        assert outcomes(first)[0] == "refused"

        await emulator.phone.clear_faults(fault)
        await desk.until_known()
        await emulator.phone.idle()
        await emulator.phone.jump(400)
        await desk.until(lambda desk: len(desk.arrived) == 2)
        assert desk.arrived[1].text == "deploy"
        assert desk.arrived[1].addressed
