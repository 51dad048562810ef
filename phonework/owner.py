"""Whose sessions those are that nobody began in a chat: made in a shell, or met at a terminal of this machine."""

import sqlite3
from dataclasses import dataclass
from typing import Final

from phonework.errors import RefusedError
from phonework.fsm.types import UserId
from phonework.store import users

ANYBODY: Final = "*"


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """Who works at this machine. named: by the settings, or empty; listed: those whom the settings let in."""

    named: str = ""
    listed: tuple[str, ...] = ()

    def find(self, connection: sqlite3.Connection) -> UserId:
        """The one named, else the only one there is. Raises RefusedError when it is not plain who that is."""
        if self.named:
            return UserId(self.named)
        known = {*self.listed, *users.allowed(connection)}
        if ANYBODY in known:
            known |= set(users.writers(connection))
        people = known - {ANYBODY}
        if len(people) != 1:
            raise RefusedError("owner_unclear" if people else "owner_unknown")
        return UserId(people.pop())
