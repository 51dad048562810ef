"""What happened on the wire, for tests to look at: calls, deliveries, connections, violations."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any

_KEEP = 20_000


@dataclass(slots=True, kw_only=True)
class CallRecord:
    """One HTTP call of the bot; `effect`: whether it changed the world; `outcome`: `ok`, `error` or the fault's kind."""

    number: int
    at_ms: int
    method: str
    path: str
    route: str
    query: dict[str, str]
    body: Any
    size_bytes: int
    outcome: str = "running"
    status: int = 0
    code: int | None = None
    msg: str = ""
    took_ms: int = 0
    effect: bool = False


@dataclass(slots=True, kw_only=True)
class Attempt:
    """One push; `outcome`: waiting, acked, refused (code other than 200), timeout, nobody, lost, ack_lost, dropped."""

    at_ms: int
    connection_id: str = ""
    push_id: str = ""
    outcome: str = "waiting"
    code: int | None = None
    took_ms: int = 0


@dataclass(slots=True, kw_only=True)
class Delivery:
    """One event and its attempts; `state`: held (by a fault), waiting, done, given_up."""

    event_id: str
    event_type: str
    message_id: str
    copy: bool = False
    state: str = "waiting"
    next_at_ms: int | None = None
    attempts: list[Attempt] = field(default_factory=list)


@dataclass(slots=True, kw_only=True)
class Violation:
    """The bot did what a careful one would not: a limit passed, a bad card, a malformed call."""

    at_ms: int
    code: int
    what: str
    call: int | None = None


class Journal:
    """`changed` is called when something was written down, so that whoever waits for it can look."""

    def __init__(self, changed: Callable[[], None]) -> None:
        self.changed = changed
        self.calls: list[CallRecord] = []
        self.deliveries: list[Delivery] = []
        self.violations: list[Violation] = []
        self.sockets: list[dict[str, Any]] = []
        self._calls_seen = 0

    def call(self, record: CallRecord) -> CallRecord:
        self._calls_seen += 1
        record.number = self._calls_seen
        self.calls.append(record)
        if len(self.calls) > _KEEP:
            del self.calls[: _KEEP // 10]
        self.changed()
        return record

    def delivery(self, delivery: Delivery) -> Delivery:
        self.deliveries.append(delivery)
        if len(self.deliveries) > _KEEP:
            del self.deliveries[: _KEEP // 10]
        return delivery

    def socket(self, at_ms: int, what: str, connection_id: str = "", **details: Any) -> None:
        self.sockets.append({"at_ms": at_ms, "what": what, "connection_id": connection_id, **details})
        if len(self.sockets) > _KEEP:
            del self.sockets[: _KEEP // 10]

    def clear(self) -> None:
        for everything in (self.calls, self.deliveries, self.violations, self.sockets):
            everything.clear()

    def as_dicts(self, name: str) -> list[dict[str, Any]]:
        return [each if isinstance(each, dict) else asdict(each) for each in getattr(self, name)]
