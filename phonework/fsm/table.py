"""The workflow as data: one row for each legal move, and for each event a state does not accept the reason why.

Rows of one source and event are tried from the top: the first whose branch says yes and whose guards have no objection
is taken. `docs/states.md` and `phonework fsm` are drawn from these rows.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from phonework.fsm import guards as guard
from phonework.fsm.actions import ends, messages, modes, requests, turns
from phonework.fsm.draft import Draft
from phonework.fsm.events import (
    AgentAsked,
    AgentLost,
    AgentSessionChanged,
    AnswerDelivered,
    AnswerLost,
    BackgroundFinished,
    CardAnswered,
    CloseAsked,
    ContinueAsked,
    Created,
    DropAsked,
    Event,
    IdleExpired,
    KillAsked,
    LateAnswered,
    MessageReceived,
    MessageTakenBack,
    ModeChosen,
    ModeExpired,
    ModelChosen,
    ModeRefused,
    PromptHeard,
    PromptsTaken,
    RequestShown,
    RequestWithdrawn,
    RetryAsked,
    SendNowAsked,
    SteerFailed,
    StopAsked,
    StopExpired,
    TurnBegan,
    TurnExpired,
    TurnFailed,
    TurnFinished,
    TurnStarted,
    TurnWentLong,
    WaitExpired,
    WaitReminderDue,
)
from phonework.fsm.reasons import Reason
from phonework.fsm.types import Session, State

TABLE_VERSION: Final = 3
"""Raised with every change of the rows; `tests/fsm/table.golden.json` holds the rows of this version."""

Action = Callable[[Draft], None]
Guard = Callable[[Session, Event], Reason | None]
Branch = Callable[[Session, Event], bool]


@dataclass(frozen=True, slots=True)
class Row:
    """From source by event to target. when: which of several rows; guards: what must hold, with the reason if not."""

    source: State
    event: type[Event]
    target: State
    action: Action
    guards: tuple[Guard, ...] = ()
    when: tuple[Branch, ...] = ()


@dataclass(frozen=True, slots=True)
class Ignore:
    """The state does not accept the event: it is recorded with the reason, and the person is told."""

    source: State
    event: type[Event]
    reason: Reason | Callable[[Session, Event], Reason]


IDLE, EXECUTING, STOPPING, CLOSED = State.IDLE, State.EXECUTING, State.STOPPING, State.CLOSED
WAITING_CONFIRM, WAITING_INPUT = State.WAITING_CONFIRM, State.WAITING_INPUT
WAITING = (WAITING_CONFIRM, WAITING_INPUT)
BUSY = (EXECUTING, *WAITING, STOPPING)
OPEN = (IDLE, *BUSY)
ALL = (*OPEN, CLOSED)


def _ignore(states: tuple[State, ...], event: type[Event], reason: Reason | Callable[..., Reason]) -> list[Ignore]:
    return [Ignore(state, event, reason) for state in states]


def _stay(states: tuple[State, ...], event: type[Event], action: Action, *guards: Guard) -> list[Row]:
    return [Row(state, event, state, action, guards) for state in states]


def _settle(event: type[Event], action: Action, guards: tuple[Guard, ...], *when: Branch) -> list[Row]:
    """The open request is settled: the next one is asked, or the agent goes on."""
    return [
        row
        for source in WAITING
        for row in (
            Row(source, event, EXECUTING, action, guards, (*when, guard.none_behind)),
            Row(source, event, WAITING_CONFIRM, action, guards, (*when, guard.confirm_behind)),
            Row(source, event, WAITING_INPUT, action, guards, (*when, guard.input_behind)),
        )
    ]


def _finish(source: State, event: type[Event], *guards: Guard) -> list[Row]:
    """The turn is over: the next message runs, or the session rests."""
    return [
        Row(source, event, EXECUTING, turns.end_and_start_next, guards, (guard.prompts_wait,)),
        Row(source, event, IDLE, turns.end, guards),
    ]


def _hold_back(source: State) -> list[Row]:
    """The message is taken back before the agent got it: it is not run, and without it there is no turn."""

    def row(target: State, action: Action, *when: Branch) -> Row:
        return Row(source, MessageTakenBack, target, action, (guard.owner,), (guard.unheard, *when))

    return [
        row(source, messages.take_files_back, guard.leaves_a_rest),
        row(source, messages.leave_turn, guard.came_later),
        row(EXECUTING, messages.call_off_and_start_next, guard.prompts_wait),
        row(IDLE, messages.call_off),
    ]


FILES: Final = (guard.owner, guard.has_room, guard.files_fit)

_messages: list[Row | Ignore] = [
    *[
        Row(state, MessageReceived, state, messages.hold, (guard.owner, guard.has_room), (guard.is_stale,))
        for state in OPEN
    ],
    Row(IDLE, MessageReceived, IDLE, messages.keep_at_rest, FILES, (guard.only_files,)),
    *[Row(state, MessageReceived, state, messages.keep, FILES, (guard.only_files,)) for state in BUSY],
    Row(IDLE, MessageReceived, EXECUTING, messages.start, (guard.owner, guard.files_fit), (guard.has_words,)),
    *_settle(MessageReceived, requests.answer, (guard.owner,), guard.is_answer),
    *_stay(BUSY, MessageReceived, messages.queue, *FILES),
    Ignore(CLOSED, MessageReceived, Reason.SESSION_CLOSED),
    Row(IDLE, RetryAsked, EXECUTING, messages.retry, (guard.owner, guard.turn_meant, guard.has_last)),
    *[
        Row(state, RetryAsked, STOPPING, messages.stop_and_retry, (guard.owner, guard.turn_meant, guard.has_last))
        for state in (EXECUTING, *WAITING)
    ],
    Ignore(STOPPING, RetryAsked, Reason.ALREADY_STOPPING),
    Ignore(CLOSED, RetryAsked, Reason.SESSION_CLOSED),
    Row(IDLE, ContinueAsked, EXECUTING, messages.go_on, (guard.owner, guard.turn_meant)),
    *_ignore(BUSY, ContinueAsked, Reason.BUSY),
    Ignore(CLOSED, ContinueAsked, Reason.SESSION_CLOSED),
    Row(IDLE, SendNowAsked, EXECUTING, messages.run_now, (guard.owner, guard.prompt_waits)),
    *[
        Row(state, SendNowAsked, state, messages.send_kept, (guard.owner, guard.prompt_waits), (guard.names_kept,))
        for state in BUSY
    ],
    Row(EXECUTING, SendNowAsked, EXECUTING, messages.steer, (guard.owner, guard.prompt_waits), (guard.can_steer,)),
    *[
        Row(state, SendNowAsked, STOPPING, messages.stop_and_run, (guard.owner, guard.prompt_waits))
        for state in (EXECUTING, *WAITING)
    ],
    *_stay((STOPPING,), SendNowAsked, messages.advance, guard.owner, guard.prompt_waits),
    Ignore(CLOSED, SendNowAsked, Reason.SESSION_CLOSED),
    *_stay(OPEN, DropAsked, messages.drop, guard.owner, guard.prompt_waits),
    Ignore(CLOSED, DropAsked, Reason.SESSION_CLOSED),
    *[
        Row(state, MessageTakenBack, state, action, (guard.owner,), (guard.waits, *when))
        for state in OPEN
        for action, when in ((messages.take_files_back, (guard.leaves_a_rest,)), (messages.drop, ()))
    ],
    *[row for state in BUSY for row in _hold_back(state)],
    *_stay((EXECUTING, *WAITING), MessageTakenBack, messages.tell_it_runs, guard.owner, guard.with_agent),
    *_ignore((IDLE, STOPPING), MessageTakenBack, guard.run_already),
    Ignore(CLOSED, MessageTakenBack, Reason.SESSION_CLOSED),
    *_stay(OPEN, ModelChosen, modes.choose_model, guard.owner),
    Ignore(CLOSED, ModelChosen, Reason.SESSION_CLOSED),
    *_stay(OPEN, ModeChosen, modes.choose_mode, guard.owner, guard.mode_changes),
    Ignore(CLOSED, ModeChosen, Reason.SESSION_CLOSED),
    *_stay(OPEN, ModeExpired, modes.end_mode, guard.mode_over),
    Ignore(CLOSED, ModeExpired, Reason.STALE_TIMER),
    *_stay(OPEN, ModeRefused, modes.refuse_mode, guard.mode_wanted),
    Ignore(CLOSED, ModeRefused, Reason.SESSION_CLOSED),
]

_requests: list[Row | Ignore] = [
    *[
        Row(state, AgentAsked, state, requests.answer_from_carry, (guard.this_turn,), (guard.carried,))
        for state in (EXECUTING, *WAITING)
    ],
    Row(EXECUTING, AgentAsked, WAITING_INPUT, requests.ask, (guard.this_turn,), (guard.asks_input,)),
    Row(EXECUTING, AgentAsked, WAITING_CONFIRM, requests.ask, (guard.this_turn,)),
    *_stay(WAITING, AgentAsked, requests.ask_later, guard.this_turn),
    *_stay((IDLE, STOPPING), AgentAsked, requests.refuse_new),
    Ignore(CLOSED, AgentAsked, Reason.SESSION_CLOSED),
    *_settle(CardAnswered, requests.answer, (guard.owner, guard.answers_open)),
    *_ignore((IDLE, EXECUTING, STOPPING, CLOSED), CardAnswered, guard.settled),
    Row(IDLE, LateAnswered, EXECUTING, requests.answer_late, (guard.owner, guard.resumable)),
    *_ignore(BUSY, LateAnswered, Reason.BUSY),
    Ignore(CLOSED, LateAnswered, Reason.SESSION_CLOSED),
    *_settle(RequestWithdrawn, requests.withdraw_open, (guard.asked_by_agent,), guard.names_open),
    *_stay(WAITING, RequestWithdrawn, requests.withdraw_queued, guard.asked_by_agent),
    *_ignore((IDLE, EXECUTING, STOPPING, CLOSED), RequestWithdrawn, guard.settled),
    *_stay(ALL, AnswerDelivered, requests.mark_delivered, guard.answered),
    *_stay(ALL, AnswerLost, requests.mark_lost, guard.answered),
    *_stay(WAITING, RequestShown, requests.note_shown, guard.shown_open),
    *_ignore((IDLE, EXECUTING, STOPPING, CLOSED), RequestShown, Reason.NOTED),
]

_agent: list[Row | Ignore] = [
    *_ignore(ALL, Created, Reason.DUPLICATE),
    Row(IDLE, TurnBegan, EXECUTING, turns.note_begun),
    *_ignore(BUSY, TurnBegan, Reason.BUSY),
    Ignore(CLOSED, TurnBegan, Reason.SESSION_CLOSED),
    *_stay(BUSY, TurnStarted, turns.note_started, guard.this_turn),
    *_ignore((IDLE, CLOSED), TurnStarted, Reason.STALE_TURN),
    *_stay(BUSY, PromptsTaken, turns.note_taken, guard.this_turn),
    *_ignore((IDLE, CLOSED), PromptsTaken, Reason.STALE_TURN),
    *_stay(OPEN, AgentSessionChanged, turns.note_agent_session, guard.same_agent_session),
    Ignore(CLOSED, AgentSessionChanged, Reason.SESSION_CLOSED),
    *_stay(OPEN, PromptHeard, messages.note_heard, guard.is_spoken),
    Ignore(CLOSED, PromptHeard, Reason.SESSION_CLOSED),
    *_stay(OPEN, SteerFailed, messages.hold_again, guard.was_given),
    Ignore(CLOSED, SteerFailed, Reason.SESSION_CLOSED),
    *_stay(OPEN, BackgroundFinished, turns.relay),
    Ignore(CLOSED, BackgroundFinished, Reason.SESSION_CLOSED),
    *[row for state in BUSY for row in _finish(state, TurnFinished, guard.this_turn)],
    *[row for event in (TurnFailed, AgentLost) for row in _finish(STOPPING, event, guard.this_turn)],
    *[
        Row(state, event, IDLE, turns.fail, (guard.this_turn,))
        for event in (TurnFailed, AgentLost)
        for state in (EXECUTING, *WAITING)
    ],
    *[
        Ignore(state, event, Reason.STALE_TURN)
        for event in (TurnFinished, TurnFailed, AgentLost)
        for state in (IDLE, CLOSED)
    ],
]

_ends: list[Row | Ignore] = [
    *[Row(state, StopAsked, STOPPING, ends.stop, (guard.owner, guard.turn_meant)) for state in (EXECUTING, *WAITING)],
    Ignore(IDLE, StopAsked, Reason.NOTHING_RUNNING),
    Ignore(STOPPING, StopAsked, Reason.ALREADY_STOPPING),
    Ignore(CLOSED, StopAsked, Reason.SESSION_CLOSED),
    Row(IDLE, KillAsked, IDLE, ends.end_agent, (guard.owner,)),
    *[Row(state, KillAsked, IDLE, ends.kill_turn, (guard.owner,)) for state in BUSY],
    Ignore(CLOSED, KillAsked, Reason.SESSION_CLOSED),
    *[Row(state, CloseAsked, CLOSED, ends.close, (guard.owner,)) for state in OPEN],
    Ignore(CLOSED, CloseAsked, Reason.SESSION_CLOSED),
    *_stay(WAITING, WaitReminderDue, requests.remind, guard.this_wait),
    *_ignore((IDLE, EXECUTING, STOPPING, CLOSED), WaitReminderDue, Reason.STALE_TIMER),
    *[Row(state, WaitExpired, STOPPING, ends.expire_wait, (guard.this_wait,)) for state in WAITING],
    *_ignore((IDLE, EXECUTING, STOPPING, CLOSED), WaitExpired, Reason.STALE_TIMER),
    *_stay((EXECUTING, *WAITING), TurnWentLong, turns.go_on_in_background, guard.this_turn_timer),
    *_ignore((IDLE, STOPPING, CLOSED), TurnWentLong, Reason.STALE_TIMER),
    *[Row(state, TurnExpired, STOPPING, ends.expire_turn, (guard.this_turn_timer,)) for state in (EXECUTING, *WAITING)],
    *_ignore((IDLE, STOPPING, CLOSED), TurnExpired, Reason.STALE_TIMER),
    Row(STOPPING, StopExpired, EXECUTING, ends.kill_and_start_next, (guard.this_turn_timer,), (guard.prompts_wait,)),
    Row(STOPPING, StopExpired, IDLE, ends.kill, (guard.this_turn_timer,)),
    *_ignore((IDLE, EXECUTING, *WAITING, CLOSED), StopExpired, Reason.STALE_TIMER),
    Row(IDLE, IdleExpired, CLOSED, ends.close_idle, (guard.this_turn_timer,)),
    *_ignore((*BUSY, CLOSED), IdleExpired, Reason.STALE_TIMER),
]


TABLE: Final[tuple[Row | Ignore, ...]] = tuple(_messages + _requests + _agent + _ends)
