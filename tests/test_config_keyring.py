"""Secrets from the system's keyring: the real keyring package, on backends of its own kind."""

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import keyring
import pytest

from phonework.config import load, origins, secrets
from phonework.errors import ConfigError
from phonework.testing import keyrings

TEXT = "[feishu]\napp_id = 'cli_x'\napp_secret_keyring = 'phonework/app_secret'\n"
KEY = "feishu.app_secret_keyring ({}:3): "


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No setting of the machine the tests run on, and a keyring of this test."""
    for name in [name for name in os.environ if name.upper().startswith("PHONEWORK_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home" / ".config"))
    monkeypatch.setenv(keyrings.FILE, str(tmp_path / "keyring.json"))
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def use(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], None]]:
    """`use("FileKeyring")`: keyring takes that backend, here and in programs started from here."""
    before = keyring.get_keyring()

    def choose(name: str) -> None:
        monkeypatch.setenv("PYTHON_KEYRING_BACKEND", f"{keyrings.__name__}.{name}")
        keyring.core.init_backend()

    yield choose
    keyring.set_keyring(before)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    place = tmp_path / "config.toml"
    place.write_text(TEXT, encoding="utf-8")
    return place


def program(*words: str, text: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *words], input=text, capture_output=True, text=True, check=False)


def problems(path: Path | None, *, serving: bool = False) -> tuple[str, ...]:
    with pytest.raises(ConfigError) as caught:
        load(path, {}, serving=serving)
    return caught.value.problems


def test_what_keyrings_own_command_stored_is_read_and_never_shown(use: Callable[[str], None], path: Path) -> None:
    use("FileKeyring")
    stored = program("-m", "keyring", "set", "phonework", "app_secret", text="s3cret\n")
    assert stored.returncode == 0, stored.stderr

    config = load(path, {}, serving=True)
    assert config.feishu.app_secret.get_secret_value() == "s3cret"
    assert config.secrets() == ("s3cret",)
    shown = program("-m", "phonework", "config", "show", "--origin")

    assert f"app_secret = *** # {path.name}:3 → keyring phonework/app_secret" in re.sub(" +", " ", shown.stdout)
    assert "s3cret" not in shown.stdout + shown.stderr


def test_the_environment_may_name_the_entry_and_beats_the_file(
    use: Callable[[str], None], path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use("FileKeyring")
    keyring.set_password("https://example.com/bot", "ada", "of the environment")
    monkeypatch.setenv("PHONEWORK_FEISHU__APP_SECRET_KEYRING", "https://example.com/bot/ada")
    config = load(path, {})

    assert config.feishu.app_secret.get_secret_value() == "of the environment"
    assert origins(config)["feishu.app_secret"] == (
        "***",
        "PHONEWORK_FEISHU__APP_SECRET_KEYRING → keyring https://example.com/bot/ada",
    )


def test_every_secret_may_be_in_the_keyring(use: Callable[[str], None], tmp_path: Path) -> None:
    use("FileKeyring")
    keyring.set_password("phonework", "token", " t0ken ")
    other = tmp_path / "token.toml"
    other.write_text("[server]\nhost = '0.0.0.0'\ntoken_keyring = 'phonework/token'\n", encoding="utf-8")

    assert load(other, {}).server.token.get_secret_value() == "t0ken"


def test_a_keyring_nobody_needs_is_not_asked(
    use: Callable[[str], None], path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is above it wins, whatever state the keyring is in."""
    use("LockedKeyring")
    monkeypatch.setenv("PHONEWORK_FEISHU__APP_SECRET", "of the environment")
    config = load(path, {})

    assert config.feishu.app_secret.get_secret_value() == "of the environment"
    assert origins(config)["feishu.app_secret"] == ("***", "PHONEWORK_FEISHU__APP_SECRET")


def test_who_only_looks_at_the_data_needs_no_keyring(use: Callable[[str], None], tmp_path: Path) -> None:
    """An operator logs in over SSH, where nobody has unlocked it; a secret's file may be closed to him as well."""
    use("LockedKeyring")
    path = tmp_path / "config.toml"
    path.write_text(f"{TEXT}[server]\nhost = '0.0.0.0'\ntoken_file = 'nowhere'\n", encoding="utf-8")
    config = load(path, {}, secrets=False)

    assert origins(config)["feishu.app_secret"] == ("***", f"{path}:3 → keyring phonework/app_secret")
    assert config.secrets() == ()
    assert "does not exist" in program("-m", "phonework", "db", "check", "--data-dir", "nothing").stderr


