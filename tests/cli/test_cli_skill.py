"""`phonework skill`: put where agents look, brought up to date, taken away; what somebody changed is left alone."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from phonework import skills

GLOBAL = (".claude/skills", ".agents/skills")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("CLAUDE_CONFIG_DIR", raising=False)
    return tmp_path / "home"


def there(place: Path) -> set[str]:
    return {str(path.parent.relative_to(place)) for path in place.rglob(skills.FILE)}


def every(*places: str) -> set[str]:
    return {f"{place}/{name}" for place in places for name in skills.NAMES}


@pytest.mark.parametrize("name", skills.NAMES)
def test_a_skill_is_as_agents_want_it(name: str) -> None:
    """Source: agentskills.io/specification: name as its directory, 64 characters; description 1 to 1024."""
    begin, front, body = skills.text(name).split("---\n", 2)
    told = yaml.safe_load(front)

    assert begin == ""
    assert set(told) == {"name", "description"}
    assert told["name"] == name
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name)
    assert len(name) <= 64
    assert 1 <= len(told["description"]) <= 1024
    assert "Use it when" in told["description"]
    assert len(body.splitlines()) < 500


def test_they_are_put_where_every_kind_looks(run: Any, home: Path) -> None:
    assert run("skill", "install").exit_code == 0
    assert there(home) == every(*GLOBAL)

    assert run("skill", "uninstall").exit_code == 0
    assert there(home) == set()
    assert [path for path in home.rglob("*") if path.name in skills.NAMES] == []


def test_one_kind_and_this_project_can_be_meant(run: Any, home: Path, tmp_path: Path) -> None:
    run("skill", "install", "--local", "--codex")
    assert there(tmp_path) == every(".agents/skills")

    run("skill", "install", "--claude")
    assert there(home) == every(".claude/skills")

    run("skill", "uninstall", "--local")
    assert there(tmp_path) == {f"home/{one}" for one in every(".claude/skills")}


def test_a_directory_of_the_agents_own_counts(run: Any, home: Path, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setenv("CLAUDE_CONFIG_DIR", str(tmp_path / "elsewhere"))
    run("skill", "install", "--claude")

    assert there(tmp_path / "elsewhere") == every("skills")


def test_again_changes_nothing_and_an_older_one_is_brought_up_to_date(run: Any, home: Path) -> None:
    run("skill", "install", "--codex")
    again = run("skill", "install", "--codex").stdout
    assert again.count("Nothing to change") == len(skills.NAMES)

    file = skills.skill(skills.NAMES[0], home / ".agents/skills")
    skills.Owned(path=file.path, body="As it was in an older version.\n", comment=file.comment).write()
    assert f"{file.path}: installed, of another version" in run("skill", "status").stdout
    assert f"Brought up to date: {file.path}" in run("skill", "install", "--codex").stdout
    assert file.path.read_text() == file.text


@pytest.mark.parametrize("added", ["\nAlso greet me.\n", ""])
def test_what_somebody_changed_or_wrote_stays_and_is_named(run: Any, home: Path, added: str) -> None:
    run("skill", "install", "--codex")
    path = skills.skill(skills.NAMES[0], home / ".agents/skills").path
    mine = path.read_text() + added if added else "---\nname: mine\n---\n"
    path.write_text(mine)

    for command in ("install", "uninstall"):
        result = run("skill", command, "--codex")
        assert result.exit_code == 1
        assert (
            f"Error: {path} {'was changed since it was written' if added else 'is not ours'}, and stays"
            in result.stderr
        )
        assert path.read_text() == mine
    assert not skills.skill(skills.NAMES[1], home / ".agents/skills").path.exists(), "the others are taken away"

    forced = run("skill", "install", "--codex", "--force")
    assert f"Overwritten: {path}" in forced.stdout
    assert run("skill", "uninstall", "--codex", "--force").exit_code == 0
    assert there(home) == set()


def test_status_is_a_list_for_programs(run: Any, run_json: Any, home: Path) -> None:
    run("skill", "install", "--claude")
    found = run_json("skill", "status", "--json")

    assert {(one["scope"], one["state"]) for one in found if one["for"] == ["claude"]} == {
        ("global", "current"), ("local", "absent"),
    }  # fmt: skip
    assert {one["skill"] for one in found} == set(skills.NAMES)


def test_a_place_that_cannot_be_written_is_said(run: Any, home: Path) -> None:
    home.mkdir(exist_ok=True)
    (home / ".agents").write_text("a file where a directory belongs")
    result = run("skill", "install", "--codex")

    assert result.exit_code == 1
    assert "Error: " in result.stderr
    assert "Traceback" not in result.stderr
