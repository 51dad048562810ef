"""The `[codex]` section takes nothing it does not know, and nothing that would ask nothing and allow everything."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from phonework.backends.codex import CodexBackend, modes
from phonework.backends.codex.journal import Begun, Journal
from phonework.backends.codex.settings import CodexSettings
from phonework.errors import BackendError
from phonework.fsm.types import SessionId
from phonework.testing.sink import RecordingSink

ONE = SessionId("fizz-top")


@pytest.mark.parametrize(
    "wrong",
    [
        {"approval_policy": "on-failure"},
        {"sandbox_mode": "workspaceWrite"},
        {"sandbox_mode": "danger-full-access"},
        {"sandbox_mode": "danger-full-access", "approval_policy": "never"},
        {"model": 5},
        {"model": True},
        {"sandbox": "read-only"},
    ],
)
def test_a_wrong_value_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        CodexSettings.model_validate(wrong)


def test_no_sandbox_at_all_goes_with_asking_for_everything() -> None:
    settings = CodexSettings(sandbox_mode="danger-full-access", approval_policy="untrusted")

    assert not modes.policy("", settings).dangerous
    assert not modes.policy("ask-always", settings).dangerous
    assert modes.policy("full-access", settings).dangerous


def test_only_the_mode_that_asks_and_forbids_nothing_is_marked_as_dangerous() -> None:
    for mode in modes.MODES:
        assert mode.dangerous == modes.policy(mode.name, CodexSettings()).dangerous


def test_without_a_program_there_is_no_such_kind(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("phonework.backends.codex.program._bundled", lambda: "")
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(BackendError, match="not installed"):
        CodexBackend(sink=RecordingSink(), settings={}, data_dir=tmp_path)


def test_a_program_on_the_path_will_do(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("phonework.backends.codex.program._bundled", lambda: "")
    monkeypatch.setenv("PATH", str(tmp_path))
    (tmp_path / "codex").write_text("#!/bin/sh\n")
    (tmp_path / "codex").chmod(0o755)

    CodexBackend(sink=RecordingSink(), settings={}, data_dir=tmp_path)


def test_what_was_begun_is_read_as_it_was_written(tmp_path: Path) -> None:
    journal, begun = Journal(tmp_path / "threads"), Begun(thread_id="t", prompt_id="p", ours=True)
    assert journal.read(ONE) is None

    journal.write(ONE, begun)
    assert journal.read(ONE) == begun
    journal.forget(ONE)
    journal.forget(ONE)

    assert journal.read(ONE) is None


@pytest.mark.parametrize("damaged", [b"", b"{", b"[]", b'{"thread_id": 1}', b"\xff", b"[" * 10_000])
def test_a_damaged_note_counts_as_none(tmp_path: Path, damaged: bytes) -> None:
    (tmp_path / f"{ONE}.json").write_bytes(damaged)

    assert Journal(tmp_path).read(ONE) is None
