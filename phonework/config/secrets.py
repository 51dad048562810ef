"""Secrets that are kept elsewhere: in a file of their own, or in the system's keyring."""

import shlex
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from typing import Final, Literal, TypeVar

from phonework.config import files
from phonework.errors import ConfigError

T = TypeVar("T")

Kind = Literal["file", "keyring"]
KINDS: Final[tuple[Kind, ...]] = ("file", "keyring")

FILE_BYTES: Final = 64 * 1024
WAIT_SECONDS: Final = 30.0
"""Long enough to type a password into the keyring's own dialogue, short enough for a start that nobody watches."""

UNREAD: Final = "unread"
"""In place of a secret that is not read: it is there, so it is not missed; nobody uses it."""
_TOLD_CHARACTERS: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Elsewhere:
    """Where one secret is.

    key: the setting that says so, dotted (`feishu.app_secret_file`); place: where that was set.
    name: the file's name, relative to base, or `service/user`.
    """

    key: str
    place: str
    kind: Kind
    name: str
    base: Path

    @property
    def origin(self) -> str:
        return f"{self.place} → {'keyring ' if self.kind == 'keyring' else ''}{self.name}"

    def read(self) -> str:
        """The secret, without white space around it. Raises ConfigError with one line."""
        return _from_keyring(self) if self.kind == "keyring" else _from_file(self)

    def wrong(self, why: str) -> ConfigError:
        return ConfigError((f"{self.key} ({self.place}): {why}",))


def _from_file(kept: Elsewhere) -> str:
    try:
        return files.read(kept.base / Path(kept.name).expanduser(), FILE_BYTES).decode("utf-8").strip()
    except (OSError, ValueError, RuntimeError) as error:  # RuntimeError: `~nobody`, a user who does not exist
        why = files.why(error) if isinstance(error, OSError) else str(error)
        raise kept.wrong(f"{kept.name} cannot be read ({why}); check path and permissions") from error


def _from_keyring(kept: Elsewhere) -> str:
    service, _, user = kept.name.rpartition("/")  # services are often addresses, users never
    if not service or not user or not kept.name.isprintable():
        raise kept.wrong('must be "service/user", the two words given to `keyring set`')
    value = (_asked(kept, service, user) or "").strip()
    if not value:
        command = shlex.join(("keyring", "set", service, user))
        raise kept.wrong(f"nothing is kept for user {user} of {service}; `{command}` puts it there")
    return value


def _asked(kept: Elsewhere, service: str, user: str) -> str | None:
    """What the keyring holds, None without an entry. Raises ConfigError.

    Source: keyring 25.7, `core.py` (which backend is taken), `errors.py`.
    """
    try:
        from keyring import errors, get_password
    except ImportError as error:
        raise kept.wrong(f"the keyring package is missing ({error}); pip install 'phonework[keyring]'") from error
    try:
        return within(WAIT_SECONDS, lambda: get_password(service, user))
    except TimeoutError as error:
        why = f"the keyring did not answer within {WAIT_SECONDS:g} s; it may be waiting for somebody to unlock it"
        raise kept.wrong(why) from error
    except errors.NoKeyringError as error:
        remedy = "use the environment or a file of its own; `keyring --list-backends` shows what keyring finds"
        raise kept.wrong(f"this system has no keyring that works here; {remedy}") from error
    except errors.KeyringLocked as error:
        raise kept.wrong("the keyring is locked; unlock it and start again") from error
    except Exception as error:  # backends are other people's and raise anything
        told = (errors.KeyringError, RuntimeError, ImportError, OSError)
        what = f"{type(error).__name__}: {_in_one_line(error)}" if isinstance(error, told) else type(error).__name__
        raise kept.wrong(f"the keyring failed ({what}); `keyring --list-backends` shows what keyring finds") from error


def within(seconds: float, ask: Callable[[], T]) -> T:
    """Ask on a thread of its own, which a backend that never answers keeps; it does not keep the program."""
    answer: Future[T] = Future()

    def run() -> None:
        try:
            answer.set_result(ask())
        except BaseException as error:  # the caller raises it
            answer.set_exception(error)

    Thread(target=run, name="keyring", daemon=True).start()
    return answer.result(timeout=seconds)


def _in_one_line(error: Exception) -> str:
    text = " ".join(str(error).split()).rstrip(".")
    return text if len(text) <= _TOLD_CHARACTERS else text[:_TOLD_CHARACTERS] + "…"
