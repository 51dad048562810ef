"""Settings files of agents are changed as they were looked at, and what was there is kept."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from phonework.errors import PhoneWorkError
from phonework.setup.hooks import Change, State, carry_out

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def change(path: Path, before: str | None, after: str) -> Change:
    return Change(kind="demo", title="Demo", path=path, before=before, after=after, state=State.ABSENT)


@pytest.mark.parametrize(("looked_at", "there"), [("{}", '{"a": 1}'), ("{}", None), (None, "{}")])
def test_a_file_that_was_changed_meanwhile_is_left_as_it_is(
    tmp_path: Path, looked_at: str | None, there: str | None
) -> None:
    path = tmp_path / "settings.json"
    if there is not None:
        path.write_text(there)
    with pytest.raises(PhoneWorkError, match="was changed just now"):
        carry_out(change(path, looked_at, "ours"), NOW)

    assert [(one.name, one.read_text()) for one in tmp_path.iterdir()] == ([(path.name, there)] if there else [])


def test_backups_of_one_second_are_all_kept(tmp_path: Path) -> None:
    path = tmp_path / "settings.json"
    path.write_text("0")
    kept = [carry_out(change(path, str(number), str(number + 1)), NOW) for number in range(3)]

    assert [one.read_text() for one in kept if one] == ["0", "1", "2"]
    assert path.read_text() == "3"
