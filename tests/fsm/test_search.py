"""Every interleaving within bounds: what people, agents, clocks and crashes can do to one session."""

from collections import deque
from collections.abc import Callable, Collection
from dataclasses import replace
from datetime import datetime

import pytest

from phonework.fsm import guards, together
from phonework.fsm.actions import ends, messages, modes, requests, turns
from phonework.fsm.change import replace as change
from phonework.fsm.draft import Draft
from phonework.fsm.effects import KillAgent
from phonework.fsm.events import AgentAsked, CardAnswered, Event, MessageReceived, ModeChosen, TurnBegan
from phonework.fsm.machine import Decide, decide, decider
from phonework.fsm.table import TABLE, Action, Branch, Ignore, Row
from phonework.fsm.types import Answer, Request, RequestStatus, Session, State, TurnStatus, Verdict
from phonework.testing.world import (
    BYPASS,
    MORNING,
    NOW,
    OWNER,
    Bounds,
    BrokenPromiseError,
    World,
    after,
    at_rest,
    begin,
    calm,
    moves,
    seen_as,
)

SMALL = Bounds(prompts=1, asks=2, crashes=1, clicks=2)
STEPS = 40_000


def explore(
    decide: Decide,
    bounds: Bounds,
    *,
    can_steer: bool = False,
    quiet: bool = False,
    limit: int = STEPS,
    only: Collection[str] = (),
) -> set[World]:
    """Every world that can be reached, breadth first. only: the names of the moves to follow, when not all."""
    first = begin(can_steer=can_steer, quiet=quiet)
    seen = {seen_as(first)}
    waiting = deque([first])
    steps = 0
    while waiting and steps < limit:
        world = waiting.popleft()
        for move in moves(world, bounds):
            if only and move.name not in only:
                continue
            steps += 1
            then = after(move, decide)
            known = seen_as(then)
            if known not in seen:
                seen.add(known)
                waiting.append(then)
    return seen


@pytest.fixture(scope="module")
def reached() -> set[World]:
    return explore(decide, SMALL)


def test_no_interleaving_breaks_a_promise(reached: set[World]) -> None:
    assert {world.session.state for world in reached} == set(State)
    assert len(reached) > 1_000


def test_rest_is_reached_from_everywhere_if_people_do_nothing(reached: set[World]) -> None:
    """Orders carried out and deadlines passed, every session comes to rest."""
    resting: set[World] = set()
    for world in reached:
        _comes_to_rest(world, resting)


def _comes_to_rest(world: World, resting: set[World]) -> None:
    path, tried = [world], {seen_as(world)}
    while path:
        here = path.pop()
        if at_rest(here) or seen_as(here) in resting:
            resting.update(tried)
            return
        for move in calm(here):
            then = after(move, decide)
            if seen_as(then) not in tried:
                tried.add(seen_as(then))
                path.append(then)
    raise AssertionError(f"no way to rest from {world.session.state} with {world.owed}")


def _without(guard: object) -> Decide:
    """The table with one guard taken out of every row."""
    rows = [
        row if isinstance(row, Ignore) else replace(row, guards=tuple(one for one in row.guards if one is not guard))
        for row in TABLE
    ]
    return decider(rows)


def _with_branch(branch: object, instead: object) -> Decide:
    rows = [
        row
        if isinstance(row, Ignore)
        else replace(row, when=tuple(instead if one is branch else one for one in row.when))
        for row in TABLE
    ]
    return decider(rows)


TALK = {"message fresh", "start", "ask rm", "click owner", "click stranger", "answer", "finish"}
MODES = {
    "message fresh",
    "start",
    "mode bypass owner",
    "mode bypass stranger",
    "mode plan owner",
    "mode set",
    "mode refused",
    "mode refused late",
    "timer mode",
    "close",
}
LATE = {"message fresh", "start", "ask rm", "ask ls", "crash", "late owner", "late stranger", "answer"}


NIGHT = {"message fresh", "start", "ask rm", "withdraw", "click owner", "shown", "timer wait", "timer remind"}


