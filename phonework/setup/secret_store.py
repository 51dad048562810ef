"""Putting a secret where it is to be kept, and what config.toml has to say about that."""

import os
from collections.abc import Mapping
from enum import StrEnum
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from phonework.config.secrets import WAIT_SECONDS, within
from phonework.errors import PhoneWorkError
from phonework.setup.config_file import PRIVATE, replace

SERVICE: Final = "phonework"
DIRECTORY: Final = "secrets"


class Keep(StrEnum):
    """Where secrets are kept."""

    FILE = "file"
    KEYRING = "keyring"
    ENVIRONMENT = "environment"
    CONFIG = "config"


def available() -> tuple[Keep, ...]:
    """What can be chosen here; the keyring only where its package is installed."""
    return tuple(one for one in Keep if one is not Keep.KEYRING or find_spec("keyring"))


def variable(dotted: str) -> str:
    """The environment variable of a setting."""
    return f"PHONEWORK_{dotted.upper().replace('.', '__')}"


def put(keep: Keep, dotted: str, value: str, data_dir: Path) -> Mapping[str, object]:
    """Keep the secret of this setting; returns what changes in config.toml, where only `Keep.CONFIG` puts the value.

    Raises PhoneWorkError when it cannot be kept there; then nothing was changed.
    """
    says: dict[str, object] = {dotted: None, f"{dotted}_file": None, f"{dotted}_keyring": None}
    match keep:
        case Keep.FILE:
            return says | {f"{dotted}_file": str(_in_file(data_dir / DIRECTORY / dotted, value))}
        case Keep.KEYRING:
            _in_keyring(dotted, value)
            return says | {f"{dotted}_keyring": f"{SERVICE}/{dotted}"}
        case Keep.ENVIRONMENT:
            return says
        case Keep.CONFIG:
            return says | {dotted: value}


def _in_file(path: Path, value: str) -> Path:
    """A file of its own that nobody else may read."""
    path = path.absolute()
    try:
        path.parent.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.parent.mkdir(mode=0o700, exist_ok=True)
        os.chmod(path.parent, 0o700)  # noqa: PTH101  # as made by an earlier umask, too
        replace(path, f"{value}\n", PRIVATE)
    except OSError as error:
        raise PhoneWorkError(
            f"{path} cannot be written: {(error.strerror or str(error)).lower()}",
            hint="choose another place with --secret-in, or another [server] data_dir",
        ) from error
    return path


def _in_keyring(dotted: str, value: str) -> None:
    """Backends are other people's and raise anything; none of it is shown, it could hold the secret."""
    try:
        from keyring import set_password

        within(WAIT_SECONDS, lambda: set_password(SERVICE, dotted, value))
    except ImportError as error:
        raise PhoneWorkError(
            "the keyring package is missing", hint="pip install 'phonework[keyring]', or --secret-in file"
        ) from error
    except Exception as error:
        raise PhoneWorkError(
            f"the keyring did not take it ({type(error).__name__})",
            hint="unlock it, or use --secret-in file; `keyring --list-backends` shows what keyring finds",
        ) from error
