"""What a service manager is asked for, and what is told of the service."""

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, Protocol

from phonework.errors import PhoneWorkError
from phonework.setup.owned import Owned, State

QUICK_SECONDS: Final = 30.0
EXIT_SETTINGS: Final = 2
"""`phonework serve` ends so when the settings are wrong."""


@dataclass(frozen=True, slots=True)
class Done:
    """How a program of the manager ended. said: both streams, or why it did not even begin."""

    code: int
    said: str

    @property
    def ok(self) -> bool:
        return self.code == 0


def call(*words: str, seconds: float = QUICK_SECONDS) -> Done:
    """Run one of the manager's programs to its end. seconds: then it is ended, and counts as failed."""
    try:
        done = subprocess.run(words, capture_output=True, text=True, errors="replace", timeout=seconds, check=False)
    except subprocess.TimeoutExpired:
        return Done(124, f"{words[0]} did not answer within {seconds:g} s")
    except OSError as error:
        return Done(127, f"{words[0]}: {error.strerror or error}")
    return Done(done.returncode, (done.stdout + done.stderr).strip())


def must(*words: str, seconds: float = QUICK_SECONDS) -> str:
    """What it said. Raises PhoneWorkError when it failed."""
    done = call(*words, seconds=seconds)
    if not done.ok:
        raise PhoneWorkError(f"`{' '.join(words)}` failed: {done.said or f'exit code {done.code}'}")
    return done.said


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """What the service runs. words: the first is an absolute path. search: the PATH its agents find programs on."""

    words: tuple[str, ...]
    search: str


def program(config: Path, data_dir: Path | None) -> Program:
    """`phonework serve` of this very installation. config: its settings, absolute.

    Raises PhoneWorkError when a path holds what no service file can say.
    """
    script = Path(sys.executable).with_name("phonework")  # not resolved: a virtual environment's Python is a link
    begin = (str(script),) if os.access(script, os.X_OK) else (sys.executable, "-P", "-m", "phonework")
    words = (*begin, "serve", "--config", str(config), *(("--data-dir", str(data_dir)) if data_dir else ()))
    search = os.environ.get("PATH", os.defpath)
    if wrong := next((word for word in (*words, search) if not word.isprintable()), ""):
        raise PhoneWorkError(f"{wrong!r} cannot stand in a service's file", hint="give it a name that can be printed")
    return Program(words=words, search=search)


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """What is true of the service now.

    state: of its file, `older` when another version wrote it. begins: whether it is started by itself, and when. pid: of the server, 0 when it does not run.
    result: why it does not run, if the manager says so. notes: what is not as it should be, a sentence each.
    """

    manager: str
    file: str
    state: State
    begins: str = ""
    running: bool = False
    pid: int = 0
    since: str = ""
    restarts: int = 0
    result: str = ""
    notes: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


class Manager(Protocol):
    """systemd or launchd, for one user. Every method may raise PhoneWorkError."""

    name: str
    path: Path

    def file(self, program: Program) -> Owned:
        """The service's file as it is to be."""

    def commands(self) -> Sequence[str]:
        """What `install` runs, to be shown."""

    def install(self, *, changed: bool) -> Sequence[str]:
        """Take the file in that was just written, or is as it was, and see the server up; tells what was done."""

    def uninstall(self) -> Sequence[str]:
        """Stop it and begin it no more; the file is still there. Tells what was done."""

    def forget(self) -> None:
        """The file is gone."""

    def status(self) -> Status: ...

    def logs(self, lines: int, follow: bool) -> Sequence[str]:
        """The command that shows them."""


def missing(words: Sequence[str]) -> tuple[str, ...]:
    """A note when what the service runs is not there any more."""
    if words and not shutil.which(words[0]):
        return (f"it runs {words[0]}, which is not there; `phonework service install` mends that",)
    return ()