@pytest.mark.parametrize(
    ("backend", "expected"),
    [
        (
            "FileKeyring",
            "nothing is kept for user app_secret of phonework; `keyring set phonework app_secret` puts it there",
        ),
        ("LockedKeyring", "the keyring is locked; unlock it and start again"),
        ("BrokenKeyring", "the keyring failed (InitError: Failed to create the collection: no bus); `keyring --list"),
        ("LeakyKeyring", "the keyring failed (ValueError); `keyring --list-backends` shows what keyring finds"),
    ],
)
def test_a_keyring_that_does_not_give_it_is_one_line(
    use: Callable[[str], None], path: Path, backend: str, expected: str
) -> None:
    use(backend)
    (line,) = problems(path, serving=True)

    assert line.startswith(KEY.format(path) + expected)
    assert "\n" not in line


@pytest.mark.parametrize("empty", ["", " \n"])
def test_an_empty_entry_is_as_none(use: Callable[[str], None], path: Path, empty: str) -> None:
    use("FileKeyring")
    keyring.set_password("phonework", "app_secret", empty)
    (line,) = problems(path)

    assert line.startswith(KEY.format(path) + "nothing is kept")


def test_a_silent_keyring_does_not_hold_the_start(
    use: Callable[[str], None], path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use("SilentKeyring")
    keyrings.SilentKeyring.woken.clear()
    monkeypatch.setattr(secrets, "WAIT_SECONDS", 0.05)
    try:
        (line,) = problems(path)
    finally:
        keyrings.SilentKeyring.woken.set()

    assert line.startswith(KEY.format(path) + "the keyring did not answer within 0.05 s; ")


def test_a_program_whose_keyring_is_silent_still_ends(use: Callable[[str], None], path: Path) -> None:
    """The thread that waits for the answer keeps nobody."""
    use("SilentKeyring")
    ended = program(
        "-c",
        "from phonework.config import secrets; secrets.WAIT_SECONDS = 0.05; from phonework.cli import main; main(['config', 'show'])",
    )

    assert ended.returncode == 2
    assert "the keyring did not answer" in ended.stderr


@pytest.mark.parametrize("name", ["", "phonework", "/ada", "phonework/", "phone\\nwork/ada", "s3cret"])
def test_a_name_that_is_none_is_one_line_and_not_repeated(tmp_path: Path, name: str) -> None:
    path = tmp_path / "config.toml"
    path.write_text(f'[server]\ntoken_keyring = "{name}"\n', encoding="utf-8")
    (line,) = problems(path)

    assert line == (f'server.token_keyring ({path}:2): must be "service/user", the two words given to `keyring set`')


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "app_secret_file = 'f'\napp_secret_keyring = 'a/b'",
            "app_secret_keyring ({}:3): app_secret_file is set as well",
        ),
        (
            "app_secret_keyring = 'a/b'\napp_secret_file = 'f'",
            "app_secret_keyring ({}:2): app_secret_file is set as well",
        ),
        ("app_secret = 'x'\napp_secret_keyring = 'a/b'", "app_secret_keyring ({}:3): app_secret is set as well"),
        ("app_secret = 'x'\napp_secret_file = 'f'", "app_secret_file ({}:3): app_secret is set as well"),
    ],
)
def test_two_places_for_one_secret_are_one_too_many(tmp_path: Path, text: str, expected: str) -> None:
    path = tmp_path / "config.toml"
    (tmp_path / "f").write_text("x", encoding="utf-8")
    path.write_text(f"[feishu]\n{text}\n", encoding="utf-8")
    (line,) = problems(path)

    assert line == f"feishu.{expected.format(path)}; keep one of the two"


def test_without_the_package_the_remedy_is_its_installation(path: Path) -> None:
    ended = program(
        "-c",
        "import sys; sys.modules['keyring'] = None; from phonework.cli import main; main(['config', 'show'])",
    )

    assert ended.returncode == 2
    (line,) = [line for line in ended.stderr.splitlines() if "app_secret_keyring" in line]
    assert "the keyring package is missing" in line
    assert "pip install 'phonework[keyring]'" in line


@pytest.mark.parametrize(
    ("backend", "expected"),
    [
        ("keyring.backends.fail.Keyring", "this system has no keyring that works here; use the environment or a file"),
        ("no_such_module.Keyring", "the keyring failed (ModuleNotFoundError: No module named 'no_such_module'); "),
    ],
)
def test_without_a_backend_the_program_ends_with_one_line_and_2(
    monkeypatch: pytest.MonkeyPatch, path: Path, backend: str, expected: str
) -> None:
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", backend)
    ended = program("-m", "phonework", "serve")

    assert ended.returncode == 2
    (line,) = [line for line in ended.stderr.splitlines() if "app_secret" in line]
    assert KEY.format(path.name) + expected in line


def test_keyring_is_imported_only_where_it_is_needed(tmp_path: Path) -> None:
    code = "import sys; from phonework.config import load; load(None, {}); print('keyring' in sys.modules)"

    assert program("-c", code).stdout == "False\n"
