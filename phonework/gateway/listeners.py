"""Whose program listens on a port of this machine: a server that is down leaves its port to whoever comes first."""

from pathlib import Path
from typing import Final

TABLES: Final = (Path("/proc/net/tcp"), Path("/proc/net/tcp6"))
_LISTENS: Final = "0A"
_ROOT: Final = 0


def is_strangers(port: int, user: int) -> bool:
    """Whether programs listen there, and none of this user (a uid) or of root. False where the system does not tell.

    Source: proc(5), /proc/net/tcp: local address, state and uid of each socket, numbers in hexadecimal but the uid.
    """
    users = {uid for table in TABLES for uid in _listening(table, f":{port:04X}")}
    return bool(users) and users.isdisjoint({user, _ROOT})


def _listening(table: Path, port: str) -> list[int]:
    try:
        rows = [line.split() for line in table.read_text(encoding="ascii").splitlines()[1:]]
        return [int(row[7]) for row in rows if row[3] == _LISTENS and row[1].endswith(port)]
    except (OSError, ValueError, IndexError):
        return []
