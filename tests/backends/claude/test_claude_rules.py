"""Rules in Claude Code's settings files: read as they are, taken out one by one, and nothing else touched."""

import contextlib
import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phonework.backends.claude import json_edit, rules
from phonework.backends.claude.rules import SettingsFile
from phonework.errors import BackendError

ALLOW = ("permissions", "allow")
ODD = """{
  // none here, but odd in every other way
}"""
BY_HAND = """{
\t"env" : {"A":"1",  "permissions": {"allow": ["Bash(rm:*)"]}},
\t"permissions"\t: { "defaultMode": "plan",
    "deny": ["Read(./.env)", "Bash(rm:*)"],
    "allow": [
      "Bash(npm test:*)",
      "Bash(rm:*)", "Edit(\\u4f60/**)",
      "Bash(rm:*)"
    ]
  },
  "numbers": 1.50
}
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "shop" / ".git").mkdir(parents=True)
    (tmp_path / "shop" / ".claude").mkdir()
    return tmp_path / "shop"


@pytest.fixture
def local(project: Path) -> SettingsFile:
    return rules.files(project.parent / "config", str(project))[2]


def test_one_rule_goes_and_every_other_byte_stays() -> None:
    assert json_edit.without(BY_HAND, ALLOW, "Bash(rm:*)") == BY_HAND.replace(
        '"Bash(rm:*)", "Edit(\\u4f60/**)",\n      "Bash(rm:*)"', '"Edit(\\u4f60/**)"'
    )
    assert json_edit.without(BY_HAND, ALLOW, "Edit(你/**)") == BY_HAND.replace('"Edit(\\u4f60/**)",\n      ', "")
    assert json_edit.without('{"permissions":{"allow":[ "x" ]}}', ALLOW, "x") == '{"permissions":{"allow":[]}}'


def test_of_a_key_that_is_there_twice_the_last_one_counts() -> None:
    twice = '{"permissions": {"allow": ["a"]}, "permissions": {"allow": ["b", "a"], "allow": ["a", "b"]}}'
    assert json_edit.without(twice, ALLOW, "a") == twice.replace('["a", "b"]', '["b"]')


STRINGS = st.lists(st.text(max_size=6) | st.sampled_from(["a", "b", '"', "\\", "]", ","]), max_size=5)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=5,
)


@given(
    STRINGS,
    st.dictionaries(st.text(max_size=3), VALUES, max_size=3),
    st.sampled_from([None, 0, 1, "\t"]),
    st.booleans(),
)
def test_whatever_else_is_in_the_file_is_still_there(
    allowed: list[str], more: dict[str, object], indent: str | int | None, ascii_only: bool
) -> None:
    whole = {**more, "permissions": {"deny": allowed, "allow": allowed, "ask": [*allowed, "z"]}, "last": more}
    text = json.dumps(whole, indent=indent, ensure_ascii=ascii_only)
    for unwanted in {*allowed, "never"}:
        edited = json.loads(json_edit.without(text, ALLOW, unwanted))
        assert edited.pop("permissions") == {
            "deny": allowed,
            "allow": [one for one in allowed if one != unwanted],
            "ask": [*allowed, "z"],
        }
        assert edited == {name: value for name, value in whole.items() if name != "permissions"}


@given(
    st.text(max_size=40) | st.sampled_from([ODD, "[]", "{}", '{"permissions": 1}', '{"permissions": {"allow": [1]}}'])
)
def test_what_is_not_such_a_file_is_refused_and_never_raises_otherwise(text: str) -> None:
    with contextlib.suppress(json_edit.NotSuchJsonError):
        assert json_edit.without(text, ALLOW, "x") == text


def test_the_rules_of_the_user_and_of_the_project_are_found(project: Path) -> None:
    config = project.parent / "config"
    config.mkdir()
    (config / "settings.json").write_text('{"permissions": {"allow": ["Bash(ls:*)"]}}')
    (project / ".claude" / "settings.json").write_text('{"permissions": {"deny": ["Read(.env)"]}}')
    (project / "web" / ".claude").mkdir(parents=True)
    (project / "web" / ".claude" / "settings.local.json").write_text('{"permissions": {"allow": ["Edit", "Edit"]}}')

    found = [rule for file in rules.files(config, str(project / "web")) for rule in rules.rules_of(file)]

    assert [(rule.kind, rule.text, rule.place, rule.removable) for rule in found] == [
        ("allow", "Bash(ls:*)", "~/.claude/settings.json", True),
        ("deny", "Read(.env)", ".claude/settings.json", False),
        ("allow", "Edit", "web/.claude/settings.local.json", True),
    ]
    assert len({rule.rule_id for rule in found}) == 3


def test_a_removed_rule_is_gone_and_the_file_keeps_its_mode(local: SettingsFile) -> None:
    local.path.write_text(BY_HAND)
    local.path.chmod(0o640)
    rule = rules.rules_of(local)[0]

    assert rules.remove(local, rule)
    assert not rules.remove(local, rule), "it is there once"

    assert local.path.read_text() == BY_HAND.replace('"Bash(npm test:*)",\n      ', "")
    assert local.path.stat().st_mode & 0o777 == 0o640
    assert [path.name for path in local.path.parent.iterdir()] == ["settings.local.json"]


@pytest.mark.parametrize("content", [b"{", b"\xff", b"[]", b'{"permissions": {"allow": "Bash"}}', b"\x00" * 9])
def test_a_damaged_file_is_refused_in_words_and_left_as_it_is(local: SettingsFile, content: bytes) -> None:
    local.path.write_text('{"permissions": {"allow": ["Edit"]}}')
    (rule,) = rules.rules_of(local)
    local.path.write_bytes(content)

    for attempt in (lambda: rules.rules_of(local), lambda: rules.remove(local, rule)):
        with pytest.raises(BackendError, match="damaged"):
            attempt()

    assert local.path.read_bytes() == content


def test_no_file_and_an_empty_one_have_no_rules(local: SettingsFile) -> None:
    assert rules.rules_of(local) == ()
    local.path.write_text(" \n")
    assert rules.rules_of(local) == ()


def test_a_users_link_is_followed_and_stays_a_link(project: Path) -> None:
    config, dotfiles = project.parent / "config", project.parent / "dotfiles.json"
    config.mkdir()
    dotfiles.write_text('{"permissions": {"allow": ["Edit", "Write"]}}')
    (config / "settings.json").symlink_to(dotfiles)
    file = rules.files(config, str(project))[0]

    assert rules.remove(file, rules.rules_of(file)[0])

    assert file.path.is_symlink()
    assert dotfiles.read_text() == '{"permissions": {"allow": ["Write"]}}'


def test_a_projects_link_that_leads_out_is_refused(local: SettingsFile, tmp_path: Path) -> None:
    other = tmp_path / "other.json"
    other.write_text('{"permissions": {"allow": ["Edit"]}}')
    local.path.symlink_to(other)

    with pytest.raises(BackendError, match="leads out"):
        rules.rules_of(local)


def test_a_pipe_in_its_place_is_not_waited_for(local: SettingsFile) -> None:
    os.mkfifo(local.path)

    with pytest.raises(BackendError):
        rules.rules_of(local)


def test_links_that_go_in_circles_are_told(local: SettingsFile) -> None:
    local.path.symlink_to(local.path)

    with pytest.raises(BackendError):
        rules.rules_of(local)
