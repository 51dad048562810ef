"""What holds for every card, whatever is put in it."""

import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from phonework.backends.base import Progress, Step
from phonework.channels.cards.clicks import Malformed
from phonework.channels.cards.note import help_card, note_card
from phonework.channels.cards.parts import MAX_BYTES, MAX_ELEMENTS, Card, element_count, size_bytes
from phonework.channels.cards.prompt import prompt_card
from phonework.channels.cards.reading import parse
from phonework.channels.cards.request import request_card
from phonework.channels.cards.status import status_card
from phonework.channels.cards.turn import progress_card, result_card
from phonework.channels.emulator.cards import check_card
from phonework.channels.emulator.settings import Settings
from phonework.fsm.types import (
    Answer,
    Option,
    PromptStatus,
    Question,
    RequestKind,
    RequestStatus,
    State,
    TurnStatus,
    Usage,
    UserId,
    Verdict,
)
from phonework.testing.views import NOON, a_prompt, a_prompt_view, a_request, a_session, a_turn, an_ask
from phonework.views import StatusView, TurnView

pytestmark = pytest.mark.filterwarnings("ignore:Generating overly large repr")  # huge is what is meant here

HOSTILE = [
    "<at id=all></at>",
    "</font><at id=ou_1></at>",
    "```\n<at id=all></at>\n",
    "`<at id=all></at>`",
    "~~~~\n",
    "| a | b |\n|---|---|\n| 1 | 2 |\n\n",
    "![x](https://a.b/c.png)",
    "[x](javascript:alert(1))",
    "😀" * 300,
    "界" * 5_000,
    '"\\' * 8_000,
    "\n" * 9_000,
    "x" * 100_000,
    "`" * 5_000,
    "rm -rf / " * 3_000,
    "\x00\x1b\x7f",
    "\u202e",
    "\ud800",
    "    indented\n",
    "{}[]()#*_-+!$:/\\~|&",
]
TEXT = st.one_of(
    st.sampled_from(HOSTILE),
    st.text(max_size=30),
    st.lists(st.sampled_from(HOSTILE) | st.text(max_size=10), max_size=4).map("".join),
)
LANGUAGE = st.sampled_from(["zh", "en"])
TIMES = st.integers(0, 10**6).map(lambda seconds: NOON + timedelta(seconds=seconds))
SESSIONS = st.builds(
    a_session,
    project=TEXT,
    cwd=TEXT,
    backend=TEXT,
    state=st.sampled_from(State),
    number=st.integers(1, 10**6),
    agent_session_id=TEXT,
    model=TEXT,
    mode=TEXT,
    node=TEXT,
    asking=TEXT,
    active=st.booleans(),
    queued=st.integers(0, 1000),
    can_steer=st.booleans(),
    mode_until=st.none() | TIMES,
)
OPTIONS = st.builds(Option, label=TEXT, description=TEXT)
QUESTIONS = st.builds(
    Question,
    text=TEXT,
    header=TEXT,
    options=st.lists(OPTIONS, max_size=6).map(tuple) | st.just((Option(label="o", description="d" * 400),) * 90),
    multiple=st.booleans(),
    free_text=st.booleans(),
)
ASKS = st.builds(
    an_ask,
    kind=st.sampled_from(RequestKind),
    prompt=TEXT,
    tool=TEXT,
    command=TEXT | st.just(""),
    path=TEXT | st.just(""),
    diff=TEXT,
    plan=TEXT,
    input_json=TEXT,
    questions=st.lists(QUESTIONS, max_size=5).map(tuple),
    rule=TEXT | st.just(""),
)
ANSWERS = st.builds(
    Answer,
    verdict=st.sampled_from(Verdict),
    text=TEXT,
    picks=st.lists(st.lists(TEXT, max_size=2).map(tuple), max_size=3).map(tuple),
)
PERSON = st.sampled_from([None, UserId("ou_mia")])
BEHIND = st.lists(st.builds(a_request, ASKS, st.sampled_from(RequestStatus)).map(lambda view: view.request), max_size=2)
REQUESTS = st.builds(
    a_request,
    ASKS,
    st.sampled_from(RequestStatus),
    together=BEHIND.map(tuple),
    answer=st.none() | ANSWERS,
    session=SESSIONS,
    behind=st.integers(0, 99),
    person=PERSON,
)
USAGE = st.builds(
    Usage,
    input_tokens=st.integers(0, 10**10),
    output_tokens=st.integers(0, 10**10),
    cost_usd=st.none() | st.floats(0, 10**6),
)
PROMPTS = st.builds(a_prompt, TEXT, st.sampled_from(PromptStatus))


