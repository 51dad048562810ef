"""Files of ours at other people's places: never taken for ours when they are not, never overwritten unseen."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as some

from phonework.setup.owned import HASH, XML, Comment, Owned, State, remove, state_of


def owned(path: Path, body: str = "one\ntwo\n", comment: Comment = HASH) -> Owned:
    return Owned(path=path / "there" / "file", body=body, comment=comment)


@pytest.mark.parametrize("comment", [HASH, XML])
def test_what_was_written_is_known_again(tmp_path: Path, comment: Comment) -> None:
    file = owned(tmp_path, comment=comment)
    assert file.state() is State.ABSENT

    file.write()

    assert file.state() is State.CURRENT
    assert file.path.read_text().startswith("one\ntwo\n")
    assert [one.name for one in file.path.parent.iterdir()] == ["file"]


def test_another_version_of_ours_is_older_and_a_changed_one_edited(tmp_path: Path) -> None:
    before, now = owned(tmp_path, "before\n"), owned(tmp_path, "now\n")
    before.write()
    assert (now.state(), state_of(now.path)) == (State.OLDER, State.CURRENT)

    text = before.path.read_text()
    before.path.write_text(text.replace("before", "mine"))
    assert now.state() is State.EDITED

    before.path.write_text(text + "mine\n")
    assert now.state() is State.EDITED

    before.path.write_text(text.replace("phonework ", "phonework 0.0.1-"))
    assert state_of(now.path) is State.OLDER


@pytest.mark.parametrize("content", [b"", b"one\ntwo\n", b"\xff\xfe", b"# phonework 1 sha256:abc\n"])
def test_what_is_not_ours_is_foreign(tmp_path: Path, content: bytes) -> None:
    file = owned(tmp_path)
    file.path.parent.mkdir()
    file.path.write_bytes(content)

    assert file.state() is State.FOREIGN


@given(some.text(), some.text(), some.integers(0, 200))
def test_any_change_is_noticed(tmp_path_factory: pytest.TempPathFactory, body: str, added: str, at: int) -> None:
    file = owned(tmp_path_factory.mktemp("owned"), body.replace("\r", ""))
    added = added.replace("\r", "")
    file.write()
    text = file.text
    changed = text[: min(at, len(text))] + added + text[min(at, len(text)) :]
    file.path.write_bytes(changed.encode("utf-8", "surrogatepass"))

    assert (file.state() is State.CURRENT) == (changed == text)


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    file = owned(tmp_path)
    file.path.parent.mkdir()
    file.path.symlink_to(tmp_path / "kept")
    file.write()

    assert file.path.is_symlink()
    assert (tmp_path / "kept").read_text() == file.text
    remove(file.path)
    remove(file.path)
    assert file.state() is State.ABSENT
