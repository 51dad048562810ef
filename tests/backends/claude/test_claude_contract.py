"""The real Claude Code keeps to what every backend must."""

import json
from pathlib import Path

import pytest

from phonework.backends.base import Backend, Sink
from phonework.backends.claude import ClaudeBackend
from phonework.testing.backend_contract import BackendAdapter, BackendContract, Need
from phonework.testing.claude_bench import git_init, say, script, use
from phonework.testing.desk_contract import DeskContract
from phonework.testing.fake_anthropic import FakeAnthropic
from phonework.testing.scripted_adapter import ScriptedAdapter

pytestmark = pytest.mark.claude


class ClaudeAdapter(ScriptedAdapter):
    """Makes the real agent do what a test needs, through what the fake API answers."""

    def __init__(self, api: FakeAnthropic, directory: Path) -> None:
        self.env = api.cli_env(directory / "home")
        (directory / "outside").mkdir()
        for name in ("one", "two"):
            (directory / "outside" / name).write_text(f"this is {name}")
        config = directory / "home" / "claude-config"
        config.mkdir(parents=True)
        # A hook of the owner that takes the agent down with it, before the agent could ask about the call.
        hook = {"matcher": "Write", "hooks": [{"type": "command", "command": "kill -9 $PPID"}]}
        (config / "settings.json").write_text(json.dumps({"hooks": {"PreToolUse": [hook]}}))
        outside = directory / "outside"
        reads = [use("Read", file_path=str(outside / name)) for name in ("one", "two")]
        self.prompts = {
            Need.PLAIN: script([say("The quick brown fox.")]),
            Need.CONFIRM: script([use("Bash", command="touch done", description="Do it")], [say("It said: {result}")]),
            Need.PARALLEL: script(reads, [say("They said: {results}")]),
            Need.HANG: script([say("I begin"), {"hang": True}]),
            Need.FAIL: script([{"error": 400, "message": "this will not do"}]),
            Need.CRASH: script([use("Write", file_path=str(outside / "new"), content="x")], [say("still here")]),
            Need.RECALL: script([say("You said: {history}")]),
        }

    async def make(self, sink: Sink, data_dir: Path) -> Backend:
        return ClaudeBackend(sink=sink, settings={"env": self.env}, data_dir=data_dir)


class TestClaudeBackend(BackendContract, DeskContract):
    @pytest.fixture
    def adapter(self, api: FakeAnthropic, tmp_path: Path) -> BackendAdapter:
        git_init(tmp_path)
        return ClaudeAdapter(api, tmp_path)