def _turn(view: TurnView, prompts: list[Any], actionable: bool, person: UserId | None) -> TurnView:
    return replace(view, prompts=tuple(prompts), actionable=actionable, person=person)


TURNS = st.builds(
    _turn,
    st.builds(
        a_turn,
        st.sampled_from(TurnStatus),
        session=SESSIONS,
        queued=st.integers(0, 99),
        text=TEXT,
        error=TEXT,
        usage=USAGE,
    ),
    st.lists(PROMPTS, max_size=3),
    st.booleans(),
    PERSON,
)
PROGRESS = st.builds(
    Progress,
    text=TEXT,
    note=TEXT,
    usage=USAGE,
    steps=st.lists(
        st.builds(Step, title=TEXT, state=st.sampled_from(["running", "ok", "failed", "?"])), max_size=30
    ).map(tuple),
)
CARDS = st.one_of(
    st.builds(request_card, REQUESTS, LANGUAGE),
    st.builds(progress_card, TURNS, PROGRESS, LANGUAGE, TIMES),
    st.builds(result_card, TURNS, LANGUAGE, with_answer=st.booleans()),
    st.builds(prompt_card, st.builds(a_prompt_view, PROMPTS, session=SESSIONS, person=PERSON), LANGUAGE),
    st.builds(
        status_card,
        st.builds(StatusView, sessions=st.lists(SESSIONS, max_size=40).map(tuple), mode=TEXT, node=TEXT, person=PERSON),
        LANGUAGE,
        TIMES,
    ),
    st.builds(note_card, TEXT, LANGUAGE, title=TEXT, kind=TEXT),
)


def nodes(node: object) -> Iterator[dict[str, Any]]:
    if isinstance(node, dict):
        yield node
        for each in node.values():
            yield from nodes(each)
    elif isinstance(node, list):
        for each in node:
            yield from nodes(each)


def tagged(card: Card, *tags: str) -> list[dict[str, Any]]:
    return [node for node in nodes(card) if node.get("tag") in tags]


def depth(node: object) -> int:
    """How many containers are in one another."""
    if isinstance(node, list):
        return max(map(depth, node), default=0)
    if not isinstance(node, dict):
        return 0
    own = node.get("tag") in ("form", "column_set", "column", "collapsible_panel")
    return own + max(map(depth, node.values()), default=0)


