"""A process that has imported everything once and forks a `phonework` for each start, so that one costs milliseconds.

Each child is a real process running the real command line: it gets real signals and leaves a real exit code.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import queue
import select
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Final

from phonework.channels.feishu import sdk
from phonework.testing import fake_internet

START_S: Final = 60.0
END_S: Final = 30.0

_USED_BY_SERVE: Final = (
    "phonework.app", "phonework.backends.registry", "phonework.backends.demo", "phonework.backends.claude",
    "phonework.cli.serve", "phonework.cli.inspect", "apscheduler.executors.asyncio", "apscheduler.triggers.interval",
    "concurrent.futures.thread", "requests", "anyio.streams.memory", "uvicorn.protocols.http.auto",
    "uvicorn.protocols.websockets.auto", "uvicorn.lifespan.on", "uvicorn.loops.auto",
)  # fmt: skip

Json = dict[str, Any]


class Child:
    """A running `phonework`. stdout, stderr: its lines so far; pid is its process id."""

    def __init__(self, pid: int, stdout: int, stderr: int) -> None:
        self.pid = pid
        self.stdout: list[str] = []
        self.stderr: list[str] = []
        self.returncode: int | None = None
        self._changed = threading.Condition()
        self._open = 2
        for descriptor, lines in ((stdout, self.stdout), (stderr, self.stderr)):
            threading.Thread(target=self._read, args=(descriptor, lines), daemon=True).start()

    @property
    def ended(self) -> bool:
        return self.returncode is not None

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal, if it still runs."""
        if not self.ended:
            os.kill(self.pid, number)

    def wait(self, timeout_s: float = END_S) -> int:
        """Its exit code (a signal is negative), when it has ended and all it wrote was read."""
        self._until(lambda: self.ended and not self._open, timeout_s, "did not end")
        assert self.returncode is not None
        return self.returncode

    def ends_within(self, seconds: float) -> bool:
        """Wait so long for its end; whether it came."""
        with self._changed:
            return self._changed.wait_for(lambda: self.ended, seconds)

    def says(self, wanted: Callable[[Json], bool] | str, timeout_s: float = START_S) -> Json:
        """The first line of its JSON log that fits (a string: whose event this is). Raises AssertionError."""
        fits = wanted if callable(wanted) else lambda entry: bool(entry.get("event") == wanted)
        found: list[Json] = []

        def look() -> bool:
            found.extend(entry for entry in self.log() if fits(entry))
            return bool(found) or (self.ended and not self._open)

        self._until(look, timeout_s, f"never said {wanted}")
        if not found:
            raise AssertionError(f"it ended with {self.returncode} and never said {wanted}:\n{self.tail()}")
        return found[0]

    def log(self) -> list[Json]:
        """The JSON lines among what it wrote to stderr."""
        return [json.loads(line) for line in list(self.stderr) if line.startswith("{")]

    def tail(self) -> str:
        return "".join(self.stderr[-40:])

    def ended_with(self, code: int) -> None:
        with self._changed:
            self.returncode = code
            self._changed.notify_all()

    def _until(self, met: Callable[[], bool], timeout_s: float, problem: str) -> None:
        with self._changed:
            if not self._changed.wait_for(met, timeout_s):
                raise AssertionError(f"process {self.pid} {problem} within {timeout_s} s:\n{self.tail()}")

    def _read(self, descriptor: int, lines: list[str]) -> None:
        with os.fdopen(descriptor, encoding="utf-8", errors="replace") as stream:
            for line in stream:
                with self._changed:
                    lines.append(line)
                    self._changed.notify_all()
        with self._changed:
            self._open -= 1
            self._changed.notify_all()


