"""A file is reached inside the root or not at all (A5, S10)."""

import os
import socket
import tempfile
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from phonework import texts, workdir
from phonework.errors import RefusedError
from phonework.files import place as places
from phonework.files.place import Root, locate, opened
from phonework.files.reading import read_bytes
from phonework.files.writing import Before, put


@pytest.fixture
def root(tmp_path: Path) -> Root:
    (tmp_path / "root" / "shop").mkdir(parents=True)
    (tmp_path / "root" / "notes.txt").write_text("mine")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "secret.txt").write_text("not yours")
    return Root(path=tmp_path / "root", hidden=(tmp_path / "root" / "data",))


def read(typed: str, root: Root, cwd: Path | None = None) -> bytes:
    return read_bytes(locate(typed, root, cwd or root.path), 1000)


def refusal(typed: str, root: Root) -> str:
    with pytest.raises(RefusedError) as caught:
        read(typed, root)
    for language in ("zh", "en"):
        said = texts.text(language, f"say.{caught.value.text}", **caught.value.params)
        assert caught.value.params["path"] in said
        assert "?" not in said
    return caught.value.text


@pytest.mark.parametrize(
    "typed", ["notes.txt", " ./notes.txt ", "shop/../notes.txt", "../root/notes.txt", "shop//../notes.txt"]
)
def test_a_file_in_the_root_is_read(root: Root, typed: str) -> None:
    assert read(typed, root) == b"mine"


def test_paths_are_relative_to_where_one_is_and_may_be_absolute_or_at_home(
    root: Root, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(root.path))

    assert read("../notes.txt", root, root.path / "shop") == b"mine"
    assert read(str(root.path / "notes.txt"), root) == b"mine"
    assert read("~/notes.txt", root) == b"mine"


@pytest.mark.parametrize(
    "typed",
    [
        "..",
        "../out/secret.txt",
        "/etc/passwd",
        "shop/../../out/secret.txt",
        "~root/x",
        "/proc/self/root/etc/passwd",
        "~/../x",
        "../root-two/x",
        "../out/new",
    ],
)
def test_what_is_outside_is_refused(root: Root, typed: str) -> None:
    assert refusal(typed, root) in ("file_outside_root", "file_missing")


def test_links_inside_are_followed_and_links_out_are_not(root: Root) -> None:
    (root.path / "inside").symlink_to("notes.txt")
    (root.path / "file").symlink_to("../out/secret.txt")
    (root.path / "folder").symlink_to("../out")
    (root.path / "shop" / "proc").symlink_to("/proc")

    assert read("inside", root) == b"mine"
    for typed in ("file", "folder/secret.txt", "folder/new", "folder/../out/secret.txt", "shop/proc/self/environ"):
        assert refusal(typed, root) == "file_outside_root"


@pytest.mark.parametrize("name", ["a\nb", "a\x1b[31m", "a\u202egpj.exe", "a\x7f", "x" * 300, "y/" * 600, "a\0b"])
def test_names_that_deceive_or_cannot_be_are_refused(root: Root, name: str) -> None:
    assert refusal(name, root) in ("file_bad_name", "file_missing")


@pytest.mark.parametrize(
    "name", ["报告 最终.txt", "naïve.txt", "👩\u200d💻.txt", "Shot 3.04\u202fPM.png", "-rf", "$(x)"]
)
def test_ordinary_names_of_any_language_are_fine(root: Root, name: str) -> None:
    (root.path / name).write_text("here")

    assert read(name, root) == b"here"


def test_what_is_no_plain_file_is_not_even_opened(root: Root) -> None:
    os.mkfifo(root.path / "pipe")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(root.path / "socket"))
        assert refusal("pipe", root) == "file_not_plain"
        assert refusal("socket", root) == "file_not_plain"
    assert refusal("shop", root) == "file_is_dir"
    assert refusal(".", root) == "file_is_dir"
    assert refusal("notes.txt/x", root) == "file_missing"


