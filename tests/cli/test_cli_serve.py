"""`phonework serve`: the whole program as a process."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from phonework.testing.emulator import EmulatorThread

START_SECONDS = 60


@pytest.fixture
def feishu() -> Iterator[EmulatorThread]:
    with EmulatorThread() as emulator:
        yield emulator


@pytest.fixture
def serve(
    phonework: Any, feishu: EmulatorThread, data_dir: Path, tmp_path: Path
) -> Callable[..., subprocess.Popen[str]]:
    """Start the server beside the emulator; settings by environment."""

    def start(*flags: str, **settings: str) -> subprocess.Popen[str]:
        good = {
            "FEISHU__APP_ID": "cli_demo", "FEISHU__APP_SECRET": "s3cret", "FEISHU__DOMAIN": feishu.url,
            "ACCESS__ALLOW": "ou_demo", "WORK__ROOT": str(tmp_path / "work"), "SERVER__DATA_DIR": str(data_dir),
            "SERVER__PORT": "0", "SERVER__TOKEN": "t0ken", "AGENT__DEFAULT": "demo", "LOG__FORMAT": "json",
        }  # fmt: skip
        environment = {f"PHONEWORK_{name}": value for name, value in {**good, **settings}.items()}
        process: subprocess.Popen[str] = phonework("serve", *flags, env={**os.environ, **environment})
        return process

    return start


def log_until(process: subprocess.Popen[str], event: str) -> dict[str, Any]:
    """The first log line that says so; the lines before it are read over."""
    assert process.stderr is not None
    seen = []
    for line in process.stderr:
        seen.append(line)
        entry = json.loads(line) if line.startswith("{") else {}
        if entry.get("event") == event:
            return dict(entry)
    raise AssertionError(f"it ended without saying {event!r}:\n{''.join(seen)}")


def ask(url: str, token: str = "") -> tuple[int, dict[str, Any]]:
    request = Request(url, headers={"Authorization": f"Bearer {token}"} if token else {})
    try:
        with urlopen(request, timeout=10) as answer:
            return answer.status, json.load(answer)
    except HTTPError as error:
        body = error.read()
        return error.code, json.loads(body) if body.startswith(b"{") else {}


def test_it_serves_is_inspected_while_it_runs_and_stops_in_time(
    serve: Any, feishu: EmulatorThread, run: Any, run_json: Any, data_dir: Path
) -> None:
    process = serve()
    url = log_until(process, "phonework is running")["url"]
    log_until(process, "feishu connected")

    status, health = ask(f"{url}/health")
    assert (status, health["status"], health["feishu"]["connected"]) == (200, "ok", True)
    assert {"demo"} <= health["backends"].keys()
    assert health["database"]["ok"]
    assert ask(f"{url}/anything")[0] == 401
    assert ask(f"{url}/anything", "t0ken")[0] == 404
    assert str(data_dir) not in json.dumps(health)

    say(feishu.url, "/new --create hello")
    facts = wait_for(lambda: inspected(run, data_dir), settled)
    assert facts["sessions"][0]["backend"] == "demo"
    assert run("db", "check", "--data-dir", data_dir).exit_code == 0

    begun = time.monotonic()
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=10)
    assert process.returncode == 0
    assert time.monotonic() - begun <= 5.5
    assert run_json("inspect", "ou_demo", "--json", "--data-dir", data_dir)["sessions"] == facts["sessions"]


def test_an_audit_that_cannot_be_written_makes_it_degraded(serve: Any, feishu: EmulatorThread, data_dir: Path) -> None:
    (data_dir / "audit").write_text("a file where the directory belongs")
    process = serve()
    url = log_until(process, "phonework is running")["url"]
    log_until(process, "feishu connected")
    say(feishu.url, "/new --create hello")
    log_until(process, "audit not written")

    status, health = ask(f"{url}/health")
    assert (status, health["status"]) == (200, "degraded")
    assert health["audit"]["problem"] == "the audit cannot be written (file exists)"
    assert health["audit"]["failures"] >= 1


def test_it_connects_with_the_secret_from_the_keyring(
    serve: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "keyring.json").write_text('{"phonework": {"app_secret": "right"}}')
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "phonework.testing.keyrings.FileKeyring")
    monkeypatch.setenv("TESTING_KEYRING", str(tmp_path / "keyring.json"))
    with EmulatorThread(any_credentials=False, app_secret="right") as feishu:
        secret = {"FEISHU__APP_SECRET": "", "FEISHU__APP_SECRET_KEYRING": "phonework/app_secret"}
        process = serve(FEISHU__DOMAIN=feishu.url, **secret)

        log_until(process, "feishu connected")
        process.kill()


def say(url: str, text: str) -> None:
    with urlopen(f"{url}/phone/api/state", timeout=10) as answer:
        state = json.load(answer)
    chat = next(chat for chat in state["chats"] if chat["type"] == "p2p")
    body = json.dumps({"user": state["me"]["open_id"], "chat_id": chat["chat_id"], "text": text}).encode()
    request = Request(f"{url}/phone/api/send", data=body, headers={"Content-Type": "application/json"})
    urlopen(request, timeout=10).close()


def inspected(run: Any, data_dir: Path) -> dict[str, Any]:
    result = run("inspect", "ou_demo", "--json", "--data-dir", data_dir)
    return dict(json.loads(result.stdout)) if result.exit_code == 0 else {}


def settled(facts: dict[str, Any]) -> bool:
    """There is a session, and nothing is owed to it any more."""
    return bool(facts and facts["sessions"]) and not any(session["effects"] for session in facts["sessions"])


def wait_for(look: Callable[[], dict[str, Any]], good: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """Look until it is good; each look takes long enough to be no busy waiting."""
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end:
        if good(found := look()):
            return found
    raise AssertionError(f"it never came to be: {found}")


def test_a_second_process_on_the_same_data_is_refused(serve: Any) -> None:
    first = serve()
    log_until(first, "phonework is running")
    second = serve()
    _, complaint = second.communicate(timeout=START_SECONDS)

    assert second.returncode == 1
    assert f"is in use by process {first.pid}" in complaint
    assert "Hint: " in complaint
    assert "Traceback" not in complaint
    assert first.poll() is None


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"FEISHU__APP_SECRET": ""}, "Error: feishu.app_secret (not set): missing; set PHONEWORK_FEISHU__APP_SECRET"),
        ({"SERVER__PORT": "x"}, "Error: server.port (PHONEWORK_SERVER__PORT): must be an integer"),
        ({"SERVER__PROT": "1"}, "did you mean port?"),
        ({"AGENT__DEFAULT": "cloude"}, "Error: agent.default (PHONEWORK_AGENT__DEFAULT): no backend 'cloude'"),
    ],
)
def test_wrong_settings_end_it_with_two_and_a_line_each(serve: Any, settings: dict[str, str], said: str) -> None:
    process = serve(**settings)
    _, complaint = process.communicate(timeout=START_SECONDS)

    assert process.returncode == 2
    assert said in complaint
    assert "Traceback" not in complaint


def test_a_missing_file_ends_it_with_two(serve: Any) -> None:
    process = serve("--config", "/nowhere/config.toml")
    _, complaint = process.communicate(timeout=START_SECONDS)

    assert process.returncode == 2
    assert complaint.startswith("Error: /nowhere/config.toml: cannot be read")


def test_a_newer_database_is_refused_and_untouched(serve: Any, story: Any) -> None:
    import sqlite3
    from contextlib import closing

    with closing(sqlite3.connect(story.database)) as connection:
        connection.execute("PRAGMA user_version = 4711")
    process = serve()
    _, complaint = process.communicate(timeout=START_SECONDS)

    assert process.returncode == 1
    assert "was written by a newer PhoneWork" in complaint
    assert "Traceback" not in complaint


def test_a_data_directory_that_cannot_be_had_is_told(serve: Any, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    process = serve(SERVER__DATA_DIR=str(tmp_path / "file" / "data"))
    _, complaint = process.communicate(timeout=START_SECONDS)

    assert process.returncode == 1
    assert complaint.startswith(f"Error: {tmp_path}/file/data")


def test_with_nobody_allowed_a_pairing_code_is_shown_at_the_console(serve: Any) -> None:
    process = serve(ACCESS__ALLOW="")
    assert process.stderr is not None
    said = ""
    for line in process.stderr:
        said += line
        if "airing code" in line:
            break

    assert "Pairing code: " in said
