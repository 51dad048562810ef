"""Tenant access tokens: the same one is given out until it nears its end."""

from __future__ import annotations

from phonework.channels.emulator.clock import Clock
from phonework.channels.emulator.settings import Settings
from phonework.channels.emulator.world import new_id


class Tokens:
    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._ends: dict[str, tuple[str, float]] = {}

    def knows(self, app_id: object, secret: object) -> bool:
        if not (isinstance(app_id, str) and isinstance(secret, str) and app_id and secret):
            return False
        settings = self._settings
        return settings.any_credentials or (app_id, secret) == (settings.app_id, settings.app_secret)

    def issue(self, app_id: str) -> tuple[str, int]:
        """A token and the seconds it has left: the newest one while at least 30 minutes remain, else a new one."""
        now = self._clock.now()
        for token, (owner, end) in reversed(self._ends.items()):
            if owner == app_id and end - now >= self._settings.token_renewed_below_s:
                return token, int(end - now)
        token = new_id("t-g1")
        self._ends[token] = (app_id, now + self._settings.token_lives_s)
        return token, int(self._settings.token_lives_s)

    def owner(self, token: str) -> str | None:
        """The app of a valid token, None for an unknown or expired one."""
        app_id, end = self._ends.get(token, ("", 0.0))
        return app_id if app_id and end > self._clock.now() else None

    def expire_all(self) -> None:
        self._ends.clear()

    def clear(self) -> None:
        self._ends.clear()
