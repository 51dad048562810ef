"""How a command's end looks: nothing in its output gets out of its block, and the numbers are right."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from phonework.channels.markdown import normalise
from phonework.channels.split import wire_bytes
from phonework.shell import showing
from phonework.shell.run import Finished
from phonework.shell.terminal import plain
from phonework.shell.verdicts import Judgement, Verdict, Why, reason
from phonework.texts import LANGUAGES, catalogue, placeholders

ANY = st.text(st.characters(codec="utf-8") | st.sampled_from("\x1b[]`~\r\b\n\t\x07m;0K\x9b"), max_size=400)


def ended(output: str = "", **how: object) -> Finished:
    return Finished(**{"output": output, "seconds": 1.24, "exit_code": 0, **how})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("output", "seen"),
    [
        ("\x1b[31mred\x1b[0m and \x1b[1;32;48mgreen\x1b[m", "red and green"),
        ("\x1b]0;title\x07text", "text"),
        ("\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x1b(Btext\x1b[?25l\x1b[2J\x1b[H", "text"),
        ("\x9b31mred", "red"),
        ("10%\r50%\r100%\ndone\r\n", "100%\ndone\n"),
        ("working...\r", "working..."),
        ("N\bNA\bAM\bM", "NAM"),
        ("\b\ba", "a"),
        ("a\tb\x00\x07c\x7f", "a\tbc"),
        ("\x1b[", ""),
        ("\x1b", ""),
        ("\x1b]never ended\nnext", "\nnext"),
        ("中文 ünïcode", "中文 ünïcode"),
    ],
)
def test_only_what_a_terminal_would_have_shown_is_left(output: str, seen: str) -> None:
    assert plain(output) == seen


@given(ANY)
def test_no_control_character_is_left(output: str) -> None:
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]", plain(output))


@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]) | st.just("\n"), max_size=200))
def test_plain_text_stays_as_it_is(output: str) -> None:
    assert plain(output) == output


def blocks(markdown: str) -> list[str]:
    """The content of each block of code; everything else in it must be ours."""
    tokens = MarkdownIt("commonmark").parse(markdown)
    return [token.content for token in tokens if token.type == "fence"]


@given(ANY)
def test_no_output_leaves_its_block(output: str) -> None:
    shown = showing.result(ended(f"x{output}y"), "en")
    tokens = MarkdownIt("commonmark").parse(normalise(shown.markdown))
    kinds = {token.type for token in tokens}

    assert kinds <= {"paragraph_open", "inline", "paragraph_close", "fence"}
    assert len(blocks(shown.markdown)) >= 1
    assert tokens[1].content.startswith("✅ Exit code 0 · 1.2 s")


@pytest.mark.parametrize("fence", ["```", "````", "`````````", "~~~"])
def test_fences_in_an_output_are_shown_and_close_nothing(fence: str) -> None:
    output = f"{fence}\ncode\n{fence}\n# no heading\n<at id=all></at>"
    (block,) = blocks(showing.result(ended(output), "en").markdown)

    assert "# no heading" in block
    assert "code" in block


@given(st.text(st.sampled_from("ab`\n好\\"), min_size=1, max_size=40), st.integers(1, 3000))
def test_whatever_is_shown_fits_a_card_and_the_rest_is_in_the_file(piece: str, times: int) -> None:
    output = piece * times
    shown = showing.result(ended(f"[{output}]"), "en")

    assert wire_bytes(shown.markdown) < 12_000
    assert len(shown.markdown.split("\n")) < 80
    assert shown.file in ("", f"[{output}]")
    assert shown.file or sum(map(len, blocks(shown.markdown))) >= len(output)


def test_a_long_output_is_shown_from_both_ends() -> None:
    output = "\n".join(f"line {number}" for number in range(1000))
    shown = showing.result(ended(output), "en")
    first, last = blocks(shown.markdown)

    assert first.startswith("line 0\n")
    assert last.endswith("line 999\n")
    assert shown.file == output


@pytest.mark.parametrize(
    ("how", "head"),
    [
        ({"exit_code": 3}, "❌ Exit code 3"),
        ({"exit_code": None, "signal": 9}, "❌ Ended by the signal SIGKILL"),
        ({"exit_code": None, "signal": 200}, "❌ Ended by the signal 200"),
        ({"exit_code": None, "timed_out": True}, "⏱ Ended: its time was up"),
        ({"exit_code": 0, "stopped": True}, "⏹ Stopped by you"),
    ],
)
def test_the_first_line_says_how_it_ended(how: dict[str, object], head: str) -> None:
    assert showing.result(ended(**how), "en").markdown == f"{head} · 1.2 s\n\n(no output)"


def test_a_glimpse_is_the_end_of_what_came_so_far() -> None:
    glimpse = showing.glimpse("\n".join(map(str, range(10_000))))

    assert glimpse.endswith("\n9999\n```")
    assert len(glimpse.split("\n")) == showing.LIVE_LINES + 2
    assert showing.glimpse(" \n\x1b[0m\n") == ""
    assert len(showing.glimpse("x" * 100_000)) < 2 * showing.LIVE_CHARACTERS


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("why", Why)
def test_every_reason_has_a_sentence(language: str, why: Why) -> None:
    assert f"guard.{why.value}" in catalogue(language)
    assert placeholders(f"guard.{why.value}", language) <= {"part"}


def test_reasons_name_what_is_meant() -> None:
    found = Judgement(Verdict.ASK, (reason(Why.CHANGES, "touch x"), reason(Why.LONG, "x")))

    assert showing.listed(found, "en") == "- changes something: touch x\n- long, so look at all of it"
