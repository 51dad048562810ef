"""Telling the service manager that started us how we are: ready, still well, stopping.

systemd listens on a datagram socket that it names in the environment (sd_notify(3), sd_watchdog_enabled(3)). Where nobody listens,
nothing is said.
"""

import asyncio
import os
import socket
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Self

import structlog

log = structlog.get_logger(__name__)

_VARIABLES: Final = ("NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID")
_OFTEN: Final = 3  # signs of life within the time after which none is taken for death


@dataclass(frozen=True, slots=True)
class Supervisor:
    """address: of its socket, empty when there is none; `@` begins one of the abstract namespace.

    patience: without a sign of life for so long it ends us and starts us anew; None: it does not watch.
    """

    address: str = ""
    patience: timedelta | None = None

    @classmethod
    def from_environment(cls, environment: MutableMapping[str, str] = os.environ, *, pid: int | None = None) -> Self:
        """Take what the manager said out of the environment: what we start must not speak for us."""
        address, usec, whose = (environment.pop(name, "") for name in _VARIABLES)
        ours = whose in ("", str(os.getpid() if pid is None else pid))
        watches = ours and usec.isascii() and usec.isdigit() and int(usec) > 0
        return cls(address, timedelta(microseconds=int(usec)) if watches else None)

    def ready(self, words: str) -> None:
        """words: one line on what runs, for `systemctl status`."""
        self._tell(f"READY=1\nSTATUS={words}")

    def stopping(self) -> None:
        self._tell("STOPPING=1")

    async def watch(self, well: Callable[[], Awaitable[object]]) -> None:
        """Give signs of life until cancelled, each after `well` came back: a loop or a store that hangs gives none."""
        if not self.address or self.patience is None:
            return
        while True:
            await well()
            self._tell("WATCHDOG=1")
            await asyncio.sleep(self.patience.total_seconds() / _OFTEN)

    def _tell(self, words: str) -> None:
        """Never blocks and never raises: the manager notices by itself when it hears nothing."""
        if not self.address:
            return
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
                channel.setblocking(False)
                channel.sendto(words.encode(), _name(self.address))
        except OSError as error:
            log.warning("the service manager does not hear", what=words.partition("\n")[0], error=str(error))


def _name(address: str) -> str:
    return "\0" + address[1:] if address.startswith("@") else address
