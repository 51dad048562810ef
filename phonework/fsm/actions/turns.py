"""What the agent reports of its turn, and what follows when that is over."""

from phonework.fsm import effects as order
from phonework.fsm import events as happened
from phonework.fsm.change import replace
from phonework.fsm.draft import Draft
from phonework.fsm.types import RequestStatus, TurnStatus


def note_begun(draft: Draft) -> None:
    """Somebody wrote to the agent at its own terminal; it has the prompt already."""
    draft.go_live(draft.expect(happened.TurnBegan).prompt)


def note_started(draft: Draft) -> None:
    event = draft.expect(happened.TurnStarted)
    if event.agent_session_id:
        draft.session = replace(draft.session, agent_session_id=event.agent_session_id)


def note_agent_session(draft: Draft) -> None:
    event = draft.expect(happened.AgentSessionChanged)
    draft.session = replace(draft.session, agent_session_id=event.agent_session_id)


def note_taken(draft: Draft) -> None:
    """The cards of the messages that were folded in say so."""
    draft.owe(*(order.UpdatePrompt(prompt_id=one) for one in draft.expect(happened.PromptsTaken).prompt_ids))


def relay(draft: Draft) -> None:
    draft.owe(order.Relay(body=draft.expect(happened.BackgroundFinished).text))


def go_on_in_background(draft: Draft) -> None:
    """It becomes a task. Where it waits for the person, its question is the newest message and stays that."""
    turn, asked = draft.session.live, draft.session.open
    assert turn is not None
    draft.change_turn(replace(turn, background=True))
    draft.owe(
        order.UpdateRequest(request_id=asked.request_id) if asked is not None else order.ShowTask(turn=turn.turn),
        order.UpdateTurn(turn=turn.turn),
    )


def _record_end(draft: Draft) -> TurnStatus:
    """Write what the agent said at the end on the turn, and return how the turn ended."""
    event, turn = draft.event, draft.session.live
    assert turn is not None
    stopping = draft.session.state.value == "stopping"
    match event:
        case happened.TurnFinished():
            draft.change_turn(
                replace(
                    turn,
                    text=event.text,
                    usage=event.usage,
                    files=event.files,
                    steps=event.steps,
                    outcome=event.outcome,
                    unwell=event.unwell,
                )
            )
            return TurnStatus.STOPPED if stopping or event.interrupted else TurnStatus.DONE
        case happened.TurnFailed():
            draft.change_turn(
                replace(
                    turn,
                    text=event.text,
                    error=event.error,
                    problem=event.problem,
                    usage=event.usage,
                    steps=event.steps,
                )
            )
            return TurnStatus.STOPPED if stopping else TurnStatus.FAILED
        case happened.AgentLost():
            draft.change_turn(
                replace(turn, text=event.text, error=event.reason, problem=event.problem, steps=event.steps)
            )
            return TurnStatus.STOPPED if stopping else TurnStatus.LOST
        case _:
            return TurnStatus.STOPPED


def end(draft: Draft) -> None:
    """The turn ended and nothing waits to be run."""
    status = _record_end(draft)
    draft.settle_all(RequestStatus.WITHDRAWN)
    draft.end_turn(status)
    draft.rest()


def end_and_start_next(draft: Draft) -> None:
    status = _record_end(draft)
    draft.settle_all(RequestStatus.WITHDRAWN)
    draft.end_turn(status)
    draft.begin_next()


def fail(draft: Draft) -> None:
    """The agent could not finish: what it asked can be answered later, what waited is shown with Run / Drop."""
    status = _record_end(draft)
    draft.settle_all(RequestStatus.VOID)
    draft.end_turn(status)
    draft.hold_queue()
    draft.rest()
