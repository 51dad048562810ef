"""Who may use the bot: those on the list, and the first one to send the pairing code when the list is empty."""

import hmac
import secrets
import sqlite3
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from phonework.fsm.types import UserId
from phonework.store import users

ANYBODY: Final = "*"
REMIND_AFTER: Final = timedelta(days=1)
WRONG_CODES: Final = 5
"""After so many wrong codes of one person a new code is printed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stranger:
    """What somebody who is not on the list is told. text: a key of the catalogue; None: nothing, they were told today."""

    text: str | None = None
    paired: bool = False
    locked: bool = False  # too many wrong codes: a new one is due


class Gate:
    """Every entry asks here: text, card, command.

    allow: ids from the configuration, or `*`. known: those paired before. announce: prints the code at the console.
    """

    def __init__(
        self,
        allow: Iterable[str],
        known: Iterable[UserId],
        announce: Callable[[str], None],
        *,
        new_code: Callable[[], str] = lambda: f"{secrets.randbelow(10**8):08d}",
    ) -> None:
        self._listed = frozenset(allow)
        self._paired = set(known)
        self._announce, self._new_code = announce, new_code
        self._code = ""
        if self.pairing:
            self._print_code()

    @property
    def pairing(self) -> bool:
        """Nobody is on the list yet: whoever reads the code at the console may enter."""
        return not self._listed and not self._paired

    def allows(self, user_id: str) -> bool:
        return ANYBODY in self._listed or user_id in self._listed or user_id in self._paired

    def greet(self, connection: sqlite3.Connection, user_id: UserId, said: str, now: datetime) -> Stranger:
        """What a stranger's message comes to; a job of the writer. Nothing of it is kept but that it happened."""
        if not self.pairing:
            return self._refuse(connection, user_id, "say.not_allowed", now)
        typed = said.strip().removeprefix("/pair").strip()
        if typed and self._code and hmac.compare_digest(typed.encode(), self._code.encode()):
            users.allow(connection, user_id, now)
            return Stranger(text="say.paired", paired=True)
        if typed.isascii() and typed.isdigit():
            return self._wrong(connection, user_id, now)
        return self._refuse(connection, user_id, "say.pairing", now)

    def settle(self, user_id: UserId, stranger: Stranger) -> None:
        """What `greet` found is committed: a used code is void, and so is one that was guessed at."""
        if stranger.paired:
            self._paired.add(user_id)
            self._code = ""
        elif stranger.locked:
            self._print_code()

    def _wrong(self, connection: sqlite3.Connection, user_id: UserId, now: datetime) -> Stranger:
        users.note_wrong_code(connection, user_id, now)
        user = users.get(connection, user_id)
        if user is not None and user.wrong_codes >= WRONG_CODES:
            users.forget_wrong_codes(connection)
            return Stranger(text="say.pairing_locked", locked=True)
        return Stranger(text="say.pairing_wrong")

    def _refuse(self, connection: sqlite3.Connection, user_id: UserId, words: str, now: datetime) -> Stranger:
        user = users.get(connection, user_id)
        if user is not None and user.refused_at is not None and now - user.refused_at < REMIND_AFTER:
            return Stranger()
        users.note_refusal(connection, user_id, now)
        return Stranger(text=words)

    def _print_code(self) -> None:
        self._code = self._new_code()
        self._announce(self._code)
