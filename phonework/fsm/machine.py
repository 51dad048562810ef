"""`decide`: the one function that moves a session. Only this module knows the `transitions` library."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, cast

from transitions import EventData, Machine, Transition

from phonework.fsm.draft import Draft, TimerChange
from phonework.fsm.effects import Effect
from phonework.fsm.events import Event
from phonework.fsm.reasons import Reason
from phonework.fsm.table import TABLE, Action, Branch, Guard, Ignore, Row
from phonework.fsm.types import Prompt, Request, Session, State, Turn


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What becomes of an event. reason: why nothing changed; then `session` is the one that was given.

    requests, prompts, turns: every value that changed, to be stored as it is.
    """

    source: State
    target: State
    session: Session
    reason: Reason | None = None
    effects: tuple[Effect, ...] = ()
    timers: tuple[TimerChange, ...] = ()
    requests: tuple[Request, ...] = ()
    prompts: tuple[Prompt, ...] = ()
    turns: tuple[Turn, ...] = ()

    @property
    def applied(self) -> bool:
        return self.reason is None


Decide = Callable[[Session, Event, datetime], Decision]
Perform = Callable[[EventData], object]


def decider(table: Sequence[Row | Ignore]) -> Decide:
    """`decide` for a table. The machine is built once and holds no model: drafts pass through it and are not kept."""
    machine = _machine(table)

    def decide(session: Session, event: Event, now: datetime) -> Decision:
        """Total: every event in every state is a move or is refused with a reason. Pure: nothing is performed."""
        draft = Draft(session, event, now)
        if not machine.events[type(event).__name__].trigger(draft):
            reason = draft.reason or Reason.ERROR
            return Decision(source=session.state, target=session.state, session=session, reason=reason)
        after = draft.finish()
        return Decision(
            source=session.state,
            target=after.state,
            session=after,
            effects=tuple(draft.effects),
            timers=tuple(draft.timers.values()),
            requests=tuple(draft.requests.values()),
            prompts=tuple(draft.prompts.values()),
            turns=tuple(draft.turns.values()),
        )

    return decide


class _Step(Transition):
    """The library's transition without its debug lines and the hooks we do not use: they took longer than the step.

    Conditions and actions are functions here, never the names the library would look up.
    """

    def execute(self, event_data: EventData) -> bool:
        for condition in self.conditions:
            if not cast(Perform, condition.func)(event_data):
                return False
        if self.dest:
            event_data.machine.set_state(self.dest, event_data.model)
        for perform in self.after:
            cast(Perform, perform)(event_data)
        return True


class _Machine(Machine):
    transition_cls = _Step


def _machine(table: Sequence[Row | Ignore]) -> Machine:
    machine = _Machine(
        model=None,
        states=[state.value for state in State],
        initial=None,
        auto_transitions=False,
        send_event=True,
        queued=False,
    )
    for row in table:
        machine.add_transition(**_transition(row))
    return machine


def _transition(row: Row | Ignore) -> dict[str, Any]:
    """One row as `transitions` wants it. dest None: the state is not left and not entered again."""
    if isinstance(row, Ignore):
        return {
            "trigger": row.event.__name__,
            "source": row.source.value,
            "dest": None,
            "conditions": [_refusal(row)],
        }
    return {
        "trigger": row.event.__name__,
        "source": row.source.value,
        "dest": row.target.value if row.target is not row.source else None,
        "conditions": [_condition(row.when, row.guards)],
        "after": [_performed(row.action)],
    }


def _condition(when: tuple[Branch, ...], guards: tuple[Guard, ...]) -> Callable[[EventData], bool]:
    def holds(data: EventData) -> bool:
        draft = cast(Draft, data.model)
        if not all(branch(draft.session, draft.event) for branch in when):
            return False
        for guard in guards:
            if (reason := guard(draft.session, draft.event)) is not None:
                draft.reason = draft.reason or reason
                return False
        return True

    return holds


def _refusal(row: Ignore) -> Callable[[EventData], bool]:
    def holds(data: EventData) -> bool:
        draft = cast(Draft, data.model)
        reason = row.reason if isinstance(row.reason, Reason) else row.reason(draft.session, draft.event)
        draft.reason = draft.reason or reason
        return False

    return holds


def _performed(action: Action) -> Callable[[EventData], None]:
    def perform(data: EventData) -> None:
        action(cast(Draft, data.model))

    return perform


decide: Final = decider(TABLE)
