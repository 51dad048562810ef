"""The cards of what is looked at keep to every rule, whatever is put in them."""

import json
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from phonework.backends.base import DeskSession, Holder
from phonework.changes.compare import Changes, FileChange
from phonework.channels.cards.clicks import DeskClick, SwitchClick
from phonework.channels.cards.desk import held_card, list_card, take_over_card
from phonework.channels.cards.diff import diff_card
from phonework.channels.cards.log import log_card
from phonework.channels.cards.parts import MAX_BYTES, MAX_ELEMENTS, Card, element_count, size_bytes
from phonework.channels.cards.reading import parse
from phonework.channels.emulator.cards import check_card
from phonework.channels.emulator.settings import Settings
from phonework.fsm.types import SessionId, TurnStatus
from phonework.testing.taps import pressables
from phonework.testing.views import NOON, a_prompt, a_session, a_turn
from phonework.views import DeskView, PastTurn

HOSTILE = [
    "<at id=all></at>",
    "```\n",
    "`",
    "| a |\n|---|\n",
    "😀" * 400,
    "界" * 5_000,
    "x" * 60_000,
    "\x00\u202e",
    "\ud800",
    '"\\' * 4_000,
]
TEXT = st.sampled_from(HOSTILE) | st.text(max_size=20)
LANGUAGE = st.sampled_from(["zh", "en"])
HOLDERS = st.none() | st.builds(Holder, where=TEXT, key=st.sampled_from(["", "42:9"]))
DESKS = st.builds(
    DeskSession,
    agent_session_id=st.just("11111111-1111-4111-8111-111111111111"),
    cwd=TEXT,
    first=TEXT,
    last=TEXT,
    active_at=st.integers(-(10**6), 10**8).map(lambda seconds: NOON - timedelta(seconds=seconds)),
    held_by=HOLDERS,
)
VIEWS = st.builds(
    DeskView,
    backend=st.just("claude"),
    session=DESKS,
    number=st.integers(0, 12),
    mine=st.none() | st.just(SessionId("fizz-top")),
)
FILES = st.builds(
    FileChange,
    kind=st.sampled_from("AMDRTX"),
    path=TEXT,
    before=TEXT | st.just(""),
    added=st.none() | st.integers(0, 10**9),
    removed=st.none() | st.integers(0, 9),
)


def keeps_to_the_rules(card: Card) -> None:
    assert size_bytes(card) <= MAX_BYTES
    assert element_count(card) <= MAX_ELEMENTS
    check_card(card, Settings(), image_keys=set(), people=set())


@given(st.lists(VIEWS, max_size=12), TEXT, LANGUAGE)
def test_the_list_of_conversations(found: list[DeskView], root: str, language: str) -> None:
    card = list_card(found, root, language, NOON)
    keeps_to_the_rules(card)
    for press in pressables(card):
        assert isinstance(parse(press.value), DeskClick | SwitchClick)


@given(VIEWS, LANGUAGE)
def test_what_can_be_done_with_one_that_is_open(view: DeskView, language: str) -> None:
    """Only one that can be named is offered to be ended, and never without asking first."""
    keeps_to_the_rules(held_card(view, language, NOON))
    keeps_to_the_rules(take_over_card(view, language, NOON))
    listed, asked = json.dumps(list_card([view], "/", language, NOON)), json.dumps(take_over_card(view, language, NOON))

    assert "desk_take" not in listed
    assert ("desk_take" in asked) == bool(view.session.held_by and view.session.held_by.key)
    assert ("desk_continue" in listed) == (view.session.held_by is None and view.mine is None)


@given(st.lists(FILES, max_size=300).map(tuple), TEXT.map(lambda text: text.encode("utf-8", "replace")), LANGUAGE)
def test_the_difference(files: tuple[FileChange, ...], patch: bytes, language: str) -> None:
    keeps_to_the_rules(diff_card(a_session(), Changes(files=files, patch=patch), language))


TURNS = st.builds(
    lambda status, said, error, asked: PastTurn(
        turn=a_turn(status=status, text=said, error=error).turn, prompts=tuple(a_prompt(text=one) for one in asked)
    ),
    st.sampled_from(TurnStatus),
    TEXT,
    TEXT,
    st.lists(TEXT, max_size=4),
)


@given(st.lists(TURNS, max_size=20), LANGUAGE)
def test_the_log(turns: list[PastTurn], language: str) -> None:
    keeps_to_the_rules(log_card(a_session(), turns, language))
