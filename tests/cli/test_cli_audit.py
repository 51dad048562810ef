"""`phonework audit` reads what is on file, and says when somebody changed it."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from phonework.audit.lines import Entry
from phonework.audit.writer import AuditWriter
from phonework.cli import main

AT = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


class FixedClock:
    def now(self) -> datetime:
        return AT


@pytest.fixture
def place(tmp_path: Path) -> Path:
    entries = [
        Entry(seq=number, at=AT, what="prompt", session_id=session, user_id=user, detail={"text": text})
        for number, (session, user, text) in enumerate(
            [("fizz-top", "ou_1", "fix it"), ("fizz-top", "ou_2", "and\x1b[31m this"), (None, "ou_1", "/status")],
            start=1,
        )
    ]
    AuditWriter(tmp_path / "audit", FixedClock()).write(entries)
    return tmp_path


def audit(place: Path, *words: str) -> Result:
    return CliRunner().invoke(main, ["audit", *words, "--data-dir", str(place)])


def test_nothing_to_verify_is_said(tmp_path: Path) -> None:
    said = audit(tmp_path, "--verify")
    assert (said.exit_code, said.stdout) == (0, "")
    assert "nothing to verify" in said.stderr


def test_without_a_session_it_says_which_there_are(place: Path) -> None:
    assert audit(place).stdout == "_commands\nfizz-top\n"
    assert json.loads(audit(place, "--json").stdout)["sessions"] == ["_commands", "fizz-top"]
    assert "nothing yet" in audit(place / "elsewhere").stderr


def test_a_session_is_read_line_by_line(place: Path) -> None:
    said = audit(place, "fizz-top")

    assert said.exit_code == 0
    assert "ou_1 prompt" in said.stdout
    assert "fix it" in said.stdout
    assert "\x1b" not in said.stdout
    assert [json.loads(line)["text"] for line in audit(place, "fizz-top", "--json").stdout.splitlines()] == [
        "fix it",
        "and\x1b[31m this",
    ]
    assert "fix it" not in audit(place, "fizz-top", "--user", "ou_2").stdout
    assert len(audit(place, "fizz-top", "--limit", "1").stdout.splitlines()) == 1


def test_an_unknown_session_is_an_error_with_a_hint(place: Path) -> None:
    said = audit(place, "buzz")

    assert said.exit_code == 1
    assert "no audit of buzz" in said.stderr


def test_a_changed_line_is_told_and_exits_with_1(place: Path) -> None:
    assert audit(place, "--verify").exit_code == 0
    path = place / "audit" / "fizz-top.jsonl"
    path.write_text(path.read_text().replace("fix it", "fix me"))

    said = audit(place, "--verify")
    assert said.exit_code == 1
    assert "BROKEN  fizz-top: does not fit at event 1" in said.stdout
    assert "ok      _commands: 1 lines" in said.stdout
    found = json.loads(audit(place, "fizz-top", "--verify", "--json").stdout)
    assert found["ok"] is False
    assert found["sessions"]["fizz-top"]["broken"] == [1]
