"""After a kill: what was left behind is finished, given up with a question, or carried on."""

import sqlite3
from contextlib import closing
from datetime import timedelta

import pytest

from phonework.backends.base import Accepted, Liveness
from phonework.channels.base import Said
from phonework.errors import BackendError, StoreError
from phonework.testing.backend import Deed
from phonework.testing.channel import Fate
from phonework.testing.playbook import ADA, BOB, Playbook, private_chat

MINUTE = timedelta(minutes=1)


async def test_a_message_committed_and_not_acknowledged_is_run_once(play: Playbook) -> None:
    """F10, C2: Feishu delivers it again."""
    session = await play.begin()
    said = Said(key="om_x", user=ADA, chat=private_chat(ADA), message_id="om_x", text="go", sent_at=play.clock.now())
    await play.crash_unacknowledged(said)
    await play.deliver(said)

    assert [start.prompts[0].text for start in play.script.starts] == ["go"]
    assert play.state(session) == "executing"
    assert play.one("SELECT count(*) FROM event WHERE dedupe_key = 'om_x'") == 1


async def test_a_running_turn_whose_agent_died_with_us_is_reported_with_retry(play: Playbook) -> None:
    """F10."""
    session = await play.begin("go")
    await play.crash()

    assert play.state(session) == "idle"
    assert any("interrupted in the middle" in words for words in play.channel.texts())
    await play.click(play.button(f"turn:{session}:1", "retry"))
    assert [start.prompts[0].text for start in play.script.starts] == ["go", "go"]


async def test_a_turn_that_died_while_it_waited_says_that_it_can_still_be_answered(play: Playbook) -> None:
    """Nothing was made of the silence; and how far it got is known."""
    session = await play.begin("go")
    request = await play.asks(session)
    await play.crash()

    card = play.channel.shown(f"turn:{session}:1").words
    assert "while it waited for your answer" in card
    assert "how far it got is not known" not in card
    assert play.channel.values(f"request:{request}")


@pytest.mark.parametrize("liveness", [Liveness.ALIVE, Liveness.UNKNOWN])
async def test_only_a_dead_agent_ends_a_turn(play: Playbook, liveness: Liveness) -> None:
    """S6."""
    session = await play.begin("go")
    play.script.liveness[session] = liveness
    await play.crash()

    assert play.state(session) == "executing"
    await play.finishes(session, text="Still here.")
    assert "Still here." in play.channel.texts()


async def test_what_an_agent_had_said_when_it_died_with_us_is_told(play: Playbook) -> None:
    """As far as its own record goes."""
    session = await play.begin("go")
    play.script.said[session, 1] = "half of it"
    await play.crash()

    assert play.one("SELECT body ->> 'text' FROM turn WHERE session_id = ?", session) == "half of it"
    assert "half of it" in play.channel.texts()


async def test_a_start_that_never_arrived_is_made_once_more(play: Playbook) -> None:
    """The agent's own record says that it does not have the message."""
    play.script.deeds.append(Deed.HANG)
    session = await play.begin("go")
    await play.crash()

    assert [start.turn for start in play.script.starts] == [1]
    assert play.state(session) == "executing"


@pytest.mark.parametrize("accepted", [Accepted.YES, Accepted.UNKNOWN])
async def test_a_start_that_may_have_arrived_is_not_repeated_and_the_person_is_asked(
    play: Playbook, accepted: Accepted
) -> None:
    """F10."""
    play.script.deeds.append(Deed.UNKNOWN)
    play.script.accepted = accepted
    session = await play.begin("go")
    await play.crash()

    assert len(play.script.starts) == 1
    assert play.state(session) == "idle"
    assert play.button(f"turn:{session}:1", "retry")
    assert play.one("SELECT status FROM effect WHERE kind = 'StartTurn'") == "unknown"


async def test_an_answer_that_was_under_way_is_not_repeated(play: Playbook) -> None:
    """F12: the card offers to answer and resume."""
    session = await play.begin("go")
    request = await play.asks(session)
    play.script.deeds.append(Deed.UNKNOWN)
    await play.say("yes")
    await play.crash()

    assert len(play.script.answers) == 1
    assert play.request_status(request) == "void"
    assert play.button(f"request:{request}", "late", "allow")


async def test_a_question_open_at_the_end_can_still_be_answered(play: Playbook) -> None:
    """F10, F12: the same call is then answered from the late decision, once; a second time it is asked."""
    session = await play.begin("go")
    request = await play.asks(session, fingerprint="rm")
    await play.crash()
    reply = await play.click(play.button(f"request:{request}", "late", "allow"))
    assert reply.toast is not None
    assert reply.toast.kind == "success"
    again = await play.asks(session, turn=2, fingerprint="rm")
    third = await play.asks(session, turn=2, fingerprint="rm")

    assert play.request_status(request) == "resumed"
    assert play.request_status(again) == "delivered"
    assert play.request_status(third) == "open"
    assert play.script.starts[1].carry is not None


async def test_a_late_decision_does_not_answer_another_call(play: Playbook) -> None:
    """F12."""
    session = await play.begin("go")
    request = await play.asks(session, fingerprint="rm")
    await play.crash()
    await play.click(play.button(f"request:{request}", "late", "allow"))
    other = await play.asks(session, turn=2, fingerprint="ls")

    assert play.request_status(other) == "open"
    assert play.script.answers == []


