"""Deliveries that fail: tried again with growing pauses, as the other side asks, and not for ever."""

import random
from datetime import timedelta

import pytest

from phonework.carriers.retry import LONGEST, MOST_TRIES, pause_for
from phonework.errors import ChannelError
from phonework.testing.channel import Fate
from phonework.testing.playbook import Playbook

BUSY = ChannelError("slow down", retry_after=timedelta())


async def test_a_delivery_refused_for_now_is_made_when_the_pause_is_over(play: Playbook) -> None:
    """C8."""
    play.channel.fates.append(Fate.BUSY)
    await play.begin()
    assert play.channel.posts == {}
    await play.advance(timedelta(seconds=3))

    assert "is ready" in play.channel.texts()[0]
    assert play.pauses.lengths[0] >= 2


async def test_a_delivery_refused_for_good_is_recorded_and_the_lane_goes_on(play: Playbook) -> None:
    play.channel.fates.append(Fate.REFUSED)
    await play.begin()
    await play.say("hello")

    assert play.rows("SELECT kind, result FROM effect WHERE status = 'failed'") == [("Say", "the card is not valid")]
    assert play.channel.shown("turn:fizz-1:1")


async def test_a_card_refused_for_good_is_sent_as_words(play: Playbook) -> None:
    session = await play.begin("go")
    play.channel.fates.append(Fate.REFUSED)
    request = await play.asks(session, fingerprint="rm -rf build")

    assert "rm -rf build" in play.channel.texts()[-1]
    await play.say("yes")
    assert play.request_status(request) == "delivered"


async def test_a_chat_that_is_gone_is_not_written_to_again_and_again(play: Playbook) -> None:
    play.channel.usual = Fate.GONE
    await play.begin()

    assert play.pauses.waiting == 0
    assert play.one("SELECT status FROM effect WHERE kind = 'Say'") == "failed"


async def test_a_message_that_arrived_without_an_answer_is_not_seen_twice(play: Playbook) -> None:
    """F10: the second attempt has the same key."""
    play.channel.fates.append(Fate.UNKNOWN)
    await play.begin()
    await play.advance(timedelta(seconds=3))

    assert len(play.channel.calls) == 2
    assert len({call.key for call in play.channel.calls}) == len(play.channel.posts) == 1


@pytest.mark.parametrize("crash", [False, True])
async def test_a_repeated_attempt_says_when_the_first_was(play: Playbook, crash: bool) -> None:
    """Feishu forgets a key after an hour; then the channel looks in the chat for what it may have sent."""
    play.channel.usual = Fate.BUSY
    await play.begin()
    first = play.clock.now()
    await play.advance(timedelta(minutes=70))
    if crash:
        await play.crash()
    play.channel.usual = Fate.OK
    await play.advance(timedelta(minutes=6))

    attempts = [call.first_attempt_at for call in play.channel.calls if call.key == play.channel.calls[0].key]
    assert attempts[0] is None
    assert attempts[-1] == first


async def test_after_a_day_of_trying_it_is_given_up(play: Playbook) -> None:
    play.channel.usual = Fate.BUSY
    await play.begin()
    for _ in range(MOST_TRIES - 2):
        await play.advance(LONGEST)
    assert play.one("SELECT status FROM effect WHERE kind = 'Say' AND seq = 1") == "owed"
    await play.advance(LONGEST)

    first, *_others = play.channel.calls
    assert [call.key for call in play.channel.calls].count(first.key) == MOST_TRIES
    assert play.one("SELECT DISTINCT status FROM effect WHERE kind = 'Say' AND seq = 1") == "failed"


@pytest.mark.parametrize("crash", [False, True])
async def test_a_night_away_is_no_trying(play: Playbook, crash: bool) -> None:
    """The program was down, or the machine slept: the first refusal afterwards loses nothing."""
    play.channel.fates.extend([Fate.BUSY, Fate.BUSY])
    await play.begin()
    play.clock.advance(timedelta(days=3))
    if crash:
        await play.crash()
    await play.advance(timedelta(minutes=1))
    await play.advance(timedelta(minutes=1))

    assert "is ready" in play.channel.texts()[0]


def test_pauses_grow_up_to_five_minutes_and_never_below_what_is_asked() -> None:
    chance = random.Random(1)
    lengths = [pause_for(BUSY, attempt, chance) for attempt in range(1, 40)]

    assert all(length is not None and length <= LONGEST for length in lengths)
    assert lengths[-1] is not None
    assert lengths[-1] >= LONGEST / 2
    asked = ChannelError("slow down", retry_after=timedelta(minutes=20))
    assert pause_for(asked, 1, chance) == timedelta(minutes=20)


def test_a_refusal_for_good_has_no_pause() -> None:
    assert pause_for(ChannelError("no"), 1, random.Random(1)) is None
