"""Taking settings from an older keyring.yaml: exact where it is sane, one sentence where it is not."""

from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from phonework.errors import ConfigError
from phonework.setup.keyring_yaml import FILE_BYTES, SETTINGS, UNUSED, Found, read, understood

NAME = "keyring.yaml"
BOMB = "a: &a [x,x]\n" + "".join(
    f"{new}: &{new} [{','.join([f'*{old}'] * 9)}]\n" for old, new in zip("abcdefgh", "bcdefghi", strict=True)
)


def problems(text: str) -> tuple[str, ...]:
    with pytest.raises(ConfigError) as raised:
        understood(text, NAME)
    return raised.value.problems


@pytest.mark.parametrize(
    ("text", "dotted", "value"),
    [
        ("FEISHU_APP_ID: cli_a", "feishu.app_id", "cli_a"),
        ("FEISHU_APP_ID: 'cli_a'", "feishu.app_id", "cli_a"),
        ('FEISHU_APP_ID: "cli_a"  # ours', "feishu.app_id", "cli_a"),
        ("FEISHU_APP_SECRET: 0123", "feishu.app_secret", "0123"),
        ("FEISHU_APP_SECRET: 0x1F", "feishu.app_secret", "0x1F"),
        ("FEISHU_APP_SECRET: 12e4", "feishu.app_secret", "12e4"),
        ("FEISHU_APP_SECRET: 1_000", "feishu.app_secret", "1_000"),
        ("FEISHU_APP_SECRET: 2026-01-02", "feishu.app_secret", "2026-01-02"),
        ("FEISHU_APP_SECRET: 12:30:45", "feishu.app_secret", "12:30:45"),
        ("FEISHU_APP_SECRET: 'yes'", "feishu.app_secret", "yes"),
        ("OPENAI_BASE_URL: https://a.example/v1", "assistant.base_url", "https://a.example/v1"),
        ("OPENAI_API_KEY: sk-1", "assistant.api_key", "sk-1"),
        ("OPENAI_MODEL: glm-4", "assistant.model", "glm-4"),
        ("PORT: 8080", "server.port", 8080),
        ("PORT: '8080'", "server.port", 8080),
        ("PORT: 0", "server.port", 0),
        ("WORKING_DIR: ~/code", "work.root", "~/code"),
        ("WORKING_DIR: /工作/目录", "work.root", "/工作/目录"),
        ("ALLOWED_OPEN_IDS: ou_a", "access.allow", ["ou_a"]),
        ("ALLOWED_OPEN_IDS: ou_a, ou_b", "access.allow", ["ou_a", "ou_b"]),
        ("ALLOWED_OPEN_IDS: [ou_a, ou_b]", "access.allow", ["ou_a", "ou_b"]),
        ("ALLOWED_OPEN_IDS:\n  - ou_a\n  - ou_b", "access.allow", ["ou_a", "ou_b"]),
        ("METASO_API_KEY: mk-1", "web.metaso_key", "mk-1"),
    ],
)
@pytest.mark.parametrize("form", ["plain", "bom", "crlf", "document"])
def test_each_key_is_taken_as_written(tmp_path: Path, text: str, dotted: str, value: object, form: str) -> None:
    file = tmp_path / NAME
    forms = {"bom": f"\ufeff{text}\n", "crlf": f"{text}\n".replace("\n", "\r\n"), "document": f"---\n{text}\n...\n"}
    file.write_bytes(forms.get(form, text).encode())

    assert read(file).values == {dotted: value}


def test_every_key_is_known_and_no_other() -> None:
    text = "\n".join(f"{key}: '1'" for key in (*SETTINGS, *UNUSED, "COLOUR"))
    found = understood(text, NAME)

    assert set(found.values) == set(SETTINGS.values())
    assert found.unused == list(UNUSED)
    assert found.unknown == ["COLOUR"]


