"""Keeping the emulated world in one SQLite file, so that chats survive a restart."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from pathlib import Path
from typing import Final

import msgspec

from phonework.channels.emulator.core import Emulator
from phonework.channels.emulator.settings import Settings
from phonework.channels.emulator.world import Blob, CardEntity, Chat, Message, User, World

_KINDS: Final[dict[str, type]] = {"user": User, "chat": Chat, "message": Message, "blob": Blob, "card": CardEntity}
_VERSIONS_KEPT: Final = 3


class StorageError(Exception):
    """The file cannot be read: damaged, or written by another version."""


class SqliteStorage:
    """One row for each thing, written at each change. A demo's convenience: it does not sync to the disk."""

    def __init__(self, path: Path) -> None:
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=OFF")
        self._db.execute(
            "CREATE TABLE IF NOT EXISTS thing (kind TEXT, key TEXT, body BLOB, PRIMARY KEY (kind, key)) WITHOUT ROWID"
        )

    def save(self, kind: str, key: str, value: object) -> None:
        if isinstance(value, Message) and len(value.versions) > _VERSIONS_KEPT:
            value = replace(value, versions=value.versions[-_VERSIONS_KEPT:])
        self._db.execute("INSERT OR REPLACE INTO thing VALUES (?, ?, ?)", (kind, key, msgspec.json.encode(value)))

    def clear(self) -> None:
        self._db.execute("DELETE FROM thing")

    def load(self, world: World) -> None:
        """Put back what was kept. Raises msgspec.MsgspecError or KeyError when the file is of another version."""
        homes = {
            "user": world.users,
            "chat": world.chats,
            "message": world.messages,
            "blob": world.blobs,
            "card": world.cards,
        }
        for kind, key, body in self._db.execute("SELECT kind, key, body FROM thing"):
            home: dict[str, object] = homes[kind]  # type: ignore[assignment]
            home[key] = msgspec.json.decode(body, type=_KINDS[kind])
        world.restore(world.messages.values())

    def close(self) -> None:
        self._db.close()


def open_emulator(settings: Settings, data_dir: str | Path | None = None) -> Emulator:
    """An emulator; with a folder (made if missing) its world is kept there, without one it ends with the program."""
    if data_dir is None:
        return Emulator(settings)
    folder = Path(data_dir)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "emulator.sqlite3"
    try:
        storage = SqliteStorage(path)
        emulator = Emulator(settings, storage)
        storage.load(emulator.world)
    except (sqlite3.DatabaseError, msgspec.MsgspecError, KeyError) as error:
        raise StorageError(f"{path} cannot be read: {error}.") from error
    return emulator
