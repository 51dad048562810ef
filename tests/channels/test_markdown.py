import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from phonework.channels.markdown import MAX_TABLES, clean, escape, fence, has_hidden, inline_code, normalise, visible

PARSER = MarkdownIt("commonmark").enable("table")
NASTY = st.lists(
    st.sampled_from(
        [
            "<at id=all></at>", "</at>", "<person id='ou_1'>", "```", "~~~", "`", "``", "\n", "\n\n", "    ", "- ", "> ",
            "![a](https://x.y/z.png)", "![a](img_v3)", "[f](src/f.py)", "[`f`](src/f.py)", "<https://a.b>", "| a | b |\n|---|---|\n| 1 | 2 |\n\n",
            "\x1b[31m", "\u202e", "\x00", "\ufdd0" + "0" + "\ufdd1", "a", "中文", "😀", "<b>", "&lt;", "\\", "# ", "1. ", ":OK:",
        ]
    ) | st.text(max_size=5)
).map("".join)  # fmt: skip


def flat(markdown: str) -> list[Token]:
    return [inner for token in PARSER.parse(markdown) for inner in (token, *(token.children or ()))]


def shown(markdown: str) -> str:
    """The text a reader sees."""
    return "".join(
        "\n" if token.type in ("softbreak", "hardbreak") else token.content
        for token in flat(markdown)
        if token.type in ("text", "text_special", "softbreak", "hardbreak")
    )


@given(NASTY)
def test_escaped_text_is_only_text(text: str) -> None:
    kinds = {token.type for token in flat(escape(text))}
    assert kinds <= {"paragraph_open", "paragraph_close", "inline", "text", "text_special", "softbreak", "hardbreak",
                     "ordered_list_open", "ordered_list_close", "list_item_open", "list_item_close"}  # fmt: skip
    assert "<" not in escape(text)


@pytest.mark.parametrize(
    "text",
    [
        "a*b*c_d_`e`",
        "<at id=all></at>",
        "[x](y)",
        "# no title",
        "- no item",
        "&#60;at",
        "a|b",
        "$x$",
        "--- ",
        "!",
        "+ 1",
    ],
)
def test_escaped_text_reads_as_it_was_written(text: str) -> None:
    assert shown(escape(text)).replace("\u00a0", " ") == text.strip()


@given(NASTY, st.sampled_from(["", "bash", "diff"]))
@example("`" * 300, "")
def test_a_fence_holds_whatever_is_in_it(text: str, language: str) -> None:
    tokens = PARSER.parse(fence(text, language))
    assert [token.type for token in tokens] == ["fence"]
    assert tokens[0].content.replace("\u200b", "").rstrip("\n") == visible(text).replace("\u200b", "").rstrip("\n")


@given(NASTY)
def test_inline_code_stays_in_its_line(text: str) -> None:
    code = inline_code(text)
    assert "\n" not in code
    assert not re.search(r"<\s*/?\s*(at|person)\b", code, re.IGNORECASE)


def test_hidden_characters_are_written_out_in_code() -> None:
    assert visible("rm\x1b \u202egpj.\r\nx\ty") == "rm␛ ⟨U+202E⟩gpj.\nx\ty"
    assert has_hidden("a\u202eb")
    assert not has_hidden("a\tb\r\n中")
    assert clean("a\x00b\u202e\ud800") == "ab?"


@given(NASTY)
def test_normalised_markdown_calls_nobody_and_keeps_to_the_limits(text: str) -> None:
    markdown = normalise(text)
    tokens = flat(markdown)
    assert sum(token.type == "table_open" for token in tokens) <= MAX_TABLES
    assert not any(token.type == "image" for token in tokens)
    assert not re.search(r"[\x00-\x08\x0b-\x1f\u202e]", markdown)
    outside = re.sub(r"(?ms)^(`{3,})[^\n]*\n.*?\n\1$", "", markdown)
    assert not re.search(r"<\s*/?\s*(at|person)\b", outside, re.IGNORECASE)


def test_ordinary_markdown_stays_as_it_is() -> None:
    text = "# Title\n\nSome *words*, `code <T>` and [a link](https://a.b/c).\n\n- one\n    - two\n\n```py\nx = a[0] < b\n```\n\n| a | b |\n|---|---|\n| 1 | 2 |"
    assert normalise(text) == text


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("<at id=all></at> hi", "&#60;at id=all>&#60;/at> hi"),
        ("![shot](https://a.b/c.png)", "[shot](https://a.b/c.png)"),
        ("![shot](img_v3_x)", "shot (img_v3_x)"),
        ("[f.py](src/f.py)", "f.py (src/f.py)"),
        ("[`f`](src/f.py:12)", "`f` (src/f.py:12)"),
        ("see <https://a.b/c>", "see [https://a.b/c](https://a.b/c)"),
        ("[x](javascript:alert)", "x (javascript:alert)"),
        ("a <b>bold</b> List<int>", "a &#60;b>bold&#60;/b> List&#60;int>"),
        ("one<br>two", "one<br>two"),
        ("```py\nopen", "```py\nopen\n```"),
        ("- a\n  - b\n    - c", "- a\n    - b\n        - c"),
        ("1. do:\n   ```sh\n   ls\n   ```\n2. next", "1. do:\n```sh\nls\n```\n2. next"),
        ("text\n\n    indented\n\nmore", "text\n\n```\nindented\n```\n\nmore"),
        ("use `<at id=all>` here", "use `<\u200bat id=all>` here"),
    ],
)
def test_what_feishu_cannot_show_is_rewritten(text: str, result: str) -> None:
    assert normalise(text) == result


def test_tables_past_the_limit_become_code() -> None:
    table = "| a |\n|---|\n| 1 |\n\n"
    tokens = PARSER.parse(normalise(table * 6))
    assert sum(token.type == "table_open" for token in tokens) == MAX_TABLES
    assert sum(token.type == "fence" for token in tokens) == 2
