"""The rules that Codex keeps, shown and taken back; the rest of their file stays as it is."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phonework.backends.codex import rules
from phonework.errors import BackendError
from phonework.fsm.types import Verdict
from phonework.testing.backend_bench import ONE
from phonework.testing.codex_bench import CodexBench, command
from phonework.testing.fake_replies import say

KEPT = """\
# mine
prefix_rule(pattern=["touch", "made"], decision="allow")
prefix_rule(
    pattern=["git", ["push", "fetch"]],
    decision="prompt",
    justification="ask me",
)
prefix_rule(pattern=["rm", "a b"], decision="allow"); prefix_rule(pattern=["ls"])
prefix_rule(pattern=["shutdown"], decision="forbidden")
host_executable(name="git", paths=["/usr/bin/git"])
prefix_rule(pattern=names, decision="allow")
"""


def write(directory: Path, text: str, name: str = "default.rules") -> Path:
    directory.mkdir(exist_ok=True)
    (directory / name).write_text(text)
    return directory


def test_each_rule_is_shown_as_people_know_it(tmp_path: Path) -> None:
    shown = [(one.text, one.kind, one.removable) for one in rules.rules_of(write(tmp_path, KEPT))]

    assert shown == [
        ("Bash(touch made *)", "allow", True),
        ("Bash(git push|fetch *)", "ask", False),
        ("Bash(rm 'a b' *)", "allow", False),
        ("Bash(ls *)", "allow", False),
        ("Bash(shutdown *)", "deny", False),
    ]


def test_a_rule_is_taken_out_and_nothing_else_changes(tmp_path: Path) -> None:
    directory = write(tmp_path, KEPT)
    (tmp_path / "default.rules").chmod(0o640)
    first = rules.rules_of(directory)[0]

    assert rules.remove(directory, first.rule_id) == first
    assert rules.remove(directory, first.rule_id) is None

    file = tmp_path / "default.rules"
    assert file.read_text() == KEPT.replace('prefix_rule(pattern=["touch", "made"], decision="allow")\n', "")
    assert file.stat().st_mode & 0o777 == 0o640
    assert [one.name for one in tmp_path.iterdir()] == ["default.rules"]


def test_what_forbids_or_the_owner_wrote_stays(tmp_path: Path) -> None:
    directory = write(write(tmp_path, KEPT), 'prefix_rule(pattern=["make"], decision="allow")\n', "mine.rules")
    before = {one.name: one.read_text() for one in directory.iterdir()}

    for rule in rules.rules_of(directory)[1:]:
        assert rules.remove(directory, rule.rule_id) is None

    assert {one.name: one.read_text() for one in directory.iterdir()} == before


def test_without_a_file_there_are_none(tmp_path: Path) -> None:
    assert rules.rules_of(tmp_path / "nowhere") == ()
    assert rules.remove(tmp_path, "x") is None


@pytest.mark.parametrize("damaged", ["prefix_rule(", "\0", "(" * 5000])
def test_a_damaged_file_is_told_and_left(tmp_path: Path, damaged: str) -> None:
    directory = write(tmp_path, damaged)

    with pytest.raises(BackendError, match="damaged"):
        rules.rules_of(directory)

    assert (tmp_path / "default.rules").read_text() == damaged


@given(text=st.text(max_size=60))
def test_no_text_breaks_more_than_itself(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    directory = tmp_path_factory.mktemp("rules")
    (directory / "default.rules").write_bytes(text.encode("utf-8", "surrogatepass"))
    try:
        shown = rules.rules_of(directory)
    except BackendError:
        shown = ()
    assert all(one.text.startswith("Bash(") for one in shown)


@pytest.mark.codex
async def test_what_a_person_allowed_is_listed_and_can_be_taken_back(bench: CodexBench) -> None:
    once, other = command("touch made", asks=True), command("touch other", asks=True)
    await bench.write([once], [other], [say("done")])
    await bench.answer(await bench.asked(1), Verdict.ALLOW_RULE)
    await bench.answer(await bench.asked(2), Verdict.ALLOW_SESSION)
    await bench.finished()
    kept, fleeting = await bench.backend.rules(ONE, str(bench.cwd))
    assert (kept.text, kept.place, kept.removable) == ("Bash(touch made *)", "rules/default.rules", True)
    assert (fleeting.text, fleeting.place, fleeting.removable) == ("Bash(touch other)", "", False)

    assert await bench.backend.remove_rule(ONE, str(bench.cwd), kept.rule_id) == kept

    await bench.backend.kill(ONE)
    await bench.write([once], [other], [say("done")])
    await bench.answer(await bench.asked(1), Verdict.DENY)
    await bench.answer(await bench.asked(2), Verdict.DENY)
    await bench.finished()
