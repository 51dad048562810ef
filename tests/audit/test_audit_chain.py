"""The chain through the audit shows what was changed, taken out or put in (S9)."""

import json
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from phonework.audit import files
from phonework.audit.chain import FIELD, parse, verify
from phonework.audit.lines import Entry
from phonework.audit.writer import AuditWriter

AT = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
NAME = "fizz-top"

anything = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**40), 2**40) | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
details = st.lists(
    st.dictionaries(st.text("abc", min_size=1, max_size=3), anything, max_size=3), min_size=1, max_size=8
)


class FixedClock:
    def now(self) -> datetime:
        return AT


def written(directory: Path, found: list[dict[str, object]], *, max_bytes: int = 400) -> list[bytes]:
    """The lines of a session whose writer was opened anew for each, with files put aside often."""
    for seq, detail in enumerate(found, start=1):
        one = Entry(seq=seq, at=AT, what="prompt", session_id=NAME, user_id="ou_1", detail=detail)
        assert AuditWriter(directory, FixedClock(), max_bytes=max_bytes).write([one]) == 1
    return list(files.lines(directory, NAME))


@given(details)
def test_what_was_written_fits_through_all_files_and_restarts(found: list[dict[str, object]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        lines = written(Path(folder), found)

        assert files.names(Path(folder)) == (NAME,)
    seen = verify(lines)
    assert (seen.lines, seen.broken, seen.torn, seen.unlinked) == (len(found), (), 0, 0)
    assert seen.last == json.loads(lines[-1])[FIELD]


@given(details.filter(lambda found: len(found) > 1), st.data())
def test_a_line_that_was_changed_taken_out_or_doubled_is_found(
    found: list[dict[str, object]], data: st.DataObject
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        lines = written(Path(folder), found)
    place = data.draw(st.integers(0, len(lines) - 2))
    line = parse(lines[place])
    assert line is not None
    forged = json.dumps({**line, "user": "ou_2"}).encode()

    for changed in (
        [*lines[:place], forged, *lines[place + 1 :]],
        [*lines[:place], *lines[place + 1 :]],
        [*lines[:place], lines[place], *lines[place:]],
        [*lines[:place], b"what it said is gone", *lines[place + 1 :]],
    ):
        assert verify(changed).broken


def test_lines_cut_off_at_the_end_show_in_the_last_hash(tmp_path: Path) -> None:
    lines = written(tmp_path, [{"text": "one"}, {"text": "two"}])

    assert verify(lines[:1]).broken == ()
    assert verify(lines[:1]).last != verify(lines).last


def test_a_line_torn_by_a_crash_is_no_break(tmp_path: Path) -> None:
    written(tmp_path, [{"text": "one"}])
    with (tmp_path / f"{NAME}.jsonl").open("ab") as file:
        file.write(b'{"seq": 2, "part": 0, "at": "2026-')
    one = Entry(seq=2, at=AT, what="prompt", session_id=NAME, user_id="ou_1", detail={"text": "two"})
    AuditWriter(tmp_path, FixedClock()).write([one])

    seen = files.verified(tmp_path, NAME)
    assert (seen.lines, seen.torn, seen.broken) == (2, 1, ())


def test_an_audit_from_before_the_chain_goes_on_with_one(tmp_path: Path) -> None:
    old = {"seq": 1, "part": 0, "what": "prompt"}
    (tmp_path / f"{NAME}.jsonl").write_text(json.dumps(old) + "\n")
    one = Entry(seq=2, at=AT, what="prompt", session_id=NAME, user_id="ou_1", detail={})
    AuditWriter(tmp_path, FixedClock()).write([one])

    seen = files.verified(tmp_path, NAME)
    assert (seen.lines, seen.unlinked, seen.broken) == (2, 1, ())
    unlinked = [*files.lines(tmp_path, NAME), json.dumps({**old, "seq": 3}).encode()]
    assert verify(unlinked).broken == (3,), "a line without a hash after one that has it was put in"


@given(st.lists(st.binary(max_size=80), max_size=5))
def test_no_file_makes_it_raise(lines: list[bytes]) -> None:
    seen = verify(lines)

    assert seen.lines + seen.torn <= len(lines)
