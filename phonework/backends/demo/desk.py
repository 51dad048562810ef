"""Somebody at the desk, for the demo: a process that has a conversation of the demo agent open, for `/resume` to show.

It is started when somebody first looks, and ends with us. Its conversation lies in a journal of its own, whose name says whether
it is still the desk's: one that was let go of, or whose process has ended, is never opened there again.
"""

import contextlib
import json
import subprocess
import sys
import threading
from pathlib import Path
from typing import Final
from uuid import uuid4

import psutil  # type: ignore[import-untyped]
import structlog

from phonework.backends.base import Holder
from phonework.backends.demo import desk_program
from phonework.backends.demo.process import environment
from phonework.errors import BackendError

log = structlog.get_logger(__name__)

OPEN: Final = "_open-"  # no journal of a session begins so
LEFT: Final = "_left-"
SAID: Final = {
    "zh": ("店里有哪些价格？", "给它们加上折扣"),
    "en": ("Which prices has the shop?", "Add discounts to them"),
}
ENDS_WITHIN: Final = 2.0  # seconds after SIGTERM, and again after SIGKILL


class DeskProcess:
    """The process and its conversation. Every method blocks: call it from a thread.

    directory: where the journals are. cwd: where the conversation began; without it there is none. language: of what was
    said in it: here nobody has written yet whose language it could be.
    """

    def __init__(self, directory: Path, cwd: Path, language: str) -> None:
        self._directory, self._cwd, self._said = directory, cwd, SAID[language]
        self._lock = threading.Lock()
        self._begun = False
        self._record: Path | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._key = ""

    def held(self) -> dict[str, Holder]:
        """Who has which conversation open, by the agent's own id: one, or none. Starts the process the first time."""
        with self._lock:
            if not self._begun:
                self._begun = True
                self._begin()
            self._notice_end()
            if self._record is None or self._process is None:
                return {}
            return {_conversation(self._record): Holder(where=f"pid {self._process.pid}", key=self._key)}

    def end(self, agent_session_id: str, key: str) -> None:
        """As `DeskBackend.end_at_desk`."""
        with self._lock:
            self._notice_end()
            record = self._record or self._kept()
            if record is None or _conversation(record) != agent_session_id:
                return
            if self._process is not None and key != self._key:
                raise BackendError("demo.other_holder")
            self._stop()
            self._leave(record)

    def close(self) -> None:
        """End the process; the conversation stays the desk's, for the next time."""
        with self._lock, contextlib.suppress(BackendError):
            self._begun = True
            self._stop()
            self._record = None

    def _begin(self) -> None:
        """Where no process can be started, it is a conversation of earlier like any other."""
        if not self._cwd.is_dir():
            return
        try:
            self._record = self._kept() or self._written()
            self._record.touch()
            self._process = self._started(self._record)
            self._key = f"{self._process.pid}:{psutil.Process(self._process.pid).create_time()}"
        except (OSError, psutil.Error) as error:
            log.warning("nobody is at the demo's desk", error=str(error))
            self._stop()
            if self._record is not None:
                self._leave(self._record)

    def _started(self, record: Path) -> subprocess.Popen[bytes]:
        """Its input is a pipe that ends when we do, however we end; Ctrl-C in our terminal is not for it."""
        return subprocess.Popen(
            (sys.executable, "-I", desk_program.__file__, record),
            cwd=self._cwd,
            env=environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def _kept(self) -> Path | None:
        """The journal of the conversation that is the desk's since an earlier time."""
        return min(self._directory.glob(f"{OPEN}*.jsonl"), default=None)

    def _written(self) -> Path:
        name, cwd = str(uuid4()), str(self._cwd.resolve())
        lines = [{"kind": "prompt", "conversation": name, "text": text, "cwd": cwd} for text in self._said]
        self._directory.mkdir(parents=True, exist_ok=True)
        record = self._directory / f"{OPEN}{name}.jsonl"
        record.write_text("".join(f"{json.dumps(line, ensure_ascii=False)}\n" for line in lines), encoding="utf-8")
        return record

    def _notice_end(self) -> None:
        if self._process is not None and self._process.poll() is not None:
            self._stop()
            if self._record is not None:
                self._leave(self._record)

    def _stop(self) -> None:
        """Raises BackendError when it stays. Popen signals no process but its own, and not once it has ended."""
        process = self._process
        if process is None:
            return
        assert process.stdin is not None
        for signal in (process.terminate, process.kill):
            signal()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(ENDS_WITHIN)
                process.stdin.close()
                self._process = None
                return
        raise BackendError("demo.holder_stays", pid=str(process.pid))

    def _leave(self, record: Path) -> None:
        """Let go of the conversation for good: a session may have it now. Raises OSError when the disk says no."""
        record.rename(record.with_name(LEFT + record.name.removeprefix(OPEN)))
        self._record = None


def _conversation(record: Path) -> str:
    return record.stem.removeprefix(OPEN)