async def test_a_late_decision_ends_with_its_turn(play: Playbook) -> None:
    session = await play.begin("go")
    request = await play.asks(session, fingerprint="rm")
    await play.crash()
    await play.click(play.button(f"request:{request}", "late", "allow"))
    await play.finishes(session, turn=2)
    await play.say("once more")

    assert play.request_status(await play.asks(session, turn=3, fingerprint="rm")) == "open"


async def test_a_late_decision_survives_a_crash_before_the_agent_has_it(play: Playbook) -> None:
    session = await play.begin("go")
    request = await play.asks(session, fingerprint="rm")
    await play.crash()
    play.script.deeds.append(Deed.HANG)
    await play.click(play.button(f"request:{request}", "late", "allow"))
    await play.crash()

    assert [start.carry is not None for start in play.script.starts] == [False, True]
    assert play.request_status(await play.asks(session, turn=2, fingerprint="rm")) == "delivered"


async def test_a_deadline_that_passed_while_we_were_away_rings_once(play: Playbook) -> None:
    """F10."""
    session = await play.begin()
    play.clock.advance(timedelta(hours=2))
    await play.crash()
    await play.crash()

    assert play.state(session) == "closed"
    assert play.one("SELECT count(*) FROM event WHERE kind = 'IdleExpired'") == 1


async def test_deadlines_go_on_after_a_start(play: Playbook) -> None:
    """F10."""
    session = await play.begin("go")
    play.script.liveness[session] = Liveness.ALIVE
    await play.advance(20 * MINUTE)
    await play.crash()
    await play.advance(9 * MINUTE)
    assert play.state(session) == "executing"
    await play.advance(MINUTE)

    assert play.state(session) == "stopping"


async def test_what_was_owed_goes_out_after_a_start(play: Playbook) -> None:
    """F10."""
    play.channel.usual = Fate.HANG
    session = await play.begin("go")
    play.channel.usual = Fate.OK
    await play.crash()

    assert play.channel.shown(f"turn:{session}:1")
    assert play.one("SELECT count(*) FROM effect WHERE status = 'owed'") == 0


async def test_what_was_seen_before_the_kill_is_not_seen_twice(play: Playbook) -> None:
    """F10: it was posted, and we died before we knew."""
    play.channel.usual = Fate.UNKNOWN
    await play.begin()
    play.channel.usual = Fate.OK
    await play.crash()
    await play.advance(MINUTE)

    assert len(play.channel.posts) == 1
    assert len(play.channel.calls) >= 2


async def test_a_message_given_to_a_running_turn_when_we_died_is_shown_with_run_and_drop(play: Playbook) -> None:
    session = await play.begin("go", backend="steering")
    await play.say("also this")
    (prompt,) = play.rows("SELECT prompt_id FROM prompt WHERE status = 'queued'")[0]
    play.script.deeds.append(Deed.HANG)
    await play.click(play.button(f"prompt:{prompt}", "send_now"))
    await play.crash()

    assert play.one("SELECT status FROM prompt WHERE prompt_id = ?", prompt) == "held"
    assert play.script.steers == []
    assert play.button(f"prompt:{prompt}", "drop")
    assert play.state(session) == "idle"


async def test_a_session_without_its_backend_is_given_up_and_the_others_go_on(play: Playbook) -> None:
    session, other = await play.begin("go"), await play.begin("go", user=BOB, backend="steering")
    play.script.liveness[other] = Liveness.ALIVE
    await play.crash(start=False)
    await play.open()
    del play.core.backends["demo"]
    await play.core.start(play.left)

    assert (play.state(session), play.state(other)) == ("idle", "executing")


@pytest.mark.parametrize("error", [BackendError("the daemon does not answer"), ZeroDivisionError("a bug")])
async def test_a_backend_that_cannot_say_how_its_agents_are_ends_no_turn(play: Playbook, error: Exception) -> None:
    """S6: and the program starts."""
    session = await play.begin("go")
    play.script.cannot_say = error
    await play.crash()

    assert play.state(session) == "executing"
    await play.advance(timedelta(minutes=31))
    await play.advance(timedelta(minutes=1))
    assert play.state(session) == "idle"


async def test_a_start_of_which_nobody_can_say_whether_it_arrived_is_not_repeated(play: Playbook) -> None:
    """F10."""
    play.script.deeds.append(Deed.HANG)
    session = await play.begin("go")
    play.script.cannot_say = BackendError("its record is damaged")
    await play.crash()

    assert play.script.starts == []
    assert play.state(session) == "idle"
    assert play.button(f"turn:{session}:1", "retry")


async def test_a_state_of_a_newer_program_refuses_the_start_and_touches_nothing(play: Playbook) -> None:
    """O5."""
    session = await play.begin("go")
    await play.crash(start=False)
    with closing(sqlite3.connect(play.path)) as connection:
        connection.execute("UPDATE session SET table_version = 99")
        connection.execute("UPDATE meta SET value = '99' WHERE key = 'table_version'")  # as its start leaves it
        connection.commit()

    with pytest.raises(StoreError, match="executing"):
        await play.open()
    assert play.state(session) == "executing"
    with closing(sqlite3.connect(play.path)) as connection:
        connection.execute("UPDATE session SET table_version = 1")
        connection.commit()
    await play.writer.close()
    await play.start()
    assert play.state(session) == "idle"


async def test_every_backend_is_told_to_begin_and_one_that_cannot_holds_up_nothing(
    play: Playbook,
) -> None:
    await play.begin("go")
    play.script.begun.clear()
    play.script.cannot_begin = BackendError("its terminals cannot be reached")
    await play.crash()

    assert sorted(play.script.begun) == ["demo", "steering"]
    assert any("interrupted in the middle" in words for words in play.channel.texts())
