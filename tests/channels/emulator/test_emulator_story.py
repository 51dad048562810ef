"""The whole way, on the unmodified SDK: a message in, a card out, a tap, an update."""

from __future__ import annotations

import json
from typing import Any

CARD: dict[str, Any] = {
    "schema": "2.0",
    "config": {"update_multi": True},
    "header": {"title": {"tag": "plain_text", "content": "api"}, "template": "blue"},
    "body": {
        "elements": [
            {"tag": "markdown", "content": "Run this?"},
            {
                "tag": "button",
                "type": "primary",
                "text": {"tag": "plain_text", "content": "Allow"},
                "behaviors": [{"type": "callback", "value": {"op": "allow", "id": "r1"}}],
            },
        ]
    },
}
DONE: dict[str, Any] = {"schema": "2.0", "body": {"elements": [{"tag": "markdown", "content": "Allowed"}]}}


async def test_a_message_reaches_the_bot_and_its_answer_the_phone(bot: Any, phone: Any) -> None:
    message_id = await phone.say("hello")
    await phone.idle()

    received = bot.events[0]["event"]["message"]
    assert received["message_id"] == message_id
    assert json.loads(received["content"]) == {"text": "hello"}

    answer = await bot.reply(message_id, "text", {"text": "hi there"})
    assert answer.code == 0
    shown = await phone.wait_for_message("hi there")
    assert shown.reply_to == message_id


async def test_a_tap_brings_a_toast_and_the_new_card(bot: Any, phone: Any) -> None:
    bot.on_click = lambda click: {
        "toast": {"type": "success", "content": "Allowed"},
        "card": {"type": "raw", "data": DONE},
    }
    sent = await bot.create("ou_demo", "interactive", CARD)
    answered = await phone.click(sent.data.message_id, "Allow")

    assert answered.error is None
    assert answered.toast_text == "Allowed"
    assert bot.clicks[0]["event"]["action"]["value"] == {"op": "allow", "id": "r1"}
    shown = await phone.message(sent.data.message_id)
    assert shown.card == DONE
    assert [version["cause"] for version in shown.versions] == ["create", "answer"]


async def test_a_card_is_patched(bot: Any, phone: Any) -> None:
    sent = await bot.create("ou_demo", "interactive", CARD)
    assert (await bot.patch(sent.data.message_id, DONE)).code == 0
    assert (await phone.message(sent.data.message_id)).card == DONE


async def test_waiting_for_a_form_of_a_card_brings_its_history(bot: Any, phone: Any) -> None:
    sent = await bot.create("ou_demo", "interactive", CARD)
    await bot.patch(sent.data.message_id, DONE)
    shown = await phone.wait_for_message("Allowed")
    assert [version["cause"] for version in shown.versions] == ["create", "patch"]
    everything = await phone.wait_until(lambda all: len(all) == 1)
    assert everything[0].card == DONE
