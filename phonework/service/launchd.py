"""The service under launchd: an agent of the user, begun when they log in. Sources: launchd.plist(5), launchctl(1)."""

import os
import plistlib
import re
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from phonework.errors import PhoneWorkError
from phonework.service.base import Done, Program, Status, call, missing
from phonework.setup.owned import XML, Owned, state_of

LABEL: Final = "org.phonework.serve"
GONE_SECONDS: Final = 20.0
PAUSE_SECONDS: Final = 0.1
ATTEMPTS: Final = 5


def plist(program: Program, log: Path, home: Path) -> str:
    """The agent's property list."""
    found = {
        "Label": LABEL,
        "ProgramArguments": list(program.words),
        "EnvironmentVariables": {"PATH": program.search},
        "WorkingDirectory": str(home),
        "RunAtLoad": True,
        "KeepAlive": {"SuccessfulExit": False},
        "ThrottleInterval": 10,
        "ExitTimeOut": 20,
        "ProcessType": "Interactive",  # answers wait for it; others are slowed down
        "StandardOutPath": str(log),
        "StandardErrorPath": str(log),
    }
    return plistlib.dumps(found, sort_keys=False).decode()


class Launchd:
    """home, uid: of the user."""

    name = "launchd"

    def __init__(self, home: Path | None = None, uid: int | None = None) -> None:
        self._home = home or Path.home()
        self._domain = f"gui/{os.getuid() if uid is None else uid}"
        self.path = self._home / "Library" / "LaunchAgents" / f"{LABEL}.plist"
        self._log = self._home / "Library" / "Logs" / "phonework.log"

    @property
    def _target(self) -> str:
        return f"{self._domain}/{LABEL}"

    def file(self, program: Program) -> Owned:
        return Owned(path=self.path, body=plist(program, self._log, self._home), comment=XML)

    def commands(self) -> Sequence[str]:
        return (f"launchctl bootout {self._target}", f"launchctl bootstrap {self._domain} {self.path}")

    def install(self, *, changed: bool) -> Sequence[str]:
        self._log.parent.mkdir(parents=True, exist_ok=True)
        if not changed and self._pid(self._print()):
            return ()
        self._away()
        self._load()
        return ("It runs, and begins when you log in.",)

    def _load(self) -> None:
        """What is just leaving makes it fail with "5: Input/output error" for a moment."""
        done = Done(0, "")
        for _attempt in range(ATTEMPTS):
            done = call("launchctl", "bootstrap", self._domain, str(self.path))
            if done.ok:
                return
            time.sleep(PAUSE_SECONDS)
        hint = "log in at the screen once: launchd begins agents only there" if "125" in done.said else ""
        raise PhoneWorkError(f"the service did not start: {done.said}", hint=hint or f"{self._log} may say why")

    def _away(self) -> None:
        """Stop it and wait until it is gone: `bootout` returns before that."""
        if not self._print().ok:
            return
        call("launchctl", "bootout", self._target)
        deadline = time.monotonic() + GONE_SECONDS
        while self._print().ok:
            if time.monotonic() > deadline:
                raise PhoneWorkError("the service does not stop", hint=f"launchctl kill SIGKILL {self._target}")
            time.sleep(PAUSE_SECONDS)

    def uninstall(self) -> Sequence[str]:
        self._away()
        return ("It is stopped, and begins no more.",)

    def forget(self) -> None:
        return

    def status(self) -> Status:
        printed = self._print()
        pid = self._pid(printed)
        code = _found(r"last exit code = (\d+)", printed.said)
        notes = missing(self._words()) if self.path.exists() else ()
        return Status(
            manager=self.name,
            file=str(self.path),
            state=state_of(self.path),
            begins="when you log in" if printed.ok else "not by itself",
            running=bool(pid),
            pid=pid,
            result="" if pid or not code else f"it ended with exit code {code}",
            notes=notes,
        )

    def logs(self, lines: int, follow: bool) -> Sequence[str]:
        return ("tail", "-n", str(lines), *(["-F"] if follow else []), str(self._log))

    def _print(self) -> Done:
        return call("launchctl", "print", self._target)

    def _pid(self, printed: Done) -> int:
        return int(_found(r"\bpid = (\d+)", printed.said) or 0) if printed.ok else 0

    def _words(self) -> list[str]:
        try:
            found = plistlib.loads(self.path.read_bytes())
            return [str(word) for word in found["ProgramArguments"]]
        except (OSError, ValueError, KeyError, TypeError, plistlib.InvalidFileException):
            return []


def _found(pattern: str, text: str) -> str:
    match = re.search(pattern, text)
    return match[1] if match else ""
