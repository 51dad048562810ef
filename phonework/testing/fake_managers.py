"""Stand-ins for systemd and launchd of one user, as programs on PATH, which truly run what a service's file says.

`FakeManagers(place).install()` makes the programs; what they know is in files below `place`. Forms of what they print: systemctl(1),
loginctl(1), launchctl(1), as seen with systemd 252 and macOS 14.
"""

from __future__ import annotations

import json
import os
import plistlib
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import psutil  # type: ignore[import-untyped]

from phonework.service.systemd import words_of

PROGRAMS: Final = ("systemctl", "loginctl", "journalctl", "launchctl")
READY_SECONDS: Final = 60.0
STOP_SECONDS: Final = 20.0
PLACE: Final = "FAKE_MANAGERS"
_EXEC: Final = re.compile(r"^ExecStart=(.+)$", re.MULTILINE)
_PATH: Final = re.compile(r'^Environment="?PATH=([^"\n]*)', re.MULTILINE)


class FakeManagers:
    """place: where they keep what they know, and the programs in `bin`."""

    def __init__(self, place: Path) -> None:
        self.place, self.programs = place, place / "bin"

    def install(self) -> Path:
        """The directory to put first on PATH."""
        self.programs.mkdir(parents=True)
        for name in PROGRAMS:
            script = self.programs / name
            begin = f'{PLACE}="{self.place}" exec "{sys.executable}" -m phonework.testing.fake_managers {name} "$@"'
            script.write_text(f"#!/bin/sh\n{begin}\n", encoding="utf-8")
            script.chmod(0o755)
        return self.programs

    @property
    def known(self) -> dict[str, Any]:
        """pid, enabled, lingers, result, code, starts, calls, leaving, broken"""
        try:
            return dict(json.loads((self.place / "known.json").read_text(encoding="utf-8")))
        except FileNotFoundError:
            return {
                "pid": 0,
                "enabled": False,
                "lingers": False,
                "result": "success",
                "code": 0,
                "starts": 0,
                "calls": [],
            }

    def learn(self, **news: Any) -> None:
        (self.place / "known.json").write_text(json.dumps({**self.known, **news}), encoding="utf-8")

    @property
    def log(self) -> Path:
        """What the service said."""
        return self.place / "journal"

    def alive(self) -> bool:
        pid = int(self.known["pid"])
        return bool(pid) and psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE

    def stop(self) -> None:
        """End what runs, if anything does."""
        if self.alive():
            process = psutil.Process(self.known["pid"])
            process.send_signal(signal.SIGTERM)
            _, stays = psutil.wait_procs([process], STOP_SECONDS)
            for one in stays:
                one.kill()
        self.learn(pid=0)

    # The programs

    def systemctl(self, words: Sequence[str]) -> int:
        """Only what a user's own manager is asked for."""
        if self.known.get("broken"):
            print(self.known["broken"], file=sys.stderr)
            return 1
        match [word for word in words if word != "--user"]:
            case ["show-environment"] | ["daemon-reload"] | ["reset-failed", _]:
                return 0
            case ["enable", _]:
                self.learn(enabled=True)
                return 0
            case ["disable", "--now", _]:
                self.stop()
                self.learn(enabled=False)
                return 0
            case ["restart", unit]:
                self.stop()
                return self._start_unit(unit)
            case ["show", unit, _]:
                return self._show_unit(unit)
            case _:
                return 2

    def loginctl(self, words: Sequence[str]) -> int:
        match list(words):
            case ["enable-linger", _] if self.known.get("no_linger"):
                print("Could not enable linger: Access denied", file=sys.stderr)
                return 1
            case ["enable-linger", _]:
                self.learn(lingers=True)
                return 0
            case ["show-user", _, "--property=Linger", "--value"]:
                print("yes" if self.known["lingers"] else "no")
                return 0
            case _:
                return 2

    def journalctl(self, words: Sequence[str]) -> int:
        print(self.log.read_text(encoding="utf-8") if self.log.exists() else "-- No entries --", end="")
        return 0

    def launchctl(self, words: Sequence[str]) -> int:
        """`bootout` returns before what it ends is gone; until then nothing of its name can begin."""
        match list(words):
            case ["print", _]:
                return self._print_agent()
            case ["bootout", _]:
                self.learn(leaving=2)
                return 0
            case ["bootstrap", _, file]:
                if self.known.get("leaving") or self.alive():
                    print("Bootstrap failed: 5: Input/output error", file=sys.stderr)
                    return 5
                agent = plistlib.loads(Path(file).read_bytes())
                self._begin(agent["ProgramArguments"], {"PATH": agent["EnvironmentVariables"]["PATH"]})
                self.learn(enabled=True)
                return 0
            case _:
                return 2

    def _print_agent(self) -> int:
        known = self.known
        if left := int(known.get("leaving") or 0):
            self.learn(leaving=left - 1)
            if left == 1:
                self.stop()
                self.learn(enabled=False)
        if not known["enabled"]:
            print("Could not find service in domain for user gui: 501", file=sys.stderr)
            return 113
        print(f"\tstate = running\n\tpid = {known['pid']}" if self.alive() else "\tlast exit code = 1")
        return 0

    def _start_unit(self, unit: str) -> int:
        """As a service of type notify: it is up when it says so."""
        text = self._unit(unit).read_text(encoding="utf-8")
        line, path = _EXEC.search(text), _PATH.search(text)
        assert line is not None
        assert path is not None
        address = self.place / "notify"
        address.unlink(missing_ok=True)
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
            channel.bind(str(address))
            channel.settimeout(0.05)
            process = self._begin(words_of(line[1]), {"PATH": path[1], "NOTIFY_SOCKET": str(address)})
            code = _until_ready(channel, process)
        if code is None:
            self.learn(result="success")
            return 0
        self.learn(pid=0, result="exit-code", code=code)
        print(f"Job for {unit} failed because the control process exited with error code.", file=sys.stderr)
        return 1

    def _begin(self, words: Sequence[str], environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
        """With nothing of the environment of who asked but where their home is."""
        kept = {name: os.environ[name] for name in ("HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME") if name in os.environ}
        with self.log.open("ab") as log:
            process = subprocess.Popen(
                words,
                env={**kept, **environment},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.learn(pid=process.pid, starts=self.known["starts"] + 1)
        return process

    def _show_unit(self, unit: str) -> int:
        known, there = self.known, self._unit(unit).exists()
        print(f"LoadState={'loaded' if there else 'not-found'}")
        print(f"UnitFileState={'enabled' if known['enabled'] else 'disabled' if there else ''}")
        print(f"ActiveState={'active' if self.alive() else 'failed' if known['result'] != 'success' else 'inactive'}")
        print(
            f"MainPID={known['pid'] if self.alive() else 0}\nResult={known['result']}\nExecMainStatus={known['code']}"
        )
        print("NRestarts=0\nActiveEnterTimestamp=Sat 2026-11-21 12:00:00 UTC")
        return 0

    def _unit(self, unit: str) -> Path:
        return Path(os.environ["XDG_CONFIG_HOME"]) / "systemd" / "user" / unit


def _until_ready(channel: socket.socket, process: subprocess.Popen[bytes]) -> int | None:
    """None when it said so; else its exit code."""
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        try:
            if channel.recv(4096).startswith(b"READY=1"):
                return None
        except TimeoutError:
            if (code := process.poll()) is not None:
                return code
    process.kill()
    return process.wait()


def main() -> int:
    name, *words = sys.argv[1:]
    managers = FakeManagers(Path(os.environ[PLACE]))
    managers.learn(calls=[*managers.known["calls"], " ".join([name, *words])])
    return int(getattr(managers, name)(words))


if __name__ == "__main__":
    sys.exit(main())
