"""Conversations begun at the desk: the list, going on, copies, and taking over (K7)."""

import html
import json
import sqlite3
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from phonework.backends.base import DeskSession, Holder
from phonework.channels.cards.clicks import DeskOp
from phonework.channels.cards.values import desk_value
from phonework.redact import Redactor
from phonework.store.causes import Causes
from phonework.testing.backend import Deed
from phonework.testing.playbook import ADA, BOB, Playbook

ONE, TWO = "11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222"
HELD = Holder(where="pid 42 · tmux main:@0.%0", key="42:990")


def left(play: Playbook, name: str = ONE, *, hours: int = 1, **more: Any) -> DeskSession:
    """A conversation somebody had at the desk, so long ago."""
    found = DeskSession(
        agent_session_id=name,
        cwd=str(more.pop("cwd", play.work / "api")),
        first=more.pop("first", "make the tests pass"),
        active_at=play.clock.now() - timedelta(hours=hours),
        **more,
    )
    play.script.desk[name] = found
    return found


def last_card(play: Playbook) -> str:
    cards = [post.shows.card for post in play.channel.posts.values() if post.shows.card]
    return html.unescape(json.dumps(cards[-1], ensure_ascii=False))


def buttons(play: Playbook) -> list[str]:
    cards = [key for key, post in play.channel.posts.items() if post.shows.card]
    return [str(value["op"]) for value in play.channel.values(play.channel.posts[cards[-1]].delivery.card_key)]


def words(play: Playbook) -> str:
    return list(play.channel.posts.values())[-1].words


async def tap(play: Playbook, op: DeskOp, name: str = ONE, key: str = "", **more: Any) -> None:
    await play.click(desk_value(op, "demo", name, key), **more)


async def test_the_list_shows_project_age_and_words_the_newest_first(play: Playbook) -> None:
    left(play, ONE, hours=30, first="make *the* tests pass", last="and the docs")
    left(play, TWO, hours=2, first="write a parser", held_by=HELD)
    left(play, "outside", cwd=Path("/somewhere/else"), first="secret of another place")
    before = play.rows("SELECT * FROM session")
    await play.say("/resume")

    card = last_card(play)
    assert card.index("write a parser") < card.index("tests pass")
    assert "2 h ago" in card
    assert "1 d ago" in card
    assert "and the docs" in card
    assert "open at the desk (pid 42" in card
    assert "secret of another place" not in card
    assert buttons(play) == ["desk_fork", "desk_ask", "desk_continue"]
    assert play.rows("SELECT * FROM session") == before


async def test_with_none_it_says_so(play: Playbook) -> None:
    await play.say("/resume")
    assert "There is none." in last_card(play)
    await play.say("/resume 1")
    assert "no conversation with the number 1" in words(play)


@pytest.mark.parametrize("number", [2, 99])
async def test_a_number_that_is_not_on_the_list_is_not_said_to_be_gone(play: Playbook, number: int) -> None:
    left(play, ONE)
    await play.say(f"/resume {number}")
    assert f"no conversation with the number {number}" in words(play)
    assert "`/resume` lists" in words(play)
    assert play.rows("SELECT * FROM session") == []


async def test_one_that_was_on_the_list_and_is_there_no_more_is_said_to_be_gone(play: Playbook) -> None:
    left(play, ONE)
    await play.say("/resume")
    play.script.desk.clear()
    await play.say("/resume 1")
    assert "no such conversation any more" in words(play)


async def test_a_number_goes_on_with_the_conversation_that_was_shown_under_it(play: Playbook) -> None:
    """The list has moved on meanwhile; the person means what they saw."""
    left(play, ONE, hours=1)
    await play.say("/resume")
    left(play, TWO, hours=0, first="newer")
    await play.say("/resume 1")
    await play.say("go on")

    (start,) = play.script.starts
    assert start.agent_session_id == ONE
    assert start.fork_of == ""
    assert start.cwd == str(play.work / "api")
    assert play.one("SELECT active_session FROM user WHERE user_id = ?", ADA) == start.session_id
    history = play.rows("SELECT kind FROM event WHERE session_id = ? ORDER BY seq", start.session_id)
    assert history[0] == ("Created",)


