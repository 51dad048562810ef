"""Taps on cards: what the clicker sees, and what happens when it cannot be committed."""

import asyncio
from typing import Any

from phonework.channels.base import Action, Clicked, Delivery, Reply, Toast

CARD = {
    "schema": "2.0",
    "body": {
        "elements": [
            {
                "tag": "form",
                "name": "ask",
                "elements": [
                    {
                        "tag": "select_static",
                        "name": "q0",
                        "options": [{"text": {"tag": "plain_text", "content": "SQLite"}, "value": "0"}],
                    },
                    {"tag": "input", "name": "t0"},
                    {
                        "tag": "button",
                        "name": "send",
                        "form_action_type": "submit",
                        "text": {"tag": "plain_text", "content": "Send"},
                        "behaviors": [{"type": "callback", "value": {"v": 1, "op": "answer", "id": "r1", "g": 2}}],
                    },
                ],
            }
        ]
    },
}
DONE = {"schema": "2.0", "body": {"elements": [{"tag": "markdown", "content": "Chosen: SQLite"}]}}


async def sent(desk: Any) -> str:
    return str((await desk.channel.deliver(Delivery(key="1", chat=await desk.chat(), card=CARD))).message_id)


async def test_a_tap_is_answered_with_a_toast_and_the_cards_new_form(desk: Any) -> None:
    desk.answer = lambda event: Reply(toast=Toast(kind="success", text="已记录"), card=DONE)
    message_id = await sent(desk)

    answered = await desk.phone.click(message_id, "Send", form={"q0": "0", "t0": "or not"})

    assert answered.error is None
    assert answered.toast == {"type": "success", "content": "已记录"}
    assert (await desk.phone.message(message_id)).shows("Chosen: SQLite")
    (clicked,) = desk.arrived
    assert isinstance(clicked, Clicked)
    assert clicked.value == {"v": 1, "op": "answer", "id": "r1", "g": 2}
    assert clicked.form == {"q0": "0", "t0": "or not"}
    assert (clicked.message_id, clicked.key) == (message_id, answered.event_id)
    assert clicked.chat == await desk.chat()


async def test_an_empty_reply_leaves_the_card_as_it_was(desk: Any) -> None:
    message_id = await sent(desk)

    answered = await desk.phone.click(message_id, "Send")

    assert (answered.error, answered.toast, answered.card) == (None, None, None)
    assert (await desk.phone.message(message_id)).version == 1


async def test_a_tap_that_was_not_committed_shows_an_error(desk: Any) -> None:
    """Returning is the acknowledgement, so what failed must not return (C2)."""

    async def fail() -> Reply:
        raise OSError("disk full")

    desk.answer = lambda event: fail()

    answered = await desk.phone.click(await sent(desk), "Send")

    assert answered.error is not None
    assert answered.error["code"] == 200671


async def test_a_tap_whose_commit_takes_too_long_is_taken_back(desk: Any) -> None:
    gone: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def hang() -> Reply:
        try:
            await asyncio.Event().wait()
        finally:
            gone.set_result("cancelled")
        return Reply()

    desk.answer = lambda event: hang()

    answered = await desk.phone.click(await sent(desk), "Send")

    assert answered.error is not None
    assert await asyncio.wait_for(gone, 5) == "cancelled"


async def test_an_update_waits_until_the_tap_is_answered(desk: Any) -> None:
    """Feishu refuses to change a card while a tap on it is being answered: 11310."""
    message_id, chat = await sent(desk), await desk.chat()
    updates: list[asyncio.Task[Any]] = []

    async def answer() -> Reply:
        update = Delivery(key="2", chat=chat, action=Action.UPDATE, target=message_id, card=DONE)
        updates.append(asyncio.create_task(desk.channel.deliver(update)))
        await desk.phone.called(1, "PATCH|messages/om_")
        return Reply(toast=Toast(kind="info", text="ok"))

    desk.answer = lambda event: answer()

    answered = await desk.phone.click(message_id, "Send")
    await updates[0]

    assert answered.error is None
    assert (await desk.phone.message(message_id)).shows("Chosen: SQLite")
    patches = await desk.phone.calls("/messages/", method="PATCH")
    assert [each["code"] for each in patches] == [230099, 0]


async def test_a_forged_value_arrives_as_it_is_or_empty(desk: Any) -> None:
    message_id = await sent(desk)

    forged = await desk.phone.act(message_id, {"tag": "button", "value": {"op": ["x"] * 50, "n": 1 << 90}})
    text = await desk.phone.act(message_id, {"tag": "button", "value": "a string"})

    assert (forged.error, text.error) == (None, None)
    assert [event.value for event in desk.arrived] == [{"op": ["x"] * 50, "n": str(1 << 90)}, {}]
