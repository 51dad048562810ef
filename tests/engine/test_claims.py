"""Orders claimed by the very commit that owes them: begun once, or given back, or looked up; never lost, never twice."""

import sqlite3
from datetime import datetime

import pytest

from phonework import engine
from phonework.backends.base import Accepted
from phonework.channels.base import Said
from phonework.engine import Happened
from phonework.fsm.events import CloseAsked, Event, MessageReceived, TurnFailed
from phonework.fsm.types import Attachment, Prompt, PromptId, SessionId, UserId
from phonework.store.effects import Owed
from phonework.testing.backend import Deed
from phonework.testing.playbook import ADA, Playbook, private_chat

STATUS = "SELECT status FROM effect WHERE kind = ? ORDER BY seq"


def said(play: Playbook, key: str = "om_x") -> Said:
    return Said(key=key, user=ADA, chat=private_chat(ADA), message_id=key, text="go", sent_at=play.clock.now())


def message(play: Playbook) -> Event:
    prompt = Prompt(prompt_id=PromptId("prompt"), text="go", sent_at=play.clock.now())
    return MessageReceived(prompt=prompt, by=UserId(ADA))


async def unheard(play: Playbook, session: SessionId, *happenings: Event) -> tuple[Owed, ...]:
    """What one commit of these owes, before the dispatcher hears of it."""
    owed: list[Owed] = []

    def job(connection: sqlite3.Connection, now: datetime) -> None:
        owed.clear()
        for number, event in enumerate(happenings):
            one = Happened(source="message", key=f"k{number}", session_id=session, event=event, occurred_at=now)
            owed.extend(engine.ingest(connection, one, now, claim=True).owed)

    await play.writer.run(job)
    return tuple(owed)


def statuses_at_each_commit(play: Playbook, kind: str) -> list[list[tuple[str]]]:
    """Filled with what the table says at the moment the dispatcher hears of a commit, before it carries anything out."""
    seen: list[list[tuple[str]]] = []
    play.writer.subscribe(lambda _values: seen.append(play.rows(STATUS, kind)))
    return seen


async def test_an_order_is_claimed_by_the_commit_that_owes_it(play: Playbook) -> None:
    session = await play.begin()
    seen = statuses_at_each_commit(play, "StartTurn")
    await play.say("go")

    assert seen[0] == [("claimed",)]
    assert play.rows(STATUS, "StartTurn") == [("done",)]
    assert play.one("SELECT attempts FROM effect WHERE kind = 'StartTurn'") == 1
    assert [start.session_id for start in play.script.starts] == [session]


async def test_an_answer_is_claimed_by_the_commit_that_owes_it(play: Playbook) -> None:
    session = await play.begin("go")
    await play.asks(session)
    seen = statuses_at_each_commit(play, "AnswerAgent")
    await play.say("yes")

    assert seen[0] == [("claimed",)]
    assert play.rows(STATUS, "AnswerAgent") == [("done",)]
    assert len(play.script.answers) == 1


async def test_an_order_behind_another_is_claimed_at_its_turn(play: Playbook) -> None:
    play.script.deeds.extend([Deed.OK, Deed.HANG])
    session = await play.begin("one")
    await play.say("/stop")  # the interrupt hangs
    await play.say("two")
    await play.finishes(session)

    assert play.rows(STATUS, "StartTurn") == [("done",), ("owed",)]
    await play.release()
    assert play.rows(STATUS, "StartTurn") == [("done",), ("done",)]
    assert [start.turn for start in play.script.starts] == [1, 2]


async def test_an_order_behind_a_claimed_one_is_claimed_at_its_turn(play: Playbook) -> None:
    play.script.deeds.append(Deed.HANG)
    session = await play.begin("one", backend="steering")
    await play.say("also this")
    (prompt,) = play.rows("SELECT prompt_id FROM prompt WHERE status = 'queued'")[0]
    await play.click(play.button(f"prompt:{prompt}", "send_now"))

    assert play.rows(STATUS, "StartTurn") == [("claimed",)]
    assert play.rows(STATUS, "SteerTurn") == [("owed",)]
    await play.release()
    assert [(session, prompt)] == [(one, given.prompt_id) for one, _, given in play.script.steers]


async def test_pictures_are_fetched_before_the_claim(play: Playbook) -> None:
    await play.begin()
    seen = statuses_at_each_commit(play, "StartTurn")
    await play.say("look", attachments=(Attachment(kind="image", key="img_1", message_id="om_in", name="plan.png"),))

    assert seen[0] == [("owed",)]


@pytest.mark.parametrize("accepted", [None, Accepted.NO])
async def test_a_claimed_order_that_was_never_begun_is_begun_after_a_kill(
    play: Playbook, accepted: Accepted | None
) -> None:
    """The agent's record says that it does not have the message."""
    session = await play.begin()
    play.script.accepted = accepted
    await play.crash_unacknowledged(said(play))

    assert [(start.session_id, start.turn) for start in play.script.starts] == [(session, 1)]
    assert play.rows(STATUS, "StartTurn") == [("done",)]


