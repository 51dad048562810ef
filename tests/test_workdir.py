"""Where a session may work: inside the root, after every link is followed (S10, K1)."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from phonework import workdir
from phonework.errors import RefusedError
from phonework.texts import text

KEYS = {"dir_outside_root", "dir_is_file", "dir_no_permission", "dir_missing", "dir_bad_name"}
NOBODY = 65534


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "root"
    (root / "shop" / "src").mkdir(parents=True)
    (root / "notes.txt").write_text("mine")
    (tmp_path / "outside").mkdir()
    return root


def refusal(typed: str, root: Path, *, create: bool = False) -> RefusedError:
    with pytest.raises(RefusedError) as caught:
        workdir.resolve(typed, root, create=create)
    return caught.value


@pytest.mark.parametrize("typed", ["shop", "./shop/", "shop/src/..", " shop ", "../root/shop", "shop//src/../"])
def test_a_directory_in_the_root_is_found(root: Path, typed: str) -> None:
    assert workdir.resolve(typed, root) == root / "shop"


def test_the_root_itself_and_absolute_paths_in_it_are_fine(root: Path) -> None:
    assert workdir.resolve(".", root) == root
    assert workdir.resolve(str(root / "shop"), root) == root / "shop"


def test_home_is_expanded(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(root))

    assert workdir.resolve("~/shop", root) == root / "shop"
    assert workdir.resolve("shop", Path("~")) == root / "shop"


@pytest.mark.parametrize(
    "typed", ["..", "/", "/etc", "../outside", "shop/../../outside", "~root", "/proc/self/root/etc"]
)
def test_what_is_outside_is_refused(root: Path, typed: str) -> None:
    assert refusal(typed, root).text == "dir_outside_root"


def test_a_name_that_only_begins_like_the_root_is_outside(root: Path) -> None:
    (root.parent / "root-two").mkdir()

    assert refusal("../root-two", root).text == "dir_outside_root"


@pytest.mark.parametrize("create", [False, True])
def test_a_link_that_leads_out_is_refused_and_nothing_is_made_there(root: Path, create: bool) -> None:
    (root / "link").symlink_to(root.parent / "outside")

    assert refusal("link", root, create=create).text == "dir_outside_root"
    assert refusal("link/new", root, create=create).text == "dir_outside_root"
    assert refusal("link/../root-two", root, create=create).text == "dir_outside_root"
    assert not list((root.parent / "outside").iterdir())


def test_a_link_inside_is_followed(root: Path) -> None:
    (root / "link").symlink_to("shop/src")

    assert workdir.resolve("link", root) == root / "shop" / "src"
    assert workdir.resolve("link/..", root) == root / "shop"


def test_a_root_that_is_a_link_is_fine(root: Path) -> None:
    (root.parent / "alias").symlink_to(root)

    assert workdir.resolve("shop", root.parent / "alias") == root / "shop"


def test_a_file_is_refused(root: Path) -> None:
    assert refusal("notes.txt", root).text == "dir_is_file"
    assert refusal("notes.txt/new", root, create=True).text == "dir_is_file"


def test_a_loop_of_links_is_missing(root: Path) -> None:
    (root / "one").symlink_to("two")
    (root / "two").symlink_to("one")

    assert refusal("one", root).text in ("dir_missing", "dir_outside_root")


@pytest.mark.parametrize("typed", ["", "  ", "new", "~nobody-has-this-name/x"])
def test_what_is_missing_is_said_to_be(root: Path, typed: str) -> None:
    assert refusal(typed, root).text == "dir_missing"


@pytest.mark.parametrize("create", [False, True])
@pytest.mark.parametrize("typed", ["a\0b", "x" * 300, "目" * 90, "y/" * 900])
def test_what_cannot_be_a_name_is_not_said_to_be_missing(root: Path, typed: str, create: bool) -> None:
    """That would be an advice to make it."""
    assert refusal(typed, root, create=create).text == "dir_bad_name"


@pytest.mark.parametrize("typed", ["a\u202egnp", "a\nb", "new/\u2066x/y", "a\x07"])
def test_no_directory_is_made_whose_name_deceives(root: Path, typed: str) -> None:
    assert refusal(typed, root, create=True).text == "dir_bad_name"
    (root / "old\u202e").mkdir()

    assert workdir.resolve("old\u202e", root, create=True) == root / "old\u202e"
    assert {each.name for each in root.iterdir()} == {"shop", "notes.txt", "old\u202e"}


def test_what_is_missing_is_made_on_request(root: Path) -> None:
    assert workdir.resolve("a/b/c", root, create=True) == root / "a" / "b" / "c"
    assert workdir.resolve("a/b/c", root, create=True).is_dir()


def test_the_root_is_made_on_request(tmp_path: Path) -> None:
    assert refusal("shop", tmp_path / "new").text == "dir_missing"

    assert workdir.resolve("shop", tmp_path / "new", create=True) == tmp_path / "new" / "shop"


def test_a_link_put_there_in_the_meantime_leads_nowhere(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between looking and making, somebody swaps a directory for a link."""
    look = workdir._real

    def swapped(path: Path) -> Path:
        real = look(path)
        if path.name == "new":
            shutil.rmtree(root / "shop")
            (root / "shop").symlink_to(root.parent / "outside")
        return real

    monkeypatch.setattr(workdir, "_real", swapped)

    assert refusal("shop/new", root, create=True).text == "dir_outside_root"
    assert not list((root.parent / "outside").iterdir())


