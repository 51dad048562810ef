"""Keyrings for tests, named to keyring by `$PYTHON_KEYRING_BACKEND`; never chosen unless they are named.

Source: keyring 25.7, `backend.py` (what a backend must have), `core.py` (`load_env`).
"""

import json
import os
import threading
from pathlib import Path
from typing import Any, ClassVar

from keyring.backend import KeyringBackend
from keyring.errors import InitError, KeyringLocked, PasswordDeleteError

FILE = "TESTING_KEYRING"
"""The environment variable with the name of `FileKeyring`'s file."""


class _Unlikely(KeyringBackend):
    priority: ClassVar[Any] = -1  # below keyring's own that only fails

    def get_password(self, service: str, username: str) -> str | None:
        raise NotImplementedError

    def set_password(self, service: str, username: str, password: str) -> None:
        raise NotImplementedError

    def delete_password(self, service: str, username: str) -> None:
        raise PasswordDeleteError("this keyring is read only")


class FileKeyring(_Unlikely):
    """Keeps everything in one JSON file: service → user → password."""

    def get_password(self, service: str, username: str) -> str | None:
        found = self._kept().get(service, {}).get(username)
        return None if found is None else str(found)

    def set_password(self, service: str, username: str, password: str) -> None:
        kept = self._kept()
        kept.setdefault(service, {})[username] = password
        Path(os.environ[FILE]).write_text(json.dumps(kept), encoding="utf-8")

    def _kept(self) -> dict[str, dict[str, str]]:
        path = Path(os.environ[FILE])
        return dict(json.loads(path.read_text(encoding="utf-8"))) if path.exists() else {}


class LockedKeyring(_Unlikely):
    """Nobody unlocks it."""

    def get_password(self, service: str, username: str) -> str | None:
        raise KeyringLocked("Failed to unlock the collection!")


class BrokenKeyring(_Unlikely):
    """Fails as keyring foresees it, in words of several lines."""

    def get_password(self, service: str, username: str) -> str | None:
        raise InitError("Failed to create\nthe collection: no bus.")


class LeakyKeyring(_Unlikely):
    """Fails in words that hold the secret."""

    def get_password(self, service: str, username: str) -> str | None:
        raise ValueError("cannot decode s3cret")


class SilentKeyring(_Unlikely):
    """Does not answer before `woken` is set."""

    woken: ClassVar[threading.Event] = threading.Event()

    def get_password(self, service: str, username: str) -> str | None:
        self.woken.wait()
        return None
