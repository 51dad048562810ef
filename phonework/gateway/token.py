"""`gateway.json` in the data directory: where the server is while it runs, and the token that opens it; for its owner's eyes alone."""

import json
import os
import re
import secrets
import stat
from contextlib import suppress
from pathlib import Path
from typing import Final

import structlog

log = structlog.get_logger(__name__)

NAME: Final = "gateway.json"
_TOKEN: Final = re.compile(r"[A-Za-z0-9_-]{43}")
_LARGEST: Final = 4096  # bytes; ours has about a hundred


class TokenFile:
    """The file of one data directory. token: of this start; the one that was there, if nobody else can have read it."""

    def __init__(self, data_dir: Path) -> None:
        self._path = data_dir / NAME
        self.token = self._kept() or self._made()

    def publish(self, url: str) -> None:
        """Say where the server is. Where that cannot be written, programs do not find it; all else works."""
        try:
            self._write(json.dumps({"url": _from_here(url), "token": self.token}, indent=1) + "\n")
        except OSError as error:
            log.error("the gateway's token file cannot be written", path=str(self._path), why=str(error))

    def withdraw(self) -> None:
        """Say that no server runs: the port may be somebody else's from now on. The token stays."""
        try:
            self._write(json.dumps({"token": self.token}, indent=1) + "\n")
        except OSError as error:
            log.error("the gateway's token file cannot be written", path=str(self._path), why=str(error))

    def _write(self, content: str) -> None:
        fresh = self._path.with_name(f"{NAME}.{secrets.token_hex(8)}")
        try:
            handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(content)
                file.flush()
                os.fsync(handle)
            fresh.replace(self._path)
        except OSError:
            with suppress(OSError):
                fresh.unlink(missing_ok=True)
            raise

    def _made(self) -> str:
        return secrets.token_urlsafe(32)

    def _kept(self) -> str | None:
        try:
            return _read(self._path)
        except FileNotFoundError:
            return None
        except (OSError, ValueError, RecursionError) as error:
            log.warning(
                "the gateway's token file is damaged; a new token is made", path=str(self._path), why=str(error)
            )
            return None


def _from_here(url: str) -> str:
    """A server that listens on every address is asked for by loopback."""
    return url.replace("//0.0.0.0:", "//127.0.0.1:").replace("//[::]:", "//[::1]:")


def _read(path: Path) -> str:
    """The token. Raises ValueError when the file is not as we write it, or others could read it; OSError."""
    handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    with os.fdopen(handle, "rb") as file:
        found = os.fstat(handle)
        if not stat.S_ISREG(found.st_mode) or found.st_uid != os.geteuid() or found.st_mode & 0o077:
            raise ValueError("it is not a file of its owner alone")
        content = file.read(_LARGEST + 1)
    token = _field(json.loads(content.decode()), "token")
    if not _TOKEN.fullmatch(token):
        raise ValueError("its token is none of ours")
    return token


def _field(content: object, name: str) -> str:
    value = content.get(name) if isinstance(content, dict) else None
    if not isinstance(value, str):
        raise ValueError(f"it has no {name}")
    return value
