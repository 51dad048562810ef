"""`phonework hooks`: shown before they are put there, with what was there kept beside; taken out again; never over a damaged file."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from phonework.cli import main

THEIRS = {"model": "opus", "hooks": {"Stop": [{"hooks": [{"type": "command", "command": "notify-send done"}]}]}}


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Claude Code's own settings."""
    monkeypatch.setenv("CLAUDE_CONFIG_DIR", str(tmp_path / "claude"))
    (tmp_path / "claude").mkdir()
    return tmp_path / "claude" / "settings.json"


def state(run: Any) -> str:
    (found,) = [one for one in json.loads(run("hooks", "status", "--json").output) if one["kind"] == "claude-tmux"]
    return str(found["state"])


def test_they_come_and_go_and_leave_the_rest(run: Any, file: Path) -> None:
    file.write_text(json.dumps(THEIRS, indent=4))
    file.chmod(0o640)
    before = file.read_text()
    assert run("hooks", "status").exit_code == 1

    done = run("hooks", "install", "--yes")

    assert done.exit_code == 0
    assert '+        "PermissionRequest": [' in done.output
    assert state(run) == "installed"
    assert run("hooks", "status").exit_code == 0
    assert file.stat().st_mode & 0o777 == 0o640
    (backup,) = file.parent.glob("settings.json.*.bak")
    assert backup.read_text() == before
    installed = file.read_text()
    assert "nothing to do" in run("hooks", "install", "--yes").output
    assert file.read_text() == installed

    assert run("hooks", "uninstall", "--yes").exit_code == 0
    assert json.loads(file.read_text()) == THEIRS
    assert state(run) == "absent"


def test_a_file_is_made_where_there_is_none_and_links_stay(run: Any, file: Path, tmp_path: Path) -> None:
    kept_elsewhere = tmp_path / "dotfiles.json"
    file.symlink_to(kept_elsewhere)

    assert run("hooks", "install", "--yes").exit_code == 0

    assert file.is_symlink()
    assert "PermissionRequest" in json.loads(kept_elsewhere.read_text())["hooks"]
    assert kept_elsewhere.stat().st_mode & 0o777 == 0o600


def test_nothing_is_changed_without_a_yes(file: Path) -> None:
    file.write_text("{}")

    asked = CliRunner().invoke(main, ["hooks", "install"], input="n\n")

    assert "Change " in asked.output
    assert file.read_text() == "{}"


def test_those_of_another_place_are_told_apart(run: Any, file: Path, tmp_path: Path) -> None:
    run("hooks", "install", "--yes", "--data-dir", str(tmp_path / "an-earlier-place"))
    assert state(run) == "older"

    run("hooks", "install", "--yes")
    assert state(run) == "installed"
    assert "an-earlier-place" not in file.read_text()


def test_a_file_in_the_current_directory_names_no_server(run: Any, file: Path, tmp_path: Path) -> None:
    """Agents write there."""
    (tmp_path / "config.toml").write_text("[server]\ndata_dir = 'planted'\n")
    assert run("hooks", "install", "--yes").exit_code == 0
    assert "planted" not in file.read_text()
    assert state(run) == "installed"

    assert run("hooks", "install", "--yes", "--config", "config.toml").exit_code == 0
    assert str(tmp_path / "planted") in file.read_text()


@pytest.mark.parametrize("content", [b"{", b'{"hooks": []}', b"\xff\xfe", b"[]"])
def test_a_damaged_file_is_refused_in_a_sentence(run: Any, file: Path, content: bytes) -> None:
    file.write_bytes(content)

    for command in ("install", "uninstall"):
        refused = run("hooks", command, "--yes")
        assert refused.exit_code == 1
        assert "settings.json" in refused.output
        assert "Traceback" not in refused.output
    assert file.read_bytes() == content
    assert list(file.parent.iterdir()) == [file]


def test_a_directory_in_its_place_is_refused(run: Any, file: Path) -> None:
    file.mkdir()

    assert run("hooks", "install", "--yes").exit_code == 1
