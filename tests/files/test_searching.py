"""Searching, by `rg` and without it: the same answers, and nothing left running."""

import json
import shutil
from datetime import timedelta
from pathlib import Path

import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st

from phonework.errors import RefusedError
from phonework.files.hits import LARGEST_LINE, Hit, Lines, hit_of
from phonework.files.listing import list_folder
from phonework.files.place import Root, locate
from phonework.files.searching import MOST_HITS, Hits, search

PROGRAMS = [
    pytest.param(None, id="rg", marks=pytest.mark.skipif(not shutil.which("rg"), reason="no rg")),
    pytest.param("", id="own"),
]


@pytest.fixture
def root(tmp_path: Path) -> Root:
    top = tmp_path / "root"
    for name, text in {
        "app/main.py": "import os\ndef main():\n    return 1\n",
        "app/util.py": "def helper():\r\n    pass\r\n",
        "app/notes.md": "def in words, 好的\n",
        ".hidden/main.py": "def hidden(): ...\n",
        ".git/config": "def git\n",
        "data/config.toml": "def secret\n",
        "-e weird name.py": "def weird(): ...\n",
    }.items():  # fmt: skip
        (top / name).parent.mkdir(parents=True, exist_ok=True)
        (top / name).write_text(text, newline="")
    (top / "blob").write_bytes(b"def \0binary\n")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "secret.py").write_text("def outside\n")
    (top / "way").symlink_to("../out")
    (top / "file").symlink_to("../out/secret.py")
    return Root(path=top, hidden=(top / "data",))


async def find(root: Root, pattern: str, path: str = ".", **more: object) -> Hits:
    return await search(locate(path, root, root.path), root, pattern, **more)  # type: ignore[arg-type]


def searches(root: Root) -> list[str]:
    """What still searches there; other tests of this process have children of their own."""
    return [
        one.name()
        for one in psutil.Process().children(recursive=True)
        if one.status() != psutil.STATUS_ZOMBIE
        and any(str(root.path) in place for place in (one.cwd(), *one.cmdline()))
    ]


@pytest.mark.parametrize("program", PROGRAMS)
async def test_matching_lines_are_found_inside_and_nowhere_else(root: Root, program: str | None) -> None:
    found = await find(root, r"^def \w+", program=program)

    assert [(hit.path, hit.line, hit.text) for hit in found.hits] == [
        ("-e weird name.py", 1, "def weird(): ..."),
        ("app/main.py", 2, "def main():"),
        ("app/notes.md", 1, "def in words, 好的"),
        ("app/util.py", 1, "def helper():"),
    ]
    assert found.complete


@pytest.mark.parametrize("program", PROGRAMS)
async def test_a_file_a_name_and_either_case_can_be_asked_for(root: Root, program: str | None) -> None:
    (hit,) = (await find(root, "return", "app/main.py", program=program)).hits
    assert hit == Hit(path="main.py", line=3, text="    return 1")
    assert [
        hit.path for hit in (await find(root, "DEF", "app", program=program, glob="*.md", ignore_case=True)).hits
    ] == ["notes.md"]
    assert (await find(root, "nowhere to be found", program=program)).hits == []
    assert (await find(root, "-rf", program=program)).hits == []


@pytest.mark.parametrize("program", PROGRAMS)
@pytest.mark.parametrize("pattern", ["a(b", "[", "*", "(?P<x", "a{99999999999}"])
async def test_a_wrong_pattern_is_said_in_words(root: Root, program: str | None, pattern: str) -> None:
    with pytest.raises(RefusedError) as caught:
        await find(root, pattern, program=program)

    assert caught.value.text == "search_pattern"
    assert caught.value.params["problem"].strip()
    assert "\n" not in caught.value.params["problem"]


@pytest.mark.parametrize("program", PROGRAMS)
async def test_a_flood_of_hits_is_cut_and_the_search_ended(root: Root, program: str | None) -> None:
    for number in range(30):
        (root.path / f"many-{number}.txt").write_text("x\n" * 100_000)

    found = await find(root, "x", program=program)

    assert len(found.hits) == MOST_HITS
    assert not found.complete
    assert searches(root) == []


async def test_a_pattern_that_never_ends_is_ended(root: Root) -> None:
    """Python's engine would try for years, and would hold up all of us if it ran in our own process."""
    (root.path / "trap.txt").write_text("a" * 60 + "!\n")

    found = await find(root, "(a+)+$", "trap.txt", program="", within=timedelta(seconds=0.7))

    assert found.slow
    assert not found.complete
    assert searches(root) == []


async def test_links_and_pipes_are_not_searched(root: Root) -> None:
    with pytest.raises(RefusedError) as caught:
        await find(root, "x", "way")
    assert caught.value.text == "file_outside_root"
    with pytest.raises(RefusedError):
        await find(root, "x", "data")


@given(
    st.binary(max_size=200)
    | st.recursive(
        st.none() | st.integers() | st.text(),
        lambda inner: (
            st.lists(inner)
            | st.dictionaries(st.sampled_from(["type", "data", "path", "lines", "text", "bytes", "line_number"]), inner)
        ),
    ).map(lambda value: json.dumps(value).encode())
)
def test_no_answer_raises(answer: bytes) -> None:
    hit_of(answer)


def test_an_answer_that_is_no_text_is_read() -> None:
    answer = {"type": "match", "data": {"path": {"text": "./a"}, "lines": {"bytes": "Y2Fm6Qo="}, "line_number": 3}}

    assert hit_of(json.dumps(answer).encode()) == Hit(path="a", line=3, text="caf�")


@given(st.lists(st.binary(max_size=20)), st.integers(1, 7))
def test_lines_come_whole_however_they_are_cut(parts: list[bytes], size: int) -> None:
    stream = b"".join(parts)
    lines = Lines()
    fed = [line for at in range(0, len(stream), size) for line in lines.feed(stream[at : at + size])]

    assert fed == stream.split(b"\n")[:-1]


def test_an_endless_line_is_left_out_and_the_next_one_is_not() -> None:
    lines = Lines()
    fed = [line for part in [b"a\n", *[b"x" * 10_000] * (LARGEST_LINE // 5_000), b"\nb\n"] for line in lines.feed(part)]

    assert fed == [b"a", b"b"]


def test_a_directory_is_listed_in_order_and_no_link_is_followed(root: Root) -> None:
    listing = list_folder(locate(".", root, root.path), root, depth=2)

    assert [(one.path, one.kind) for one in listing.entries if not one.path.startswith(".hidden")] == [
        ("-e weird name.py", "file"),
        ("app", "dir"),
        ("app/main.py", "file"),
        ("app/notes.md", "file"),
        ("app/util.py", "file"),
        ("blob", "file"),
        ("file", "link"),
        ("way", "link"),
    ]
    assert listing.complete


def test_a_long_listing_is_cut(root: Root) -> None:
    for number in range(600):
        (root.path / f"{number:03}").touch()

    listing = list_folder(locate(".", root, root.path), root)

    assert len(listing.entries) == 500
    assert not listing.complete
