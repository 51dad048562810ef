"""The real Claude Code at a terminal keeps to what every backend must."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from phonework.backends.base import Backend, Sink
from phonework.backends.claude_tmux import ClaudeTmuxBackend
from phonework.testing.backend_contract import ONE, TWO, BackendAdapter, BackendContract, Need
from phonework.testing.claude_bench import git_init, say, script, use
from phonework.testing.claude_terminal import HAS_TMUX, pass_the_questions
from phonework.testing.fake_anthropic import FakeAnthropic
from phonework.testing.hook_server import HookServer
from phonework.testing.scripted_adapter import ScriptedAdapter

pytestmark = [pytest.mark.claude, pytest.mark.skipif(not HAS_TMUX, reason="tmux is not installed")]


class ClaudeTmuxAdapter(ScriptedAdapter):
    """Makes the real agent do what a test needs, through what the fake API answers."""

    def __init__(self, api: FakeAnthropic, hooks: HookServer, directory: Path) -> None:
        self.env, self.hooks, self.gateway = api.cli_env(directory / "home"), hooks, hooks.publish(directory)
        self.socket = f"test-{uuid4().hex[:12]}"
        outside = directory / "outside"
        outside.mkdir()
        for name in ("one", "two"):
            (outside / name).write_text(f"this is {name}")
        config = Path(self.env["CLAUDE_CONFIG_DIR"])
        for session_id in (ONE, TWO):
            pass_the_questions(config / ".claude.json", directory / "work" / session_id, self.env["ANTHROPIC_API_KEY"])
        # A hook of the owner that takes the agent down with it, before the agent could ask about the call.
        hook = {"matcher": "Write", "hooks": [{"type": "command", "command": "kill -9 $CLAUDE_PID"}]}
        (config / "settings.json").write_text(json.dumps({"hooks": {"PreToolUse": [hook]}}))
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
        settings = {"env": self.env, "socket": self.socket, "gateway": self.gateway}
        self.hooks.taker = backend = ClaudeTmuxBackend(sink=sink, settings=settings, data_dir=data_dir)
        return backend


class TestClaudeTmuxBackend(BackendContract):
    @pytest.fixture
    def adapter(self, api: FakeAnthropic, hooks: HookServer, tmp_path: Path) -> Iterator[BackendAdapter]:
        git_init(tmp_path)
        adapter = ClaudeTmuxAdapter(api, hooks, tmp_path)
        yield adapter
        subprocess.run(["tmux", "-L", adapter.socket, "kill-server"], capture_output=True, check=False)