async def test_one_that_is_a_session_already_is_gone_to_and_not_begun_twice(play: Playbook) -> None:
    left(play)
    await tap(play, DeskOp.CONTINUE)
    await play.say("/new api")
    await tap(play, DeskOp.CONTINUE)
    await tap(play, DeskOp.FORK)
    await tap(play, DeskOp.TAKE_OVER, key=HELD.key)

    assert play.one("SELECT count(*) FROM session WHERE agent_session_id = ?", ONE) == 1
    assert "Now in api" in words(play)
    assert play.one("SELECT active_session FROM user WHERE user_id = ?", ADA) == "fizz-1"
    await play.say("/resume")
    assert "your session" in last_card(play)
    assert buttons(play) == ["switch"]


async def test_a_redelivered_tap_begins_one_session(play: Playbook) -> None:
    left(play)
    value = desk_value(DeskOp.CONTINUE, "demo", ONE)
    await play.click(value, key="ev_same")
    await play.say("/close")
    await play.click(value, key="ev_same")

    assert play.one("SELECT count(*) FROM session") == 1


async def test_nobody_sees_or_gets_what_another_person_works_on(play: Playbook) -> None:
    """S7: open or closed, as if it did not exist."""
    left(play)
    await tap(play, DeskOp.CONTINUE)
    for _ in range(2):
        await play.say("/resume", user=BOB)
        assert "There is none." in last_card(play)
        for op in DeskOp:
            await tap(play, op, key="42:990", user=BOB)
            assert "no such conversation" in words(play)
        await play.say("/close")
    assert play.one("SELECT count(*) FROM session") == 1


async def test_one_that_is_open_at_the_desk_is_not_gone_on_with(play: Playbook) -> None:
    left(play, held_by=HELD)
    await play.say("/resume 1")
    assert "Two cannot write to one conversation" in last_card(play)
    assert buttons(play) == ["desk_fork", "desk_ask"]
    await tap(play, DeskOp.CONTINUE)

    assert play.rows("SELECT * FROM session") == []


async def test_a_copy_begins_with_its_first_turn_and_then_has_its_own_name(play: Playbook) -> None:
    """Also after a crash, and after a first turn that failed."""
    left(play, held_by=HELD)
    await tap(play, DeskOp.FORK)
    await tap(play, DeskOp.FORK)
    assert play.one("SELECT count(*) FROM session") == 1
    play.script.deeds.append(Deed.ERROR)
    await play.say("first")
    await play.crash()
    await play.say("second")
    session = play.script.starts[0].session_id
    await play.started(session, 2)
    await play.finishes(session, 2)
    await play.say("third")

    second, third = play.script.starts
    assert (second.agent_session_id, second.fork_of) == ("", ONE)
    assert (third.agent_session_id, third.fork_of) == (f"agent-{session}", "")
    await tap(play, DeskOp.FORK)
    assert play.one("SELECT count(*) FROM session") == 2, "another copy, now that the first has begun"


async def test_taking_over_asks_once_more_and_then_ends_that_very_process(play: Playbook) -> None:
    left(play, held_by=HELD)
    await tap(play, DeskOp.ASK)
    assert "This ends the process at the desk (pid 42" in last_card(play)
    assert buttons(play) == ["desk_take", "desk_fork"]
    assert play.script.ended_at_desk == []
    await tap(play, DeskOp.TAKE_OVER, key=HELD.key)

    assert play.script.ended_at_desk == [(ONE, HELD.key)]
    assert "The process at the desk has ended" in words(play)
    await play.say("go on")
    assert play.script.starts[0].agent_session_id == ONE