COMMON = settings(
    max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


@COMMON
@given(CARDS)
def test_every_card_is_within_the_limits(card: Card) -> None:
    content = json.dumps(card, ensure_ascii=False)
    body = json.dumps(
        {"receive_id": "oc_" + "x" * 32, "msg_type": "interactive", "content": content, "uuid": "u" * 50},
        ensure_ascii=False,
    )
    assert len(body.encode()) <= size_bytes(card) <= MAX_BYTES
    assert element_count(card) <= MAX_ELEMENTS
    assert depth(card["body"]) <= 5
    assert card["schema"] == "2.0"
    assert card["config"]["summary"]["content"].strip()  # type: ignore[index]


@COMMON
@given(CARDS)
def test_the_platform_would_show_every_card(card: Card) -> None:
    check_card(card, Settings(), image_keys=set(), people={"ou_mia"})


@COMMON
@given(CARDS)
def test_ids_and_names_are_valid_and_unique(card: Card) -> None:
    ids = Counter(node["element_id"] for node in nodes(card) if "element_id" in node)
    names = Counter(node["name"] for node in nodes(card) if "name" in node)
    assert all(count == 1 for count in (*ids.values(), *names.values()))
    assert all(re.fullmatch(r"[A-Za-z][A-Za-z0-9_]{0,19}", one) for one in ids)
    for form in tagged(card, "form"):
        assert form in card["body"]["elements"]  # type: ignore[index]
        assert any(one.get("form_action_type") == "submit" for one in nodes(form))
        assert all(
            "name" in one
            for one in nodes(form)
            if one.get("tag") in ("input", "button", "select_static", "multi_select_static")
        )
    assert all(form in card["body"]["elements"] for form in tagged(card, "form"))  # type: ignore[index]


@COMMON
@given(CARDS)
def test_every_button_can_be_read_back(card: Card) -> None:
    for button in tagged(card, "button"):
        assert button["text"]["content"].strip()
        assert len(button["text"]["content"]) <= 100
        assert not isinstance(parse(button["behaviors"][0]["value"]), Malformed)


@COMMON
@given(CARDS)
def test_no_text_calls_people_or_breaks_out_of_its_place(card: Card) -> None:
    tables = 0
    for block in tagged(card, "markdown"):
        content = block["content"].replace("<at id=ou_mia></at>", "Mia")  # whom the card is about
        assert content.strip(" ")
        assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f\u202e]", content)
        outside = re.sub(r"(?ms)^(`{3,})[^\n]*\n.*?\n\1$", "", content)
        assert not re.search(r"<\s*/?\s*(at|person)\b", outside, re.IGNORECASE)
        tokens = MarkdownIt("commonmark").enable("table").parse(content)
        tables += sum(token.type == "table_open" for token in tokens)
        assert not any(inner.type == "image" for token in tokens for inner in token.children or ())
    assert tables <= 5


@COMMON
@given(REQUESTS, LANGUAGE)
def test_only_what_can_be_answered_has_buttons(view: Any, language: str) -> None:
    request, card = view.request, request_card(view, language)
    answerable = request.status is RequestStatus.OPEN or (
        request.status in (RequestStatus.EXPIRED, RequestStatus.VOID) and view.session.state is not State.CLOSED
    )
    interactive = tagged(card, "button", "form", "input", "select_static", "multi_select_static")
    assert bool(interactive) <= answerable
    for button in tagged(card, "button"):
        value = button["behaviors"][0]["value"]
        assert value["op"] == ("answer" if request.status is RequestStatus.OPEN else "late")
        assert (value["id"], value["g"]) == (request.request_id, request.generation)


@COMMON
@given(REQUESTS)
def test_no_card_says_allowed_before_the_agent_has_it(view: Any) -> None:
    if view.request.status is RequestStatus.DELIVERED:
        return
    ask = replace(an_ask(), kind=view.request.ask.kind)
    plain_view = replace(
        view,
        request=replace(view.request, ask=ask, answer=Answer(verdict=Verdict.ALLOW)),
        session=a_session(state=view.session.state),
        together=(),  # what was answered with it has a fate of its own
    )
    for language in ("zh", "en"):
        said = json.dumps(request_card(plain_view, language), ensure_ascii=False)
        assert "已允许" not in said
        assert "已批准" not in said
        assert not re.search(r"\b(allowed|approved)\b", said, re.IGNORECASE)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_help_fits_and_names_every_command(language: str) -> None:
    said = json.dumps(help_card(language), ensure_ascii=False)
    for command in ("/new", "/status", "/list", "/switch", "/close", "/retry", "/stop", "/help"):
        assert command in said
    assert [one["content"].count("**") for one in help_card(language)["body"]["elements"]].count(
        2
    ) == 6  # groups with headings
    assert "?" not in json.dumps(help_card("zh"), ensure_ascii=False)
