"""The service under systemd: a unit of the user's own manager, which lingers so that it runs without a login.

Sources: systemd.service(5), systemd.syntax(7), loginctl(1), seen with systemd 252.
"""

import os
import pwd
import re
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from phonework.errors import PhoneWorkError
from phonework.service.base import EXIT_SETTINGS, Program, Status, call, missing, must
from phonework.setup.owned import HASH, Owned, state_of

UNIT: Final = "phonework.service"
START_SECONDS: Final = 600
_ENV: Final = "/usr/bin/env"
_PLAIN: Final = re.compile(r"[A-Za-z0-9@+=:,./_%-]+")
_EXEC: Final = re.compile(r"^ExecStart=(.+)$", re.MULTILINE)
_SHOWN: Final = (
    "LoadState", "UnitFileState", "ActiveState", "SubState", "MainPID", "Result", "ExecMainStatus", "NRestarts", "ActiveEnterTimestamp",
)  # fmt: skip

_TEXT: Final = """\
# Written by `phonework service install`, which writes it anew. Changes of your own: `systemctl --user edit phonework`.
[Unit]
Description=PhoneWork: coding agents on this machine, driven from a phone
StartLimitIntervalSec=3600
StartLimitBurst=60

[Service]
Type=notify
NotifyAccess=main
ExecStart={words}
WorkingDirectory=~
Environment={path}
Restart=on-failure
RestartSec=5
TimeoutStartSec={start}
TimeoutStopSec=20
WatchdogSec=120
# The server ends its agents itself, and cleanly; what is left then is killed.
KillMode=mixed

[Install]
WantedBy=default.target
"""


def quoted(word: str) -> str:
    """A word as a unit's file says it: specifiers doubled, in quotes where that is needed."""
    word = word.replace("%", "%%")
    return word if _PLAIN.fullmatch(word) else '"' + word.replace("\\", "\\\\").replace('"', '\\"') + '"'


def words_of(line: str) -> list[str]:
    """The words of a command line as `unit` writes it, without the program that only begins another."""
    try:
        words = [word.replace("%%", "%").replace("$$", "$") for word in shlex.split(line)]
    except ValueError:  # somebody changed it
        return []
    return words[1:] if words[:1] == [_ENV] else words


def unit(program: Program) -> str:
    """The unit's text. In a command line `$` would name a variable; a program's own name may not have every letter."""
    begin = () if _PLAIN.fullmatch(program.words[0]) else (_ENV,)
    words = " ".join(quoted(word.replace("$", "$$")) for word in (*begin, *program.words))
    path = quoted(f"PATH={program.search}")
    return _TEXT.format(words=words, path=path, start=START_SECONDS)


def why_not(shown: Mapping[str, str]) -> str:
    """Why it does not run, by what systemd shows of it; while it starts, nothing is left there of the failure before."""
    result, code = shown.get("Result", ""), shown.get("ExecMainStatus", "0")
    if shown.get("SubState") == "start":
        return "it is starting"
    if result == "exit-code" and code == str(EXIT_SETTINGS):
        return "its settings are wrong (exit code 2)"
    words = {"success": "", "exit-code": f"it ended with exit code {code}", "watchdog": "it gave no sign of life"}
    words |= {"timeout": "it was not ready in time", "start-limit-hit": "it failed too often, and is left alone"}
    words |= {"signal": f"it was ended by signal {code}", "core-dump": f"it was ended by signal {code}"}
    return words.get(result, result)


