"""Stored facts for tests and for looking at cards: a session, its requests, turns and messages, each easily changed."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from phonework.fsm.types import (
    Answer,
    Ask,
    Prompt,
    PromptId,
    PromptStatus,
    Question,
    Request,
    RequestId,
    RequestKind,
    RequestStatus,
    SessionId,
    State,
    Turn,
    TurnStatus,
    Usage,
    UserId,
    Verdict,
)
from phonework.views import PromptView, RequestView, SessionView, TurnView

NOON: Final = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
REQUEST_ID: Final = RequestId("0123456789abcdef0123456789abcdef")
PROMPT_ID: Final = PromptId("6f1c1f0e-7f53-4d63-9a3e-0d7f0c0f5a11")


def a_session(**changes: Any) -> SessionView:
    """A session in which Claude works in ~/work/api."""
    session = SessionView(
        session_id=SessionId("fizz-top"),
        number=1,
        project="api",
        cwd="/home/mia/work/api",
        backend="claude",
        state=State.EXECUTING,
        since=NOON,
        last_activity=NOON,
        turn=3,
        active=True,
    )
    return replace(session, **changes)


def an_ask(kind: RequestKind = RequestKind.CONFIRM, **changes: Any) -> Ask:
    """Asks whether a command may run, unless changed."""
    ask = Ask(
        request_id=REQUEST_ID,
        kind=kind,
        agent_ref="toolu_01",
        fingerprint="f00d",
        prompt="Run the tests",
        tool="Bash" if kind is RequestKind.CONFIRM else "",
        command="npm test" if kind is RequestKind.CONFIRM else "",
    )
    return replace(ask, **changes)


def a_choice(*questions: Question, **changes: Any) -> Ask:
    return an_ask(RequestKind.CHOICE, questions=questions, **changes)


def a_request(
    ask: Ask | None = None,
    status: RequestStatus = RequestStatus.OPEN,
    *,
    answer: Answer | None = None,
    session: SessionView | None = None,
    **changes: Any,
) -> RequestView:
    """The request in the given status, answered by Mia at 12:02 where that fits."""
    answered = status in (RequestStatus.ANSWERED, RequestStatus.DELIVERED, RequestStatus.RESUMED)
    request = Request(
        ask=ask or an_ask(),
        turn=3,
        status=status,
        generation=7,
        asked_at=NOON,
        opened_at=NOON,
        expires_at=NOON + timedelta(minutes=5),
        answer=(answer or Answer(verdict=Verdict.ALLOW)) if answered else answer,
        answered_by=UserId("ou_mia") if answered else None,
        answered_at=NOON + timedelta(minutes=2) if answered else None,
    )
    where = session or a_session(state=State.WAITING_CONFIRM)
    return replace(RequestView(session=where, request=request), **changes)


def a_prompt(text: str = "Fix the login test", status: PromptStatus = PromptStatus.TAKEN, **changes: Any) -> Prompt:
    return replace(Prompt(prompt_id=PROMPT_ID, text=text, sent_at=NOON, status=status), **changes)


def a_prompt_view(prompt: Prompt, **changes: Any) -> PromptView:
    return replace(PromptView(session=a_session(), prompt=prompt), **changes)


def a_turn(
    status: TurnStatus = TurnStatus.DONE,
    *,
    session: SessionView | None = None,
    queued: int = 0,
    unanswered: bool = False,
    **changes: Any,
) -> TurnView:
    """A turn of 83 seconds. changes: of the turn."""
    live = status is TurnStatus.LIVE
    turn = Turn(
        turn=3,
        status=status,
        started_at=NOON,
        prompt_ids=(PROMPT_ID,),
        ended_at=None if live else NOON + timedelta(seconds=83),
        usage=Usage(input_tokens=1_200, output_tokens=640, cache_read_tokens=20_000, cost_usd=0.0421),
    )
    where = session or a_session(state=State.EXECUTING if live else State.IDLE)
    return TurnView(
        session=where, turn=replace(turn, **changes), prompts=(a_prompt(),), queued=queued, unanswered=unanswered
    )
