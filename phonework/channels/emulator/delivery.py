"""Delivering events: one push, 3 s for the answer, and four more tries in growing distance."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Coroutine
from typing import Any

from phonework.channels.emulator.clock import Clock
from phonework.channels.emulator.faults import Faults
from phonework.channels.emulator.journal import Attempt, Delivery, Journal
from phonework.channels.emulator.settings import Settings
from phonework.channels.emulator.socket import Hub, Unanswered
from phonework.channels.emulator.world import Json, new_id


class Post:
    """Takes events and sees to it that they arrive, as far as the platform promises it."""

    def __init__(
        self,
        settings: Settings,
        clock: Clock,
        faults: Faults,
        journal: Journal,
        hub: Hub,
        spawn: Callable[[Coroutine[Any, Any, None]], None],
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._faults = faults
        self._journal = journal
        self._hub = hub
        self._spawn = spawn
        self._pushed = asyncio.Event()

    def send(self, event: Json) -> None:
        """Deliver one event (header and body ready), with whatever faults were ordered for it."""
        subject = _subject(event)
        copies = [(event, False)]
        if fault := self._faults.take("event.duplicate", **subject):
            for _ in range(fault.params.get("copies", 1)):
                copies.append((_copy(event, new_event_id=bool(fault.params.get("new_event_id"))), True))
        for each, is_copy in copies:
            delivery = Delivery(
                event_id=each["header"]["event_id"],
                event_type=each["header"]["event_type"],
                message_id=_message_id(each),
                copy=is_copy,
            )
            self._spawn(self._deliver(each, self._journal.delivery(delivery), subject))

    async def _deliver(self, event: Json, delivery: Delivery, subject: dict[str, str]) -> None:
        delivery.state = "held"
        await self._hold_back(subject)
        delivery.state = "waiting"
        waits = [None, *self._settings.redelivery_s]
        for wait in waits:
            if wait is not None:
                due = self._clock.now() + wait * self._settings.time_scale
                delivery.next_at_ms = int(due * 1000)
                self._journal.changed()
                await self._clock.sleep_until(due)
            delivery.next_at_ms = None
            if await self._attempt(event, delivery, subject):
                delivery.state = "done"
                break
        else:
            delivery.state = "given_up"
        self._journal.changed()

    async def _hold_back(self, subject: dict[str, str]) -> None:
        if fault := self._faults.take("event.delay", **subject):
            await self._clock.sleep(fault.params.get("seconds", 1.0))
        if self._faults.take("event.hold", **subject):
            pushed = self._pushed  # released when the next event has been delivered: out of order
            await pushed.wait()

    async def _attempt(self, event: Json, delivery: Delivery, subject: dict[str, str]) -> bool:
        attempt = Attempt(at_ms=self._clock.now_ms())
        delivery.attempts.append(attempt)
        if self._faults.take("event.lose", **subject):
            attempt.outcome = "dropped"
            return False
        started = asyncio.get_running_loop().time()
        try:
            attempt.outcome = await self._push(event, attempt, subject)
        except Unanswered as unanswered:
            attempt.outcome = unanswered.outcome
        attempt.took_ms = int((asyncio.get_running_loop().time() - started) * 1000)
        if attempt.outcome in {"acked", "ack_lost"}:
            self._pushed.set()
            self._pushed = asyncio.Event()
        return attempt.outcome == "acked"

    async def _push(self, event: Json, attempt: Attempt, subject: dict[str, str]) -> str:
        def sent(connection_id: str, push_id: str) -> None:
            attempt.connection_id, attempt.push_id = connection_id, push_id

        split = self._faults.take("event.fragment", **subject)
        kind = "card" if self._faults.take("event.as_card", **subject) else "event"
        ack = await self._hub.push(
            json.dumps(event, ensure_ascii=False).encode(),
            trace_id=event["header"]["event_id"],
            kind=kind,
            parts=split.params.get("parts", 3) if split else 1,
            shuffle=split.params.get("shuffle", True) if split else False,
            on_sent=sent,
        )
        attempt.code = ack.code
        if self._faults.take("event.lose_ack", **subject):
            return "ack_lost"
        return "acked" if ack.code == 200 else "refused"


def _copy(event: Json, *, new_event_id: bool) -> Json:
    if not new_event_id:
        return event
    return {**event, "header": {**event["header"], "event_id": new_id("")}}


def _message_id(event: Json) -> str:
    body = event.get("event")
    if not isinstance(body, dict):
        return ""
    message = body.get("message")
    found = message.get("message_id") if isinstance(message, dict) else body.get("message_id")
    return found if isinstance(found, str) else ""


def _subject(event: Json) -> dict[str, str]:
    return {
        "event_type": event["header"]["event_type"],
        "contains": json.dumps(event, ensure_ascii=False),
    }
