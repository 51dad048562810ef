"""Changing config.toml: what is asked for, and not a byte more."""

import os
import stat
import tomllib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phonework.config.docs import example
from phonework.errors import PhoneWorkError
from phonework.setup.config_file import ConfigFile, changed

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
WORDS = st.text(st.characters(codec="utf-8", exclude_categories=("Cs",)), max_size=20)
VALUES = st.one_of(WORDS, st.integers(0, 65535), st.lists(WORDS, max_size=3))
KEYS = st.sampled_from(["feishu.app_id", "feishu.domain", "access.allow", "work.root", "server.port", "new.key"])


@pytest.mark.parametrize(
    ("before", "changes", "after"),
    [
        ("[a]\nb = 1 # why\n", {"a.b": 2}, "[a]\nb = 2 # why\n"),
        ("[a]\nb = 1\n\n# about c\n[c]\n", {"a.d": "x"}, '[a]\nb = 1\nd = "x"\n\n# about c\n[c]\n'),
        ("[a]\nb = 1\nd = 2\n", {"a.b": None}, "[a]\nd = 2\n"),
        ("[a]\nb   =   1\n", {"a.b": 1}, "[a]\nb   =   1\n"),
        ("[a]\r\nb = 1\r\n", {"a.c": 2}, "[a]\r\nb = 1\r\nc = 2\r\n"),
        ("a = { b = 1 } # x\n", {"a.b": 2}, "a = { b = 2 } # x\n"),
        ("a.b = 1 # x\n", {"a.b": 2}, "a.b = 2 # x\n"),
        ('[a]\nt = """\n[c]\nb = 1\n"""\n', {"c.b": 2}, '[a]\nt = """\n[c]\nb = 1\n"""\n\n[c]\nb = 2\n'),
        ("", {"a.b": ["ou_1"]}, '[a]\nb = ["ou_1"]\n'),
        ("[a]", {"a.b": None}, "[a]"),
    ],
)
def test_only_the_value_changes(before: str, changes: dict[str, object], after: str) -> None:
    assert changed(before, changes) == after


@given(st.dictionaries(KEYS, VALUES, max_size=4))
def test_the_example_keeps_all_its_comments(changes: dict[str, Any]) -> None:
    before = example()
    after = changed(before, changes)

    wanted = tomllib.loads(before)
    for dotted, value in changes.items():
        section, _, key = dotted.partition(".")
        wanted.setdefault(section, {})[key] = value
    assert tomllib.loads(after) == wanted
    comments = [line for line in before.splitlines() if line.startswith("#")]
    rest = iter(after.splitlines())
    assert all(line in rest for line in comments)


@given(st.dictionaries(KEYS, VALUES, max_size=4))
def test_changing_twice_is_changing_once(changes: dict[str, Any]) -> None:
    once = changed("# ours\n[feishu]\napp_id = 'a'\n", changes)

    assert changed(once, changes) == once


def test_a_link_stays_a_link_and_the_copy_is_private(tmp_path: Path) -> None:
    real, link = tmp_path / "real.toml", tmp_path / "config.toml"
    real.write_text("[a]\nb = 1\n")
    real.chmod(0o644)
    link.symlink_to(real)
    file = ConfigFile(link)
    file.write({"a.b": 2}, NOW)
    file.write({"a.b": 3}, NOW)

    assert link.is_symlink()
    assert real.read_text() == "[a]\nb = 3\n"
    assert file.copy is not None
    assert file.copy.read_text() == "[a]\nb = 1\n"
    assert stat.S_IMODE(file.copy.stat().st_mode) == 0o600
    assert stat.S_IMODE(real.stat().st_mode) == 0o644


def test_nothing_is_left_behind_when_it_cannot_be_written(tmp_path: Path) -> None:
    if os.geteuid() == 0:
        place = tmp_path / "file"
        place.write_text("")
    else:
        place = tmp_path / "closed"
        place.mkdir(mode=0o500)
    with pytest.raises(PhoneWorkError, match="cannot be written"):
        ConfigFile(place / "config.toml").write({"a.b": 1}, NOW)

    assert [path for path in tmp_path.rglob("*") if path != place] == []
