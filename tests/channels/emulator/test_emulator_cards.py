"""Cards are refused for what the platform refuses, with its codes; the documented examples pass."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phonework.channels.emulator.cards import CardError, check_card, plain_text, without_code
from phonework.channels.emulator.settings import Settings

Json = dict[str, Any]


def text(content: str) -> Json:
    return {"tag": "plain_text", "content": content}


def button(label: str = "Go", **more: Any) -> Json:
    return {"tag": "button", "text": text(label), "behaviors": [{"type": "callback", "value": {"op": "go"}}], **more}


def md(content: str, **more: Any) -> Json:
    return {"tag": "markdown", "content": content, **more}


def form(*elements: Json, **more: Any) -> Json:
    return {"tag": "form", "name": "ask", "elements": list(elements), **more}


SUBMIT = button("Send", name="send", form_action_type="submit")


def card(*elements: Any, **more: Any) -> Json:
    return {"schema": "2.0", "body": {"elements": list(elements)}, **more}


def columns(*elements: Json) -> Json:
    return {"tag": "column_set", "columns": [{"tag": "column", "elements": list(elements)}]}


def panel(*elements: Json) -> Json:
    return {"tag": "collapsible_panel", "header": {"title": md("Output")}, "elements": list(elements)}


def nested(levels: int) -> Json:
    inner: Json = md("deep")
    for _ in range(levels):
        inner = columns(inner)
    return inner


def select(tag: str = "select_static", **more: Any) -> Json:
    return {"tag": tag, "options": [{"text": text("One"), "value": "1"}], **more}


TABLE = "| a | b |\n|---|---|\n| 1 | 2 |\n"

GOOD: dict[str, Json] = {
    "empty": card(),
    "header": card(
        config={"update_multi": True, "enable_forward": False, "width_mode": "fill", "summary": {"content": "x"}},
        header={
            "title": text("api"),
            "subtitle": text(""),
            "template": "blue",
            "text_tag_list": [{"tag": "text_tag", "text": text("waiting"), "color": "orange"}],
        },
    ),
    "confirm": card(
        md("Run this?\n```bash\ngit push --force\n```"),
        {
            "tag": "column_set",
            "flex_mode": "flow",
            "columns": [
                {
                    "tag": "column",
                    "width": "auto",
                    "elements": [
                        button(
                            "Deny",
                            type="danger",
                            element_id="deny",
                            confirm={"title": text("Deny?"), "text": text("It stops.")},
                        )
                    ],
                }
            ],
        },
    ),
    "form": card(
        form(
            select(name="pick", placeholder=text("Choose")),
            select("multi_select_static", name="many"),
            {"tag": "checker", "name": "check", "text": text("tick")},
            {"tag": "input", "name": "note", "input_type": "multiline_text", "rows": 3, "max_length": 1000},
            columns(SUBMIT),
        )
    ),
    "panel": card(
        {
            "tag": "collapsible_panel",
            "element_id": "log",
            "expanded": False,
            "header": {
                "title": md("**Output**"),
                "icon": {"tag": "standard_icon", "token": "down-small-ccm_outlined", "size": "16px 16px"},
                "icon_position": "right",
                "icon_expanded_angle": -180,
            },
            "border": {"color": "grey"},
            "elements": [md("```text\n…\n```", element_id="log_md")],
        }
    ),
    "button in a panel and a column": card(panel(columns(button()))),
    "small text": card(md("note", text_size="notation"), {"tag": "hr"}),
    "five containers deep": card(nested(5)),
    "mention of a user": card(md("<at id=ou_demo></at> <at id=all></at>")),
    "an address in code": card(md("```\n<at id=ou_stranger></at> ![x](http://a)\n```\nand `<at id=ou_other>`")),
    "own picture": card({"tag": "img", "img_key": "img_own", "alt": text("")}, md("![x](img_own)")),
    "four tables": card(md(TABLE + "\n" + TABLE + "\n" + TABLE + "\n" + TABLE)),
    "tables in code": card(md("```\n" + TABLE * 9 + "```")),
    "old card": {"elements": [{"tag": "action", "actions": []}, {"tag": "note"}]},
}

BAD: dict[str, tuple[int, Json]] = {
    "note tag": (200861, card(md("x"), {"tag": "note", "elements": []})),
    "action tag": (200861, card({"tag": "action", "actions": [button()]})),
    "elements at the top": (200621, card(elements=[])),
    "unknown property": (200621, card(md("x", colour="red"))),
    "unknown config": (200621, card(config={"wide_screen_mode": True})),
    "unknown header property": (200621, card(header={"title": text("x"), "color": "red"})),
    "unknown panel header property": (200621, card({**panel(), "header": {"title": md("x"), "expanded": True}})),
    "code tag": (11310, card({"tag": "code_block", "content": "x"})),
    "private card": (300302, card(config={"update_multi": False})),
    "too many elements": (11310, card(*[md("x")] * 201)),
    "nested texts count": (11310, card(*[button()] * 101)),
    "element_id too long": (300301, card(md("x", element_id="a" * 21))),
    "element_id begins with a digit": (300301, card(md("x", element_id="1a"))),
    "element_id with a dash": (300301, card(md("x", element_id="a-b"))),
    "element_id twice": (300301, card(md("x", element_id="a"), panel(md("y", element_id="a")))),
    "six containers deep": (11310, card(nested(6))),
    "form in a panel": (11310, card(panel(form(SUBMIT)))),
    "form in a column": (11310, card(columns(form(SUBMIT)))),
    "form in a form": (11310, card(form(form(SUBMIT, name="b")))),
    "table in a form": (11310, card(form({"tag": "table", "columns": []}, SUBMIT))),
    "form without a name": (200530, card({"tag": "form", "elements": [SUBMIT]})),
    "form without a submit button": (200530, card(form(md("x")))),
    "field without a name": (200530, card(form(select(), SUBMIT))),
    "button in a form without a name": (200530, card(form(button(), SUBMIT))),
    "name twice": (200530, card(form(select(name="send"), SUBMIT))),
    "submit outside a form": (11310, card(SUBMIT)),
    "multi select outside a form": (11310, card(select("multi_select_static"))),
    "five tables in one text": (11310, card(md((TABLE + "\n") * 5))),
    "six tables": (11310, card(md((TABLE + "\n") * 3), md((TABLE + "\n") * 3))),
    "foreign picture": (200570, card({"tag": "img", "img_key": "img_foreign"})),
    "picture by address": (200570, card(md("![x](https://example.org/a.png)"))),
    "unknown person": (100290, card(md("hi <at id=ou_stranger></at>"))),
    "number as an option": (200621, card(select(options=[{"text": text("One"), "value": 1}]))),
    "string as a value": (200621, card(button(behaviors=[{"type": "callback", "value": "go"}]))),
    "long button": (11310, card(button("x" * 101))),
    "input too long": (11310, card({"tag": "input", "max_length": 1001})),
    "unknown button type": (11310, card(button(type="warning"))),
    "unknown template": (11310, card(header={"title": text("x"), "template": "pink"})),
    "content is a number": (200621, card({"tag": "markdown", "content": 1})),
    "element is a string": (200621, card("text")),
    "element without a tag": (200621, card({"content": "x"})),
    "body is a list": (200621, {"schema": "2.0", "body": []}),
    "schema 3": (200621, {"schema": "3.0"}),
    "column outside a column_set": (11310, card({"tag": "column_set", "columns": [md("x")]})),
}


def check(candidate: Json) -> None:
    check_card(candidate, Settings(), {"img_own"}, {"ou_demo"})


@pytest.mark.parametrize("name", GOOD)
def test_good_cards_pass(name: str) -> None:
    check(GOOD[name])


@pytest.mark.parametrize("name", BAD)
def test_bad_cards_are_refused_with_their_code(name: str) -> None:
    code, candidate = BAD[name]
    with pytest.raises(CardError) as refused:
        check(candidate)
    assert refused.value.code == code, refused.value.reason


def test_the_path_names_the_place() -> None:
    with pytest.raises(CardError) as refused:
        check(card(md("x"), {"tag": "action"}))
    assert refused.value.path == "ROOT -> body -> elements -> [1](tag: action)"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4)
    | st.dictionaries(
        st.sampled_from(["tag", "elements", "body", "schema", "text", "columns", "header", "options", "behaviors", "config",
                         "title", "value", "name", "confirm", "fields", "element_id", "icon"]) | st.text(max_size=4),
        inner | st.sampled_from(["2.0", "markdown", "form", "button", "column_set", "column", "select_static", "div",
                                 "collapsible_panel", "callback", "input", "img"]),
        max_size=5,
    ),
    max_leaves=25,
)  # fmt: skip


@given(JSON)
def test_no_card_crashes_the_checker(junk: Any) -> None:
    for candidate in ({"schema": "2.0", "body": {"elements": [junk]}}, junk):
        if isinstance(candidate, dict):
            try:
                check(candidate)
            except CardError:
                continue
            plain_text(candidate)


@given(st.text("`~ab\n <", max_size=60))
def test_taking_out_code_never_adds_anything(markdown: str) -> None:
    assert len(without_code(markdown)) <= len(markdown)


def test_texts_are_read_in_order() -> None:
    shown = card(md("one"), panel(md("two")), button("three"), header={"title": text("zero")})
    assert plain_text(shown) == ("zero", ["one", "Output", "two", "three"])
