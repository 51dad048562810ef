"""Taps: the answer in time, the errors a person sees, the lock, and updates by token."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest

Json = dict[str, Any]
DONE: Json = {"schema": "2.0", "body": {"elements": [{"tag": "markdown", "content": "done"}]}}
CARD: Json = {
    "schema": "2.0",
    "body": {
        "elements": [
            {
                "tag": "form",
                "name": "ask",
                "elements": [
                    {
                        "tag": "select_static",
                        "name": "pick",
                        "options": [
                            {"text": {"tag": "plain_text", "content": "Postgres"}, "value": "0"},
                            {"text": {"tag": "plain_text", "content": "SQLite"}, "value": "1"},
                        ],
                    },
                    {"tag": "input", "name": "note", "max_length": 10},
                    {
                        "tag": "button",
                        "name": "send",
                        "form_action_type": "submit",
                        "text": {"tag": "plain_text", "content": "Send"},
                        "behaviors": [{"type": "callback", "value": {"op": "answer", "id": "r2"}}],
                    },
                ],
            },
            {
                "tag": "button",
                "text": {"tag": "plain_text", "content": "Stop"},
                "behaviors": [{"type": "callback", "value": {"op": "stop"}}],
            },
        ]
    },
}


async def show(bot: Any, card: Json = CARD) -> str:
    return str((await bot.create("ou_demo", "interactive", card)).data.message_id)


async def test_a_form_sends_all_its_fields(bot: Any, phone: Any) -> None:
    message_id = await show(bot)
    answered = await phone.click(message_id, "Send", form={"pick": "1", "note": "fast"})
    assert answered.error is None
    action = bot.clicks[0]["event"]["action"]
    assert action["form_value"] == {"pick": "1", "note": "fast"}
    assert (action["name"], action["value"]) == ("send", {"op": "answer", "id": "r2"})
    assert bot.clicks[0]["event"]["context"] == {"open_message_id": message_id, "open_chat_id": "oc_demo"}


@pytest.mark.parametrize("form", [{"pick": "2"}, {"other": "x"}, {"note": "x" * 11}])
async def test_a_form_takes_only_what_it_offers(bot: Any, phone: Any, form: Json) -> None:
    message_id = await show(bot)
    with pytest.raises(LookupError):
        await phone.click(message_id, "Send", form=form)
    with pytest.raises(LookupError, match="nothing to press"):
        await phone.click(message_id, "Missing")


async def test_nobody_connected_is_200340(caller: Any, phone: Any) -> None:
    answered = await phone.click(await show(caller), {"op": "stop"})
    assert answered.error["code"] == 200340


async def test_no_answer_in_time_is_200341_and_never_repeated(bot: Any, phone: Any) -> None:
    """A click is not pushed again."""
    hold = threading.Event()

    def slow(click: Json) -> Json:
        hold.wait(5)
        return {}

    bot.on_click = slow
    message_id = await show(bot)
    waiting = asyncio.create_task(phone.click(message_id, "Stop"))
    await phone.clicking()
    await phone.jump(3)
    answered = await waiting
    hold.set()
    assert answered.error["code"] == 200341
    await phone.jump(30_000)
    await phone.idle()
    assert len(bot.clicks) == 1


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ({"toast": {"type": "shout", "content": "x"}}, 200672),
        ({"card": {"type": "raw", "data": {"schema": "2.0", "elements": []}}}, 200673),
        ({"card": {"type": "raw", "data": {"elements": []}}}, 200830),
        ({"card": {"type": "raw", "data": {"schema": "2.0", "body": {"elements": [{"tag": "markdown", "content": "x" * 31_000}]}}}}, 200673),
    ],
)  # fmt: skip
async def test_a_wrong_answer_is_an_error_and_changes_nothing(bot: Any, phone: Any, answer: Json, code: int) -> None:
    bot.on_click = lambda click: answer
    message_id = await show(bot)
    answered = await phone.click(message_id, "Stop")
    assert answered.error["code"] == code
    assert (await phone.card(message_id)) == CARD
    assert (await phone.violations())[0]["code"] == code


async def test_a_raising_handler_is_200671(bot: Any, phone: Any) -> None:
    def fail(click: Json) -> Json:
        raise RuntimeError("broken")

    bot.on_click = fail
    assert (await phone.click(await show(bot), "Stop")).error["code"] == 200671


async def test_a_string_value_never_reaches_the_handler(bot: Any, phone: Any) -> None:
    answered = await phone.act(await show(bot), {"tag": "button", "value": "stop"})
    assert answered.error["code"] == 200671
    assert bot.clicks == []


async def test_a_card_is_locked_until_its_tap_is_answered(bot: Any, phone: Any, caller: Any) -> None:
    hold = threading.Event()
    bot.on_click = lambda click: {"toast": {"type": "info", "content": "ok"}} if hold.wait(5) else {}
    message_id = await show(bot)
    waiting = asyncio.create_task(phone.click(message_id, "Stop"))
    await phone.clicking()
    locked = await caller.patch(message_id, DONE)
    hold.set()
    assert (await waiting).toast_text == "ok"
    assert (locked.code, "11310" in locked.msg) == (230099, True)
    assert (await caller.patch(message_id, DONE)).code == 0


async def test_two_quick_taps_are_two_callbacks(bot: Any, phone: Any) -> None:
    message_id = await show(bot)
    await asyncio.gather(phone.click(message_id, "Stop"), phone.click(message_id, "Stop"))
    assert len({each["header"]["event_id"] for each in bot.clicks}) == 2


async def test_while_streaming_a_card_in_the_answer_is_ignored(bot: Any, phone: Any) -> None:
    bot.on_click = lambda click: {"card": {"type": "raw", "data": DONE}}
    streaming = {**CARD, "config": {"streaming_mode": True}}
    message_id = await show(bot, streaming)
    answered = await phone.click(message_id, "Stop")
    assert (answered.error, answered.card) == (None, None)
    assert (await phone.card(message_id)) == streaming


async def test_the_tap_token_updates_twice_within_30_minutes(bot: Any, phone: Any) -> None:
    message_id = await show(bot)
    await phone.click(message_id, "Stop")
    body = {"token": bot.clicks[0]["event"]["token"], "card": DONE}
    codes = [(await bot.call("POST", "/open-apis/interactive/v1/card/update", body))["code"] for _ in range(3)]
    assert codes[:2] == [0, 0]
    assert codes[2] != 0
    assert (await phone.card(message_id)) == DONE


async def test_a_stranger_in_a_group_can_press(bot: Any, phone: Any) -> None:
    await phone.add_user("ou_eve", "Eve")
    group = await phone.add_group("team", ["ou_demo", "ou_eve"])
    sent = await bot.create(group, "interactive", CARD, kind="chat_id")
    await phone.click(sent.data.message_id, "Stop", user="ou_eve")
    assert bot.clicks[0]["event"]["operator"]["open_id"] == "ou_eve"
