"""What is a picture and how large it is, told without decoding it."""

import io
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phonework import pictures
from phonework.testing.images import gif, jpeg, png, webp

Make = Callable[[int, int], bytes]
KINDS: dict[str, Make] = {"image/png": png, "image/jpeg": jpeg, "image/gif": gif, "image/webp": webp}


@pytest.mark.parametrize("kind", KINDS)
def test_kind_and_size_are_read_from_the_header(kind: str) -> None:
    data = KINDS[kind](640, 480)

    assert pictures.kind_of(data) == kind
    assert pictures.size_of(io.BytesIO(data)) == (640, 480)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("width", "height", "refused"), [(8000, 8000, False), (8001, 1, True), (1, 8001, True), (50_000, 50_000, True)]
)
def test_a_side_may_have_8000_pixels(tmp_path: Path, kind: str, width: int, height: int, refused: bool) -> None:
    path = tmp_path / "picture"
    path.write_bytes(KINDS[kind](width, height))

    assert (pictures.oversized(path) == (width, height)) is refused


def test_a_bomb_is_not_decoded(tmp_path: Path) -> None:
    path = tmp_path / "bomb.png"
    path.write_bytes(png(50_000, 50_000))
    assert path.stat().st_size < 100
    tracemalloc.start()
    assert pictures.oversized(path) == (50_000, 50_000)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert peak < 1_000_000


@pytest.mark.parametrize(
    "data",
    [b"", b"\x89PNG", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF8", b"RIFF0000WEBP", b"BM123", png(0, 5),
     b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>', b"P6 9 9 255 ", b"\xff\xd8" + b"\xff\xe0\0\2" * 9],
)  # fmt: skip
def test_what_says_no_size_has_none(data: bytes) -> None:
    assert pictures.size_of(io.BytesIO(data)) is None


@given(st.sampled_from(sorted(KINDS)), st.data())
def test_no_damaged_header_raises(kind: str, data: st.DataObject) -> None:
    whole = KINDS[kind](300, 200)
    begin = data.draw(st.integers(0, len(whole)))
    size = pictures.size_of(io.BytesIO(whole[:begin] + data.draw(st.binary(max_size=40))))

    assert size is None or min(size) > 0
