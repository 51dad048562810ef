import errno
import os
import stat
from pathlib import Path

import pytest

from phonework.errors import RefusedError
from phonework.files import writing
from phonework.files.place import Place, Root, locate
from phonework.files.writing import LARGEST_WRITE, Before, look, put


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path.resolve()


def at(root: Path, name: str) -> Place:
    return locate(name, Root(path=root), root)


def refusal(place: Place, content: bytes, before: Before) -> str:
    with pytest.raises(RefusedError) as caught:
        put(place, content, before)
    return caught.value.text


def test_a_new_file_gets_its_directories(root: Path) -> None:
    put(at(root, "a/b/new.txt"), b"here", Before())

    assert (root / "a/b/new.txt").read_bytes() == b"here"
    assert not list(root.rglob("*.part"))


def test_a_file_that_is_there_keeps_its_mode_and_its_other_names_keep_the_old_text(root: Path) -> None:
    (root / "run.sh").write_text("old")
    (root / "run.sh").chmod(0o750)
    (root / "other").hardlink_to(root / "run.sh")

    put(at(root, "run.sh"), b"new", look(at(root, "run.sh")))

    assert (root / "run.sh").read_text() == "new"
    assert stat.S_IMODE((root / "run.sh").stat().st_mode) == 0o750
    assert (root / "other").read_text() == "old"


def test_through_a_link_the_file_it_leads_to_is_written(root: Path) -> None:
    (root / "real.txt").write_text("old")
    (root / "link").symlink_to("real.txt")

    put(at(root, "link"), b"new", look(at(root, "link")))

    assert (root / "link").is_symlink()
    assert (root / "real.txt").read_text() == "new"


def test_nothing_is_written_over_what_came_or_changed_in_the_meantime(root: Path) -> None:
    new, place = Before(), at(root, "x")
    (root / "x").write_text("somebody was faster")
    assert refusal(place, b"mine", new) == "file_changed"

    seen = look(place)
    (root / "x").write_text("and changed it again")
    assert refusal(place, b"mine", seen) == "file_changed"
    (root / "x").unlink()
    assert refusal(place, b"mine", seen) == "file_changed"
    assert list(root.iterdir()) == []


def test_a_file_made_in_the_last_instant_is_not_lost(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fresh(place: Place) -> Before:
        place.real.write_text("somebody was faster")
        return Before()

    monkeypatch.setattr(writing, "look", fresh)

    assert refusal(at(root, "x"), b"mine", Before()) == "file_changed"
    assert (root / "x").read_text() == "somebody was faster"
    assert [path.name for path in root.iterdir()] == ["x"]


def test_a_file_system_without_links_will_do(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_links(*_: object, **__: object) -> None:
        raise OSError(errno.EPERM, "no links here")

    monkeypatch.setattr(os, "link", no_links)
    put(at(root, "x"), b"mine", Before())

    assert (root / "x").read_text() == "mine"


def test_when_the_disk_is_full_the_old_file_stays(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (root / "x").write_text("old")
    before = look(at(root, "x"))

    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)

    assert refusal(at(root, "x"), b"new", before) == "file_failed"
    assert (root / "x").read_text() == "old"
    assert [path.name for path in root.iterdir()] == ["x"]


def test_what_is_not_for_writing_over_is_refused(root: Path) -> None:
    (root / "folder").mkdir()
    (root / "image.png").write_bytes(b"\x89PNG\r\n\x1a\n\0\0")
    (root / "huge.txt").write_bytes(b"x" * (LARGEST_WRITE + 1))
    (root / "fixed.txt").write_text("x")
    (root / "fixed.txt").chmod(0o444)
    os.mkfifo(root / "pipe")

    for name, key in {
        "folder": "file_is_dir", "image.png": "file_not_text", "huge.txt": "file_too_large", "pipe": "file_not_plain",
    }.items():  # fmt: skip
        with pytest.raises(RefusedError) as caught:
            look(at(root, name))
        assert caught.value.text == key
    assert refusal(at(root, "fixed.txt"), b"y", look(at(root, "fixed.txt"))) == "file_no_permission"
    assert refusal(at(root, "new"), b"x" * (LARGEST_WRITE + 1), Before()) == "file_too_large"
    assert refusal(at(root, "fixed.txt/x"), b"x", Before()) == "file_missing"
