"""Anything in any order, with crashes: the real engine on a real file stands where a person may expect it to."""

import itertools
import os
import sqlite3
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import invariant, precondition, rule, run_state_machine_as_test

from phonework import boot, engine
from phonework.backends.base import Accepted, Liveness
from phonework.dispatcher import Dispatcher
from phonework.fsm import guards, together
from phonework.fsm.actions import ends, requests
from phonework.fsm.draft import Draft, TimerChange
from phonework.fsm.events import EVENTS, CardAnswered, Event, MessageReceived
from phonework.fsm.machine import Decide, decider
from phonework.fsm.replies import interpret
from phonework.fsm.table import TABLE, Ignore
from phonework.fsm.types import Answer, Request, Session, SessionId, TurnStatus
from phonework.store import effects, events, tasks, timers, users
from phonework.store.effects import Owed
from phonework.testing import promises
from phonework.testing.backend import Deed
from phonework.testing.engine_machine import EngineMachine
from phonework.testing.engine_stage import WHICH, any_sessions

THOROUGH: Final = os.environ.get("HYPOTHESIS_PROFILE") == "thorough"
COMMON: Final = settings(deadline=None, suppress_health_check=list(HealthCheck), print_blob=True)
# Thorough: fifteen minutes at low priority on two busy cores; what is found then takes up to five more to shrink.
PROFILE: Final = settings(
    COMMON, max_examples=2000 if THOROUGH else 40, stateful_step_count=80 if THOROUGH else 40, database=None
)
APPLIED: Final = "SELECT kind FROM event WHERE status = 'applied'"
SHORT: Final = settings(
    COMMON, max_examples=1500, stateful_step_count=30, database=None, phases=[Phase.generate], derandomize=True
)


@pytest.mark.timeout(7_200 if THOROUGH else 600)
def test_the_engine_stands_where_a_person_may_expect_it_to() -> None:
    """F14."""
    run_state_machine_as_test(EngineMachine, settings=PROFILE)


@pytest.mark.timeout(600)
def test_every_kind_of_event_is_sent_and_moves_something() -> None:
    """A new event that no rule sends would be played by nobody."""
    missing = set(EVENTS)

    class Noting(EngineMachine):
        @invariant()
        def every_promise_holds(self) -> None:
            """Looked at elsewhere: here it would only take time."""

        def teardown(self) -> None:
            missing.difference_update(kind for (kind,) in self.play.rows(APPLIED))
            self.broken = True
            self.play.channel.fates.clear()
            self.play.script.deeds.clear()
            self.let_go()  # a stop waits for what hangs
            super().teardown()

    for _ in range(80):
        run_state_machine_as_test(Noting, settings=settings(SHORT, max_examples=15, derandomize=False))
        if not missing:
            break
    assert missing == set()


# That it would notice: the same with one thing broken


class Falling(EngineMachine):
    """It often crashes at the moment at which most can go wrong; by chance that is rare."""

    @precondition(any_sessions)
    @rule(
        which=WHICH,
        deed=st.sampled_from(Deed),
        accepted=st.sampled_from([None, Accepted.UNKNOWN]),
        liveness=st.sampled_from([Liveness.DEAD, Liveness.UNKNOWN]),
    )
    def crash_amid_an_order(self, which: int, deed: Deed, accepted: Accepted | None, liveness: Liveness) -> None:
        self.the_next_effect(deed)
        self.please(which)
        self.crash(accepted, liveness, 0)


def without(guard: object) -> Decide:
    """The table with one guard taken out of every row."""
    return decider(
        [
            row
            if isinstance(row, Ignore)
            else replace(row, guards=tuple(one for one in row.guards if one is not guard))
            for row in TABLE
        ]
    )


def decide_by(patch: pytest.MonkeyPatch, decide: Decide) -> None:
    """Also in the replay, so that it takes the person's account to notice."""
    patch.setattr(engine, "decide", decide)
    patch.setattr(promises, "decide", decide)


def repeats_are_not_recognised(patch: pytest.MonkeyPatch) -> None:
    add, find, number = events.add, events.find, itertools.count()

    def add_again(connection: sqlite3.Connection, record: events.Record, now: datetime) -> int:
        known = find(connection, record.source, record.key)
        return add(connection, replace(record, key=f"{record.key} {next(number)}") if known else record, now)

    patch.setattr(events, "find", lambda *_: None)
    patch.setattr(events, "add", add_again)


def an_old_yes_answers_a_new_question(patch: pytest.MonkeyPatch) -> None:
    def careless(session: Session, event: Event) -> Answer | None:
        assert isinstance(event, MessageReceived)
        return interpret(session.open.ask, event.prompt.text) if session.open else None

    patch.setattr(guards, "typed_answer", careless)
    patch.setattr(requests, "typed_answer", careless)


