"""How `/web` and `/get` are read, and the card that shows what was found."""

import json
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from phonework.channels.cards.parts import MAX_BYTES, MAX_ELEMENTS, element_count, size_bytes
from phonework.channels.cards.web import web_card
from phonework.channels.emulator.cards import check_card
from phonework.channels.emulator.settings import Settings
from phonework.commands import Look, Wrong, parse_command
from phonework.web.metaso_answers import Found, Scope


def look(question: str, scope: str = "webpage") -> Look:
    return Look(report="web", params={"question": question, "scope": scope})


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ("/web how do bees dance?", look("how do bees dance?")),
        ("/搜索 蜜蜂怎样跳舞", look("蜜蜂怎样跳舞")),
        ("/搜 --论文 蜜蜂", look("蜜蜂", "paper")),
        ("/web --scope paper bees", look("bees", "paper")),
        ("/web --scope=podcast bees", look("bees", "podcast")),
        ("/web —scope Videos bees", look("bees", "video")),
        ("/web --范围 文库 蜜蜂", look("蜜蜂", "document")),
        ("/web --video bees --really", look("bees --really", "video")),
        ("/web C++ --help", look("C++ --help")),
        ("/web 'quoted words' stay", look("'quoted words' stay")),
        ("/web two\nlines", look("two\nlines")),
    ],
)
def test_a_question_and_where_to_look(text: str, command: Look) -> None:
    assert parse_command(text) == command


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("/web", "say.missing_argument"),
        ("/web --paper", "say.missing_argument"),
        ("/web --scope", "say.web_scope"),
        ("/web --scope moon bees", "say.web_scope"),
        ("/web --moon bees", "say.web_scope"),
        ("/get", "say.missing_argument"),
        ("/get  ", "say.missing_argument"),
    ],
)
def test_what_is_wrong_is_said(text: str, key: str) -> None:
    command = parse_command(text)

    assert isinstance(command, Wrong)
    assert command.text == key


@given(st.text(max_size=50))
def test_nothing_typed_raises(text: str) -> None:
    for prefix in ("/web ", "/web --", "/web --scope ", "/get "):
        assert isinstance(parse_command(prefix + text), Look | Wrong)


HOSTILE = ["</font><at id=all></at>", "[x](javascript:alert(1))", "](https://evil.example)", "**", "`" * 50, "界" * 3_000, "![x](y)", "\x00\u202e", "| a |\n|---|\n"]  # fmt: skip
TEXT = st.sampled_from(HOSTILE) | st.text(max_size=30)
URLS = st.sampled_from(
    [
        "https://a.b/(x)[y]*z*|_q_?a=<b>&c=$d$",
        "javascript:alert(1)",
        "http://127.0.0.1/",
        "https://a.b/" + "x" * 3000,
        "",
    ]
) | st.text(max_size=20)
FOUND = st.builds(Found, title=TEXT, url=URLS, about=TEXT, date=TEXT, authors=st.lists(TEXT, max_size=3).map(tuple))


@settings(max_examples=80, deadline=None)
@given(TEXT, st.sampled_from(Scope), st.lists(FOUND, max_size=20), st.sampled_from(["zh", "en"]))
def test_any_results_make_a_card_that_is_shown_and_harms_nobody(
    question: str, scope: Scope, found: list[Found], language: str
) -> None:
    card = web_card(question, scope, found, language)

    assert size_bytes(card) <= MAX_BYTES
    assert element_count(card) <= MAX_ELEMENTS
    check_card(card, Settings(), image_keys=set(), people=set())
    said = "\n".join(element["content"] for element in card["body"]["elements"])  # type: ignore[index]
    assert "<at" not in said
    targets = re.findall(r"\]\(([^)]*)\)", said)
    assert all(re.match(r"https?://(?!127)[^/\s]+/\S*$", target) for target in targets), targets


def test_more_than_fits_is_counted() -> None:
    card = web_card("bees", Scope.WEBPAGE, [Found(title=f"page {number}") for number in range(15)], "en")

    said = json.dumps(card)
    assert "page 9" in said
    assert "and 5 more" in said
