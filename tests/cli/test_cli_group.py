"""The command line as a whole: start-up, exit codes, errors in words."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import click
import pytest

from phonework import __version__
from phonework.cli import COMMANDS, main
from phonework.cli.lazy import LazyGroup
from phonework.errors import ConfigError, PhoneWorkError, RefusedError, StoreError

HELP_SECONDS = 0.150
LATE = (
    "lark_oapi",
    "claude_agent_sdk",
    "openai",
    "pydantic",
    "starlette",
    "uvicorn",
    "aiosqlite",
    "transitions",
    "asyncio",
)


def test_help_imports_no_vendor_and_nothing_heavy() -> None:
    result = subprocess.run(
        [sys.executable, "-X", "importtime", "-c", "from phonework.cli import main; main(['--help'])"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    imported = {line.rsplit("|", 1)[-1].strip().partition(".")[0] for line in result.stderr.splitlines()}

    assert "click" in imported
    assert imported.isdisjoint(LATE)


def test_help_answers_at_once() -> None:
    """Measured as the processor's time, the least of several: other programs share the machine."""
    spent = []
    for _ in range(8):
        before = os.times()
        subprocess.run([sys.executable, "-m", "phonework", "--help"], capture_output=True, check=True)
        after = os.times()
        spent.append(after.children_user + after.children_system - before.children_user - before.children_system)

    assert min(spent) <= HELP_SECONDS


@pytest.mark.parametrize("name", list(COMMANDS))
def test_every_command_is_there_with_the_summary_help_shows(run: Any, name: str) -> None:
    command = main.get_command(click.Context(main), name)
    result = run(name, "--help")

    assert command is not None
    assert result.exit_code == 0
    assert f"  {name} " in run("--help").stdout
    assert COMMANDS[name] in " ".join(run("--help").stdout.split())


def test_the_version_is_printed(run: Any) -> None:
    assert run("--version").stdout == f"phonework {__version__}\n"


def test_a_misspelt_command_gets_the_nearest(run: Any) -> None:
    result = run("inspct")

    assert result.exit_code == 2
    assert result.stderr.endswith("Error: no command 'inspct'; did you mean inspect?\n")


class Raising(LazyGroup):
    """A group whose one command raises what it is told."""

    def __init__(self, error: Exception) -> None:
        super().__init__(name="phonework", commands_from="", summaries={"fail": ""})
        self.error = error

    def get_command(self, ctx: click.Context, name: str) -> click.Command:
        def fail() -> None:
            raise self.error

        return click.Command("fail", callback=fail)


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (StoreError("the disk is full", hint="free some space"), 1, "Error: the disk is full\nHint: free some space\n"),
        (PhoneWorkError("no"), 1, "Error: no\n"),
        (ConfigError(("server.port (x:1): wrong", "log.level (y): wrong")), 2, "Error: server.port (x:1): wrong\nError: log.level"),
    ],
)  # fmt: skip
def test_our_errors_are_two_lines_and_an_exit_code(
    error: Exception, code: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as left:
        Raising(error).main(["fail"])

    captured = capsys.readouterr()
    assert left.value.code == code
    assert captured.out == ""
    assert captured.err.startswith(said)


def test_a_refusal_is_told_in_words_not_as_a_key(capsys: pytest.CaptureFixture[str]) -> None:
    from phonework.texts import keys

    key = next(key for key in sorted(keys()) if "refused" in key or "unknown" in key)
    with pytest.raises(SystemExit):
        Raising(RefusedError(key)).main(["fail"])

    assert key not in capsys.readouterr().err


def test_wrong_settings_are_two_and_one_line_each(run: Any, tmp_path: Path) -> None:
    path = tmp_path / "wrong.toml"
    path.write_text("[server]\nport = 'x'\n[feishu]\nap_id = 'y'\n")
    result = run("config", "show", "--config", path)

    assert result.exit_code == 2
    assert result.stdout == ""
    assert len(re.findall(r"^Error: ", result.stderr, re.MULTILINE)) == 2


def test_config_show_prints_values_with_their_origin(run: Any, run_json: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PHONEWORK_FEISHU__APP_SECRET", "s3cret")
    text = run("config", "show", "--origin").stdout

    assert re.search(r"^app_secret = \*\*\* +# PHONEWORK_FEISHU__APP_SECRET$", text, re.MULTILINE)
    assert re.search(r"^port = 8420 +# default$", text, re.MULTILINE)
    assert run_json("config", "show", "--json")["feishu.app_secret"]["origin"] == "PHONEWORK_FEISHU__APP_SECRET"
    assert "s3cret" not in run("config", "show", "--json").stdout


def test_results_go_to_stdout_and_a_closed_pipe_is_no_error() -> None:
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    command = f"{sys.executable} -m phonework fsm | head -1; exit ${{PIPESTATUS[0]}}"
    result = subprocess.run(["bash", "-c", command], capture_output=True, text=True, env=environment, check=False)

    assert result.stdout.startswith("FROM")
    assert "Traceback" not in result.stderr
