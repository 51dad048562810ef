"""The dispatcher: what a commit owes is carried out, in order, at most as often as it may be."""

import asyncio
from datetime import timedelta

import pytest

from phonework.carriers import agents
from phonework.carriers.chats import ChatCarrier
from phonework.dispatcher import STOP_WITHIN
from phonework.fsm.types import RequestKind
from phonework.testing.backend import Deed
from phonework.testing.channel import Fate
from phonework.testing.playbook import BOB, Playbook


async def test_a_message_becomes_a_turn_and_its_end_a_result(play: Playbook) -> None:
    """F1, A2."""
    session = await play.begin("fix the test")
    await play.started(session)
    await play.finishes(session, text="All **green**.")

    assert [start.prompts[0].text for start in play.script.starts] == ["fix the test"]
    assert play.state(session) == "idle"
    assert "All **green**." in play.channel.texts()


async def test_an_answer_reaches_the_agent_and_the_card_says_so(play: Playbook) -> None:
    """F3, C6."""
    session = await play.begin("clean up")
    request = await play.asks(session)
    await play.click(play.button(f"request:{request}", "answer", "allow"))

    assert [(ask.request_id, answer.verdict) for _, ask, answer in play.script.answers] == [(request, "allow")]
    assert play.request_status(request) == "delivered"
    assert "allowed" in play.channel.shown(f"request:{request}").words


async def test_two_questions_at_once_are_asked_one_after_another(play: Playbook) -> None:
    """F4."""
    session = await play.begin("clean up")
    first, second = await play.asks(session), await play.asks(session, kind=RequestKind.INPUT)
    with pytest.raises(KeyError):
        play.channel.shown(f"request:{second}")
    await play.say("yes")

    assert play.state(session) == "waiting_input"
    assert play.request_status(first) == "delivered"
    assert play.channel.shown(f"request:{second}")


async def test_a_start_that_the_agent_refuses_ends_the_turn_in_words(play: Playbook) -> None:
    """S1: the session rests, with what happened and Retry."""
    play.script.deeds.append(Deed.ERROR)
    session = await play.begin("go")

    assert play.state(session) == "idle"
    assert any("not logged in" in words for words in play.channel.texts())
    assert play.button(f"turn:{session}:1", "retry")


async def test_a_backend_that_raises_anything_ends_the_turn_and_no_other(play: Playbook) -> None:
    other = await play.begin("go", user=BOB)
    play.script.deeds.append(Deed.ODD)
    session = await play.begin("go")

    assert (play.state(session), play.state(other)) == ("idle", "executing")
    assert play.one("SELECT status FROM effect WHERE kind = 'StartTurn' AND session_id = ?", session) == "failed"


async def test_an_answer_nobody_waits_for_any_more_makes_the_request_void(play: Playbook) -> None:
    """F12: it can be answered again, and resumes."""
    session = await play.begin("go")
    request = await play.asks(session)
    play.script.deeds.append(Deed.GONE)
    await play.say("yes")

    assert play.request_status(request) == "void"
    assert play.script.answers == []


async def test_an_answer_that_came_after_another_is_not_said_to_be_missing(play: Playbook) -> None:
    """The agent goes on with what it was told there: nobody is asked to decide about it once more."""
    session = await play.begin("go")
    request = await play.asks(session)
    play.script.deeds.append(Deed.ANSWERED)
    await play.say("yes")

    assert play.request_status(request) == "withdrawn"
    assert play.state(session) == "executing"


async def test_an_agent_that_hangs_holds_up_nobody_else(play: Playbook) -> None:
    play.script.deeds.append(Deed.HANG)
    stuck = await play.begin("go")
    session = await play.begin("go", user=BOB)
    await play.finishes(session)

    assert (play.state(stuck), play.state(session)) == ("executing", "idle")
    await play.release()
    assert [start.session_id for start in play.script.starts] == [session, stuck]