@pytest.mark.parametrize("text", ["PORT:", "PORT: ~", "PORT: null", "PORT: ''", "ALLOWED_OPEN_IDS: []", "PORT: '  '"])
def test_an_empty_value_is_left_out(text: str) -> None:
    assert understood(text, NAME) == Found(empty=[text.partition(":")[0]])


@pytest.mark.parametrize("text", ["", "\n", "# nothing", "---\n"])
def test_an_empty_file_says_nothing(text: str) -> None:
    assert understood(text, NAME) == Found()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (BOMB, "keyring.yaml:1: anchors and references (& and *) are not taken"),
        ("PORT: &a 1", "anchors"),
        ("a: 1\nb: {<<: *a}", "anchors"),
        ("- PORT\n- 1", "must hold keys and values"),
        ("PORT", "must hold keys and values"),
        ("PORT: 1\n  : : [", "not valid YAML"),
        ("PORT: [1", "not valid YAML"),
        ("PORT: 1\n---\nPORT: 2", "not valid YAML"),
        ("PORT: \x00", "not valid YAML"),
        ("[" * 60_000, "not deeper"),
        ("a: {b: {c: 1}}", "keyring.yaml:1: values are words and lists of words, not deeper"),
        ("PORT: !!python/object/apply:os.system ['true']", "must be one value"),
        ("PORT: !!python/name:os.system x", "must be plain text, without a tag (!)"),
        ("FEISHU_APP_SECRET: !!binary aGk=", "must be plain text, without a tag (!)"),
        ("FEISHU_APP_ID: yes", "must be text, not yes or no"),
        ("FEISHU_APP_ID: {a: b}", "must be words, not a table"),
        ("ALLOWED_OPEN_IDS: {a: b}", "must be words, not a table"),
        ("FEISHU_APP_ID: [a, b]", "must be one value, not a list"),
        ("FEISHU_APP_SECRET: 'a\\tb\n\n  c'", "must be one line"),
        ("? [a, b]\n: 1", "a key must be a word"),
        ("PORT: 1.5", "must be a whole number"),
        ("PORT: -1", "must be a whole number"),
        ("PORT: ١٢", "must be a whole number"),
        ("PORT: 99999999999999999999", "must be a whole number"),
        ("PORT: 1\nPORT: 2", "keyring.yaml:2: PORT is there twice"),
        ("".join(f"K{number}: 1\n" for number in range(201)), "more than 200 keys"),
    ],
)
def test_what_is_odd_is_one_sentence(text: str, said: str) -> None:
    (problem,) = problems(text)

    assert said in problem
    assert len(problem) < 200


def test_everything_wrong_is_told_at_once_and_no_secret_is() -> None:
    found = problems("PORT: eighty\nFEISHU_APP_SECRET: [s3cret, s3cret]\nOPENAI_API_KEY: {s3cret: s3cret}\n")

    assert len(found) == 3
    assert "s3cret" not in str(found)


def test_a_huge_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / NAME).write_bytes(b"#" * (FILE_BYTES + 1))
    with pytest.raises(ConfigError, match="larger than 64 kb"):
        read(tmp_path / NAME)


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", "PORT: 1".encode("utf-16")])
def test_what_is_no_text_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / NAME).write_bytes(content)
    with pytest.raises(ConfigError, match="not a UTF-8 text"):
        read(tmp_path / NAME)


def test_a_missing_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        read(tmp_path / NAME)


@given(st.one_of(st.text(max_size=200), st.text("PORT:[]{}&*!?-|>'\"#%@`,~\n\t 0<", max_size=80)))
@example("PORT: !<")
@example("%TAG ! tag:x,2000:\n---\nPORT: !a 1")
def test_any_text_is_settings_or_sentences(text: str) -> None:
    keys, said = taken(text)

    assert keys <= set(SETTINGS.values())
    assert all(problem.startswith(NAME) and "\n" not in problem for problem in said)


def taken(text: str) -> tuple[set[str], tuple[str, ...]]:
    """The settings, or the sentences."""
    try:
        return set(understood(text, NAME).values), ()
    except ConfigError as error:
        return set(), error.problems or ("no words",)