def test_devices_and_the_system_are_refused_even_when_they_are_in_the_root() -> None:
    everything = Root(path=Path("/"))

    for typed in ("dev/zero", "proc/self/environ", "proc/kcore", "sys/kernel/uevent_seqnum", "dev/null"):
        assert refusal(typed, everything) == "file_private"


def test_the_system_is_known_by_its_file_system_too(root: Root, monkeypatch: pytest.MonkeyPatch) -> None:
    """A second mount of it has another name."""
    device = (root.path / "notes.txt").stat().st_dev
    monkeypatch.setattr(places, "_devices", lambda: {device})

    assert refusal("notes.txt", root) == "file_not_plain"


def test_our_own_data_is_refused_by_any_way_to_it(root: Root) -> None:
    (root.path / "data").mkdir()
    (root.path / "data" / "phonework.db").write_text("x")
    (root.path / "way").symlink_to("data")

    assert refusal("data/phonework.db", root) == "file_private"
    assert refusal("way/phonework.db", root) == "file_private"
    assert refusal("shop/../data/new", root) == "file_private"


def test_a_root_that_is_a_link_is_fine(root: Root) -> None:
    (root.path.parent / "alias").symlink_to(root.path)

    assert read("notes.txt", Root(path=root.path.parent / "alias")) == b"mine"


# Races: somebody swaps a part of the path after it was looked at


def test_a_folder_swapped_for_a_link_leads_nowhere(root: Root) -> None:
    (root.path / "shop" / "secret.txt").write_text("mine too")
    place = locate("shop/secret.txt", root, root.path)
    (root.path / "shop").rename(root.path / "old")
    (root.path / "shop").symlink_to("../out")

    with pytest.raises(RefusedError) as caught, opened(place):
        pass
    assert caught.value.text == "file_outside_root"
    with pytest.raises(RefusedError):
        put(place, b"mine", Before())
    assert [path.name for path in (root.path.parent / "out").iterdir()] == ["secret.txt"]


