"""Streaming cards: a card of its own id, a growing sequence, and streaming that ends by itself."""

from __future__ import annotations

import json
from typing import Any

import pytest

Json = dict[str, Any]
CARDS = "/open-apis/cardkit/v1/cards"
CARD: Json = {
    "schema": "2.0",
    "config": {"streaming_mode": True},
    "body": {
        "elements": [{"tag": "markdown", "content": "…", "element_id": "log"}, {"tag": "hr", "element_id": "line"}]
    },
}


async def make(caller: Any, card: Json = CARD) -> str:
    made = await caller.call("POST", CARDS, {"type": "card_json", "data": json.dumps(card)})
    assert made["code"] == 0, made
    return str(made["data"]["card_id"])


async def send(caller: Any, card_id: str) -> Any:
    return await caller.create("ou_demo", "interactive", {"type": "card", "data": {"card_id": card_id}})


async def stream(caller: Any, card_id: str, text: str, sequence: int, element: str = "log", **more: Any) -> int:
    body = {"content": text, "sequence": sequence, **more}
    return int((await caller.call("PUT", f"{CARDS}/{card_id}/elements/{element}/content", body))["code"])


async def settings(caller: Any, card_id: str, streaming: bool, sequence: int) -> int:
    body = {"settings": json.dumps({"config": {"streaming_mode": streaming}}), "sequence": sequence}
    return int((await caller.call("PATCH", f"{CARDS}/{card_id}/settings", body))["code"])


async def test_text_is_streamed_into_the_message(caller: Any, phone: Any) -> None:
    card_id = await make(caller)
    sent = await send(caller, card_id)
    assert await stream(caller, card_id, "one", 1) == 0
    assert await stream(caller, card_id, "one two", 5) == 0
    shown = await phone.message(sent.data.message_id)
    assert shown.text.strip() == "one two"
    assert await settings(caller, card_id, False, 6) == 0
    assert (await phone.card(sent.data.message_id))["config"]["streaming_mode"] is False
    assert "200741" in (await send(caller, card_id)).msg


async def test_the_sequence_grows_over_all_calls(caller: Any, phone: Any) -> None:
    card_id = await make(caller)
    assert await stream(caller, card_id, "a", 3, uuid="u") == 0
    assert await stream(caller, card_id, "b", 3) == 300317
    assert await settings(caller, card_id, True, 2) == 300317
    assert await stream(caller, card_id, "c", 4, uuid="u") == 200770
    whole = {"card": {"type": "card_json", "data": json.dumps(CARD)}, "sequence": 4}
    assert (await caller.call("PUT", f"{CARDS}/{card_id}", whole))["code"] == 0


async def test_streaming_ends_after_ten_minutes_and_can_be_reopened(caller: Any, phone: Any) -> None:
    card_id = await make(caller)
    await phone.jump(601)
    assert await stream(caller, card_id, "late", 1) == 200850
    assert await stream(caller, card_id, "late", 2) == 300309
    assert await settings(caller, card_id, True, 3) == 0
    assert await stream(caller, card_id, "on", 4) == 0


@pytest.mark.parametrize(
    ("element", "text", "code"), [("line", "x", 300310), ("none", "x", 300313), ("log", "", 300307), ("log", "x" * 31_000, 200860)]
)  # fmt: skip
async def test_what_cannot_be_streamed(caller: Any, phone: Any, element: str, text: str, code: int) -> None:
    assert await stream(caller, await make(caller), text, 1, element) == code


async def test_cards_that_are_none(caller: Any, phone: Any) -> None:
    old = await caller.call("POST", CARDS, {"type": "card_json", "data": json.dumps({"elements": []})})
    many = {"schema": "2.0", "body": {"elements": [{"tag": "hr"}] * 201}}
    big = await caller.call("POST", CARDS, {"type": "card_json", "data": json.dumps(many)})
    assert (old["code"], big["code"]) == (300303, 300305)
    assert await stream(caller, "none", "x", 1) == 200740
    assert "200740" in (await send(caller, "none")).msg


async def test_a_sent_card_gets_an_id(caller: Any, phone: Any) -> None:
    sent = await caller.create("ou_demo", "interactive", CARD)
    made = await caller.call("POST", f"{CARDS}/id_convert", {"message_id": sent.data.message_id})
    assert await settings(caller, made["data"]["card_id"], False, 1) == 0
    assert (await phone.card(sent.data.message_id))["config"]["streaming_mode"] is False


async def test_streaming_that_is_renewed_lasts_another_ten_minutes(caller: Any, phone: Any) -> None:
    card_id = await make(caller)
    await phone.jump(500)
    assert await settings(caller, card_id, True, 1) == 0
    await phone.jump(500)
    assert await stream(caller, card_id, "still on", 2) == 0


async def test_without_the_permission_there_are_no_entities(caller: Any, phone: Any) -> None:
    card_id = await make(caller)
    await phone.settings(cardkit=False)
    refused = await caller.call("POST", CARDS, {"type": "card_json", "data": json.dumps(CARD)})
    assert refused["code"] == 99991672
    assert refused["error"]["permission_violations"] == [
        {"type": "action_scope_required", "subject": "cardkit:card:write"}
    ]
    assert await stream(caller, card_id, "x", 1) == 99991672


async def test_a_card_takes_so_many_calls_a_second(caller: Any, phone: Any) -> None:
    card_id = await make(caller)
    await phone.stop_clock()
    codes = [await stream(caller, card_id, f"{number}", number) for number in range(1, 12)]
    assert codes == [0] * 10 + [99991400]
    await phone.jump(1)
    assert await stream(caller, card_id, "on", 12) == 0


@pytest.mark.parametrize("allowed", [True, False])
async def test_a_patch_replaces_the_card_of_an_entity(caller: Any, phone: Any, allowed: bool) -> None:
    """What it does to a card that streams is a guess; to one that does not, it is that card from then on."""
    await phone.settings(patch_streaming=allowed)
    card_id = await make(caller)
    sent = await send(caller, card_id)
    plain = {"schema": "2.0", "body": {"elements": [{"tag": "markdown", "content": "end", "element_id": "end"}]}}
    patched = await caller.patch(sent.data.message_id, plain)
    assert (patched.code == 0) is allowed
    assert await settings(caller, card_id, False, 1) == 0
    shown = await phone.message(sent.data.message_id)
    assert ("end" in shown.texts) is allowed
    assert await stream(caller, card_id, "late", 2) == (300313 if allowed else 300309)


async def test_of_very_many_forms_the_first_and_the_last_are_kept(caller: Any, phone: Any) -> None:
    await phone.settings(cardkit_per_s=0, app_per_s=0, app_per_minute=0)
    card_id = await make(caller)
    sent = await send(caller, card_id)
    for number in range(1, 251):
        assert await stream(caller, card_id, f"{number}", number) == 0
    shown = await phone.message(sent.data.message_id)
    texts = [version["content"]["body"]["elements"][0]["content"] for version in shown.versions]
    assert (len(texts), texts[0], texts[-1], shown.version) == (200, "…", "250", 251)
