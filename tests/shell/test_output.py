"""What is kept of an output."""

from hypothesis import given
from hypothesis import strategies as st

from phonework.shell.output import Output


def kept(*chunks: bytes, limit_bytes: int = 8) -> Output:
    found = Output(limit_bytes)
    for chunk in chunks:
        found.add(chunk)
    return found


def test_a_short_output_is_whole() -> None:
    assert kept(b"ab", b"cd", b"efgh").text == "abcdefgh"
    assert not kept(b"abcdefgh").truncated


def test_of_a_long_one_the_beginning_and_the_end_are_kept() -> None:
    found = kept(b"abcdef", b"ghijkl", b"mnopqr")

    assert found.truncated
    assert found.text == "abcd\n[… 10 bytes …]\nopqr"


def test_no_letter_is_cut_in_two() -> None:
    assert kept("ab好好".encode(), "好好cd".encode()).text == "ab\n[… 12 bytes …]\ncd"


def test_bytes_that_are_no_text_are_replaced() -> None:
    assert kept(b"a\xffb\xe5").text == "a\ufffdb\ufffd"


@given(st.lists(st.binary(max_size=40), max_size=30), st.integers(1, 64))
def test_however_it_comes_the_same_is_kept_and_little(chunks: list[bytes], limit_bytes: int) -> None:
    whole, found = b"".join(chunks), kept(*chunks, limit_bytes=limit_bytes)

    assert found.text == kept(whole, limit_bytes=limit_bytes).text
    assert found.total_bytes == len(whole)
    if not found.truncated:
        assert found.text == whole.decode("utf-8", "replace")
    assert len(found._head) + found._tail_size <= max(limit_bytes, 2) + 40
