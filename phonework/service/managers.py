"""Which service manager this machine has for its users, and what to do where it has none."""

import os
import shutil
import sys
from pathlib import Path
from typing import Final

from phonework.errors import PhoneWorkError
from phonework.service.base import Manager, call
from phonework.service.launchd import Launchd
from phonework.service.systemd import Systemd

_BOOTED: Final = Path("/run/systemd/system")  # sd_booted(3)
_ELSEWHERE: Final = (
    "run `phonework serve` under what begins programs here: in a container its own restart policy, like "
    "`docker run --restart unless-stopped … phonework serve`; elsewhere OpenRC, runit or supervisord"
)


def find() -> Manager:
    """Raises PhoneWorkError with the remedy when there is none that works."""
    if sys.platform == "darwin":
        return Launchd()
    if not shutil.which("systemctl"):
        raise PhoneWorkError(
            "there is no service manager here that is known: neither systemd nor launchd", hint=_ELSEWHERE
        )
    done = call("systemctl", "--user", "show-environment")
    if done.ok:
        return Systemd()
    if not _BOOTED.is_dir():
        raise PhoneWorkError(f"systemd does not run here, as in a container ({_first(done.said)})", hint=_ELSEWHERE)
    raise PhoneWorkError(
        f"your own systemd does not answer ({_first(done.said)})",
        hint="log in as this user itself, not by su or sudo; or `sudo loginctl enable-linger` for them, and "
        f"`export XDG_RUNTIME_DIR=/run/user/{os.getuid()}`",
    )


def _first(said: str) -> str:
    return said.splitlines()[0] if said else "it says nothing"
