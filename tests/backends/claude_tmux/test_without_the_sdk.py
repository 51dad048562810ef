"""Somebody at a terminal has brought Claude Code along: what they are asked needs none of ours."""

import sys
from pathlib import Path

import pytest

from phonework.backends.claude.launcher import find_cli
from phonework.backends.claude_tmux import ClaudeTmuxBackend
from phonework.errors import BackendError
from phonework.testing.sink import RecordingSink


@pytest.fixture(autouse=True)
def _not_installed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "claude_agent_sdk", None)
    monkeypatch.setenv("PATH", str(tmp_path))


def test_the_program_on_the_path_is_taken(tmp_path: Path) -> None:
    (program := tmp_path / "claude").touch(0o755)
    assert find_cli("") == str(program)


async def test_hooks_are_taken_without_any_and_only_a_terminal_of_ours_is_refused(tmp_path: Path) -> None:
    backend = ClaudeTmuxBackend(sink=RecordingSink(), settings={}, data_dir=tmp_path)
    assert await backend.hook({}) is None
    with pytest.raises(BackendError) as caught:
        await backend.ping()
    assert "not installed" in str(caught.value)
    await backend.aclose()