def the_words_of_a_program_answer(patch: pytest.MonkeyPatch) -> None:
    careful = guards.typed_answer

    def careless(session: Session, event: Event) -> Answer | None:
        assert isinstance(event, MessageReceived)
        return careful(session, replace(event, answers=True))

    patch.setattr(guards, "typed_answer", careless)
    patch.setattr(requests, "typed_answer", careless)


def what_waits_behind_a_killed_turn_is_run(patch: pytest.MonkeyPatch) -> None:
    def kill(draft: Draft) -> None:
        draft.end_turn(TurnStatus.STOPPED)
        draft.rest()

    rows = [
        row if isinstance(row, Ignore) or row.action is not ends.kill_turn else replace(row, action=kill)
        for row in TABLE
    ]
    decide_by(patch, decider(rows))


def orders_are_not_claimed(patch: pytest.MonkeyPatch) -> None:
    add = effects.add

    def add_owed(connection: sqlite3.Connection, *given: Any, **more: Any) -> tuple[Owed, ...]:
        added = add(connection, *given, **more)
        effects.owe_again(connection, [one for one in added if one.claimed])
        return added

    patch.setattr(effects, "claim", lambda *_: True)
    patch.setattr(effects, "add", add_owed)


def orders_jump_their_lane(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(effects, "_is_free", lambda *_: True)


def claimed_orders_are_dropped(patch: pytest.MonkeyPatch) -> None:
    wake = Dispatcher.wake
    patch.setattr(Dispatcher, "wake", lambda self, owed: wake(self, [one for one in owed if not one.claimed]))


def claimed_orders_of_the_dead_are_done_again(patch: pytest.MonkeyPatch) -> None:
    async def arrived(*_: object) -> bool:
        return True

    patch.setattr(boot, "_never_arrived", arrived)


def an_older_card_answers(patch: pytest.MonkeyPatch) -> None:
    decide_by(patch, without(guards.answers_open))


def anybody_answers(patch: pytest.MonkeyPatch) -> None:
    decide_by(patch, without(guards.owner))


def a_dead_agent_is_waited_for(patch: pytest.MonkeyPatch) -> None:
    async def judge(*_: object) -> None:
        return

    patch.setattr(boot, "_judge", judge)


def nobody_sleeps(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(users, "quiet_by", lambda *_: None)


def a_question_waits_before_it_is_seen(patch: pytest.MonkeyPatch) -> None:
    wait_for = Draft.wait_for

    def at_once(draft: Draft, request: Request, *, since: datetime) -> None:
        wait_for(draft, request, since=draft.now)

    patch.setattr(Draft, "wait_for", at_once)


def what_waits_is_not_brought_when_its_person_is_there(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(effects, "release", lambda *_: ())
    patch.setattr(effects, "is_there", lambda *_: False)


def long_turns_are_not_counted(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(tasks, "add", lambda *_: None)


def a_tap_answers_what_its_card_did_not_show(patch: pytest.MonkeyPatch) -> None:
    def careless(session: Session, event: Event) -> tuple[Request, ...]:
        meant = event.also if isinstance(event, CardAnswered) else ()
        return tuple(one for one in session.waiting if one.request_id in meant)

    for module in (requests, together):
        patch.setattr(module, "answered_with", careless)


def a_mode_does_not_end(patch: pytest.MonkeyPatch) -> None:
    change = timers.change

    def but_modes(connection: sqlite3.Connection, session_id: SessionId, changes: Iterable[TimerChange]) -> None:
        change(connection, session_id, [one for one in changes if one.name != "mode"])

    patch.setattr(timers, "change", but_modes)


def effects_are_forgotten(patch: pytest.MonkeyPatch) -> None:
    add = effects.add
    patch.setattr(effects, "add", lambda c, orders, **more: add(c, orders[:2], **more))


AMID_AN_ORDER: Final = {orders_are_not_claimed, claimed_orders_of_the_dead_are_done_again}


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    "break_it",
    [
        repeats_are_not_recognised,
        an_old_yes_answers_a_new_question,
        the_words_of_a_program_answer,
        what_waits_behind_a_killed_turn_is_run,
        orders_are_not_claimed,
        orders_jump_their_lane,
        claimed_orders_are_dropped,
        claimed_orders_of_the_dead_are_done_again,
        an_older_card_answers,
        anybody_answers,
        a_dead_agent_is_waited_for,
        nobody_sleeps,
        a_question_waits_before_it_is_seen,
        what_waits_is_not_brought_when_its_person_is_there,
        long_turns_are_not_counted,
        a_tap_answers_what_its_card_did_not_show,
        a_mode_does_not_end,
        effects_are_forgotten,
    ],
    ids=lambda one: one.__name__,
)
def test_it_is_noticed_when(break_it: Callable[[pytest.MonkeyPatch], None]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        break_it(patch)
        with pytest.raises(AssertionError):
            run_state_machine_as_test(Falling if break_it in AMID_AN_ORDER else EngineMachine, settings=SHORT)
