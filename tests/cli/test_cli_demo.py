"""`phonework demo`: emulator, server and agent in one process tree (O1)."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import Request, urlopen

import psutil  # type: ignore[import-untyped]
import pytest

SECONDS = 60


class Demo:
    """A running demo and the phone it shows."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line.startswith("PhoneWork's demo is ready: http://127.0.0.1:"), (
            line,
            process.stderr and process.stderr.read(),
        )
        self.url = line.split()[-1]

    def state(self) -> dict[str, Any]:
        with urlopen(f"{self.url}/phone/api/state", timeout=10) as answer:
            return dict(json.load(answer))

    def messages(self) -> list[dict[str, Any]]:
        return [message for chat in self.state()["chats"] for message in chat["messages"]]

    def say(self, text: str) -> None:
        state = self.state()
        chat = next(chat for chat in state["chats"] if chat["type"] == "p2p")
        body = json.dumps({"user": state["me"]["open_id"], "chat_id": chat["chat_id"], "text": text}).encode()
        urlopen(Request(f"{self.url}/phone/api/send", body, {"Content-Type": "application/json"}), timeout=10).close()

    def until(self, good: Callable[[list[dict[str, Any]]], bool]) -> list[dict[str, Any]]:
        end = time.monotonic() + SECONDS
        while time.monotonic() < end:
            if good(messages := self.messages()):
                return messages
        raise AssertionError(f"it never came to be: {messages}")

    def stop(self, number: signal.Signals = signal.SIGINT) -> int:
        self.process.send_signal(number)
        self.process.communicate(timeout=10)
        return self.process.returncode


@pytest.fixture
def start(phonework: Any, tmp_path: Path) -> Callable[..., Demo]:
    def begin(*flags: str) -> Demo:
        return Demo(launch(*flags))

    def launch(*flags: str) -> subprocess.Popen[str]:
        words = ["demo", "--port", "0", "--no-browser", "--data-dir", tmp_path / "demo", *flags]
        process: subprocess.Popen[str] = phonework(*words, env=os.environ.copy())
        return process

    begin.launch = launch  # type: ignore[attr-defined]
    return begin


def from_the_bot(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [message for message in messages if message["sender"]["type"] == "app"]


def test_a_bot_that_answers_keeps_what_was_said_over_a_restart(start: Any) -> None:
    first = start()
    tree = psutil.Process(first.process.pid).children(recursive=True)
    assert tree
    first.say("/new hello")
    first.until(lambda messages: bool(from_the_bot(messages)))
    first.say("/web bees")
    said = first.until(lambda messages: "bees: an introduction" in str(messages))

    assert first.stop() == 0
    _, alive = psutil.wait_procs(tree, timeout=5)
    assert alive == []
    with pytest.raises(URLError):
        first.state()

    second = start()
    assert {message["message_id"] for message in second.messages()} >= {message["message_id"] for message in said}
    second.say("/status")
    second.until(lambda messages: "hello" in str(messages) and len(from_the_bot(messages)) > len(from_the_bot(said)))
    assert second.stop(signal.SIGTERM) == 0


def test_what_is_said_after_new_reaches_the_demo_agent(start: Any) -> None:
    demo = start()
    demo.say("/new hello")
    demo.until(lambda messages: "Send a message to begin." in str(messages))
    demo.say("echo this is for the agent")
    said = demo.until(lambda messages: "this is for the agent" in str(from_the_bot(messages)))
    assert "scripted model" not in str(said)
    assert demo.stop() == 0


def test_it_has_an_assistant_that_uses_tools(start: Any) -> None:
    demo = start()
    demo.say("/smart which sessions do I have?")
    demo.until(lambda messages: "There is no open session." in str(messages))
    assert demo.stop() == 0


def test_page_and_bot_speak_the_language_of_the_terminal(start: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    english = start()
    assert english.state()["me"]["language"] == "en"
    assert english.stop() == 0

    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    chinese = start()
    assert chinese.state()["me"]["language"] == "zh"
    chinese.say("/status")
    chinese.until(lambda messages: "我的会话" in str(messages))
    assert chinese.stop() == 0


def test_a_second_one_says_where_the_first_is_and_a_kill_leaves_nothing(
    start: Any, phonework: Any, tmp_path: Path
) -> None:
    demo = start()
    port = demo.url.rpartition(":")[2]
    same_data = start.launch()
    same_port = phonework("demo", "--port", port, "--no-browser", "--data-dir", tmp_path / "other")

    _, complaint = same_data.communicate(timeout=SECONDS)
    assert same_data.returncode == 1
    assert complaint.startswith(f"Error: the demo runs already at {demo.url} (process {demo.process.pid}")
    assert "Hint: " in complaint

    _, complaint = same_port.communicate(timeout=SECONDS)
    assert same_port.returncode == 1
    assert f"cannot listen on 127.0.0.1:{port}" in complaint
    assert "Hint: choose another port" in complaint

    assert demo.state()["bot"]["connected"]
    tree = psutil.Process(demo.process.pid).children(recursive=True)
    demo.stop(signal.SIGKILL)
    _, alive = psutil.wait_procs(tree, timeout=10)
    assert alive == []


def test_when_the_emulator_dies_the_demo_ends_and_says_so(start: Any) -> None:
    demo = start()
    for child in psutil.Process(demo.process.pid).children():
        child.kill()
    _, complaint = demo.process.communicate(timeout=SECONDS)

    assert demo.process.returncode == 1
    assert "the emulator ended" in complaint


def test_an_agent_that_does_not_work_here_is_told_at_once(start: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PHONEWORK_CLAUDE__CLI_PATH", "/nowhere/claude")
    process = start.launch("--agent", "claude")
    _, complaint = process.communicate(timeout=SECONDS)

    assert process.returncode == 1
    assert complaint.startswith("Error: Claude Code is not at /nowhere/claude")
    assert "Hint: " in complaint
