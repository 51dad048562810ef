import json
import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from phonework.channels.split import pieces, split, wire_bytes

BLOCKS = st.sampled_from(
    [
        "# Title\n\n",
        "A paragraph of words. And more, with `code`.\n\n",
        "中文段落，没有空格，但是有标点。" * 8 + "\n\n",
        "```python\n" + "print('hi')\n" * 30 + "```\n\n",
        "```\nunbalanced\n",
        "~~~~ js\nlet a = 1\n~~~~\n",
        "- item\n  - inner\n\n    ```sh\n    ls -la\n    ```\n\n",
        "| a | b |\n|---|---|\n| 1 | 2 |\n\n",
        "😀👩‍👩‍👧‍👦" * 40,
        '"quoted" \\ back\\slash\r\n' * 5,
        "x" * 400,
        "    indented\n",
        "> quoted\n> ```\n> code\n> ```\n",
    ]
)


def joined(markdown: str, limit: int) -> str:
    return "".join(piece.body for piece in pieces(markdown, limit))


@given(st.lists(BLOCKS | st.text(), max_size=12).map("".join), st.integers(64, 900))
@example("\r\n" * 200, 64)
@example("`" * 500 + "\n" + "a\n" * 200, 64)
@example("```" + "x" * 300 + "\n" + "a\n" * 200, 64)
def test_nothing_is_lost_and_every_part_fits(markdown: str, limit: int) -> None:
    parts = split(markdown, limit)
    assert joined(markdown, limit) == markdown
    assert all(len(part.encode()) <= wire_bytes(part) <= limit for part in parts)
    if len(parts) > 1:
        assert all(part.startswith(f"[{number}/{len(parts)}]\n") for number, part in enumerate(parts, 1))


@given(st.text())
def test_bytes_are_counted_as_they_go_over_the_wire(text: str) -> None:
    inner = json.dumps(text, ensure_ascii=False)[1:-1]
    assert wire_bytes(text) == len(json.dumps(inner, ensure_ascii=False)[1:-1].encode())


def test_a_short_text_is_one_part_without_a_heading() -> None:
    assert split("hello", 100) == ("hello",)
    assert split("", 100) == ()


def test_parts_end_between_paragraphs() -> None:
    first, second = "one " * 15 + "\n\n", "two " * 15
    assert split(first + second, 100) == ("[1/2]\n" + first, "[2/2]\n" + second)


def test_a_fence_is_closed_and_opened_anew_with_its_language() -> None:
    code = "".join(f"line {number}\n" for number in range(40))
    parts = split(f"Look:\n\n```python\n{code}```\nDone.\n", 200)
    assert len(parts) > 2
    for part in parts:
        fences = [token for token in MarkdownIt("commonmark").parse(part) if token.type == "fence"]
        assert len(re.findall(r"^```", part, re.MULTILINE)) in (0, 2)
        assert all(token.info == "python" for token in fences)
    whole = "".join(token.content for part in parts for token in MarkdownIt().parse(part) if token.type == "fence")
    assert whole == code


def test_a_fence_that_fits_is_never_cut() -> None:
    code = "```sh\nls\npwd\n```\n"
    parts = split("word " * 30 + "\n\n" + code, 170)
    assert any(code in part for part in parts)


def test_a_long_line_is_cut_behind_a_stop() -> None:
    parts = split("今天天气很好。" * 30, 200)
    assert all(part.endswith("。") for part in parts)


def test_a_wide_text_takes_its_escapes_into_account() -> None:
    parts = split('"' * 1000, 500)
    assert all(len(json.dumps(json.dumps(part))) <= 510 for part in parts)


@pytest.mark.parametrize("size", [200_000, 2_000_000])
def test_a_huge_answer_is_split_in_reasonable_time(size: int) -> None:
    line = "Some words of an answer, 还有中文, and `code`.\n"
    markdown = line * (size // len(line))
    parts = split(markdown, 25_000)
    assert sum(len(part.encode()) for part in parts) >= len(markdown.encode())
