"""Looking at things: a report is made when it is shown, and changes nothing."""

import html
import json
from datetime import timedelta

import pytest

from phonework.errors import RefusedError
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