class Zygote:
    """`with Zygote() as zygote: child = zygote.spawn("serve", env={…})`. Whatever still runs is killed at the end.

    packages: a directory of packages that it and its children find, too.
    """

    def __init__(self, *, packages: Path | None = None) -> None:
        self._channel, theirs = socket.socketpair()
        command = [sys.executable, "-m", "phonework.testing.zygote", str(theirs.fileno())]
        found = {**os.environ, "PYTHONPATH": str(packages)} if packages else None
        self._process = subprocess.Popen(command, pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL, env=found)
        theirs.close()
        self._told: queue.Queue[Json] = queue.Queue()
        self._children: dict[int, Child] = {}
        self._early: dict[int, int] = {}  # ended before we had heard of them
        self._lock = threading.Lock()
        threading.Thread(target=self._listen, name="zygote", daemon=True).start()
        self._told.get(timeout=START_S)

    def __enter__(self) -> Zygote:
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, at: TracebackType | None) -> None:
        self._channel.shutdown(socket.SHUT_RDWR)
        self._process.wait(END_S)
        self._channel.close()

    def spawn(
        self,
        *words: str,
        env: Mapping[str, str],
        cwd: Path | None = None,
        constants: Mapping[str, float] | None = None,
        internet: fake_internet.Plan | None = None,
    ) -> Child:
        """Start `phonework words…` with exactly this environment.

        constants: `module:NAME` → seconds, for the few fixed times of the program that no test can wait for.
        internet: what it takes for the internet; None: the real one.
        """
        (out, out_there), (err, err_there) = os.pipe(), os.pipe()
        order: Json = {
            "words": words,
            "env": dict(env),
            "cwd": str(cwd or Path.cwd()),
            "constants": dict(constants or {}),
        }
        order["internet"] = internet
        with self._lock:
            data = json.dumps(order).encode() + b"\n"
            sent = socket.send_fds(self._channel, [data], [out_there, err_there])
            self._channel.sendall(data[sent:])
            os.close(out_there)
            os.close(err_there)
            pid = int(self._told.get(timeout=START_S)["forked"])
            child = self._children[pid] = Child(pid, out, err)
            if pid in self._early:
                child.ended_with(self._early.pop(pid))
        return child

    def run(self, *words: str, env: Mapping[str, str], cwd: Path | None = None) -> Child:
        """Run `phonework words…` to its end."""
        child = self.spawn(*words, env=env, cwd=cwd)
        child.wait()
        return child

    def _listen(self) -> None:
        with self._channel.makefile("r", encoding="utf-8") as lines:
            for line in lines:
                told = json.loads(line)
                if "ended" not in told:
                    self._told.put(told)
                elif child := self._children.pop(told["ended"], None):
                    child.ended_with(told["code"])
                else:
                    self._early[told["ended"]] = told["code"]


# The other side


def _import_everything() -> None:
    for name in _USED_BY_SERVE:
        importlib.import_module(name)
    for extra in ("claude_agent_sdk", "openai"):
        with contextlib.suppress(ImportError):
            importlib.import_module(extra)
    sdk.load()
    gc.collect()
    gc.freeze()


def _fork(channel: socket.socket, order: Json, descriptors: Sequence[int]) -> int:
    """The child's pid; in the child: run the command and never return."""
    sys.stdout.flush()
    sys.stderr.flush()
    pid = os.fork()
    if pid:
        for descriptor in descriptors:
            os.close(descriptor)
        return pid
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    channel.close()
    for target, descriptor in enumerate(descriptors, start=1):
        os.dup2(descriptor, target)
        os.close(descriptor)
    os.environ.clear()
    os.environ.update(order["env"])
    os.chdir(order["cwd"])
    for place, seconds in order["constants"].items():
        module, name = place.split(":")
        setattr(importlib.import_module(module), name, timedelta(seconds=seconds))
    if order["internet"] is not None:
        fake_internet.install(order["internet"])
    from phonework.cli import main as phonework

    phonework(list(order["words"]), prog_name="phonework")
    raise SystemExit


def _tell(channel: socket.socket, **words: object) -> None:
    channel.sendall(json.dumps(words).encode() + b"\n")


def _reap(channel: socket.socket, children: set[int]) -> None:
    for pid in list(children):
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            children.discard(pid)
            _tell(channel, ended=pid, code=os.waitstatus_to_exitcode(status))


def _order(channel: socket.socket) -> tuple[Json, list[int]] | None:
    """The next order; None when nobody is there any more."""
    data, descriptors, _, _ = socket.recv_fds(channel, 65536, 4)
    while data and not data.endswith(b"\n"):
        data += channel.recv(65536)
    return (json.loads(data), descriptors) if data else None


def main() -> None:
    """Fork what is asked for and tell how each child ended, until the other side hangs up."""
    channel = socket.socket(fileno=int(sys.argv[1]))
    _import_everything()
    woken, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    children: set[int] = set()
    _tell(channel, ready=os.getpid())
    while True:
        ready, _, _ = select.select([channel.fileno(), woken], [], [])
        if woken in ready:
            os.read(woken, 4096)
            _reap(channel, children)
        if channel.fileno() in ready:
            order = _order(channel)
            if order is None:
                break
            pid = _fork(channel, *order)
            children.add(pid)
            _tell(channel, forked=pid)
    for pid in children:
        os.kill(pid, signal.SIGKILL)
    os._exit(0)


if __name__ == "__main__":
    main()