class Systemd:
    """config: the user's configuration directory, where systemd looks for units; user: whose manager it is."""

    name = "systemd"

    def __init__(self, config: Path | None = None, user: str | None = None) -> None:
        base = config or Path(os.environ.get("XDG_CONFIG_HOME") or "~/.config").expanduser()
        self.path = base / "systemd" / "user" / UNIT
        self._user = user or pwd.getpwuid(os.getuid()).pw_name

    def file(self, program: Program) -> Owned:
        return Owned(path=self.path, body=unit(program), comment=HASH)

    def commands(self) -> Sequence[str]:
        return (
            "systemctl --user daemon-reload",
            f"systemctl --user enable {UNIT}",
            f"systemctl --user restart {UNIT}",
            f"loginctl enable-linger {shlex.quote(self._user)}",
        )

    def install(self, *, changed: bool) -> Sequence[str]:
        must("systemctl", "--user", "daemon-reload")
        must("systemctl", "--user", "enable", UNIT)
        told = []
        if changed or self._shown().get("ActiveState") != "active":
            call("systemctl", "--user", "reset-failed", UNIT)  # it may have given up; now it tries again
            self._start()
            told.append("It runs.")
        if not self._lingers():
            done = call("loginctl", "enable-linger", self._user)
            told.append(
                "It begins with the machine, also when you are not logged in."
                if done.ok
                else f"It runs only while you are logged in: {done.said}. `sudo loginctl enable-linger {self._user}` changes that."
            )
        return told

    def _start(self) -> None:
        done = call("systemctl", "--user", "restart", UNIT, seconds=START_SECONDS + 30)
        if not done.ok:
            last = call("journalctl", f"--user-unit={UNIT}", "-n", "15", "--no-pager", "-o", "cat").said
            hint = f"its last words:\n{last}" if last else "`phonework service logs` shows what it said"
            raise PhoneWorkError(f"the service did not start: {why_not(self._shown()) or done.said}", hint=hint)

    def uninstall(self) -> Sequence[str]:
        must("systemctl", "--user", "disable", "--now", UNIT, seconds=60)
        stays = ["You still linger: `loginctl disable-linger` if nothing else needs it."] if self._lingers() else []
        return ["It is stopped, and begins no more.", *stays]

    def forget(self) -> None:
        must("systemctl", "--user", "daemon-reload")
        call("systemctl", "--user", "reset-failed", UNIT)

    def status(self) -> Status:
        shown = self._shown()
        running = shown.get("ActiveState") == "active"
        enabled, lingers = shown.get("UnitFileState") == "enabled", self._lingers()
        begins = "not by itself" if not enabled else "with the machine" if lingers else "when you log in"
        notes = missing(self._words()) if self.path.exists() else ()
        return Status(
            manager=self.name,
            file=str(self.path),
            state=state_of(self.path),
            begins=begins,
            running=running,
            pid=int(shown.get("MainPID") or 0),
            since=shown.get("ActiveEnterTimestamp", "") if running else "",
            restarts=int(shown.get("NRestarts") or 0),
            result="" if running else why_not(shown),
            notes=notes,
        )

    def logs(self, lines: int, follow: bool) -> Sequence[str]:
        return ("journalctl", f"--user-unit={UNIT}", "-n", str(lines), *(["-f"] if follow else ["--no-pager"]))

    def _shown(self) -> dict[str, str]:
        said = must("systemctl", "--user", "show", UNIT, f"--property={','.join(_SHOWN)}")
        return dict(line.split("=", 1) for line in said.splitlines() if "=" in line)

    def _result(self) -> str:
        shown = self._shown()
        result, code = shown.get("Result", ""), shown.get("ExecMainStatus", "0")
        if result == "exit-code" and code == str(EXIT_SETTINGS):
            return "its settings are wrong (exit code 2)"
        words = {"success": "", "exit-code": f"it ended with exit code {code}", "watchdog": "it gave no sign of life"}
        words |= {"timeout": "it was not ready in time", "start-limit-hit": "it failed too often, and is left alone"}
        words |= {"signal": f"it was ended by signal {code}", "core-dump": f"it was ended by signal {code}"}
        return words.get(result, result)

    def _lingers(self) -> bool:
        return call("loginctl", "show-user", self._user, "--property=Linger", "--value").said == "yes"

    def _words(self) -> list[str]:
        """What the unit that is there runs; nothing when it cannot be read."""
        found = _EXEC.search(self.path.read_text(encoding="utf-8", errors="replace"))
        return words_of(found[1]) if found else []