async def test_a_turn_stopped_before_it_was_begun_is_never_begun(play: Playbook) -> None:
    """Its order waits behind one that hangs; when its turn comes, it is superseded."""
    play.script.deeds.extend([Deed.OK, Deed.HANG])
    session = await play.begin("one")
    await play.say("/stop")  # the interrupt hangs
    await play.say("two")
    await play.finishes(session)
    await play.say("/close")
    await play.release()

    assert [start.turn for start in play.script.starts] == [1]
    statuses = play.rows("SELECT status FROM effect WHERE kind = 'StartTurn' ORDER BY seq")
    assert statuses == [("done",), ("superseded",)]


async def test_of_several_updates_of_one_card_only_the_newest_is_sent(play: Playbook) -> None:
    play.channel.fates.append(Fate.OK)
    session = await play.begin("go")
    request = await play.asks(session)
    play.channel.usual = Fate.HANG
    await play.say("/stop")
    await play.finishes(session)
    await play.click(play.button(f"request:{request}", "answer", "allow"))
    play.channel.usual = Fate.OK
    await play.release()

    updates = play.rows("SELECT status FROM effect WHERE kind = 'UpdateRequest' ORDER BY seq")
    assert updates[-1] == ("done",)
    assert play.one("SELECT count(*) FROM effect WHERE status IN ('owed', 'claimed')") == 0


async def test_a_lane_goes_on_behind_an_effect_that_meets_a_bug(
    play: Playbook, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = await play.begin("go")
    carry_out, met = ChatCarrier.carry_out, []

    async def buggy(self: ChatCarrier, owed: object) -> timedelta | None:
        if not met:
            met.append(owed)
            raise ZeroDivisionError
        return await carry_out(self, owed)  # type: ignore[arg-type]

    monkeypatch.setattr(ChatCarrier, "carry_out", buggy)
    await play.finishes(session, text="Ready.")
    await play.say("again")
    await play.finishes(session, turn=2, text="Ready again.")

    assert "Ready again." in play.channel.texts()
    assert play.one("SELECT count(*) FROM effect WHERE status = 'owed'") == 1
    await play.crash()
    assert "Ready." in play.channel.texts()


async def test_effects_of_one_session_are_shown_in_order(play: Playbook) -> None:
    session = await play.begin("go")
    for turn in range(1, 5):
        await play.finishes(session, turn=turn, text=f"End of {turn}.")
        await play.say(f"and {turn + 1}")

    ends = [words for words in play.channel.texts() if words.startswith("End of")]
    assert ends == [f"End of {turn}." for turn in range(1, 5)]


async def test_a_clean_stop_leaves_what_is_not_done_to_the_next_start(play: Playbook) -> None:
    """F10."""
    play.channel.usual = Fate.BUSY
    session = await play.begin("go")
    await play.finishes(session, text="Ready.")
    play.channel.usual = Fate.OK
    await play.crash()
    await play.advance(timedelta(minutes=1))

    assert play.channel.texts()[-1] == "Ready."
    assert play.one("SELECT count(*) FROM effect WHERE status = 'owed'") == 0


async def test_an_agent_that_hangs_at_its_start_is_ended_with_its_turn(
    play: Playbook, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A turn that failed has no agent that may still begin to work."""
    monkeypatch.setattr(agents, "WITHIN", timedelta(milliseconds=20))
    play.script.deeds.append(Deed.HANG)
    session = await play.begin("go")
    await play.core.dispatcher.settled()

    assert play.script.kills == [session]
    assert play.state(session) == "idle"
    assert any("did not answer" in words for words in play.channel.texts())


async def test_a_stop_does_not_wait_for_what_waits_anyway(play: Playbook) -> None:
    play.channel.usual = Fate.BUSY
    await play.begin()
    assert play.pauses.waiting == 1
    began = asyncio.get_running_loop().time()
    await play.core.dispatcher.stop()

    assert asyncio.get_running_loop().time() - began < STOP_WITHIN
    assert play.one("SELECT count(*) FROM effect WHERE status = 'owed'") > 0
