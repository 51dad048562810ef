"""What of an event stands in the audit, as a pure function from stored events to lines."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final, NamedTuple

CUT: Final = 200_000
"""Characters of one text; longer ones are cut, with a note of how long they were."""


class Row(NamedTuple):
    """A stored event, in the order of the query `events_after`. Times are milliseconds since the epoch."""

    seq: int
    source: str
    kind: str
    session_id: str | None
    user_id: str | None
    occurred_at_ms: int
    received_at_ms: int
    status: str
    reason: str | None
    from_state: str | None
    to_state: str | None
    version: int | None
    payload: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line. seq: number of the event; part: of the line within the event. detail: what else it says, as JSON values."""

    seq: int
    at: datetime
    what: str  # prompt, answer, request, decision or command
    session_id: str | None = None
    user_id: str | None = None
    part: int = 0
    detail: Mapping[str, object] = field(default_factory=dict)


_ASKED: Final = ("request_id", "kind", "tool", "prompt", "command", "path", "diff", "plan", "words", "input_json", "questions", "rule", "fingerprint")  # fmt: skip
_ANSWER: Final = ("request_id", "generation", "answer.verdict", "answer.text", "answer.picks", "also", "agent")
_LINES: Final[Mapping[str, tuple[str, tuple[str, ...]]]] = {
    "Created": ("command", ("cwd", "backend", "model", "mode")),
    "Command": ("command", ("text",)),
    "MessageReceived": ("prompt", ("prompt.prompt_id", "prompt.text", "prompt.attachments")),
    "TurnBegan": ("prompt", ("prompt.prompt_id", "prompt.text")),
    "PromptHeard": ("prompt", ("prompt_id", "text")),
    "ContinueAsked": ("prompt", ("turn", "prompt.prompt_id", "prompt.text")),
    "RetryAsked": ("command", ("turn", "prompt_id")),
    "StopAsked": ("command", ("turn",)),
    "KillAsked": ("command", ()),
    "CloseAsked": ("command", ()),
    "Renamed": ("command", ("name",)),
    "SendNowAsked": ("command", ("prompt_id",)),
    "DropAsked": ("command", ("prompt_id",)),
    "MessageTakenBack": ("command", ("prompt_id", "message_id", "unheard")),
    "Clicked": ("command", ("value",)),
    "AgentAsked": ("request", ("turn", *(f"ask.{name}" for name in _ASKED))),
    "RequestWithdrawn": ("request", ("turn", "request_id")),
    "ModelChosen": ("command", ("model",)),
    "ModeChosen": ("command", ("mode", "limit")),
    "ModeRefused": ("command", ("mode", "before", "reason")),
    "ModeExpired": ("command", ("until",)),
    "CardAnswered": ("decision", _ANSWER),
    "LateAnswered": ("decision", _ANSWER),
    "WaitExpired": ("decision", ("generation",)),
    "AnswerDelivered": ("decision", ("request_id",)),
    "AnswerLost": ("decision", ("request_id", "reason")),
    "TurnFinished": ("answer", ("turn", "text", "interrupted", "usage")),
    "TurnFailed": ("answer", ("turn", "error", "usage")),
    "AgentLost": ("answer", ("turn", "reason", "restart")),
    "BackgroundFinished": ("answer", ("text", "usage")),
}


def entries_of(row: Row) -> tuple[Entry, ...]:
    """Return the lines an event leaves; none for what only the machinery cares about. Never raises."""
    line = _LINES.get(row.kind)
    if line is None:
        return ()
    what, names = line
    detail = {"event": row.kind, "by": row.source, "status": row.status, "from": row.from_state, "to": row.to_state}
    return (
        Entry(
            seq=row.seq,
            at=datetime.fromtimestamp(row.occurred_at_ms / 1000, UTC),
            what=what,
            session_id=row.session_id,
            user_id=row.user_id,
            detail={**_without_empty(detail | {"why": row.reason}), **_picked(row.payload, names)},
        ),
    )


def _picked(payload: str, names: tuple[str, ...]) -> dict[str, object]:
    try:
        fields = json.loads(payload)
    except ValueError:
        return {"payload": "unreadable"}
    return _without_empty({name.rpartition(".")[2]: _cut(_at(fields, name)) for name in names})


def _at(value: object, name: str) -> object:
    for part in name.split("."):
        if not isinstance(value, Mapping):
            return None
        value = value.get(part)
    return value


def _cut(value: object) -> object:
    if isinstance(value, str) and len(value) > CUT:
        return f"{value[:CUT]}… ({len(value)} characters)"
    return value


def _without_empty(fields: Mapping[str, object]) -> dict[str, object]:
    return {name: value for name, value in fields.items() if value not in (None, "", [], {})}
