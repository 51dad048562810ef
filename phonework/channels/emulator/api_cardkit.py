"""Streaming cards (cardkit): cards that live by their own id, updated in a strictly growing sequence."""

from __future__ import annotations

import copy
import json
from typing import Any, Final

from phonework.channels.emulator.calls import ApiError, Call, field_error
from phonework.channels.emulator.cards import CardError, check_card, schema_of
from phonework.channels.emulator.content import image_keys, people
from phonework.channels.emulator.core import Emulator
from phonework.channels.emulator.world import CardEntity, Json, new_id

_TEXTS: Final = {"markdown", "plain_text"}
_INNER_TO_OWN: Final = {11310: 300305}
"""Where the inner code of a message differs from cardkit's own."""


async def create(call: Call) -> Json:
    """`{"type": "card_json", "data": "<card 2.0 as a string>"}` → `card_id`, good for 14 days, sent once."""
    _check_scope(call)
    if call.body.get("type") != "card_json":
        raise field_error("type", "is card_json")
    card = _card(call, call.text("data"))
    now = call.emulator.clock.now_ms()
    entity = CardEntity(card_id=new_id("")[:19], card=card, created_ms=now)
    if _streaming(card):
        entity.streaming_since_ms = now
    call.emulator.world.cards[entity.card_id] = entity
    call.emulator.world.card_changed(entity)
    return {"code": 0, "msg": "success", "data": {"card_id": entity.card_id}}


async def replace(call: Call) -> Json:
    """`PUT /cards/:card_id` with `{"card": {"type", "data"}, "sequence", "uuid"?}`: the whole card."""
    entity = _entity(call)
    card = call.body.get("card")
    data = card.get("data") if isinstance(card, dict) else None
    if not isinstance(data, str):
        raise field_error("card.data")
    checked = _card(call, data)
    _advance(call, entity)
    _show(call, entity, checked)
    return _done()


async def settings(call: Call) -> Json:
    """`PATCH /cards/:card_id/settings` with `{"settings": "<{config} as a string>", "sequence"}`.

    Streaming that is switched on while it is on begins anew, with another ten minutes.
    """
    entity = _entity(call)
    changes = _parse(call.text("settings"), "settings").get("config")
    if not isinstance(changes, dict):
        raise field_error("settings", "holds a config")
    card = copy.deepcopy(entity.card)
    card["config"] = {**card.get("config", {}), **changes}
    checked = _card(call, json.dumps(card, ensure_ascii=False))
    _advance(call, entity)
    if changes.get("streaming_mode") is True:
        entity.streaming_since_ms = call.emulator.clock.now_ms()
    _show(call, entity, checked)
    return _done()


async def element_content(call: Call) -> Json:
    """`PUT /cards/:card_id/elements/:element_id/content` with the whole text so far. Only while streaming."""
    entity = _entity(call)
    content = call.body.get("content")
    if not isinstance(content, str) or not content:
        raise ApiError(300307, "content is empty")
    if len(content) > 100_000:
        raise field_error("content", "has at most 100000 characters")
    card = copy.deepcopy(entity.card)
    element = _find(card.get("body"), call.path["element_id"])
    if element is None:
        raise ApiError(300313, "element not found")
    if element.get("tag") not in _TEXTS:
        raise ApiError(300310, "the element is not a text")
    _check_streaming(call, entity)
    element["content"] = content
    checked = _card(call, json.dumps(card, ensure_ascii=False))
    _advance(call, entity)
    _show(call, entity, checked)
    return _done()


async def id_convert(call: Call) -> Json:
    """A message's card as an entity: made at the first asking."""
    message = call.emulator.world.messages.get(call.text("message_id"))
    if message is None or message.msg_type != "interactive" or not message.from_bot:
        raise ApiError(200740, "card not found")
    if schema_of(message.content) != "2.0":
        raise ApiError(300303, "the card is not of schema 2.0")
    if not message.card_id:
        entity = CardEntity(
            card_id=new_id("")[:19], card=message.content, created_ms=message.created_ms, message_id=message.message_id
        )
        message.card_id = entity.card_id
        call.emulator.world.cards[entity.card_id] = entity
    return {"code": 0, "msg": "success", "data": {"card_id": message.card_id}}


