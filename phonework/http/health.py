"""`GET /health`: how the parts are, and one word for the whole (O4)."""

import asyncio
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal, Protocol

from phonework import __version__
from phonework.channels.base import ChannelHealth
from phonework.errors import PhoneWorkError
from phonework.link.health import NodeHealth

Status = Literal["ok", "degraded", "down"]

ASK_SECONDS = 5.0
SMOKE_SECONDS = 120.0
SMOKE_KEPT_SECONDS = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthParts:
    """What the program knows about itself."""

    feishu: ChannelHealth
    node: NodeHealth


class HealthSource(Protocol):
    """The running program, as `/health` sees it."""

    async def health(self) -> HealthParts:
        """Cheap: asked often, nothing is started for it."""

    async def smoke(self, backend: str) -> str:
        """Run a real one-line turn; the answer's first line. Raises PhoneWorkError; KeyError for an unknown backend."""


def status_of(parts: HealthParts) -> Status:
    """down: messages cannot come in or be kept. degraded: they can, but something needs a look."""
    node = parts.node
    if not parts.feishu.connected or not node.database.ok:
        return "down"
    some_backend = any(part.ok for part in node.backends.values())
    if not some_backend and node.backends:
        return "down"
    assistant = [node.assistant] if node.assistant else []
    troubled = parts.feishu.problem or not all(part.ok for part in (*node.backends.values(), node.audit, *assistant))
    return "degraded" if troubled or node.queues.get("effects_failed", 0) else "ok"


def body(parts: HealthParts) -> dict[str, Any]:
    """The fixed shape of the answer."""
    feishu, node = parts.feishu, parts.node
    return {
        "status": status_of(parts),
        "feishu": {
            "connected": feishu.connected,
            "last_event_at": _at(feishu.last_event_at),
            "reconnects": feishu.reconnects,
            "deaf_since": _at(feishu.deaf_since),
            "problem": feishu.problem,
            "calls": dict(feishu.calls),
        },
        "backends": {name: part.as_dict() for name, part in sorted(node.backends.items())},
        "assistant": node.assistant.as_dict() if node.assistant else {"configured": False},
        "database": node.database.as_dict(),
        "audit": node.audit.as_dict(),
        "queues": dict(node.queues),
        "version": __version__,
    }


def unanswered(why: str) -> dict[str, Any]:
    """The answer when the program could not even be asked; the same shape."""
    return {
        "status": "down",
        "feishu": {"connected": False, "last_event_at": None, "reconnects": 0, "deaf_since": None, "problem": "", "calls": {}},
        "backends": {},
        "assistant": {"configured": False},
        "database": {"ok": False, "problem": why},
        "audit": {"ok": False, "problem": why},
        "queues": {},
        "version": __version__,
    }  # fmt: skip


class Smoke:
    """Real one-line turns on request: one at a time for each backend, and its result serves for a minute.

    A turn costs money, so asking more often must not run more.
    """

    def __init__(self, source: HealthSource) -> None:
        self._source = source
        self._locks: dict[str, asyncio.Lock] = {}
        self._results: dict[str, tuple[float, dict[str, Any]]] = {}

    async def run(self, backend: str) -> dict[str, Any]:
        """`{"ok", "answer" or "problem", "seconds", "at"}`. Raises KeyError for an unknown backend."""
        async with self._locks.setdefault(backend, asyncio.Lock()):
            known = self._results.get(backend)
            if known and time.monotonic() - known[0] < SMOKE_KEPT_SECONDS:
                return known[1]
            result = await self._turn(backend)
            self._results[backend] = (time.monotonic(), result)
            return result

    async def _turn(self, backend: str) -> dict[str, Any]:
        begun = time.monotonic()
        try:
            async with asyncio.timeout(SMOKE_SECONDS):
                outcome: dict[str, Any] = {"ok": True, "answer": await self._source.smoke(backend)}
        except TimeoutError:
            outcome = {"ok": False, "problem": f"no answer within {SMOKE_SECONDS:.0f} s"}
        except PhoneWorkError as error:
            outcome = {"ok": False, "problem": str(error)}
        return {**outcome, "seconds": round(time.monotonic() - begun, 2), "at": _at(datetime.now(UTC))}


def _at(moment: datetime | None) -> str | None:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z") if moment else None
