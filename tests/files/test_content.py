import codecs
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phonework.files.content import Text, appended, decode, encode, lines_of, numbered


@pytest.mark.parametrize(
    ("raw", "text", "encoding"),
    [
        (b"", "", "utf-8"),
        ("héllo 你好\n".encode(), "héllo 你好\n", "utf-8"),
        ("你好，世界\n".encode("gbk"), "你好，世界\n", "gb18030"),
        ("café crème\n".encode("cp1252"), "café crème\n", "cp1252"),
        (codecs.BOM_UTF8 + b"a", "a", "utf-8"),
        (codecs.BOM_UTF16_LE + "a你".encode("utf-16-le"), "a你", "utf-16-le"),
        (codecs.BOM_UTF16_BE + "a你".encode("utf-16-be"), "a你", "utf-16-be"),
        (codecs.BOM_UTF32_LE + "a".encode("utf-32-le"), "a", "utf-32-le"),
        (b"\x1b[31mred\x1b[0m\n", "\x1b[31mred\x1b[0m\n", "utf-8"),
    ],
)
def test_text_is_read_in_its_encoding(raw: bytes, text: str, encoding: str) -> None:
    found = decode(raw)

    assert found is not None
    assert (found.text, found.encoding) == (text, encoding)
    assert encode(found.text, found) == raw


@pytest.mark.parametrize("raw", [b"\x89PNG\r\n\x1a\n\0\0\0", b"\x7fELF\2\1\1\0", b"a\0b", bytes(range(32)) * 4])
def test_what_is_no_text_is_known(raw: bytes) -> None:
    assert decode(raw) is None


@given(st.binary(max_size=300))
def test_no_bytes_raise_and_text_comes_back_as_it_was(raw: bytes) -> None:
    found = decode(raw)
    if found is not None:
        assert encode(found.text, found) == raw


def test_line_ends_and_encoding_stay_as_they_are() -> None:
    windows = decode("一\r\n二\r\n".encode("gbk"))
    assert windows is not None

    assert encode("三\n四\n", windows) == "三\r\n四\r\n".encode("gbk")
    assert encode(appended(windows, "三\n"), windows) == "一\r\n二\r\n三\r\n".encode("gbk")


def test_what_the_encoding_cannot_say_becomes_utf8() -> None:
    assert encode("你好", Text(text="é", encoding="cp1252")) == "你好".encode()


def test_what_is_appended_begins_on_its_own_line() -> None:
    assert appended(Text(text="a"), "b\n") == "a\nb\n"
    assert appended(Text(text="a\n"), "b\n") == "a\nb\n"
    assert appended(Text(text=""), "b\n") == "b\n"


def test_lines_are_numbered_from_anywhere() -> None:
    text = "".join(f"line {number}\n" for number in range(1, 101))

    part = numbered(text, start=99, count=10, budget=1000)
    assert part.text == "    99\tline 99\n   100\tline 100"
    assert (part.first, part.last, part.total) == (99, 100, 100)
    assert numbered(text, start=-2, count=1, budget=1000).text == "    99\tline 99"
    assert numbered(text, start=-500, count=1, budget=1000).first == 1
    assert numbered(text, start=101, count=1, budget=1000).first == 0
    assert numbered(text, count=1000, budget=100).last < 10


def test_one_endless_line_is_cut() -> None:
    part = numbered("x" * 1_000_000, count=10, budget=50_000)

    assert len(part.text) < 3_000
    assert "998000 more characters" in part.text


@given(st.text(st.sampled_from("ab\r\n"), max_size=40))
def test_lines_are_those_an_editor_counts(text: str) -> None:
    *lines, rest = re.split(r"\r\n|\r|\n", text)

    assert lines_of(text) == [*lines, *([rest] if rest else [])]