def test_no_interleaving_breaks_a_promise_at_night() -> None:
    """Nobody is asked before they may be disturbed, and no silence until then is a yes."""
    reached = explore(decide, SMALL, quiet=True)
    assert any(world.session.open and world.session.open.opened_at == MORNING for world in reached)
    assert any(world.session.open and world.session.open.opened_at == NOW for world in reached)


def test_from_every_night_rest_is_reached_if_people_do_nothing() -> None:
    resting: set[World] = set()
    for world in explore(decide, Bounds(prompts=1, asks=2, crashes=0, clicks=1), quiet=True, only=NIGHT):
        _comes_to_rest(world, resting)


def test_a_wait_that_begins_before_it_is_seen_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    wait_for = Draft.wait_for

    def at_once(draft: Draft, request: Request, *, since: datetime) -> None:
        wait_for(draft, request, since=draft.now)

    monkeypatch.setattr(Draft, "wait_for", at_once)
    with pytest.raises(BrokenPromiseError, match="before they are asked"):
        explore(decider(TABLE), Bounds(prompts=1, asks=1), quiet=True, only=NIGHT)


AT_THE_TERMINAL = Bounds(prompts=1, asks=1, crashes=1, clicks=1, typed=2, asking=("rm",))


def test_a_turn_begun_at_the_terminal_breaks_no_promise_and_comes_to_rest() -> None:
    resting: set[World] = set()
    reached = explore(decide, AT_THE_TERMINAL)
    assert any(world.typed and world.session.open for world in reached)
    for world in reached:
        _comes_to_rest(world, resting)


def test_a_turn_begun_at_the_terminal_while_one_runs_is_noticed() -> None:
    anywhere = [
        Row(row.source, row.event, State.EXECUTING, turns.note_begun)
        if row.event is TurnBegan and row.source is not State.CLOSED
        else row
        for row in TABLE
    ]
    with pytest.raises((BrokenPromiseError, AssertionError)):
        explore(decider(anywhere), AT_THE_TERMINAL)


