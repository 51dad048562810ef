"""Rates in sliding windows, and the memory of `uuid`s."""

from __future__ import annotations

from collections import deque

from phonework.channels.emulator.clock import Clock
from phonework.channels.emulator.settings import Settings


class Limits:
    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._windows: dict[str, deque[float]] = {}
        self._uuids: dict[str, tuple[float, str]] = {}

    def allow(self, key: str, limit: int, window_s: float = 1.0) -> bool:
        """Count one use of `key` unless `limit` were already made within the window; a refused use does not count."""
        if limit <= 0:
            return True
        now = self._clock.now()
        window = self._windows.setdefault(key, deque())
        while window and window[0] <= now - window_s:
            window.popleft()
        if len(window) >= limit:
            return False
        window.append(now)
        return True

    def app_wait(self, app_id: str) -> float:
        """Seconds the app must wait for its next call: 0 when it may call now (and the call is counted)."""
        if not self.allow(f"app-s:{app_id}", self._settings.app_per_s):
            return 1.0
        if not self.allow(f"app-m:{app_id}", self._settings.app_per_minute, 60.0):
            return max(1.0, self._windows[f"app-m:{app_id}"][0] + 60.0 - self._clock.now())
        return 0.0

    def sent_before(self, uuid: str) -> str | None:
        """The message this `uuid` made within the window."""
        at, message_id = self._uuids.get(uuid, (0.0, ""))
        return message_id if message_id and at > self._clock.now() - self._settings.uuid_window_s else None

    def remember(self, uuid: str, message_id: str) -> None:
        if uuid:
            self._uuids[uuid] = (self._clock.now(), message_id)

    def clear(self) -> None:
        self._windows.clear()
        self._uuids.clear()