@pytest.mark.parametrize("accepted", [Accepted.YES, Accepted.UNKNOWN])
async def test_a_claimed_order_of_which_nobody_knows_is_asked_about_after_a_kill(
    play: Playbook, accepted: Accepted
) -> None:
    session = await play.begin()
    play.script.accepted = accepted
    await play.crash_unacknowledged(said(play))

    assert play.script.starts == []
    assert play.rows(STATUS, "StartTurn") == [("unknown",)]
    assert play.button(f"turn:{session}:1", "retry")


async def test_of_an_answer_that_was_on_its_way_at_a_kill_nobody_says_that_the_agent_never_got_it(
    play: Playbook,
) -> None:
    session = await play.begin("go")
    request = await play.asks(session)
    card, allow = f"request:{request}", play.button(f"request:{request}", "answer", "allow")
    await play.crash_unacknowledged(play.tap(allow))

    assert play.script.answers == []
    assert play.rows(STATUS, "AnswerAgent") == [("unknown",)]
    shown = play.channel.shown(card).words
    assert "it is not known whether the agent got it" in shown
    assert "never got an answer" not in shown
    assert play.button(card, "late", "allow")

    await play.say("/pending")
    (pending,) = [post.words for post in play.channel.posts.values() if post.delivery.card_key.startswith("pending:")]
    assert "not known whether it was answered" in pending


async def test_of_an_answer_that_was_never_given_it_is_said_that_the_agent_never_got_one(play: Playbook) -> None:
    session = await play.begin("go")
    request = await play.asks(session)
    await play.crash()

    shown = play.channel.shown(f"request:{request}").words
    assert "never got an answer" in shown
    assert "not known" not in shown


async def test_a_stop_gives_back_what_was_not_begun(play: Playbook) -> None:
    session = await play.begin()
    play.core.dispatcher.wake(await unheard(play, session, message(play)))
    await play.core.dispatcher.stop()  # before the lane had its first look
    await play.stop()

    await play.start()
    assert play.left.claimed == ()
    assert [start.turn for start in play.script.starts] == [1]


async def test_what_is_claimed_after_the_stop_goes_back_at_once(play: Playbook) -> None:
    await play.begin()
    await play.core.dispatcher.stop()
    await play.core.router.submit(said(play))
    await play.stop()

    await play.start()
    assert play.left.claimed == ()
    assert [start.turn for start in play.script.starts] == [1]


async def test_what_is_claimed_before_the_start_is_begun_with_it(play: Playbook) -> None:
    session = await play.begin()
    await play.crash(start=False)
    await play.open()
    await play.core.router.submit(said(play))
    assert play.rows(STATUS, "StartTurn") == [("claimed",)]
    await play.core.start(play.left)
    await play.settled()

    assert [(start.session_id, start.turn) for start in play.script.starts] == [(session, 1)]
    assert play.rows(STATUS, "StartTurn") == [("done",)]


async def test_what_is_claimed_before_a_start_that_never_comes_goes_back(play: Playbook) -> None:
    await play.begin()
    await play.crash(start=False)
    await play.open()
    await play.core.router.submit(said(play))
    await play.stop()

    await play.start()
    assert play.left.claimed == ()
    assert [start.turn for start in play.script.starts] == [1]


async def test_a_claimed_order_that_is_void_when_its_turn_comes_is_not_begun(play: Playbook) -> None:
    """The session was closed between the commit and the carrying out."""
    session = await play.begin()
    play.core.dispatcher.wake(await unheard(play, session, message(play), CloseAsked(by=UserId(ADA))))
    await play.settled()

    assert play.script.starts == []
    assert play.script.closes == [session]
    assert play.rows(STATUS, "StartTurn") == [("superseded",)]


async def test_a_claimed_order_that_is_void_before_the_start_is_not_begun(play: Playbook) -> None:
    """Its turn ended meanwhile, and nothing in the lane behind it says so."""
    session = await play.begin()
    await play.crash(start=False)
    await play.open()
    await play.core.router.submit(said(play))
    await play.core.node.emit(session, TurnFailed(turn=1, error="no more credit"), key="k")
    await play.core.start(play.left)
    await play.settled()

    assert play.script.starts == []
    assert play.rows(STATUS, "StartTurn") == [("superseded",)]


async def test_a_claimed_order_whose_commit_failed_is_not_begun(play: Playbook) -> None:
    session = await play.begin()

    def job(connection: sqlite3.Connection, now: datetime) -> engine.Outcome:
        one = Happened(source="message", key="k", session_id=session, event=message(play), occurred_at=now)
        assert engine.ingest(connection, one, now, claim=True).owed[0].claimed
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await play.writer.run(job)
    await play.settled()

    assert play.script.starts == []
    assert play.rows(STATUS, "StartTurn") == []


async def test_a_claimed_order_whose_end_cannot_be_stored_is_looked_up_and_not_repeated(play: Playbook) -> None:
    session = await play.begin()
    owed = await unheard(play, session, message(play))
    await play.writer.close()
    play.core.dispatcher.wake(one for one in owed if one.claimed)
    await play.core.dispatcher.settled()
    assert [start.turn for start in play.script.starts] == [1]

    await play.crash()
    assert [start.turn for start in play.script.starts] == [1]
    assert play.rows(STATUS, "StartTurn") == [("unknown",)]
    assert play.button(f"turn:{session}:1", "retry")