@pytest.mark.parametrize(
    ("guard", "bounds", "only"),
    [
        (guards.owner, Bounds(prompts=1, asks=1), TALK),
        (guards.answers_open, Bounds(prompts=1, asks=1), TALK),
        (guards.resumable, Bounds(prompts=1, asks=2, clicks=2), TALK | LATE),
        (guards.this_turn, Bounds(prompts=2, asks=0), TALK | {"echo"}),
        (guards.this_wait, Bounds(prompts=1, asks=1), TALK | {"timer wait"}),
        (guards.this_turn_timer, Bounds(prompts=2, asks=0), TALK | {"timer turn", "timer idle"}),
        (guards.this_turn_timer, Bounds(prompts=2, asks=0), TALK | {"timer background"}),
        (guards.shown_open, Bounds(prompts=1, asks=2), NIGHT),
        (guards.answered, Bounds(prompts=1, asks=1), TALK | {"timer wait", "interrupt unheard"}),
        (guards.mode_over, Bounds(prompts=1, asks=0, modes=2), MODES),
        (guards.mode_wanted, Bounds(prompts=1, asks=0, modes=2), MODES),
        (guards.owner, Bounds(prompts=1, asks=0, modes=1), MODES),
        (guards.prompt_waits, Bounds(prompts=2, asks=0), TALK | {"drop", "send now"}),
        (guards.files_fit, Bounds(prompts=2, asks=0), {"files"}),
        (guards.is_spoken, Bounds(prompts=1, asks=0), {"voice", "hear", "hear again"}),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_a_guard_that_is_left_out_is_noticed(guard: object, bounds: Bounds, only: set[str]) -> None:
    quiet = guard is guards.shown_open
    explore(decide, bounds, only=only, quiet=quiet)
    with pytest.raises((BrokenPromiseError, AssertionError)):
        explore(_without(guard), bounds, only=only, quiet=quiet)


@pytest.mark.parametrize(
    ("branch", "only"),
    [
        (guards.only_files, {"files"}),
        (guards.names_kept, {"message fresh", "files", "start", "send now"}),
        (guards.unheard, {"message fresh", "start", "take back"}),
        (guards.leaves_a_rest, {"message fresh", "files", "start", "take back"}),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_a_branch_that_is_never_taken_is_noticed(
    branch: Branch, only: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(session: Session, event: Event) -> bool:
        return False

    bounds = Bounds(prompts=2, asks=0)
    explore(decide, bounds, only=only)
    monkeypatch.setattr(guards, branch.__name__, never)
    with pytest.raises(BrokenPromiseError):
        explore(_with_branch(branch, never), bounds, only=only)


def test_a_turn_called_off_though_its_agent_has_the_message_is_noticed() -> None:
    only = {"message fresh", "start", "take back"}
    reached = explore(decide, Bounds(prompts=2, asks=0), only=only)
    assert any(world.session.turn and world.session.state is State.IDLE and not world.running for world in reached)
    with pytest.raises(BrokenPromiseError):
        explore(_with_branch(guards.unheard, guards.in_turn), Bounds(prompts=2, asks=0), only=only)


def test_a_message_that_is_lost_with_the_turn_it_was_to_slip_into_is_noticed() -> None:
    only = {"message fresh", "send now", "start", "steer", "steer fails", "take back"}
    bounds = Bounds(prompts=2, asks=0)
    explore(decide, bounds, only=only, can_steer=True)
    with pytest.raises(BrokenPromiseError):
        explore(_with_branch(guards.came_later, lambda session, event: False), bounds, only=only, can_steer=True)


def test_a_message_that_is_back_on_hold_after_it_was_taken_back_is_noticed() -> None:
    only = {"message fresh", "send now", "start", "steer fails late", "take back"}
    bounds = Bounds(prompts=2, asks=0)
    explore(decide, bounds, only=only, can_steer=True)
    with pytest.raises(BrokenPromiseError):
        explore(_without(guards.was_given), bounds, only=only, can_steer=True)


def test_files_that_are_left_behind_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The words go without what was kept for them."""
    explore(decide, Bounds(prompts=2, asks=0), only={"files", "message fresh"})
    monkeypatch.setattr(messages, "_with_kept", lambda draft: draft.event.prompt)
    with pytest.raises(BrokenPromiseError):
        explore(decide, Bounds(prompts=2, asks=0), only={"files", "message fresh"})


def test_a_decision_used_for_another_call_is_noticed() -> None:
    mutant = _with_branch(guards.carried, lambda session, event: session.carry is not None and not session.carry.used)
    with pytest.raises(BrokenPromiseError):
        explore(mutant, Bounds(prompts=1, asks=2, clicks=1), only=LATE)


def test_a_decision_used_twice_is_noticed() -> None:
    def again(session: Session, event: Event) -> bool:
        assert isinstance(event, AgentAsked)
        return session.carry is not None and session.carry.ask.fingerprint == event.ask.fingerprint

    with pytest.raises(BrokenPromiseError):
        explore(_with_branch(guards.carried, again), Bounds(prompts=1, asks=3, clicks=1), only=LATE)


def test_an_old_yes_that_answers_a_new_question_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    def careless(session: Session, event: Event) -> Answer | None:
        return Answer(verdict=Verdict.ALLOW) if session.open is not None else None

    monkeypatch.setattr(guards, "typed_answer", careless)
    monkeypatch.setattr(requests, "typed_answer", careless)
    with pytest.raises(BrokenPromiseError):
        explore(decider(TABLE), Bounds(prompts=2, asks=1), only=TALK | {"message earlier"})


def test_words_of_a_program_that_answer_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    careful = guards.typed_answer

    def careless(session: Session, event: Event) -> Answer | None:
        assert isinstance(event, MessageReceived)
        return careful(session, replace(event, answers=True))

    only = (TALK - {"click owner", "click stranger"}) | {"message program"}
    explore(decide, Bounds(prompts=2, asks=1), only=only)
    monkeypatch.setattr(guards, "typed_answer", careless)
    monkeypatch.setattr(requests, "typed_answer", careless)
    with pytest.raises(BrokenPromiseError):
        explore(decider(TABLE), Bounds(prompts=2, asks=1), only=only)


def _unharmed(draft: Draft) -> None:
    """The turn is over, and its agent works on."""
    draft.settle_all(RequestStatus.REFUSED)
    draft.end_turn(TurnStatus.STOPPED)
    draft.rest()


def _run_on(draft: Draft) -> None:
    """What waited behind the turn is left where it is."""
    draft.owe(KillAgent(turn=draft.session.turn))
    draft.settle_all(RequestStatus.REFUSED)
    draft.end_turn(TurnStatus.STOPPED)
    draft.rest()


@pytest.mark.parametrize("instead", [_unharmed, _run_on])
def test_a_kill_that_does_not_end_it_all_is_noticed(instead: Action) -> None:
    only = {"message fresh", "message program", "start", f"kill {OWNER}"}
    explore(decide, Bounds(prompts=2, asks=0), only=only)
    with pytest.raises(BrokenPromiseError):
        explore(_with_action(ends.kill_turn, instead), Bounds(prompts=2, asks=0), only=only)


def test_steering_keeps_the_promises() -> None:
    explore(decide, Bounds(prompts=2, asks=1, crashes=1, clicks=1), can_steer=True)


def test_modes_keep_the_promises() -> None:
    """Whatever comes between: a limit that is over, a refusal, a crash, the end of the session."""
    reached = explore(decide, Bounds(prompts=1, asks=1, crashes=1, clicks=0, modes=2))
    assert {world.agent_mode for world in reached} >= {"", BYPASS, "plan"}


def _with_action(action: object, instead: Action) -> Decide:
    rows = [
        row if isinstance(row, Ignore) or row.action is not action else replace(row, action=instead) for row in TABLE
    ]
    return decider(rows)


def _quietly(draft: Draft) -> None:
    """The session forgets the mode, and the agent is not told."""
    draft.session = change(draft.session, mode=draft.session.mode_after, mode_after="", mode_until=None)


def _again(draft: Draft) -> None:
    """A mode with a limit takes the place of the one that comes after another one's."""
    event = draft.event
    assert isinstance(event, ModeChosen)
    before = draft.session.mode
    modes.choose_mode(draft)
    if event.limit is not None:
        draft.session = change(draft.session, mode_after=before)


@pytest.mark.parametrize(
    ("action", "instead"),
    [(modes.end_mode, _quietly), (modes.choose_mode, _again), (modes.refuse_mode, _quietly)],
)
def test_an_agent_left_without_questions_is_noticed(action: Action, instead: Action) -> None:
    with pytest.raises(BrokenPromiseError):
        explore(_with_action(action, instead), Bounds(prompts=1, asks=0, modes=2), only=MODES)


ALL = {
    "message fresh",
    "start",
    "ask rm",
    "ask ls",
    "ask big",
    "ask in",
    "click for all",
    "click owner",
    "withdraw",
    "answer",
}
TOGETHER = Bounds(prompts=1, asks=3, crashes=0, clicks=2, asking=("rm", "ls", "big", "in"))


def test_several_answered_at_once_keep_the_promises() -> None:
    reached = explore(decide, TOGETHER, only=ALL)
    assert any(request.together for world in reached for request in world.requests)
    assert any(len(world.told) == 3 for world in reached)


def _everything(session: Session, event: Event) -> tuple[Request, ...]:
    return session.waiting if isinstance(event, CardAnswered) and event.also else ()


def _named(session: Session, event: Event) -> tuple[Request, ...]:
    return tuple(one for one in session.waiting if isinstance(event, CardAnswered) and one.request_id in event.also)


@pytest.mark.parametrize("careless", [_everything, _named])
def test_a_yes_to_what_the_card_did_not_show_is_noticed(
    careless: Callable[[Session, Event], tuple[Request, ...]], monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (requests, together):
        monkeypatch.setattr(module, "answered_with", careless)
    with pytest.raises(BrokenPromiseError):
        explore(decider(TABLE), TOGETHER, only=ALL)


def test_a_request_answered_on_anothers_card_and_asked_all_the_same_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (requests, guards):
        monkeypatch.setattr(module, "left_behind", lambda session, event: session.waiting)
    with pytest.raises((BrokenPromiseError, AssertionError)):
        explore(decider(TABLE), TOGETHER, only=ALL)
