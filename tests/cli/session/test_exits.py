"""The exit codes and commands of `phonework session`, where they are told."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from phonework.cli.session import COMMANDS
from phonework.cli.session.exits import MEANINGS, code_of
from phonework.errors import RemoteError

PAGE = Path(__file__).parents[3] / "docs" / "shell.md"
HEAVY = {"pydantic", "pydantic_settings", "starlette", "uvicorn", "httpx", "httpx2", "msgspec", "asyncio", "structlog", "transitions", "aiosqlite"}  # fmt: skip


def test_the_page_and_the_help_tell_the_same_exit_codes(run: Any) -> None:
    page = PAGE.read_text(encoding="utf-8")
    told = run("session", "--help").stdout

    for code, meaning in MEANINGS.items():
        assert f"| {code} | {meaning} |" in page
        assert f"  {code}  {meaning}\n" in told


@pytest.mark.parametrize("name", list(COMMANDS))
def test_every_command_has_its_help_and_stands_on_the_page(run: Any, name: str) -> None:
    result = run("session", name, "--help")

    assert result.exit_code == 0, result.output
    assert "--json" in result.stdout
    assert f"`{name}" in PAGE.read_text(encoding="utf-8")


@pytest.mark.parametrize("words", [["send", "fizz-top", "hi"], ["wait", "fizz-top"], ["list"]])
def test_what_must_start_at_once_imports_nothing_heavy(words: list[str], tmp_path: Path) -> None:
    result = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "phonework", "session", *words],
        capture_output=True, text=True, env={"HOME": str(tmp_path), "PHONEWORK_SERVER__DATA_DIR": str(tmp_path)}, check=False,
    )  # fmt: skip
    imported = {line.rsplit("|", 1)[-1].strip().partition(".")[0] for line in result.stderr.splitlines() if "|" in line}

    assert result.returncode == 6
    assert "phonework" in imported
    assert imported.isdisjoint(HEAVY)


@pytest.mark.parametrize("typed", ["", "-1", "soon", "1w", "9999999999", "1e3"])
def test_what_is_no_length_of_time_is_refused_with_how_to_write_one(run: Any, typed: str) -> None:
    result = run("session", "cleanup", "--older-than", typed)

    assert result.exit_code == 2
    assert "90s, 5m, 2h or 7d" in result.stderr


@pytest.mark.parametrize("name", ["Bad", "x y", "-a", "a" * 65, "ä", "a/b", "a\n"])
def test_what_is_no_name_is_refused_with_what_one_is(run: Any, name: str) -> None:
    for words in (["create", "--name", name], ["create", "--group", name], ["rename", "fizz-top", "--", name]):
        result = run("session", *words)

        assert result.exit_code == 2
        assert "lower-case letters, digits and dashes" in result.stderr


@pytest.mark.parametrize("command", [["list"], ["status", "fizz-top"], ["send", "fizz-top", "hi"], ["wait", "fizz-top"], ["logs", "fizz-top", "--follow"]])  # fmt: skip
def test_what_is_wrong_is_json_too_where_that_is_wanted(
    run: Any, command: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PHONEWORK_SERVER__DATA_DIR", str(tmp_path))
    plain, wanted = run("session", *command), run("session", *command, "--json")

    assert (plain.exit_code, plain.stdout) == (wanted.exit_code, "") == (6, "")
    assert plain.stderr == wanted.stderr
    error = json.loads(wanted.stdout)["error"]
    assert error["code"] == "unreachable"
    assert f"Error: {error['message']}\nHint: {error['hint']}\n" == wanted.stderr


def test_what_the_server_does_not_understand_is_wrong_usage() -> None:
    codes = {code: code_of(RemoteError(code, "")) for code in ("bad_request", "bad_name", "name_taken", "not_found")}

    assert codes == {"bad_request": 2, "bad_name": 2, "name_taken": 1, "not_found": 5}
