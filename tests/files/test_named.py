"""The files a text names: found in it whatever it looks like, and only where they may be sent from."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phonework.files.named import MOST, mentioned, there
from phonework.files.place import Root


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("I wrote `docs/report final.pdf` for you.", ["docs/report final.pdf"]),
        ("See [the report](out/report.pdf).", ["out/report.pdf"]),
        ("It is in out/report.pdf, and in out/data.csv!", ["out/report.pdf", "out/data.csv"]),
        ("Fixed src/app.py:12 and src/app.py:40:3 (see `src/app.py#L7`).", ["src/app.py"]),
        ("报告在 out/报告.pdf，图在“图.png”。", ["out/报告.pdf", "图.png"]),
        ("`Makefile` has a target", ["Makefile"]),
        ("https://example.com/a.pdf and www.b", ["www.b"]),
        ("- /abs/path.txt\n- ./rel.md", ["/abs/path.txt", "./rel.md"]),
        ("version 1.2.3 is done. Really", ["1.2.3"]),
        ("Nothing here.", []),
        ("", []),
    ],
)
def test_names_are_found(text: str, names: list[str]) -> None:
    assert list(mentioned(text)) == names


@given(st.text() | st.text(st.sampled_from("`[]()./:# \n<>a"), max_size=400))
def test_any_text_can_be_looked_through(text: str) -> None:
    found = mentioned(text)

    assert len(found) == len(set(found)) <= 200
    assert all(name.strip() and "\n" not in name for name in found)


@pytest.mark.parametrize("text", ["`" * 200_000, "](" * 100_000, "a/" * 100_000, "[" * 100_000, "a.b " * 100_000])
def test_a_text_made_to_be_slow_is_not(text: str) -> None:
    assert len(mentioned(text)) <= 200


@pytest.fixture
def root(tmp_path: Path) -> Root:
    (tmp_path / "api" / "out").mkdir(parents=True)
    (tmp_path / "api" / "out" / "report.pdf").write_bytes(b"%PDF")
    (tmp_path / "api" / "empty.txt").touch()
    (tmp_path / "secret.txt").write_text("key")
    return Root(path=tmp_path / "api", hidden=(tmp_path / "api" / "own",))


def test_only_files_that_are_there_are_taken(root: Root) -> None:
    names = (
        "out/report.pdf",
        "out",
        "gone.pdf",
        "empty.txt",
        "./out/../out/report.pdf",
        str(root.path / "out/report.pdf"),
    )
    assert there(names, root) == ("out/report.pdf",)


@pytest.mark.parametrize(
    "name", ["../secret.txt", "link.txt", "folder/secret.txt", "/etc/hostname", "~/x", "own/key", "\x00"]
)
def test_nothing_leads_out_of_the_directory(root: Root, name: str) -> None:
    (root.path / "link.txt").symlink_to(root.path.parent / "secret.txt")
    (root.path / "folder").symlink_to(root.path.parent)
    (root.path / "own").mkdir()
    (root.path / "own" / "key").write_text("ours")
    assert there((name,), root) == ()


def test_a_link_that_stays_inside_is_a_file_like_others(root: Root) -> None:
    (root.path / "newest.pdf").symlink_to("out/report.pdf")
    assert there(("newest.pdf",), root) == ("out/report.pdf",)


def test_a_few_are_enough(root: Root) -> None:
    for number in range(9):
        (root.path / f"{number}.txt").write_text("x")
    assert there(tuple(f"{number}.txt" for number in range(9)), root) == tuple(f"{one}.txt" for one in range(MOST))


def test_what_is_too_large_to_send_is_left_out(root: Root) -> None:
    with (root.path / "big.bin").open("wb") as file:
        file.truncate(31 * 1024 * 1024)
    assert there(("big.bin",), root) == ()
