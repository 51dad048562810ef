"""Within a person's quiet hours nothing rings unasked, and nothing is lost or agreed to by that."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phonework import quiet
from phonework.fsm.types import RequestId, SessionId
from phonework.testing.playbook import Playbook

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


def at(hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 3, 10, hour, minute, tzinfo=UTC)


# The hours themselves


@pytest.mark.parametrize(
    ("typed", "hours"),
    [
        ("22:00-08:00", "22:00-08:00"),
        ("22-8", "22:00-08:00"),
        ("２２：００－０８：００", "22:00-08:00"),
        ("22:30 - 7:15", "22:30-07:15"),
        ("22:00 to 08:00", "22:00-08:00"),
        ("22点到8点", "22:00-08:00"),
        ("22点30至8点", "22:30-08:00"),
        ("22.30–8.00", "22:30-08:00"),
        ("0-6", "00:00-06:00"),
        ("22-24", "22:00-00:00"),
    ],
)
def test_hours_are_read_however_they_are_typed(typed: str, hours: str) -> None:
    assert str(quiet.parse(typed)) == hours


@pytest.mark.parametrize(
    "typed", ["", "22", "8-8", "25-8", "22:60-8", "a-b", "22-8-9", "-8", "22:00-08:00 x", "1" * 999]
)
def test_what_is_no_stretch_of_time_is_none(typed: str) -> None:
    assert quiet.parse(typed) is None


@given(st.text(max_size=30))
def test_reading_hours_never_raises(typed: str) -> None:
    found = quiet.parse(typed)
    assert found is None or quiet.parse(str(found)) == found


@pytest.mark.parametrize(
    ("now", "until"),
    [(at(21, 59), None), (at(22), at(8) + 24 * HOUR), (at(23, 30), at(8) + 24 * HOUR), (at(3), at(8)), (at(8), None)],
)
def test_they_end_the_next_morning(now: datetime, until: datetime | None) -> None:
    hours = quiet.parse("22:00-08:00")
    assert hours is not None
    assert hours.until(now, UTC) == until


def test_they_are_those_of_the_person_s_own_clock() -> None:
    hours = quiet.parse("22-8")
    assert hours is not None
    assert hours.until(at(15), timezone(8 * HOUR)) == at(0) + 24 * HOUR
    assert hours.until(at(1), timezone(8 * HOUR)) is None


def test_the_night_of_summer_time_is_an_hour_shorter() -> None:
    hours = quiet.parse("22-8")
    assert hours is not None
    berlin = ZoneInfo("Europe/Berlin")
    assert hours.until(datetime(2026, 3, 28, 21, 30, tzinfo=UTC), berlin) == datetime(2026, 3, 29, 6, tzinfo=UTC)


@given(st.integers(0, 5_000_000), st.sampled_from(["Asia/Shanghai", "Europe/Berlin", "UTC"]))
def test_an_end_lies_ahead_and_not_more_than_a_day_and_an_hour(minutes: int, zone: str) -> None:
    hours = quiet.parse("22:30-07:10")
    assert hours is not None
    moment = datetime(2020, 1, 1, tzinfo=UTC) + minutes * MINUTE
    until = hours.until(moment, ZoneInfo(zone))
    assert until is None or moment < until <= moment + 25 * HOUR


# What they do. The playbook's clock begins at 9 o'clock


async def asleep(play: Playbook, hours: str = "9:30-17:00", prompt: str = "go") -> SessionId:
    """A turn at work, and its person gone to bed."""
    await play.say(f"/quiet {hours}")
    session = await play.begin(prompt)
    await play.advance(HOUR)
    return session


def rang(play: Playbook) -> list[str]:
    return [post.words for post in play.channel.posts.values()]


async def question(play: Playbook, session: SessionId) -> RequestId:
    return await play.asks(session, fingerprint="rm -rf build")


@pytest.fixture
async def quiet_play(tmp_path: Path) -> AsyncIterator[Playbook]:
    """Turns may take long, so that it is the hours that end what is waited for."""
    async with Playbook.opened(tmp_path, timeouts={"turn": 7200, "idle": 0}) as play:
        yield play


async def test_a_result_waits_for_the_morning_and_the_card_is_edited_at_once(quiet_play: Playbook) -> None:
    """C12."""
    play = quiet_play
    session = await asleep(play)
    before = len(play.channel.posts)
    await play.finishes(session, text="Ready.")
    assert len(play.channel.posts) == before
    assert "done" in play.channel.shown(f"turn:{session}:1").words
    await play.advance(7 * HOUR)

    assert rang(play)[-1] == "Ready."
    assert "task #1" in play.channel.shown(f"ended:turn:{session}:1").words
    assert rang(play).count("Ready.") == 1


async def test_a_question_waits_and_its_time_runs_from_when_it_is_seen(quiet_play: Playbook) -> None:
    play = quiet_play
    session = await asleep(play)
    request = await question(play, session)
    assert not any("rm -rf build" in words for words in rang(play))
    await play.advance(6 * HOUR)
    assert play.request_status(request) == "open"
    await play.advance(HOUR)
    assert "rm -rf build" in rang(play)[-1]
    await play.advance(4 * MINUTE + timedelta(seconds=1))
    assert "Still waiting for you" in rang(play)[-1]
    await play.advance(MINUTE)

    assert play.request_status(request) == "expired"
    assert all(answer.verdict == "deny" for _, _, answer in play.script.answers)


async def test_a_question_shown_before_the_morning_expires_on_time_without_the_net(quiet_play: Playbook) -> None:
    """Its deadline, set when it is shown, is earlier than any that the alarm was armed for."""
    play = quiet_play
    session = await asleep(play)
    request = await question(play, session)
    await play.say("/help")
    assert any("rm -rf build" in words for words in rang(play))
    await play.advance(5 * MINUTE)

    assert play.request_status(request) == "expired"


async def test_whoever_is_there_is_asked_at_once(quiet_play: Playbook) -> None:
    play = quiet_play
    session = await asleep(play)
    await play.say("/status")
    await play.advance(14 * MINUTE)
    await question(play, session)

    assert "rm -rf build" in rang(play)[-1]


async def test_whoever_comes_back_gets_what_waited(quiet_play: Playbook) -> None:
    """In order, once; and the question's time runs from then."""
    play = quiet_play
    session = await asleep(play)
    request = await question(play, session)
    await play.say("/status")
    assert any("rm -rf build" in words for words in rang(play))
    assert play.one("SELECT due_at_ms FROM timer WHERE name = 'wait'") == int(
        (play.clock.now() + 5 * MINUTE).timestamp() * 1000
    )
    await play.click(play.button(f"request:{request}", "answer", "allow"))
    await play.advance(8 * HOUR)

    assert sum("rm -rf build" in words for words in rang(play)) == 1
    assert play.request_status(request) == "delivered"


