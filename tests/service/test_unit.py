"""The service's file says what is meant, whatever the paths are called."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as some

from phonework.errors import PhoneWorkError
from phonework.service.base import Program, program
from phonework.service.systemd import Systemd, unit, why_not, words_of

WORDS = some.text(some.characters(blacklist_categories=("C", "Z"), whitelist_characters=" "), min_size=1)


def exec_line(text: str) -> str:
    (line,) = [line for line in text.splitlines() if line.startswith("ExecStart=")]
    return line.removeprefix("ExecStart=")


@given(some.lists(WORDS, min_size=1).map(lambda words: (f"/{words[0]}", *words[1:])))
def test_every_word_comes_back(words: tuple[str, ...]) -> None:
    assert words_of(exec_line(unit(Program(words=words, search="/usr/bin")))) == list(words)


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd-analyze is not installed")
@pytest.mark.parametrize("name", ["venv", "my venv", 'a b%h$HOME"\\x', "虚拟环境"])
def test_systemd_finds_nothing_wrong_with_it(tmp_path: Path, name: str) -> None:
    place = tmp_path / name
    place.mkdir()
    shutil.copy("/bin/true", place / "phonework")
    file = Systemd(config=tmp_path, user="ada").file(
        Program(
            words=(str(place / "phonework"), "serve", "--config", f"{place}/config.toml"), search=f"/usr/bin:{place}"
        )
    )
    file.write()
    words = ["systemd-analyze", "verify", "--user", "--man=no", "--generators=no", str(file.path)]
    done = subprocess.run(
        words, capture_output=True, text=True, check=False, env={**os.environ, "XDG_RUNTIME_DIR": str(tmp_path)}
    )

    assert (done.returncode, done.stderr) == (0, "")


def test_a_path_that_no_file_can_say_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PhoneWorkError, match="cannot stand in"):
        program(tmp_path / "two\nlines.toml", None)


def test_it_runs_this_very_installation(tmp_path: Path) -> None:
    found = program(tmp_path / "config.toml", tmp_path / "data")

    assert Path(found.words[0]).is_absolute()
    assert os.access(found.words[0], os.X_OK)
    assert found.words[-5:] == (
        "serve",
        "--config",
        str(tmp_path / "config.toml"),
        "--data-dir",
        str(tmp_path / "data"),
    )
    said = subprocess.run([*found.words[:-5], "--version"], capture_output=True, text=True, check=True).stdout
    assert said.startswith("phonework ")


@pytest.mark.parametrize(
    ("shown", "said"),
    [
        ("Result=success NRestarts=1 ActiveState=activating SubState=start ExecMainStatus=0", "it is starting"),
        ("Result=exit-code ActiveState=activating SubState=auto-restart ExecMainStatus=2", "its settings are wrong (exit code 2)"),
        ("Result=watchdog ActiveState=activating SubState=auto-restart ExecMainStatus=6", "it gave no sign of life"),
        ("Result=signal ActiveState=activating SubState=auto-restart ExecMainStatus=9", "it was ended by signal 9"),
        ("Result=success ActiveState=inactive SubState=dead ExecMainStatus=0", ""),
    ],
)  # fmt: skip
def test_why_it_does_not_run_is_told_by_what_systemd_shows(shown: str, said: str) -> None:
    """As systemd 252 shows it after a kill, a hang, wrong settings, and between two attempts."""
    assert why_not(dict(fact.split("=") for fact in shown.split())) == said
