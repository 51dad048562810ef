"""Ends that a person or a clock decides: of a turn, and of the session."""

from typing import Final

from phonework.fsm import effects as order
from phonework.fsm.actions.modes import change_mode
from phonework.fsm.actions.requests import STOPPED_WHY, said_of
from phonework.fsm.draft import Draft
from phonework.fsm.types import RequestStatus, TurnStatus

TIMED_OUT_WHY: Final = "Nobody answered in time. Do not try this again; stop here."


def stop(draft: Draft) -> None:
    draft.interrupt()
    draft.refuse_all(RequestStatus.REFUSED, STOPPED_WHY)


def expire_wait(draft: Draft) -> None:
    request = draft.session.open
    assert request is not None
    draft.interrupt()
    draft.refuse_all(RequestStatus.EXPIRED, TIMED_OUT_WHY)
    draft.owe(order.Say(text=said_of("wait_expired", request)))


def expire_turn(draft: Draft) -> None:
    draft.interrupt()
    draft.refuse_all(RequestStatus.EXPIRED, TIMED_OUT_WHY)
    draft.owe(order.Say(text="say.turn_expired"))


def kill(draft: Draft) -> None:
    draft.owe(order.KillAgent(turn=draft.session.turn), order.Say(text="say.agent_killed"))
    draft.end_turn(TurnStatus.STOPPED)
    draft.rest()


def kill_and_start_next(draft: Draft) -> None:
    draft.owe(order.KillAgent(turn=draft.session.turn), order.Say(text="say.agent_killed"))
    draft.end_turn(TurnStatus.STOPPED)
    draft.begin_next()


def end_agent(draft: Draft) -> None:
    draft.owe(order.KillAgent(turn=draft.session.turn))


def kill_turn(draft: Draft) -> None:
    """Nobody waits for the agent to stop. What was queued is not run unasked."""
    draft.owe(order.KillAgent(turn=draft.session.turn))
    draft.settle_all(RequestStatus.REFUSED)
    draft.end_turn(TurnStatus.STOPPED)
    draft.hold_queue()
    draft.rest()


def _close(draft: Draft, text: str) -> None:
    draft.settle_all(RequestStatus.REFUSED)
    draft.end_turn(TurnStatus.STOPPED)
    for prompt in (*draft.session.queue, *draft.session.held):
        draft.drop(prompt)
    draft.disarm("idle")
    if draft.session.mode_until is not None:
        change_mode(draft, draft.session.mode_after)
    draft.owe(order.CloseAgent(), order.Say(text=text))


def close(draft: Draft) -> None:
    _close(draft, "say.session_closed")


def close_idle(draft: Draft) -> None:
    _close(draft, "say.session_closed_idle")
