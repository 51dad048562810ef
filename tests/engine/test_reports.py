"""Looking at things: a report is made when it is shown, and changes nothing."""

import html
import json
from datetime import timedelta

import pytest

from phonework.channels.cards.parts import MAX_BYTES, size_bytes
from phonework.commands.looking import MOST_LOGGED
from phonework.errors import RefusedError
from phonework.fsm.events import TurnFailed
from phonework.fsm.types import Usage
from phonework.reports import Report, Wanted
from phonework.testing.playbook import BOB, Playbook


def last_card(play: Playbook) -> str:
    cards = [post.shows.card for post in play.channel.posts.values() if post.shows.card]
    return html.unescape(json.dumps(cards[-1], ensure_ascii=False))


async def test_cost_sums_up_the_turns_of_each_session(play: Playbook) -> None:
    """K7: today, and the week; only one's own."""
    session = await play.begin("fix it")
    await play.started(session)
    await play.finishes(session, usage=Usage(input_tokens=900, cache_read_tokens=100, output_tokens=50, cost_usd=0.25))
    await play.advance(timedelta(days=2))
    other = await play.begin("and this")
    await play.started(other)
    await play.finishes(other, usage=Usage(input_tokens=2_000, output_tokens=70, cost_usd=0.5))
    before = play.rows("SELECT * FROM session")
    await play.say("/cost")

    card = last_card(play)
    assert "$0.50 · turns: 1, tokens in: 2.0k, out: 70" in card
    assert "$0.75 · turns: 2, tokens in: 3.0k, out: 120" in card
    assert session in card
    assert other in card
    assert play.rows("SELECT * FROM session") == before

    await play.say("/cost", user=BOB)
    assert session not in last_card(play)


@pytest.mark.parametrize(
    ("error", "words"), [(RefusedError("no_session"), "You are in no session"), (TimeoutError(), "too long to look up")]
)
async def test_a_report_that_cannot_be_made_says_why(play: Playbook, error: Exception, words: str) -> None:
    async def fails(_wanted: Wanted) -> Report:
        raise error

    play.core.chats._reporters = {"cost": fails}
    await play.say("/cost")

    assert words in list(play.channel.posts.values())[-1].words


async def test_looking_does_not_disturb_a_question(play: Playbook) -> None:
    """F6."""
    session = await play.begin("go")
    await play.started(session)
    await play.asks(session)
    await play.say("/cost")

    assert play.state(session) == "waiting_confirm"


async def test_the_log_has_the_last_turns_with_how_they_ended(play: Playbook) -> None:
    """K7: the oldest first, a long answer cut, nobody else's."""
    session = await play.begin("fix the flaky test")
    await play.started(session)
    await play.finishes(session, text="Fixed.\n\nIt was the clock.\n3\n4\n5\n6", usage=Usage(cost_usd=0.25))
    await play.say("and now the docs")
    await play.started(session, 2)
    await play.agent(session, TurnFailed(turn=2, error="the API is down"))
    await play.say("/log")

    card = last_card(play)
    assert "> fix the flaky test\\n\\nFixed." in card
    assert "done · 0:00 · $0.25" in card
    assert "It was the clock" in card
    assert "\\n4" in card
    assert "\\n5" not in card
    assert "the API is down" in card
    assert card.index("flaky") < card.index("docs")

    await play.say("/log 1")
    assert "flaky" not in last_card(play)
    await play.say("/log", user=BOB)
    assert "You are in no session" in list(play.channel.posts.values())[-1].words


@pytest.mark.parametrize("typed", ["/log x", "/log 0", "/log -1", "/log 9999999", "/log ١٢٣٤٥٦٧"])
async def test_a_count_that_is_none_is_refused_in_words(play: Playbook, typed: str) -> None:
    await play.begin()
    await play.say(typed)

    assert "not a number I can use" in list(play.channel.posts.values())[-1].words


async def test_a_log_of_many_long_turns_fits_its_card(play: Playbook) -> None:
    session = await play.begin("x" * 5_000)
    for turn in range(1, 26):
        await play.started(session, turn)
        await play.finishes(session, turn, text="`*_<at id=all></at>\n" * 2_000)
        await play.say("y" * 5_000)
    await play.say("/log 500")

    cards = [post.shows.card for post in play.channel.posts.values() if post.shows.card]
    assert size_bytes(cards[-1]) <= MAX_BYTES
    assert last_card(play).count("**") == 2 * MOST_LOGGED


async def test_a_chosen_model_counts_from_the_next_turn_on(play: Playbook) -> None:
    """K7: also one chosen in the middle of a turn; it is in the history, and outlives a crash."""
    session = await play.begin("go")
    await play.started(session)
    await play.say("/model sonnet[1m]")
    assert "api: from the next message on, the agent uses the model" in list(play.channel.posts.values())[-1].words
    await play.say("more")
    await play.crash()
    await play.say("/model")
    assert "sonnet[1m]" in last_card(play)
    await play.say("and more")
    await play.say("/model default")

    assert [one.model for one in play.script.starts] == ["", "sonnet[1m]"]
    await play.finishes(session, play.one("SELECT turn FROM session"))
    await play.say("last")
    assert play.script.starts[-1].model == ""
    assert play.rows("SELECT json_extract(payload, '$.model') FROM event WHERE kind = 'ModelChosen'") == [
        ("sonnet[1m]",),
        ("",),
    ]
    assert "own choice" in await shown_by("/model", play)


async def shown_by(command: str, play: Playbook) -> str:
    await play.say(command)
    return last_card(play)


async def test_a_name_no_model_has_is_refused(play: Playbook) -> None:
    session = await play.begin()
    await play.say("/model rm -rf /")

    assert "cannot be the name of a model" in list(play.channel.posts.values())[-1].words
    assert play.one("SELECT model FROM session WHERE session_id = ?", session) == ""
