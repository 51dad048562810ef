"""What a test can wait for, each a condition on the emulator's state."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

from phonework.channels.emulator.cards import plain_text
from phonework.channels.emulator.core import Emulator
from phonework.channels.emulator.journal import Delivery
from phonework.channels.emulator.world import Json, Message


def look(emulator: Emulator, wanted: Json) -> tuple[bool, list[Message]]:
    """Whether every named condition holds, and the messages it speaks of.

    changed_after: a revision · connected: bool · idle: no push waits for its answer · clicking: a tap is unanswered ·
    calls: count, with path (regular expression) and running (count the unanswered too) · handshakes, pings: counts ·
    attempts: finished pushes of the newest event · attempts_total: of all events ·
    messages: count and contains: text, narrowed by chat_id, from (app or user) and changed_after.
    """
    met = all(check(emulator, wanted) for name, check in _CONDITIONS.items() if name in wanted)
    if "messages" not in wanted and "contains" not in wanted:
        return met, []
    found = [message for message in emulator.world.messages.values() if _matches(message, wanted)]
    found.sort(key=lambda message: message.order)
    return met and len(found) >= wanted.get("messages", 1), found


def _idle(emulator: Emulator, wanted: Json) -> bool:
    return not any(each.state == "waiting" and each.next_at_ms is None for each in emulator.journal.deliveries)


def _called(emulator: Emulator, wanted: Json) -> bool:
    path, running = re.compile(str(wanted.get("path", ""))), bool(wanted.get("running"))
    fitting = (
        each for each in emulator.journal.calls if path.search(each.path) and (running or each.outcome != "running")
    )
    return sum(1 for _ in fitting) >= int(wanted["calls"])


def _shaken(emulator: Emulator, wanted: Json) -> bool:
    connected = [each for each in emulator.journal.sockets if each["what"] == "connected"]
    return len(connected) >= int(wanted["handshakes"])


_CONDITIONS: Final[dict[str, Callable[[Emulator, Json], bool]]] = {
    "changed_after": lambda emulator, wanted: emulator.world.revision > (wanted["changed_after"] or 0),
    "connected": lambda emulator, wanted: bool(emulator.hub.connections) == wanted["connected"],
    "idle": _idle,
    "clicking": lambda emulator, wanted: bool(emulator.clicking),
    "calls": _called,
    "handshakes": _shaken,
    "pings": lambda emulator, wanted: sum(each.pings for each in emulator.hub.connections) >= int(wanted["pings"]),
    "attempts": lambda emulator, wanted: _finished(emulator.journal.deliveries[-1:]) >= int(wanted["attempts"]),
    "attempts_total": lambda emulator, wanted: _finished(emulator.journal.deliveries) >= int(wanted["attempts_total"]),
}


def _finished(deliveries: list[Delivery]) -> int:
    """Pushes whose outcome is known and after which the next one, if any, is planned."""
    return sum(
        attempt.outcome != "waiting"
        for delivery in deliveries
        for attempt in delivery.attempts
        if delivery.state != "waiting" or delivery.next_at_ms is not None or attempt is not delivery.attempts[-1]
    )


def _matches(message: Message, wanted: Json) -> bool:
    if message.revision <= (wanted.get("changed_after") or 0):
        return False
    if wanted.get("chat_id") not in (None, message.chat_id) or wanted.get("from") not in (None, message.sender_type):
        return False
    return "contains" not in wanted or any(str(wanted["contains"]) in text for text in texts_of(message))


def texts_of(message: Message) -> list[str]:
    """Every text a person can read in a message, in order."""
    if message.recalled:
        return []
    if message.msg_type == "interactive":
        title, texts = plain_text(message.content)
        return [title, *texts]
    found: list[str] = []
    _texts(message.content, found)
    return found


def _texts(node: Any, found: list[str]) -> None:
    if isinstance(node, list):
        for each in node:
            _texts(each, found)
    elif isinstance(node, dict):
        for key, value in node.items():
            if key in {"text", "title", "file_name"} and isinstance(value, str):
                found.append(value)
            else:
                _texts(value, found)
