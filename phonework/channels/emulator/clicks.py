"""A tap on a card: ask the bot, wait 3 s, show its toast and its card, or the error a person would see."""

from __future__ import annotations

import json
from typing import Any, Final

from phonework.channels.emulator.api_cardkit import streams
from phonework.channels.emulator.cards import CardError, check_card, schema_of
from phonework.channels.emulator.content import image_keys, people
from phonework.channels.emulator.core import Emulator
from phonework.channels.emulator.events import card_clicked
from phonework.channels.emulator.journal import Attempt, Delivery
from phonework.channels.emulator.socket import Ack, Unanswered
from phonework.channels.emulator.world import Json, Message, User, new_id

_TEXTS: Final = {
    200340: "出错了，请稍后重试 code：200340",
    200341: "出错了，请稍后重试 code：200341",
    200671: "出错了，请稍后重试 code：200671",
    200672: "出错了，请稍后重试 code：200672",
    200673: "出错了，请稍后重试 code：200673",
    200830: "出错了，请稍后重试 code：200830",
}
_TOASTS: Final = {"info", "success", "error", "warning"}


class BadAnswer(Exception):
    """The bot's answer cannot be shown; `code` is what the person sees."""

    def __init__(self, code: int, why: str) -> None:
        super().__init__(why)
        self.code = code


async def click(emulator: Emulator, user: User, message: Message, action: Json) -> Json:
    """Returns `{"toast", "card", "error", "event_id"}`; the new card, if any, is shown already."""
    token = "c-" + new_id("")
    emulator.card_tokens[token] = (message.message_id, emulator.clock.now_ms(), 0)
    event = card_clicked(emulator, user, message, action, token)
    delivery = emulator.journal.delivery(
        Delivery(event_id=event["header"]["event_id"], event_type="card.action.trigger", message_id=message.message_id)
    )
    result: Json = {"toast": None, "card": None, "error": None, "event_id": delivery.event_id}
    try:
        result |= await _ask(emulator, message, event, delivery)
    except BadAnswer as bad:
        delivery.state = "given_up"
        emulator.violation(bad.code, f"tap on {message.message_id}: {bad}")
        result["error"] = {"code": bad.code, "text": _TEXTS.get(bad.code, str(bad.code)), "why": str(bad)}
    emulator.world.mark_read(user.open_id, message.chat_id)
    return result


async def _ask(emulator: Emulator, message: Message, event: Json, delivery: Delivery) -> Json:
    emulator.clicking[message.message_id] = emulator.clicking.get(message.message_id, 0) + 1
    emulator.world.wake()
    try:
        ack = await _push(emulator, event, delivery)
        delivery.state = "done"
        answer = _read(ack)
        return {"toast": _toast(answer), "card": _show(emulator, message, answer)}
    finally:
        left = emulator.clicking.get(message.message_id, 1) - 1
        if left > 0:
            emulator.clicking[message.message_id] = left
        else:
            emulator.clicking.pop(message.message_id, None)


async def _push(emulator: Emulator, event: Json, delivery: Delivery) -> Ack:
    attempt = Attempt(at_ms=emulator.clock.now_ms())
    delivery.attempts.append(attempt)
    raw = json.dumps(event, ensure_ascii=False)
    subject = {"event_type": "card.action.trigger", "contains": raw}

    def sent(connection_id: str, push_id: str) -> None:
        attempt.connection_id, attempt.push_id = connection_id, push_id

    faults = emulator.faults
    if fault := faults.take("event.delay", **subject):
        await emulator.clock.sleep(fault.params.get("seconds", 1.0))
    split = faults.take("event.fragment", **subject)
    kind = "card" if faults.take("event.as_card", **subject) else "event"
    started = emulator.clock.now_ms()
    try:
        if faults.take("event.lose", **subject):
            await emulator.clock.sleep(emulator.settings.answer_within_s)
            raise Unanswered("dropped")
        ack = await emulator.hub.push(
            raw.encode(),
            trace_id=delivery.event_id,
            kind=kind,
            parts=split.params.get("parts", 3) if split else 1,
            on_sent=sent,
        )
        if faults.take("event.lose_ack", **subject):
            await emulator.clock.sleep(emulator.settings.answer_within_s)
            raise Unanswered("ack_lost")
    except Unanswered as unanswered:
        attempt.outcome = unanswered.outcome
        code = 200340 if unanswered.outcome == "nobody" else 200341
        raise BadAnswer(code, f"no answer: {unanswered.outcome}") from unanswered
    attempt.outcome, attempt.code = ("acked" if ack.code == 200 else "refused"), ack.code
    attempt.took_ms = emulator.clock.now_ms() - started
    return ack


def _read(ack: Ack) -> Json:
    if ack.code != 200:
        raise BadAnswer(200671, f"the handler answered {ack.code}")
    if not ack.data:
        return {}
    try:
        answer = json.loads(ack.data)
    except (ValueError, RecursionError) as error:
        raise BadAnswer(200672, "the answer is no JSON") from error
    if answer is None:
        return {}
    if not isinstance(answer, dict) or answer.keys() - {"toast", "card"}:
        raise BadAnswer(200672, "the answer may hold toast and card only")
    return answer


def _toast(answer: Json) -> Json | None:
    toast = answer.get("toast")
    if toast is None:
        return None
    if not isinstance(toast, dict) or toast.keys() - {"type", "content", "i18n"}:
        raise BadAnswer(200672, "the toast is malformed")
    if toast.get("type", "info") not in _TOASTS or not isinstance(toast.get("content", ""), str):
        raise BadAnswer(200672, "the toast has a wrong type or content")
    return {"type": "info", "content": "", **{key: value for key, value in toast.items() if value is not None}}


def _show(emulator: Emulator, message: Message, answer: Json) -> Json | None:
    """Check and show the card of an answer; while the card is streaming it is ignored."""
    given = answer.get("card")
    if given is None:
        return None
    card = _raw_card(given)
    if schema_of(message.content) == "2.0" and schema_of(card) != "2.0":
        raise BadAnswer(200830, "a card 2.0 was answered with 1.0")
    try:
        check_card(card, emulator.settings, image_keys(emulator.world), people(emulator.world))
    except CardError as error:
        raise BadAnswer(200673, f"the card is refused: {error.code} {error.reason} {error.path}") from error
    if len(json.dumps(card, ensure_ascii=False).encode()) > emulator.settings.card_bytes:
        raise BadAnswer(200673, "the card is over its limit")
    if message.recalled or _is_streaming(emulator, message):
        return None
    emulator.world.show_card(message, card, "answer")
    return card


def _is_streaming(emulator: Emulator, message: Message) -> bool:
    if entity := emulator.world.cards.get(message.card_id):
        return streams(emulator, entity)
    config: Any = message.content.get("config")
    return isinstance(config, dict) and bool(config.get("streaming_mode"))


def _raw_card(given: object) -> Json:
    if not isinstance(given, dict) or given.get("type") not in {"raw", "template"} or given.keys() - {"type", "data"}:
        raise BadAnswer(200672, "the card of an answer is {type, data}")
    data = given.get("data")
    if given["type"] == "template" or not isinstance(data, dict):
        raise BadAnswer(200672, "card.data is not a card")
    return data
