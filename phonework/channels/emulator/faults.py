"""Faults a test can order: each matches some traffic, for a number of times, and says what goes wrong with it."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, field
from typing import Any, Final

KINDS: Final[dict[str, frozenset[str]]] = {
    "http.status": frozenset({"status", "body"}),
    "http.code": frozenset({"code", "msg", "status"}),
    "http.delay": frozenset({"seconds"}),
    "http.rate_limit": frozenset({"reset", "status"}),
    "http.html": frozenset({"status"}),
    "http.drop_before": frozenset(),
    "http.drop_after": frozenset(),
    "http.cut": frozenset(),
    "http.hang": frozenset({"after"}),
    "http.garbage": frozenset({"body"}),
    "http.token_expired": frozenset(),
    "event.delay": frozenset({"seconds"}),
    "event.duplicate": frozenset({"copies", "new_event_id"}),
    "event.lose": frozenset({"attempts"}),
    "event.lose_ack": frozenset(),
    "event.hold": frozenset({"until_next"}),
    "event.fragment": frozenset({"parts", "shuffle"}),
    "event.as_card": frozenset(),
    "socket.mute_pong": frozenset(),
    "socket.refuse": frozenset({"status", "msg", "autherrcode"}),
    "endpoint.code": frozenset({"code", "msg"}),
    "endpoint.status": frozenset({"status"}),
    "endpoint.hang": frozenset(),
    "endpoint.garbage": frozenset(),
}
_MATCHES: Final = frozenset({"method", "path", "event_type", "contains"})


class UnknownFault(ValueError):
    """No such kind, or a parameter it does not take."""


@dataclass(slots=True, kw_only=True)
class Fault:
    """`skip` matches pass unharmed first; then `times` are hit (-1: for ever)."""

    fault_id: int
    kind: str
    times: int = 1
    skip: int = 0
    match: dict[str, str] = field(default_factory=dict)
    params: dict[str, Any] = field(default_factory=dict)
    fired: int = 0

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


class Faults:
    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self._last_id = 0

    def add(self, order: dict[str, Any]) -> Fault:
        """Take an order `{"kind", "times"?, "skip"?, "match"?, …parameters}`. Raises UnknownFault."""
        order = dict(order)
        kind = order.pop("kind", "")
        if kind not in KINDS:
            raise UnknownFault(f"no fault {kind!r}; known: {', '.join(KINDS)}")
        times, skip, match = order.pop("times", 1), order.pop("skip", 0), order.pop("match", {})
        if wrong := (order.keys() - KINDS[kind]) | (match.keys() - _MATCHES):
            raise UnknownFault(f"{kind} does not take {', '.join(sorted(wrong))}")
        if not isinstance(times, int) or not isinstance(skip, int):
            raise UnknownFault("times and skip are whole numbers")
        self._last_id += 1
        fault = Fault(fault_id=self._last_id, kind=kind, times=times, skip=skip, match=match, params=order)
        self._faults.append(fault)
        return fault

    def take(self, kind: str, **subject: str) -> Fault | None:
        """The first live fault of this kind which fits; it counts as used."""
        for fault in self._faults:
            if fault.kind != kind or not _fits(fault, subject):
                continue
            if fault.skip > 0:
                fault.skip -= 1
                continue
            if fault.times < 0 or fault.fired < fault.times:
                fault.fired += 1
                return fault
        return None

    def remove(self, fault_id: int) -> bool:
        before = len(self._faults)
        self._faults = [fault for fault in self._faults if fault.fault_id != fault_id]
        return len(self._faults) < before

    def clear(self) -> None:
        self._faults.clear()

    def as_list(self) -> list[dict[str, Any]]:
        return [fault.as_dict() for fault in self._faults]


def _fits(fault: Fault, subject: dict[str, str]) -> bool:
    if fault.times >= 0 and fault.fired >= fault.times:
        return False
    for name, wanted in fault.match.items():
        have = subject.get(name, "")
        if name == "path":
            if re.search(wanted, have) is None:
                return False
        elif name == "contains":
            if wanted not in have:
                return False
        elif have.lower() != wanted.lower():
            return False
    return True
