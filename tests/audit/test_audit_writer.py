"""The audit is complete, in order, whole and private, whatever happens while it is written (S9)."""

import json
import os
import resource
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from phonework.audit.lines import CUT, Entry, Row, entries_of
from phonework.audit.writer import AuditWriter
from phonework.fsm.events import EVENTS, AgentAsked, CardAnswered, MessageReceived, TurnFinished
from phonework.fsm.types import Answer, Ask, RequestId, RequestKind, UserId, Verdict
from phonework.redact import MASK, Redactor
from phonework.store.codec import dump
from phonework.testing.messages import message

AT = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


class FixedClock:
    def now(self) -> datetime:
        return AT


def writer(directory: Path, **options: object) -> AuditWriter:
    return AuditWriter(directory, FixedClock(), **options)  # type: ignore[arg-type]  # only keywords it has


def entry(seq: int, session_id: str | None = "fizz-top", part: int = 0, **detail: object) -> Entry:
    return Entry(seq=seq, at=AT, what="prompt", session_id=session_id, user_id="ou_1", part=part, detail=detail)


def row(seq: int, kind: str = "MessageReceived", payload: str = "{}", session_id: str | None = "fizz-top") -> Row:
    at = int(AT.timestamp() * 1000)
    return Row(seq, "message", kind, session_id, "ou_1", at, at, "applied", None, "idle", "executing", 1, payload)


def lines(directory: Path, name: str = "fizz-top") -> list[dict[str, object]]:
    """All whole lines of a session, those set aside first."""
    files = [*sorted(directory.glob(f"{name}.*.jsonl")), directory / f"{name}.jsonl"]
    found = []
    for line in b"\n".join(path.read_bytes() for path in files if path.exists()).split(b"\n"):
        try:
            found.append(json.loads(line))
        except ValueError:
            continue
    return found


def seqs(directory: Path, name: str = "fizz-top") -> list[object]:
    return [line["seq"] for line in lines(directory, name)]


def test_a_line_says_who_did_what_when(tmp_path: Path) -> None:
    payload = dump(MessageReceived(prompt=message("make it so\n第二行"), by=UserId("ou_1")))

    assert writer(tmp_path).catch_up([row(7, payload=payload)]) == 1

    (line,) = lines(tmp_path)
    assert line["seq"] == 7
    assert line["at"] == "2026-11-20T12:00:00.000Z"
    assert (line["session"], line["user"], line["what"]) == ("fizz-top", "ou_1", "prompt")
    assert line["text"] == "make it so\n第二行"
    assert (line["from"], line["to"], line["status"]) == ("idle", "executing", "applied")


def test_a_request_and_its_decision_are_on_record_in_full() -> None:
    ask = Ask(
        request_id=RequestId("a" * 32),
        kind=RequestKind.CONFIRM,
        agent_ref="",
        fingerprint="f",
        prompt="?",
        command="rm x",
    )
    answer = Answer(verdict=Verdict.DENY, text="not now")
    decided = CardAnswered(request_id=ask.request_id, generation=3, answer=answer, by=UserId("ou_1"))

    (asked,) = entries_of(row(1, "AgentAsked", dump(AgentAsked(turn=1, ask=ask))))
    (decision,) = entries_of(row(2, "CardAnswered", dump(decided)))

    assert (asked.what, asked.detail["command"]) == ("request", "rm x")
    assert (decision.what, decision.detail["verdict"], decision.detail["text"]) == ("decision", "deny", "not now")
    assert decision.detail["request_id"] == ask.request_id


def test_an_answer_of_the_agent_is_on_record() -> None:
    (entry,) = entries_of(row(1, "TurnFinished", dump(TurnFinished(turn=1, text="done"))))

    assert (entry.what, entry.detail["text"]) == ("answer", "done")


def test_every_act_of_a_person_leaves_a_line() -> None:
    silent = {name for name in EVENTS if not entries_of(row(1, name))}

    assert silent == {
        "TurnStarted", "PromptsTaken", "AgentSessionChanged", "SteerFailed",
        "WaitReminderDue", "TurnExpired", "StopExpired", "IdleExpired", "TurnWentLong", "RequestShown",
    }  # fmt: skip


@given(
    st.sampled_from([*EVENTS, "Command", "Clicked", "?"]),
    st.text(max_size=60) | st.sampled_from(["[]", "1", '{"prompt": 1}']),
)
def test_a_damaged_payload_is_no_error(kind: str, payload: str) -> None:
    assert len(entries_of(row(1, kind, payload))) <= 1


