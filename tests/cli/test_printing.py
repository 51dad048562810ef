"""What agents and people write does not steer the terminal it is printed on."""

import json
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phonework.cli import printing
from phonework.cli.lazy import Failure
from phonework.cli.session.looking import asked_lines
from phonework.errors import PhoneWorkError

STEERING = "\x1b[2J\x9b31m\x85\x07\r"
REQUEST = {
    "id": "r1", "kind": "confirm", "tool": "Bash", "prompt": "May I?\nError: forged", "command": "make\n\x1b[2Jtest",
    "path": "/work/api\x9b", "notes": ["it deletes\nmuch"], "rule": "Bash(make:*)",
}  # fmt: skip


@given(st.text())
def test_nothing_that_steers_is_left(text: str) -> None:
    assert all(each.isprintable() or each in "\n\t" for each in printing.plain(text))
    line = printing.escaped(json.dumps(text, ensure_ascii=False))
    assert line.isprintable()
    assert json.loads(line) == text


def test_a_terminal_is_given_plain_words_on_both_streams(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for stream in (sys.stdout, sys.stderr):
        monkeypatch.setattr(stream, "isatty", lambda: True)
    printing.echo(f"out {STEERING}")
    printing.echo(f"err {STEERING}", err=True)
    Failure(PhoneWorkError(f"refused {STEERING}", hint=f"hint {STEERING}")).show()
    shown = capsys.readouterr()

    assert printing.plain(shown.out + shown.err) == shown.out + shown.err
    assert [one.count("�") for one in (shown.out, shown.err)] == [5, 15]
    assert printing.json_line({"text": "\x9b"}) == '{"text": "\\u009b"}'


def test_what_is_no_terminal_is_given_it_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    printing.echo("a\x9bb")

    assert capsys.readouterr().out == "a\x9bb\n"
    assert printing.json_line("\x9b") == '"\x9b"'


def test_all_that_is_asked_is_shown_and_no_field_makes_a_line_of_its_own() -> None:
    lines = asked_lines(REQUEST)
    text = "\n".join(lines)

    assert "asks (confirm): May I? Error: forged" in lines
    assert "  tool: Bash" in lines
    assert "  path: /work/api" in lines
    assert "  note: it deletes much" in lines
    assert "  request: r1" in lines
    assert {"  make", "  �[2Jtest"} <= set(lines)
    assert printing.plain(text) == text