@contextmanager
def as_nobody() -> Iterator[None]:
    """Root may do everything, so it steps down for a moment."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.mark.parametrize("mode", [0o000, 0o500, 0o300, 0o600])
def test_a_directory_without_permission_is_refused(mode: int) -> None:
    with tempfile.TemporaryDirectory() as directory:
        root = Path(directory)
        root.chmod(0o777)
        with as_nobody():
            closed = root / "closed"
            closed.mkdir()
            closed.chmod(mode)
            missing = "dir_missing" if mode == 0o500 else "dir_no_permission"

            assert refusal("closed", root).text == "dir_no_permission"
            assert refusal("closed/new", root).text in (missing, "dir_missing")
            if mode != 0o300:  # may be written into, if not listed
                assert refusal("closed/new", root, create=True).text == "dir_no_permission"
            closed.chmod(0o700)


def test_a_read_only_place_may_still_be_passed() -> None:
    with tempfile.TemporaryDirectory() as directory:
        root = Path(directory).resolve()
        root.chmod(0o777)
        with as_nobody():
            (root / "fixed" / "mine").mkdir(parents=True)
            (root / "fixed").chmod(0o500)

            assert workdir.resolve("fixed/mine", root, create=True) == root / "fixed" / "mine"
            (root / "fixed").chmod(0o700)


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("typed", ["..", "notes.txt", "new", "a\0\n\x1b[31mb" * 100])
def test_every_refusal_can_be_read(root: Path, language: str, typed: str) -> None:
    error = refusal(typed, root)

    sentence = text(language, f"say.{error.text}", **error.params)

    assert error.params["dir"] in sentence
    assert "\x1b" not in sentence
    assert len(error.params["dir"]) <= 200


NAMES = st.sampled_from(["a", "b", "c"])
PARTS = st.lists(st.one_of(NAMES, st.sampled_from(["..", "."])), min_size=1, max_size=5)
TREE = st.lists(
    st.tuples(
        st.lists(NAMES, min_size=1, max_size=3),
        st.one_of(
            st.just("dir"),
            st.just("file"),
            st.lists(st.one_of(NAMES, st.just("..")), max_size=4).map("/".join),
            st.sampled_from(["/", "/OUT", "/ROOT", "/ROOT/a", "/OUT/x"]),
        ),
    ),
    max_size=8,
)


def build(root: Path, outside: Path, tree: list[tuple[list[str], str]]) -> None:
    """Make directories, files and links as far as they fit together; a string is what a link points to."""
    for parts, what in tree:
        path = root.joinpath(*parts)
        try:
            if what == "dir":
                path.mkdir(parents=True)
            elif what == "file":
                path.touch()
            else:
                target = what.replace("/OUT", str(outside)).replace("/ROOT", str(root)) or "."
                path.symlink_to(target)
        except (OSError, RuntimeError):
            continue


def outcome(typed: str, root: Path, create: bool) -> tuple[Path | None, str | None]:
    try:
        return workdir.resolve(typed, root, create=create), None
    except RefusedError as error:
        return None, error.text


@settings(max_examples=300, deadline=None)
@given(tree=TREE, parts=PARTS, absolute=st.booleans(), create=st.booleans())
def test_no_tree_of_links_leads_out(
    tree: list[tuple[list[str], str]], parts: list[str], absolute: bool, create: bool
) -> None:
    with tempfile.TemporaryDirectory() as directory:
        top = Path(directory).resolve()
        root, outside = top / "root", top / "out"
        (outside / "x").mkdir(parents=True)
        root.mkdir()
        build(root, outside, tree)
        before, beside = (
            sorted(outside.rglob("*")),
            sorted(top.iterdir()),
        )  # a link in the tree may have led its maker out
        typed = "/".join(parts)
        typed = f"{root}/{typed}" if absolute else typed
        real = Path(os.path.realpath(root / typed))
        good = real.is_dir() and real.is_relative_to(root)

        found, refused = outcome(typed, root, create)

        assert (found is not None) if good else (found is None or create)
        assert refused in (None, *KEYS)
        if found is not None:
            assert found == found.resolve()
            assert found.is_relative_to(root)
            assert found.is_dir()
        assert sorted(outside.rglob("*")) == before
        assert sorted(top.iterdir()) == beside
