"""A data directory in which something has happened, and the command line to look at it."""

import json
import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import structlog
from click.testing import CliRunner, Result

from phonework.channels.base import Chat
from phonework.cli import main
from phonework.engine import Happened, ingest, sweep
from phonework.fsm import events as happened
from phonework.fsm.types import Ask, Prompt, PromptId, RequestId, RequestKind, SessionId, Timeouts, UserId
from phonework.poison import keep
from phonework.store import sessions, users
from phonework.store.connect import open_writer
from phonework.store.migrate import migrate
from phonework.store.sessions import NewSession

ADA = UserId("ou_ada")
FIZZ = SessionId("fizz-top")
BEGUN = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


class BegunClock:
    """The moment the story begins."""

    def now(self) -> datetime:
        return BEGUN


class Story:
    """Lets things happen to Ada's session, through the real engine, one second apart."""

    def __init__(self, data_dir: Path) -> None:
        self.data_dir, self.now, self.count = data_dir, BEGUN, 0
        self.database = data_dir / "phonework.db"
        migrate(self.database, BegunClock())
        with closing(open_writer(self.database)) as connection:
            chat = Chat(channel="feishu", chat_id="oc_1")
            users.touch(connection, ADA, "en", chat, self.now)
            sessions.add(
                connection,
                NewSession(
                    session_id=FIZZ, user_id=ADA, backend="demo", cwd="/work/fizz", chat=chat, timeouts=Timeouts()
                ),
                self.now,
            )
            users.activate(connection, ADA, FIZZ)

    def happens(self, event: happened.Event, session_id: SessionId = FIZZ) -> None:
        with closing(open_writer(self.database)) as connection:
            ingest(connection, self._next(event, session_id), self.now)

    def poisons(self, event: happened.Event) -> None:
        with closing(open_writer(self.database)) as connection:
            keep(connection, self._next(event, FIZZ), "ZeroDivisionError: boom", self.now)

    def sweeps(self, *, after: timedelta) -> None:
        """Time goes by, and what is due happens."""
        self.now += after
        with closing(open_writer(self.database)) as connection:
            sweep(connection, self.now)

    def says(self, text: str) -> None:
        prompt = Prompt(prompt_id=PromptId(f"p{self.count}"), text=text, sent_at=self.now)
        self.happens(happened.MessageReceived(prompt=prompt, by=ADA))

    def asks(self, **ask: Any) -> None:
        values = {
            "request_id": RequestId(f"{self.count:032x}"), "kind": RequestKind.CONFIRM, "agent_ref": f"t{self.count}",
            "fingerprint": f"f{self.count}", "prompt": "Run rm -rf build?", "tool": "Bash", "command": "rm -rf build",
        }  # fmt: skip
        self.happens(happened.AgentAsked(turn=1, ask=Ask(**{**values, **ask})))

    def _next(self, event: happened.Event, session_id: SessionId) -> Happened:
        self.now, self.count = self.now + timedelta(seconds=1), self.count + 1
        return Happened(
            source="message",
            key=f"m{self.count}",
            session_id=session_id,
            event=event,
            occurred_at=self.now,
            user_id=ADA,
        )


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No settings but those of the test."""
    for name in [name for name in os.environ if name.upper().startswith("PHONEWORK_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home" / ".config"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "home" / "data"))
    monkeypatch.chdir(tmp_path)


@pytest.fixture(autouse=True)
def logging_as_before() -> Iterator[None]:
    """Commands configure the log of the whole process; here they share it with other tests."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    logging.captureWarnings(False)
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    place = tmp_path / "data"
    place.mkdir()
    return place


@pytest.fixture
def story(data_dir: Path) -> Story:
    return Story(data_dir)


@pytest.fixture
def run() -> Any:
    """`run("inspect", "ou_ada")` → the result, with stdout and stderr apart."""

    def invoke(*words: object) -> Result:
        return CliRunner().invoke(main, [str(word) for word in words])

    return invoke


@pytest.fixture
def run_json(run: Any) -> Any:
    """The same, with exit code 0 and stdout as JSON."""

    def invoke(*words: object) -> Any:
        result = run(*words)
        assert result.exit_code == 0, result.output
        return json.loads(result.stdout)

    return invoke


@pytest.fixture
def phonework() -> Any:
    """Start the real program: `phonework("inspect", …)` → a running process, ended with the test."""
    running: list[subprocess.Popen[str]] = []

    def start(*words: object, **options: Any) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-m", "phonework", *map(str, words)],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options,
        )  # fmt: skip
        running.append(process)
        return process

    yield start
    for process in running:
        if process.poll() is None:
            process.kill()
        process.communicate()
