"""The real Codex keeps to what every backend must."""

from pathlib import Path

import pytest

from phonework.backends.base import Backend, Sink
from phonework.backends.codex import CodexBackend
from phonework.testing.backend_contract import BackendAdapter, BackendContract, Need
from phonework.testing.codex_bench import command, crashing_program
from phonework.testing.desk_contract import DeskContract
from phonework.testing.fake_replies import say, script
from phonework.testing.fake_responses import FakeResponses
from phonework.testing.scripted_adapter import ScriptedAdapter

pytestmark = pytest.mark.codex


class CodexAdapter(ScriptedAdapter):
    """Makes the real agent do what a test needs, through what the fake API answers."""

    def __init__(self, api: FakeResponses, directory: Path) -> None:
        home = directory / "home"
        self.env = api.write_config(home)
        crash = crashing_program(home)
        self.prompts = {
            Need.PLAIN: script([say("The quick brown fox.")]),
            Need.CONFIRM: script([command("touch done", asks=True)], [say("It said: {results} {history}")]),
            Need.PARALLEL: script(
                [command("touch one", asks=True), command("touch two", asks=True)],
                [say("They said: {results} {history}")],
            ),
            Need.HANG: script([say("I begin"), {"hang": True}]),
            Need.FAIL: script([{"error": 400, "message": "this will not do"}]),
            Need.CRASH: script([command(crash)], [say("still here")]),
            Need.RECALL: script([say("You said: {history}")]),
        }

    async def make(self, sink: Sink, data_dir: Path) -> Backend:
        return CodexBackend(sink=sink, settings={"env": self.env}, data_dir=data_dir)


class TestCodexBackend(BackendContract, DeskContract):
    @pytest.fixture
    def adapter(self, api: FakeResponses, tmp_path: Path) -> BackendAdapter:
        return CodexAdapter(api, tmp_path)
