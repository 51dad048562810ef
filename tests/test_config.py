"""Settings: precedence, origins, and one line for each thing that is wrong."""

import os
from pathlib import Path

import pytest

from phonework.backends import registry
from phonework.config import Config, load, origins
from phonework.config.docs import example, page
from phonework.config.model import sections
from phonework.errors import ConfigError
from phonework.sandbox import Sandbox

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No setting of the machine the tests run on."""
    for name in [name for name in os.environ if name.upper().startswith("PHONEWORK_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home" / ".config"))
    monkeypatch.chdir(tmp_path)


def written(tmp_path: Path, text: str, name: str = "config.toml") -> Path:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


def problems(path: Path | None, serving: bool = False, **overrides: object) -> tuple[str, ...]:
    with pytest.raises(ConfigError) as caught:
        load(path, overrides, serving=serving)
    return caught.value.problems


def test_a_flag_beats_the_environment_which_beats_the_file_which_beats_the_default(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = written(tmp_path, "[server]\nport = 1\nhost = '::1'\n[agent]\ndefault = 'demo'\n[timeouts]\nwait = 7\n")
    monkeypatch.setenv("PHONEWORK_SERVER__PORT", "2")
    monkeypatch.setenv("PHONEWORK_SERVER__HOST", "localhost")

    config = load(path, {"server.port": 3, "server.host": None})

    assert (config.server.port, config.server.host, config.agent.default) == (3, "localhost", "demo")
    assert (config.timeouts.wait, config.timeouts.turn) == (7, 1800)
    shown = origins(config)
    assert shown["server.port"] == ("3", "command line")
    assert shown["server.host"] == ('"localhost"', "PHONEWORK_SERVER__HOST")
    assert shown["agent.default"] == ('"demo"', f"{path}:5")
    assert shown["timeouts.turn"] == ("1800", "default")


def test_the_default_file_is_found_in_the_working_directory_and_by_variable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written(tmp_path, "[ui]\nlanguage = 'en'\n")
    assert load(None, {}).ui.language == "en"

    other = written(tmp_path, "[ui]\nmax_parts = 9\n", "other.toml")
    monkeypatch.setenv("PHONEWORK_CONFIG", str(other))
    assert (load(None, {}).ui.language, load(None, {}).ui.max_parts) == ("zh", 9)


def test_the_users_configuration_directory_is_looked_at_last(tmp_path: Path) -> None:
    place = tmp_path / "home" / ".config" / "phonework"
    place.mkdir(parents=True)
    written(place, "[log]\nlevel = 'debug'\n")

    assert load(None, {}).log.level == "debug"


def test_secrets_are_hidden_everywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PHONEWORK_FEISHU__APP_SECRET", "s3cret")
    config = load(written(tmp_path, "[claude]\nenv = { KEY = 's3cret' }\n[server]\ntoken = 's3cret'\n"), {})

    assert config.feishu.app_secret.get_secret_value() == "s3cret"
    assert "s3cret" not in repr(config)
    assert "s3cret" not in str(origins(config))
    assert origins(config)["feishu.app_secret"] == ("***", "PHONEWORK_FEISHU__APP_SECRET")


def test_a_secret_of_the_wrong_type_is_not_repeated_in_the_problem(tmp_path: Path) -> None:
    (line,) = problems(written(tmp_path, "[feishu]\napp_secret = ['s3cret']\n"))

    assert line.startswith(f"feishu.app_secret ({tmp_path}/config.toml:2): ")
    assert "s3cret" not in line


def test_a_secret_may_stay_in_a_file_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written(tmp_path, "from-file\n", "secret")
    assert load(
        written(tmp_path, "[feishu]\napp_secret_file = 'secret'\n"), {}
    ).feishu.app_secret.get_secret_value() == ("from-file")

    written(tmp_path, "from-environment\n", "other")
    monkeypatch.setenv("PHONEWORK_FEISHU__APP_SECRET_FILE", str(tmp_path / "other"))
    config = load(tmp_path / "config.toml", {})
    assert config.feishu.app_secret.get_secret_value() == "from-environment"
    assert origins(config)["feishu.app_secret"][1].startswith("PHONEWORK_FEISHU__APP_SECRET_FILE")


def test_a_missing_secret_file_is_named_with_its_place(tmp_path: Path) -> None:
    (line,) = problems(written(tmp_path, "[server]\ntoken_file = 'nowhere'\n"))

    assert line.startswith(f"server.token_file ({tmp_path}/config.toml:2): nowhere cannot be read")


def test_lists_and_tables_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PHONEWORK_ACCESS__ALLOW", "ou_a, ou_b")
    monkeypatch.setenv("PHONEWORK_ACCESS__ADMINS", '["ou_c"]')
    monkeypatch.setenv("PHONEWORK_CLAUDE__ENV", '{"A": "1"}')
    config = load(None, {})

    assert (config.access.allow, config.access.admins) == (("ou_a", "ou_b"), ("ou_c",))
    assert config.agent_settings("claude")["env"] == {"A": "1"}


def test_an_empty_variable_counts_as_unset(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PHONEWORK_SERVER__PORT", "")

    assert load(None, {}).server.port == 8420


def test_paths_in_the_file_are_relative_to_it(tmp_path: Path) -> None:
    place = tmp_path / "etc"
    place.mkdir()
    config = load(written(place, "[server]\ndata_dir = 'data'\n[work]\nroot = '~/code'\n"), {})

    assert config.server.data_dir == place / "data"
    assert config.work.root == tmp_path / "home" / "code"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[feishu]\nap_id = 'x'\n", "feishu.ap_id ({}:2): no such setting; did you mean app_id?"),
        ("[feishuu]\napp_id = 'x'\n", "feishuu ({}:1): no such setting; did you mean [feishu]?"),
        ("[feishu]\nport = 1\n", "feishu.port ({}:2): no such setting; did you mean [server] port?"),
        ("app_id = 'x'\n", "app_id ({}:1): no such setting; did you mean [feishu] app_id?"),
        ("server = 3\n", "server ({}:1): is a section; write [server] and its keys below"),
        ("server.port = 'x'\n", 'server.port ({}:1): must be an integer, not "x"; for example port = 8420'),
        ("[server]\nport = 70000\n", "server.port ({}:2): must be less than or equal to 65535, not 70000; for example"),
        ("[timeouts]\nwait = true\n", "timeouts.wait ({}:2): must not be true; for example wait = 300"),
        ("[timeouts]\nturn = inf\n", "timeouts.turn ({}:2): "),
        ("[timeouts]\nturn = -1\n", "timeouts.turn ({}:2): must be greater than or equal to 0, not -1"),
        ("[access]\nallow = 'ou_a'\nadmins = ['a@b.c']\n", "access.admins ({}:3): 'a@b.c' is not an open_id"),
        ("[access]\nallow = ['Ada']\n", "access.allow ({}:2): 'Ada' is not an open_id; those begin with ou_"),
        (
            "[assistant]\nbase_url = 'https://a.b/v1'\n",
            "assistant ({}:1): base_url is set and model is not: set [assistant] model, too",
        ),
        (
            "[assistant]\nmodel = 'glm'\n",
            "assistant ({}:1): model is set and base_url is not: set [assistant] base_url, too",
        ),
        ("[ui]\ntimezone = 'Mars/Base'\n", "ui.timezone ({}:2): there is no time zone 'Mars/Base'"),
        ("[feishu]\ndomain = 'open.feishu.cn'\n", "feishu.domain ({}:2): 'open.feishu.cn' is not an origin"),
        ("[claude]\npermission_mode = 'bypassPermissions'\n", "claude.permission_mode ({}:2): must be 'default', "),
        ("[work]\nroot = '~nobody-of-that-name/x'\n", "work.root ({}:2): Could not determine home directory"),
        (
            "[feishu]\napp_secret_file = '~nobody-of-that-name/x'\n",
            "feishu.app_secret_file ({}:2): ~nobody-of-that-name/x",
        ),
        ("[feishu]\napp_secret_file = 'a\\u0000b'\n".replace("'", '"'), "feishu.app_secret_file ({}:2): "),
        ("[server]\nhost = '0.0.0.0'\n", "server ({}:1): token is needed when host is not loopback"),
    ],
)
def test_a_wrong_value_is_named_with_place_and_remedy(tmp_path: Path, text: str, expected: str) -> None:
    (line,) = problems(written(tmp_path, text))

    assert line.startswith(expected.format(tmp_path / "config.toml"))


def test_all_problems_are_told_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PHONEWORK_AGENT__MAX_LIVE", "many")
    found = problems(written(tmp_path, "[feishu]\nap_id = 'x'\n[log]\nlevel = 'loud'\n"), serving=True)

    assert [line.split()[0] for line in found] == [
        "feishu.ap_id", "agent.max_live", "log.level", "feishu.app_id", "feishu.app_secret",
    ]  # fmt: skip


def test_a_server_needs_credentials_and_a_known_backend(tmp_path: Path) -> None:
    found = problems(written(tmp_path, "[agent]\ndefault = 'claud'\n"), serving=True)

    assert "PHONEWORK_FEISHU__APP_SECRET" in found[1]
    known = ", ".join(registry.names())
    assert found[2] == f"agent.default ({tmp_path}/config.toml:2): no backend 'claud'; known: {known}"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("PHONEWORK_SERVER_PORT", "two underscores follow the section: PHONEWORK_SERVER__PORT"),
        ("PHONEWORK_SERVR__PORT", "no section 'servr'"),
        ("PHONEWORK_SERVER", "names a section"),
    ],
)
def test_a_misspelt_variable_is_a_problem(monkeypatch: pytest.MonkeyPatch, name: str, expected: str) -> None:
    monkeypatch.setenv(name, "1")
    (line,) = problems(None)

    assert line.startswith(f"{name}: ")
    assert expected in line


def test_a_section_whose_name_begins_like_another_one_is_no_misspelling(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PHONEWORK_CLAUDE_TMUX__SOCKET", "mine")

    assert load(None, {}).agent_settings("claude-tmux")["socket"] == "mine"


def test_a_wrong_variable_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PHONEWORK_SERVER__PORT", "eighty")
    monkeypatch.setenv("PHONEWORK_SERVER__PROT", "80")
    found = problems(None)

    assert any(line.startswith("server.port (PHONEWORK_SERVER__PORT): must be an integer") for line in found)
    assert "server.prot (PHONEWORK_SERVER__PROT): no such setting; did you mean port?" in found


def test_a_missing_file_is_one_line(tmp_path: Path) -> None:
    (line,) = problems(tmp_path / "none.toml")

    assert (
        line == f"{tmp_path}/none.toml: cannot be read (no such file or directory); check the path and its permissions"
    )


def test_a_directory_is_not_a_file(tmp_path: Path) -> None:
    (line,) = problems(tmp_path)

    assert "is a directory" in line


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"[feishu]\napp_id = cli_x\n", ":2: not valid TOML"),
        (b"[feishu]\napp_id = 'x'\napp_id = 'y'\n", ":3: not valid TOML"),
        (b"[feishu]\n# \xff\n", ":2: not UTF-8"),
        (b"x = '" + b"a" * 2_000_000, "larger than"),
    ],
)
def test_a_broken_file_is_one_line_with_its_place(tmp_path: Path, content: bytes, expected: str) -> None:
    path = tmp_path / "config.toml"
    path.write_bytes(content)
    (line,) = problems(path)

    assert line.startswith(str(path))
    assert expected in line


def test_settings_cannot_be_changed_after_loading() -> None:
    with pytest.raises(ValueError, match="frozen"):
        Config().server.port = 1  # type: ignore[misc]


def test_every_field_has_a_description() -> None:
    without = [
        f"{section}.{key}"
        for section, model in sections().items()
        for key, field in model.model_fields.items()
        if not field.description
    ]

    assert without == []


def test_the_example_loads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PHONEWORK_FEISHU__APP_SECRET", "x")
    config = load(ROOT / "config.example.toml", {}, serving=True)

    assert config.access.allow == ("ou_0123456789abcdef",)


def test_the_example_loads_with_every_comment_sign_removed(tmp_path: Path) -> None:
    text = (ROOT / "config.example.toml").read_text(encoding="utf-8")
    filled = "\n".join(line.removeprefix("# ") if " = " in line else line for line in text.splitlines())

    load(written(tmp_path, filled), {})


def test_the_generated_pages_are_current() -> None:
    assert (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8") == page()
    assert (ROOT / "config.example.toml").read_text(encoding="utf-8") == example()


def test_the_sandbox_is_off_until_it_is_wanted(tmp_path: Path) -> None:
    config = load(written(tmp_path, "[work]\nsandbox_write = ['~/.cache']\n"), {})

    assert config.sandbox_of_agents() is None
    assert config.agent_settings("claude")["sandbox"] is None


def test_the_sandbox_hides_what_is_ours_and_gets_what_is_listed(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        "[work]\nroot = 'work'\nsandbox = 'bwrap'\nsandbox_write = ['~/.cache/', '/run/agent']\n[server]\ndata_dir = 'data'\n",
    )
    config = load(path, {})

    assert config.sandbox_of_agents() == Sandbox(
        write=(str(tmp_path / "home" / ".cache"), "/run/agent"),
        hide=(str(tmp_path / "data"), str(path)),
        untrusted=(str(tmp_path / "work"),),
    )
    assert config.agent_settings("claude")["sandbox"] == config.sandbox_of_agents()
    assert config.agent_settings("claude")["max_live"] == 4
    assert set(config.agent_settings("demo")) == {"delay", "desk", "max_live", "sandbox", "language"}
    assert config.agent_settings("demo")["language"] == config.ui.language


@pytest.mark.parametrize("wrong", ["/", "/tmp", "relative", "/home/../etc", "/dev/sda", "~nobody-of-that-name/x", ""])
def test_a_place_that_would_undo_the_sandbox_is_one_problem(tmp_path: Path, wrong: str) -> None:
    (line,) = problems(written(tmp_path, f"[work]\nsandbox_write = ['{wrong}']\n"))

    assert line.startswith(f"work.sandbox_write ({tmp_path}/config.toml:2): ")


def test_a_sandbox_of_another_kind_stops_the_start(tmp_path: Path) -> None:
    (line,) = problems(written(tmp_path, "[work]\nsandbox = 'firejail'\n"))

    assert line.startswith(f"work.sandbox ({tmp_path}/config.toml:2): ")