def test_a_huge_text_is_cut_with_a_note() -> None:
    payload = dump(MessageReceived(prompt=message("x" * (CUT + 5)), by=UserId("ou_1")))

    text = str(entries_of(row(1, payload=payload))[0].detail["text"])

    assert text.endswith(f"({CUT + 5} characters)")


def test_what_is_handed_over_again_adds_nothing(tmp_path: Path) -> None:
    audit = writer(tmp_path)
    audit.catch_up([row(1), row(2)])

    assert audit.catch_up([row(1), row(2), row(3)]) == 1
    assert writer(tmp_path).catch_up([row(2), row(3), row(4)]) == 1

    assert seqs(tmp_path) == [1, 2, 3, 4]


def test_two_lines_of_one_event_are_both_kept(tmp_path: Path) -> None:
    writer(tmp_path).write([entry(1)])

    assert writer(tmp_path).write([entry(1), entry(1, part=1)]) == 1


def test_the_watermark_follows_all_events_also_those_without_a_line(tmp_path: Path) -> None:
    audit = writer(tmp_path)
    assert audit.watermark == 0

    audit.catch_up([row(1), row(2, "TurnStarted")])
    audit.write([entry(9)])

    assert audit.watermark == 2
    assert writer(tmp_path).watermark == 2


def test_a_lost_watermark_repeats_nothing(tmp_path: Path) -> None:
    writer(tmp_path).catch_up([row(1), row(2)])
    (tmp_path / ".watermark").write_text("rubbish")
    again = writer(tmp_path)

    assert again.watermark == 0
    assert again.catch_up([row(1), row(2)]) == 0


def test_sessions_have_a_file_each_and_none_leads_out(tmp_path: Path) -> None:
    directory = tmp_path / "audit"

    writer(directory).write([entry(1, "fizz-top"), entry(2, "../../etc/x"), entry(3, None), entry(4, "é" * 300)])

    names = {path.name for path in directory.iterdir()}
    assert {"fizz-top.jsonl", "_commands.jsonl"} < names
    assert len(names) == 4
    assert [path.name for path in tmp_path.iterdir()] == ["audit"]


def test_files_are_for_their_owner_only(tmp_path: Path) -> None:
    directory = tmp_path / "audit"
    before = os.umask(0)
    try:
        writer(directory).write([entry(1)])
    finally:
        os.umask(before)

    assert (directory / "fizz-top.jsonl").stat().st_mode & 0o777 == 0o600
    assert directory.stat().st_mode & 0o777 == 0o700