def _entity(call: Call) -> CardEntity:
    """The card of the path. Raises 200740, 200750 (14 days), 200810 (a tap is unanswered), 99991400.

    Whether the 10/s hold while the card streams too is said both ways; here they do.
    """
    _check_scope(call)
    emulator = call.emulator
    entity = emulator.world.cards.get(call.path["card_id"])
    if entity is None:
        raise ApiError(200740, "card not found")
    if emulator.clock.now_ms() - entity.created_ms > emulator.settings.editable_s * 1000:
        raise ApiError(200750, "card is expired")
    if emulator.clicking.get(entity.message_id):
        raise ApiError(200810, "card action is lock")
    if not emulator.limits.allow(f"cardkit:{entity.card_id}", emulator.settings.cardkit_per_s):
        raise ApiError(99991400, "request trigger frequency limit", status=429)
    return entity


def _check_scope(call: Call) -> None:
    if not call.emulator.settings.cardkit:
        violation = {"type": "action_scope_required", "subject": "cardkit:card:write"}
        raise ApiError(99991672, "Access denied", error={"permission_violations": [violation]})


def _check_streaming(call: Call, entity: CardEntity) -> None:
    """Streaming ends by itself 10 min after it was opened: 200850 once, then 300309."""
    if streams(call.emulator, entity):
        return
    if _streaming(entity.card):
        entity.card = {**entity.card, "config": {**entity.card["config"], "streaming_mode": False}}
        call.emulator.world.card_changed(entity)
        raise ApiError(200850, "card streaming timeout")
    raise ApiError(300309, "streaming mode is closed")


def _advance(call: Call, entity: CardEntity) -> None:
    """Check and take the sequence: strictly growing over all calls of a card (300317); a `uuid` once (200770)."""
    sequence, uuid = call.body.get("sequence"), call.text("uuid", required=False)
    if not isinstance(sequence, int) or isinstance(sequence, bool) or not 0 < sequence < 2**31:
        raise field_error("sequence", "is a positive int32")
    if uuid and uuid in entity.uuids:
        raise ApiError(200770, "the uuid was used before")
    if sequence <= entity.sequence:
        raise ApiError(300317, f"sequence number compare failed: {sequence} <= {entity.sequence}")
    entity.sequence = sequence
    if uuid:
        entity.uuids.add(uuid)


def _show(call: Call, entity: CardEntity, card: Json) -> None:
    if _streaming(card) and not _streaming(entity.card):
        entity.streaming_since_ms = call.emulator.clock.now_ms()
    entity.card = card
    call.emulator.world.card_changed(entity)


def _card(call: Call, text: str) -> Json:
    settings = call.emulator.settings
    if len(text.encode()) > settings.card_bytes:
        raise ApiError(200860, "card is over its limit")
    card = _parse(text, "data")
    if schema_of(card) != "2.0":
        raise ApiError(300303, "the card is not of schema 2.0")
    try:
        check_card(card, settings, image_keys(call.emulator.world), people(call.emulator.world))
    except CardError as error:
        code = _INNER_TO_OWN.get(error.code, error.code)
        raise ApiError(code, f"ErrCode: {error.code}; ErrMsg: {error.reason}; ErrPath: {error.path}") from error
    return card


def _parse(text: str, name: str) -> Json:
    try:
        parsed = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise field_error(name, "is no JSON") from error
    if not isinstance(parsed, dict):
        raise field_error(name, "is no JSON object")
    return parsed


def streams(emulator: Emulator, entity: CardEntity) -> bool:
    """Whether it does now: ten minutes after it was switched on it is over, whatever the card says."""
    now, limit = emulator.clock.now_ms(), emulator.settings.streaming_s * 1000
    return _streaming(entity.card) and now - entity.streaming_since_ms <= limit


def _streaming(card: Json) -> bool:
    config = card.get("config")
    return isinstance(config, dict) and config.get("streaming_mode") is True


def _find(node: Any, element_id: str) -> Json | None:
    if isinstance(node, dict):
        if node.get("element_id") == element_id:
            return node
        node = list(node.values())
    if isinstance(node, list):
        for each in node:
            if (found := _find(each, element_id)) is not None:
                return found
    return None


def _done() -> Json:
    return {"code": 0, "msg": "success", "data": {}}
