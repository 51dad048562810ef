"""What the model is shown of the conversation: whole exchanges, as many as fit."""

import itertools
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phonework.assistant.memory import SHORTEST, fitting, pending, shortened, tokens_of
from phonework.assistant.model import Message, Role, ToolCall

CALL = ToolCall(call_id="c1", name="look")


def spoken(role: Role, text: str, **more: object) -> Message:
    return Message(role=role, text=text, **more)  # type: ignore[arg-type]


def exchange(size: int, calls: bool) -> tuple[Message, ...]:
    asked, answered = spoken(Role.USER, "a" * size), spoken(Role.ASSISTANT, "done", reasoning="hm")
    if not calls:
        return asked, answered
    return asked, spoken(Role.ASSISTANT, "", calls=(CALL,)), spoken(Role.TOOL, "b" * size, call_id="c1"), answered


EXCHANGES = st.lists(st.builds(exchange, st.integers(0, 3000), st.booleans()), max_size=6)


@given(EXCHANGES, st.builds(exchange, st.integers(0, 30_000), st.booleans()), st.integers(600, 8000))
def test_what_is_shown_fits_and_is_whole(
    earlier: list[Sequence[Message]], present: Sequence[Message], tokens: int
) -> None:
    shown = fitting(earlier, present, tokens)
    assert sum(map(tokens_of, shown)) <= tokens
    assert pending(shown) == ()
    assert {one.call_id for one in shown if one.role is Role.TOOL} <= {
        call.call_id for one in shown for call in one.calls
    }
    assert shown[0].role is Role.USER
    users = [one.text for one in shown if one.role is Role.USER]
    wanted = [messages[0].text for messages in (*earlier, present)][-len(users) :]
    assert users[:-1] == wanted[:-1], "the newest exchanges, in order, and none left out in between"


def test_one_huge_result_is_shortened_and_nothing_else() -> None:
    present = exchange(40_000, calls=True)
    result = next(one for one in fitting([], (spoken(Role.USER, "short"), *present[1:]), 2000) if one.role is Role.TOOL)
    assert "left out" in result.text
    assert len(result.text) < 6000


def test_thoughts_go_back_only_beside_calls() -> None:
    shown = fitting([exchange(5, calls=False), exchange(6, calls=True)], (spoken(Role.USER, "now"),), 8000)
    assert [one.reasoning for one in shown if one.role is Role.ASSISTANT] == [None, None, "hm"]


def test_the_person_never_speaks_twice_in_a_row() -> None:
    """Some servers refuse that; a turn that failed or was stopped leaves it so."""
    failed = (spoken(Role.USER, "one"),)
    stopped = exchange(5, calls=True)[:3]
    shown = fitting([failed, stopped, failed], (spoken(Role.USER, "now"),), 8000)
    roles = [one.role for one in shown]
    assert all(first is not Role.USER or second is not Role.USER for first, second in itertools.pairwise(roles))
    assert [one.text for one in shown if one.role is Role.USER][-1] == "now"


@pytest.mark.parametrize(("words", "least"), [("a" * 300, 100), ("字" * 300, 300), ("", 6)])
def test_tokens_are_counted_rather_high(words: str, least: int) -> None:
    assert tokens_of(spoken(Role.USER, words)) >= least


@given(st.text(max_size=3000), st.integers(SHORTEST, 2000))
def test_shortening_keeps_both_ends(words: str, limit: int) -> None:
    short = shortened(words, limit)
    assert len(short) <= limit + 60
    assert short.startswith(words[: limit // 2])
    assert short.endswith(words[-(limit // 2) :])
