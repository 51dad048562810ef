"""Paths of a container and of its host."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phonework.errors import RemoteError
from phonework.gateway.mapping import NO_MAPPING, PathMapping, normal, parse

MAPPING = parse("/work:/home/ada/work, /work/lib:/srv/lib")
PARTS = st.sampled_from(["a", "b", "ab", "..", ".", ""])
PATHS = st.lists(PARTS, max_size=5).map(lambda parts: "/" + "/".join(parts))
DIRECTORIES = st.lists(st.sampled_from(["a", "b", "ab"]), max_size=3).map(lambda parts: "/" + "/".join(parts))
MAPPINGS = st.lists(st.tuples(DIRECTORIES, DIRECTORIES), min_size=1, max_size=3, unique_by=lambda pair: pair[0])


@pytest.mark.parametrize(
    ("here", "there"),
    [
        ("/work", "/home/ada/work"),
        ("/work/hello/", "/home/ada/work/hello"),
        ("/work/lib/x", "/srv/lib/x"),
        ("/work/library", "/home/ada/work/library"),
        ("/work/./a/../b", "/home/ada/work/b"),
    ],
)
def test_a_path_is_known_on_the_other_side(here: str, there: str) -> None:
    assert MAPPING.outward(here) == there
    assert MAPPING.inward(there) == normal(here)


@pytest.mark.parametrize("path", ["/", "/works", "/etc/passwd", "/work/../etc", "relative"])
def test_a_path_outside_is_refused_with_what_is_mapped(path: str) -> None:
    with pytest.raises(RemoteError, match=r"is not on the host: HOST_PATH maps /work, /work/lib"):
        MAPPING.outward(path)


def test_what_is_mounted_over_is_not_to_be_seen() -> None:
    assert MAPPING.inward("/home/ada/work/lib/x") == "/home/ada/work/lib/x"
    assert MAPPING.inward("/var/log") == "/var/log"


def test_without_a_mapping_paths_stay() -> None:
    assert parse("") == NO_MAPPING
    assert NO_MAPPING.outward("/a/../b") == "/a/../b"
    assert NO_MAPPING.inward("x") == "x"


@pytest.mark.parametrize("text", ["/work", "work:/x", "/work:x", "/a:/b:/c", ":", "/a:/b,/a/:/c"])
def test_a_mapping_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(RemoteError, match="HOST_PATH"):
        parse(text)


@given(MAPPINGS, PATHS)
def test_there_and_back_is_the_same_place(pairs: list[tuple[str, str]], path: str) -> None:
    mapping = PathMapping(tuple(pairs))
    try:
        there = mapping.outward(path)
    except RemoteError:
        assert not any(normal(path) == here or normal(path).startswith(here.rstrip("/") + "/") for here, _ in pairs)
        return
    assert ".." not in there.split("/")
    assert any(there == one or there.startswith(one.rstrip("/") + "/") for _here, one in pairs)
    back = mapping.inward(there)
    assert mapping.outward(back) == there