@pytest.mark.parametrize("key", ["", "43:1", "42:991"])
async def test_a_tap_for_another_process_ends_nothing(play: Playbook, key: str) -> None:
    """The card is of another moment: consent to end one process is none to end another."""
    left(play, held_by=HELD)
    await tap(play, DeskOp.TAKE_OVER, key=key)

    assert play.script.ended_at_desk == []
    assert play.rows("SELECT * FROM session") == []
    assert buttons(play) == ["desk_fork", "desk_ask"]


async def test_what_cannot_be_named_cannot_be_ended(play: Playbook) -> None:
    left(play, held_by=Holder(where="?"))
    await tap(play, DeskOp.ASK)

    assert "cannot be ended from here" in last_card(play)
    assert buttons(play) == ["desk_fork"]


async def test_a_process_gone_meanwhile_needs_no_ending(play: Playbook) -> None:
    found = left(play, held_by=HELD)
    await tap(play, DeskOp.ASK)
    play.script.desk[ONE] = replace(found, held_by=None)
    await tap(play, DeskOp.TAKE_OVER, key=HELD.key)

    assert play.script.ended_at_desk == []
    assert play.one("SELECT agent_session_id FROM session") == ONE


@pytest.mark.parametrize("deed", [Deed.HANG, Deed.UNKNOWN])
async def test_the_process_is_ended_before_the_first_turn_also_after_a_crash(play: Playbook, deed: Deed) -> None:
    left(play, held_by=HELD)
    play.script.deeds.append(deed)
    await tap(play, DeskOp.TAKE_OVER, key=HELD.key)
    await play.say("go on")
    assert play.script.starts == []
    await play.crash()

    assert play.script.ended_at_desk[-1] == (ONE, HELD.key)
    told = [(one.what, one.how) for one in play.script.told]
    assert told.index(("end at desk", "done")) < told.index(("start", "begun"))
    assert len(play.script.starts) == 1
    assert sum("has ended" in text for text in play.channel.texts()) == 1


async def test_a_process_that_stays_is_told(play: Playbook) -> None:
    left(play, held_by=HELD)
    play.script.deeds.append(Deed.ERROR)
    await tap(play, DeskOp.TAKE_OVER, key=HELD.key)

    assert "could not be ended: the agent is not logged in" in words(play)
    assert play.rows("SELECT status FROM effect WHERE status IN ('owed', 'claimed')") == []


async def test_the_history_of_taps_can_be_read(play: Playbook) -> None:
    """What came of each is told by `inspect`."""
    left(play, held_by=HELD)
    await tap(play, DeskOp.CONTINUE)
    await tap(play, DeskOp.ASK)
    await tap(play, DeskOp.FORK)
    await tap(play, DeskOp.FORK)
    causes = Causes(play.database, Redactor())
    play.database.row_factory = sqlite3.Row
    told = [causes.of(row) for row in play.database.execute("SELECT * FROM event WHERE source = 'click' ORDER BY seq")]

    assert [next((op for op in DeskOp if op in one), "") for one in told] == [
        "desk_continue",
        "desk_ask",
        "",
        "desk_fork",
    ]


async def test_a_directory_outside_the_root_or_gone_is_refused_in_words(play: Playbook) -> None:
    left(play, ONE, cwd=Path("/"))
    left(play, TWO, cwd=play.work / "gone")
    await tap(play, DeskOp.CONTINUE, ONE)
    assert "outside the working root" in words(play)
    await tap(play, DeskOp.FORK, TWO)
    assert "There is no directory" in words(play)
    assert play.rows("SELECT * FROM session") == []


async def test_context_asks_the_agent_when_it_is_free_and_its_record_when_it_is_not(play: Playbook) -> None:
    left(play, context_tokens=48_000)
    await tap(play, DeskOp.CONTINUE)
    await play.say("/context")
    assert play.script.starts[0].prompts[0].text == "/context"
    await play.say("/context")

    assert "its context held about 48.0k tokens" in words(play)
    assert play.one("SELECT count(*) FROM prompt") == 1, "it does not wait in line"