async def test_words_written_before_a_question_is_seen_approve_nothing(quiet_play: Playbook) -> None:
    """F13: silence is never consent, and neither is a yes to something else."""
    play = quiet_play
    session = await asleep(play)
    request = await question(play, session)
    await play.say("yes")

    assert play.request_status(request) == "open"
    assert play.script.answers == []
    await play.say("yes")
    assert play.request_status(request) == "delivered"


async def test_a_question_that_is_over_before_it_was_seen_is_not_shown(quiet_play: Playbook) -> None:
    play = quiet_play
    session = await asleep(play)
    request = await question(play, session)
    await play.withdraws(session, request)
    await play.advance(8 * HOUR)

    assert not any("rm -rf build" in words for words in rang(play))


async def test_who_cannot_be_reminded_is_waited_for(quiet_play: Playbook) -> None:
    play = quiet_play
    await play.say("/quiet 9:30-17:00")
    session = await play.begin("go")
    await play.advance(28 * MINUTE)
    request = await question(play, session)
    await play.advance(10 * MINUTE)
    assert play.request_status(request) == "open"
    assert not any("Still waiting" in words for words in rang(play))
    await play.advance(7 * HOUR + 26 * MINUTE + timedelta(seconds=10))
    assert "Still waiting" in rang(play)[-1]
    await play.advance(2 * MINUTE)

    assert play.request_status(request) == "expired"


async def test_what_waits_survives_a_crash_and_is_said_once(quiet_play: Playbook) -> None:
    play = quiet_play
    session = await asleep(play)
    await play.finishes(session, text="Ready.")
    await play.crash()
    await play.crash()
    await play.advance(7 * HOUR)
    await play.crash()

    assert rang(play).count("Ready.") == 1


async def test_what_waits_holds_up_nothing_else_of_the_chat(quiet_play: Playbook) -> None:
    play = quiet_play
    session = await asleep(play)
    await play.finishes(session, text="Ready.")
    await play.say("/status", user="ou_bob")

    assert "My sessions" in rang(play)[-1]


async def test_quiet_off_brings_what_waited(quiet_play: Playbook) -> None:
    play = quiet_play
    session = await asleep(play)
    await play.finishes(session, text="Ready.")
    await play.say("/quiet off")
    assert "Ready." in rang(play)
    await play.advance(HOUR)
    second = await play.begin("go")
    await play.advance(HOUR)
    await play.finishes(second, text="Ready too.")

    assert rang(play)[-1] == "Ready too."