def test_a_file_swapped_for_a_link_is_not_followed(root: Root, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the worst moment: after the check, before the opening."""
    place = locate("notes.txt", root, root.path)
    check = places.check_plain

    def swapped(found: os.stat_result, at: places.Place) -> None:
        check(found, at)
        (root.path / "notes.txt").unlink(missing_ok=True)
        (root.path / "notes.txt").symlink_to("../out/secret.txt")

    monkeypatch.setattr(places, "check_plain", swapped)
    with pytest.raises(RefusedError) as caught, opened(place):
        pass
    assert caught.value.text == "file_outside_root"


def test_a_file_swapped_for_a_pipe_does_not_make_us_wait(root: Root, monkeypatch: pytest.MonkeyPatch) -> None:
    place = locate("notes.txt", root, root.path)
    check, swaps = places.check_plain, iter([True])

    def swapped(found: os.stat_result, at: places.Place) -> None:
        check(found, at)
        if next(swaps, False):
            (root.path / "notes.txt").unlink()
            os.mkfifo(root.path / "notes.txt")

    monkeypatch.setattr(places, "check_plain", swapped)
    with pytest.raises(RefusedError) as caught, opened(place):
        pass
    assert caught.value.text == "file_not_plain"


@pytest.mark.parametrize("swapped", ["shop", "shop/a.txt"])
def test_a_race_is_never_won(root: Root, swapped: str) -> None:
    """Somebody swaps a directory, or a file, for a link out and back again as fast as they can."""
    inside, outside, place = root.path / "shop" / "a.txt", root.path.parent / "out", root.path / swapped
    inside.write_text("mine")
    (outside / "a.txt").write_text("not yours")
    aside, over = root.path / "aside", threading.Event()

    def swap() -> None:
        target = outside / "a.txt" if swapped.endswith(".txt") else outside
        while not over.is_set():
            place.rename(aside)
            place.symlink_to(target)
            place.unlink()
            aside.rename(place)

    swapper = threading.Thread(target=swap)
    swapper.start()
    outcomes = Counter[str]()
    try:
        while outcomes.total() < 4_000:
            try:
                found = read("shop/a.txt", root)
            except RefusedError as error:
                outcomes[error.text] += 1
            else:
                outcomes[found.decode()] += 1
    finally:
        over.set()
        swapper.join()

    assert set(outcomes) <= {"mine", "file_missing", "file_outside_root"}
    assert outcomes["mine"]
    assert (outside / "a.txt").read_text() == "not yours"


# Any tree, any path

NAMES = st.sampled_from(["a", "b", "c"])
PARTS = st.lists(st.one_of(NAMES, st.sampled_from(["..", "."])), min_size=1, max_size=5)
TARGETS = st.one_of(
    st.sampled_from(["file", "dir", "/", "..", "../out", "../../out", "../out/secret.txt"]), PARTS.map("/".join)
)
TREE = st.lists(st.tuples(st.lists(NAMES, min_size=1, max_size=3), TARGETS), max_size=8)


def build(root: Path, tree: list[tuple[list[str], str]]) -> None:
    for parts, target in tree:
        path = root.joinpath(*parts)
        try:
            if not path.parent.resolve().is_relative_to(root) or path.is_symlink():
                continue  # the maker of the tree must not be led out either
            path.parent.mkdir(parents=True, exist_ok=True)
            if target == "file":
                path.write_text("mine")
            elif target == "dir":
                path.mkdir(exist_ok=True)
            else:
                path.symlink_to(target)
        except (OSError, RuntimeError):
            continue


def everything(top: Path) -> dict[str, str]:
    found: Iterator[Path] = (path for path in top.rglob("*") if path.is_file() and not path.is_symlink())
    return {str(path.relative_to(top)): path.read_text() for path in found}


@settings(max_examples=200, deadline=None)
@given(tree=TREE, later=TREE, parts=PARTS)
def test_nothing_outside_is_read_or_written_whatever_links_there_are_or_come(
    tree: list[tuple[list[str], str]], later: list[tuple[list[str], str]], parts: list[str]
) -> None:
    with tempfile.TemporaryDirectory() as directory:
        top = Path(directory).resolve()
        root, out = Root(path=top / "root"), top / "out"
        out.mkdir()
        (out / "secret.txt").write_text("not yours")
        for name in "abc":
            (out / name).write_text("not yours")
        root.path.mkdir()
        build(root.path, tree)
        before, keys = everything(out), set[str]()
        try:
            place = locate("/".join(parts), root, root.path)
            for path in sorted(root.path.rglob("*"), reverse=True):  # everything is swapped for something else
                if not path.is_symlink() and path.is_dir():
                    path.rename(path.with_name(f"{path.name}-{path.stat().st_ino}"))
            build(root.path, later)
            assert read_bytes(place, 100) != b"not yours"
            put(place, b"changed", Before())
        except RefusedError as error:
            keys.add(f"say.{error.text}")
        assert everything(out) == before
        assert keys <= texts.keys()


@given(st.text(max_size=60))
def test_no_name_raises_anything_else_or_gets_out(typed: str) -> None:
    root = Root(path=Path("/usr/share"))
    try:
        place = locate(typed, root, Path("/usr/share/doc"))
    except RefusedError:
        return
    assert place.real.is_relative_to("/usr/share")
    assert Path(os.path.realpath(place.real)) == place.real


def test_a_descriptor_is_not_left_open(root: Root) -> None:
    before = len(list(Path("/proc/self/fd").iterdir()))
    (root.path / "link").symlink_to("../out")
    for typed in ("notes.txt", "shop", "link/x", "shop/x/y", "nothing"):
        try:
            read(typed, root)
        except RefusedError:
            continue
    with pytest.raises(workdir.LinkError):
        workdir.descend(root.path, root.path / "link")

    assert len(list(Path("/proc/self/fd").iterdir())) == before
