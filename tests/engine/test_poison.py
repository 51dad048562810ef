"""A bug in deciding: the event is kept, the person is told, and nobody else notices."""

import sqlite3
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from phonework import engine, poison
from phonework.errors import StoreError
from phonework.fsm.events import (
    AgentLost,
    AnswerDelivered,
    CardAnswered,
    Event,
    IdleExpired,
    MessageReceived,
    TurnFinished,
)
from phonework.fsm.machine import Decision, decide
from phonework.fsm.types import Session
from phonework.testing.playbook import BOB, Playbook

Break = Callable[..., None]


@pytest.fixture
def a_bug_in(monkeypatch: pytest.MonkeyPatch) -> Break:
    """Deciding raises for events of this kind, of sessions of this person."""

    def plant(kind: type[Event], *, user: str = "", error: type[Exception] = ZeroDivisionError) -> None:
        def buggy(session: Session, event: Event, now: datetime) -> Decision:
            if isinstance(event, kind) and user in ("", session.user_id):
                raise error("boom")
            return decide(session, event, now)

        monkeypatch.setattr(engine, "decide", buggy)

    return plant


@pytest.fixture
def mend(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    return lambda: monkeypatch.setattr(engine, "decide", decide)


def poisoned(play: Playbook) -> list[tuple[str, str]]:
    return play.rows("SELECT source, kind FROM event WHERE status = 'poisoned' AND reason = 'error'")  # type: ignore[return-value]


async def test_a_message_that_meets_a_bug_is_kept_and_answered(play: Playbook, a_bug_in: Break) -> None:
    session = await play.begin()
    a_bug_in(MessageReceived)
    said = await play.say("go")
    await play.deliver(said)

    assert poisoned(play) == [("message", "Said")]
    assert "had no effect" in play.channel.texts()[-1]
    assert play.channel.texts()[-1] != play.channel.texts()[-2]
    assert play.state(session) == "idle"


async def test_a_tap_that_meets_a_bug_says_so(play: Playbook, a_bug_in: Break) -> None:
    session = await play.begin("go")
    request = await play.asks(session)
    a_bug_in(CardAnswered)
    reply = await play.click(play.button(f"request:{request}", "answer", "allow"))

    assert reply.toast is not None
    assert reply.toast.kind == "error"
    assert play.request_status(request) == "open"
    assert poisoned(play) == [("click", "Clicked")]


async def test_others_go_on_while_one_meets_a_bug(play: Playbook, a_bug_in: Break) -> None:
    await play.begin()
    other = await play.begin(user=BOB)
    a_bug_in(MessageReceived, user="ou_ada")
    await play.say("go")
    await play.say("go", user=BOB)

    assert play.state(other) == "executing"


async def test_what_an_agent_reports_is_kept(play: Playbook, a_bug_in: Break) -> None:
    session = await play.begin("go")
    a_bug_in(TurnFinished)
    await play.finishes(session)

    assert poisoned(play) == [("agent", "TurnFinished")]
    assert play.state(session) == "executing"


@pytest.mark.parametrize("error", [ZeroDivisionError, sqlite3.IntegrityError])
async def test_a_deadline_that_meets_a_bug_holds_up_no_other(
    play: Playbook, a_bug_in: Break, error: type[Exception]
) -> None:
    """Otherwise no deadline would ever ring again."""
    first, other = await play.begin(), await play.begin(user=BOB)
    a_bug_in(IdleExpired, user="ou_ada", error=error)
    await play.advance(timedelta(minutes=31))
    await play.advance(timedelta(minutes=31))

    assert (play.state(first), play.state(other)) == ("idle", "closed")
    assert poisoned(play) == [("timer", "IdleExpired")]


async def test_an_effect_whose_result_meets_a_bug_leaves_its_lane_free(play: Playbook, a_bug_in: Break) -> None:
    session = await play.begin("go")
    await play.asks(session)
    a_bug_in(AnswerDelivered)
    await play.say("yes")
    await play.say("/stop")

    assert poisoned(play) == [("effect", "AnswerDelivered")]
    assert [turn for _, turn in play.script.interrupts] == [1]


async def test_a_start_of_the_program_goes_on_past_a_session_that_meets_a_bug(play: Playbook, a_bug_in: Break) -> None:
    first, other = await play.begin("go"), await play.begin("go", user=BOB)
    a_bug_in(AgentLost, user="ou_ada")
    await play.crash()

    assert (play.state(first), play.state(other)) == ("executing", "idle")
    assert poisoned(play) == [("boot", "AgentLost")]


async def test_what_concerns_the_disk_is_no_bug_of_one_event(play: Playbook, a_bug_in: Break) -> None:
    """Nothing is acknowledged that is not stored."""
    session = await play.begin()
    a_bug_in(MessageReceived, error=sqlite3.OperationalError)
    with pytest.raises(StoreError):
        await play.say("go")

    assert poisoned(play) == []
    assert play.writer.stopped
    assert play.state(session) == "idle"


async def test_once_mended_the_event_is_run_again_once(
    play: Playbook, a_bug_in: Break, mend: Callable[[], None]
) -> None:
    session = await play.begin()
    a_bug_in(MessageReceived)
    await play.say("go")
    mend()
    seq = play.one("SELECT seq FROM event WHERE status = 'poisoned'")
    desk = play.core.node._desk
    await play.writer.run(lambda connection, now: poison.rerun(connection, seq, desk, now))
    await play.settled()

    assert [start.prompts[0].text for start in play.script.starts] == ["go"]
    assert poisoned(play) == []
    assert play.state(session) == "executing"
