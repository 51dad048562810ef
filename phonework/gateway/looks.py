"""What is stored, in the shapes that programs get."""

from datetime import datetime
from pathlib import PurePath

from phonework.fsm import types
from phonework.fsm.types import Sentence
from phonework.gateway.shapes import LastTurn, Option, Question, Request, Session, Turn, Usage
from phonework.store.listing import Listed
from phonework.texts import text
from phonework.views import PastTurn


def session(one: Listed) -> Session:
    return Session(
        id=one.session_id,
        name=one.name,
        group=one.group,
        backend=one.backend,
        cwd=one.cwd,
        project=PurePath(one.cwd).name,
        state=one.state,
        turn=one.turn,
        since=one.since,
        active_at=one.active_at,
        created_at=one.created_at,
        model=one.model,
        mode=one.mode,
        container=one.container,
        queue=one.queued,
        request=_request(one.request) if one.request is not None else None,
        last=_last(one.last) if one.last is not None else None,
    )


def _request(request: types.Request) -> Request:
    ask = request.ask
    return Request(
        id=ask.request_id,
        kind=ask.kind,
        tool=ask.tool,
        prompt=ask.prompt,
        command=ask.command,
        path=ask.path,
        diff=ask.diff,
        plan=ask.plan,
        words=ask.words,
        input=ask.input_json,
        questions=[_question(one) for one in ask.questions],
        notes=[_said(one) for one in (*ask.reasons, *ask.notes)],
        rule=ask.rule if ask.offered else "",
        scopes=list(ask.offered),
        expires_at=request.expires_at,
    )


def _question(one: types.Question) -> Question:
    return Question(
        text=one.text,
        header=one.header,
        options=[Option(label=each.label, description=each.description) for each in one.options],
        multiple=one.multiple,
        free_text=one.free_text,
    )


def _said(sentence: Sentence) -> str:
    return text("en", sentence.key, **sentence.params)


def _last(turn: types.Turn) -> LastTurn:
    ended: datetime = turn.ended_at or turn.started_at
    return LastTurn(turn=turn.turn, status=turn.status, text=turn.text, error=turn.error, ended_at=ended)


def turn(past: PastTurn) -> Turn:
    one = past.turn
    return Turn(
        turn=one.turn,
        status=one.status,
        prompts=[prompt.text for prompt in past.prompts],
        prompt_ids=[prompt.prompt_id for prompt in past.prompts],
        text=one.text,
        error=one.error,
        usage=Usage(
            input_tokens=one.usage.input_tokens,
            output_tokens=one.usage.output_tokens,
            cache_read_tokens=one.usage.cache_read_tokens,
            cache_write_tokens=one.usage.cache_write_tokens,
            cost_usd=one.usage.cost_usd,
        ),
        started_at=one.started_at,
        ended_at=one.ended_at,
    )
