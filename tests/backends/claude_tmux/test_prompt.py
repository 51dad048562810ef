"""Whether nothing stands where words are typed. The screens are of Claude Code 2.1.329 in tmux 3.3a; the example as its code draws it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phonework.backends.claude_tmux.prompt import is_empty

FRAME = "\x1b[38;5;244m" + "─" * 40
SHELL = "\x1b[38;5;211m" + "─" * 40


@pytest.mark.parametrize(
    "line",
    [
        "\x1b[39m❯\xa0\x1b[7m \x1b[0m\x1b[39m\x1b[49m",
        "\x1b[39m❯\xa0\x1b[7m",
        "❯",
        '\x1b[39m❯\xa0\x1b[7mT\x1b[0m\x1b[2mry "fix lint errors"\x1b[0m',
        '\x1b[39m❯\xa0\x1b[2mTry "fix lint errors"\x1b[0m',
    ],
)
def test_nothing_is_typed(line: str) -> None:
    assert is_empty([FRAME, line, FRAME], 2)


@pytest.mark.parametrize(
    ("lines", "column"),
    [
        ([SHELL, "!\xa0\x1b[7m\x1b[39m \x1b[0m\x1b[39m\x1b[49m", SHELL], 2),
        ([FRAME, "\x1b[39m❯\xa0abc\x1b[7m \x1b[0m\x1b[39m\x1b[49m", FRAME], 5),
        ([FRAME, "\x1b[39m❯\xa0\x1b[7ma\x1b[0m\x1b[39m\x1b[49mbc", FRAME], 2),
        ([FRAME, "\x1b[39m❯\xa0\x1b[7ma\x1b[0m\x1b[39m\x1b[49m", FRAME], 2),
        ([FRAME, "\x1b[39m❯\xa0\x1b[38;5;2mabc\x1b[0m", FRAME], 2),
        ([FRAME, "\x1b[39m❯\xa0\x1b[38;2;2;2;2mabc\x1b[0m", FRAME], 2),
        ([FRAME, "\x1b[39m❯\xa0 \x1b[7m \x1b[0m\x1b[39m\x1b[49m", FRAME], 3),
        ([FRAME, "\x1b[39m❯\xa0\x1b[7m \x1b[0m", "  y"], 2),
        (["\x1b[39m❯\xa0", "  \x1b[7m \x1b[0m\x1b[39m\x1b[49m", FRAME], 2),
        ([" Do you want to proceed?", "❯ 1. Yes", "  2. No"], 2),
        ([FRAME, "  ", FRAME], 2),
        ([FRAME, "❯"], 2),
        ([], 2),
        (["$ ", "❯ ", ""], 2),
    ],
)
def test_something_is_typed_or_it_cannot_be_told(lines: list[str], column: int) -> None:
    assert not is_empty(lines, column)


@given(st.text(min_size=1).filter(lambda text: text.strip() and "\x1b" not in text), st.integers())
def test_whatever_is_typed_is_seen(text: str, column: int) -> None:
    assert not is_empty([FRAME, f"\x1b[39m❯\xa0{text}\x1b[7m \x1b[0m", FRAME], column)


@given(st.lists(st.text()), st.integers())
def test_any_screen_can_be_read(lines: list[str], column: int) -> None:
    assert is_empty(lines, column) in (True, False)


@given(st.text(alphabet="0123456789;:", max_size=30))
def test_any_style_can_be_read(style: str) -> None:
    assert is_empty([FRAME, f"❯\x1b[{style}m", FRAME], 2)