def test_a_link_in_place_of_a_file_is_not_written_through(tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.write_text("mine")
    directory = tmp_path / "audit"
    directory.mkdir()
    (directory / "fizz-top.jsonl").symlink_to(target)
    audit = writer(directory)

    assert audit.write([entry(1)]) == 0
    assert audit.failures == 1
    assert target.read_text() == "mine"


def test_secrets_do_not_get_in(tmp_path: Path) -> None:
    audit = writer(tmp_path, redactor=Redactor(["hunter2-hunter2"]))

    audit.write([entry(1, text="use hunter2-hunter2 or ghp_" + "a" * 36, nested={"password": "short"})])

    assert "hunter2" not in (tmp_path / "fizz-top.jsonl").read_text()
    assert lines(tmp_path)[0]["text"] == f"use {MASK} or {MASK}"
    assert lines(tmp_path)[0]["nested"] == {"password": MASK}


def test_a_full_file_is_set_aside_and_nothing_is_lost(tmp_path: Path) -> None:
    for seq in range(1, 41):
        writer(tmp_path, max_bytes=1000).write([entry(seq, text="x" * 100)])

    aside = sorted(path.name for path in tmp_path.glob("fizz-top.*.jsonl"))
    assert aside[:2] == ["fizz-top.0001.jsonl", "fizz-top.0002.jsonl"]
    assert seqs(tmp_path) == list(range(1, 41))
    assert all(path.stat().st_size <= 1000 for path in tmp_path.glob("*.jsonl"))


def test_a_crash_right_after_setting_aside_repeats_nothing(tmp_path: Path) -> None:
    writer(tmp_path).write([entry(seq) for seq in range(1, 6)])
    (tmp_path / "fizz-top.jsonl").rename(tmp_path / "fizz-top.0001.jsonl")

    assert writer(tmp_path).write([entry(seq) for seq in range(4, 8)]) == 2
    assert seqs(tmp_path) == [1, 2, 3, 4, 5, 6, 7]


@contextmanager
def disk_of(size_bytes: int) -> Iterator[None]:
    """No file can grow beyond this: the system refuses, in the middle of a write if need be."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


def test_a_full_disk_is_counted_and_made_up_for_later(tmp_path: Path) -> None:
    audit = writer(tmp_path)
    audit.catch_up([row(1)])

    with disk_of((tmp_path / "fizz-top.jsonl").stat().st_size + 50):
        assert audit.catch_up([row(2), row(3)]) == 0
    assert (audit.failures, audit.problem) == (1, "the audit cannot be written (only a part was written)")
    assert audit.watermark == 1
    assert seqs(tmp_path) == [1], "the torn line is none"

    assert audit.catch_up([row(2), row(3)]) == 2
    assert (audit.failures, audit.problem) == (1, "")
    assert seqs(tmp_path) == [1, 2, 3]


def test_lines_written_but_not_flushed_are_not_written_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    audit = writer(tmp_path)
    audit.catch_up([row(1)])

    def failing(_file: int) -> None:
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", failing)
        assert audit.catch_up([row(2)]) == 0
    audit.catch_up([row(2), row(3)])

    assert audit.failures == 1
    assert seqs(tmp_path) == [1, 2, 3]


def test_a_directory_that_cannot_be_made_harms_nobody(tmp_path: Path) -> None:
    (tmp_path / "audit").write_text("a file")
    audit = writer(tmp_path / "audit")

    assert audit.catch_up([row(1)]) == 0
    assert (audit.failures, audit.problem) == (1, "the audit cannot be written (file exists)")
    assert audit.watermark == 0


@pytest.mark.parametrize("tail", [b"{", b'{"seq": 99', b"\xff\xfe", b"\n\n", b"null\n", b'{"seq": "x", "part": 0}\n'])
def test_rubbish_at_the_end_is_passed_over(tmp_path: Path, tail: bytes) -> None:
    writer(tmp_path).write([entry(1), entry(2)])
    with (tmp_path / "fizz-top.jsonl").open("ab") as file:
        file.write(tail)

    assert writer(tmp_path).write([entry(2), entry(3)]) == 1
    assert lines(tmp_path)[-1]["seq"] == 3


def test_the_end_of_a_long_last_line_is_found(tmp_path: Path) -> None:
    writer(tmp_path).write([entry(1), entry(2, text="x" * 200_000)])

    assert writer(tmp_path).write([entry(2), entry(3)]) == 1


class AuditMachine(RuleBasedStateMachine):
    """Events are committed; the audit is caught up with, torn and begun again at any time."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.directory = Path(self.folder.name)
        self.committed: list[Row] = []
        self.audit = writer(self.directory, max_bytes=1500)

    def teardown(self) -> None:
        self.restart()
        self.catch_up()
        for name in ("a", "b"):
            assert seqs(self.directory, name) == [row.seq for row in self.committed if row.session_id == name]
        self.folder.cleanup()

    @rule(session_id=st.sampled_from(["a", "b"]), gap=st.integers(1, 3))
    def commit(self, session_id: str, gap: int) -> None:
        last = self.committed[-1].seq if self.committed else 0
        self.committed.append(row(last + gap, session_id=session_id))

    @rule()
    def catch_up(self) -> None:
        self.audit.catch_up(row for row in self.committed if row.seq > self.audit.watermark)

    @rule(room=st.integers(0, 400))
    def catch_up_on_a_full_disk(self, room: int) -> None:
        rows = [row for row in self.committed if row.seq > self.audit.watermark]
        with disk_of(room):
            self.audit.catch_up(rows)

    @rule()
    def restart(self) -> None:
        self.audit = writer(self.directory, max_bytes=1500)

    @rule(session_id=st.sampled_from(["a", "b"]), torn=st.integers(1, 60))
    def crash_in_the_middle_of_a_line(self, session_id: str, torn: int) -> None:
        """A machine that lost power has the beginning of a line that was never reported as written."""
        with (self.directory / f"{session_id}.jsonl").open("ab") as file:
            file.write(b'\n{"seq": 1000000, "part": 0, "at": "2026-11-20T12:00:00.000Z", "what": "x'[:torn])
        self.restart()

    @invariant()
    def every_line_is_true(self) -> None:
        for name in ("a", "b"):
            known = [row.seq for row in self.committed if row.session_id == name]
            assert seqs(self.directory, name) == known[: len(seqs(self.directory, name))]


TestAuditMachine = AuditMachine.TestCase
TestAuditMachine.settings = settings(max_examples=60, stateful_step_count=20, deadline=None)
