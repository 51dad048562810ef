"""Why an entry of the history is there, in words and on one line: `phonework inspect` shows it (F11)."""

import json
import sqlite3
from contextlib import closing
from datetime import datetime
from typing import Any, Final, TypeVar, assert_never

import msgspec

from phonework.fsm import events as happened
from phonework.fsm.events import EVENTS, Event, TimerEvent
from phonework.fsm.types import Answer, Ask, Prompt, Request, Verdict
from phonework.one_line import one_line
from phonework.redact import Redactor
from phonework.store.codec import convert, load, moment

LONGEST: Final = 200
_WORDS: Final = 80
_READ: Final = 10_000  # characters of a text that are looked at: secrets are found before it is shortened
_DECISIONS: Final = {
    Verdict.ALLOW: "allow",
    Verdict.ALLOW_SESSION: "allow, with the rule for this session",
    Verdict.ALLOW_RULE: "allow, with the rule",
    Verdict.ALLOW_EDITS: "approve, with its edits",
    Verdict.DENY: "deny",
    Verdict.ANSWER: "",
}

Fields = dict[str, Any]
T = TypeVar("T")


class Causes:
    """Tells causes from stored events; what an event only names, it looks up."""

    def __init__(self, db: sqlite3.Connection, redactor: Redactor) -> None:
        self._db, self._redactor = db, redactor

    def of(self, row: sqlite3.Row) -> str:
        """One line without control characters and secrets; empty when the event's kind says it all.

        row: of the table `event`. What another version wrote and this one cannot read has no cause.
        """
        try:
            parts = self._parts(row, json.loads(row["payload"]))
        except (ValueError, KeyError, AttributeError, msgspec.MsgspecError):
            return ""
        return one_line(" · ".join(part for part in parts if part), LONGEST)

    def _parts(self, row: sqlite3.Row, payload: Fields) -> tuple[str, ...]:
        if row["status"] == "poisoned":
            return (self._words(payload["error"], LONGEST),)
        match row["kind"]:
            case "Created":
                return payload["backend"], self._words(payload["cwd"])
            case "Command":
                return (self._quoted(payload["text"]),)
            case "Clicked":
                return (f"to {payload['switch']}" if "switch" in payload else self._words(payload["value"]),)
            case "Renamed":
                return (self._words(payload["name"]),)
            case "Stranger":
                return ()
            case kind:
                return self._event(row, convert(payload, EVENTS[kind]))

    def _event(self, row: sqlite3.Row, event: Event) -> tuple[str, ...]:
        session_id = row["session_id"]
        match event:
            case happened.Created():
                return ()
            case happened.MessageReceived(prompt=prompt, stale=stale):
                return self._prompt(prompt), "too old" if stale else ""
            case happened.TurnBegan(prompt=prompt):
                return "at the agent's own terminal", self._prompt(prompt)
            case happened.CardAnswered() | happened.LateAnswered():
                request, also = self._request(event.request_id), getattr(event, "also", ())
                more = f"and for {len(also)} more" if also else ""
                return self._answer(event.answer), f"by {self._name(event.by)}", self._asked(request), more
            case happened.RetryAsked(by=by, turn=turn):
                return f"turn {turn}" if turn else "the newest turn", f"by {self._name(by)}"
            case happened.ContinueAsked(by=by, turn=turn):
                return f"after turn {turn}", f"by {self._name(by)}"
            case happened.StopAsked(by=by) | happened.KillAsked(by=by) | happened.CloseAsked(by=by):
                return (f"by {self._name(by)}",)
            case happened.SendNowAsked() | happened.DropAsked():
                return self._stored_prompt(event.prompt_id), f"by {self._name(event.by)}"
            case happened.MessageTakenBack(prompt_id=prompt_id, unheard=unheard):
                return (
                    self._stored_prompt(prompt_id),
                    "not yet with the agent" if unheard else "",
                    f"by {self._name(event.by)}",
                )
            case happened.ModelChosen(by=by, model=model):
                return self._words(model) or "the agent's own choice", f"by {self._name(by)}"
            case happened.ModeChosen(by=by, mode=mode, limit=limit):
                long = f"for {round(limit.total_seconds() / 60)} min" if limit is not None else ""
                return self._words(mode) or "as usual", long, f"by {self._name(by)}"
            case happened.ModeRefused(mode=mode, reason=reason):
                return self._words(mode), self._words(reason, LONGEST)
            case happened.TurnStarted(turn=turn) | happened.AgentSessionChanged(turn=turn):
                agent = event.agent_session_id
                return f"turn {turn}", f"the agent's session {one_line(agent, 60)}" if agent else ""
            case happened.PromptsTaken(prompt_ids=prompt_ids):
                return tuple(map(self._stored_prompt, prompt_ids[:5]))
            case happened.AgentAsked(ask=ask):
                return (self._call(ask),)
            case happened.RequestWithdrawn() | happened.AnswerDelivered():
                return (self._asked(self._request(event.request_id)),)
            case happened.RequestShown(request_id=request_id):
                return "the quiet hours are over, or its person is there", self._asked(self._request(request_id))
            case happened.AnswerLost(request_id=request_id, reason=reason):
                return self._words(reason), self._asked(self._request(request_id))
            case happened.PromptHeard(text=text):
                return (self._quoted(text),)
            case happened.SteerFailed(prompt_id=prompt_id, reason=reason):
                return self._words(reason), self._stored_prompt(prompt_id)
            case happened.TurnFinished(turn=turn, text=text, interrupted=interrupted):
                return f"turn {turn}", "interrupted" if interrupted else "", self._quoted(text)
            case happened.TurnFailed(turn=turn, error=error):
                return f"turn {turn}", self._words(error, LONGEST)
            case happened.AgentLost(turn=turn, reason=reason, restart=restart):
                return f"turn {turn}", "the server was started anew" if restart else self._words(reason, LONGEST)
            case happened.BackgroundFinished(text=text):
                return (self._quoted(text),)
            case _:
                return self._deadline(session_id, event, moment(row["occurred_at_ms"]))

    def _deadline(self, session_id: str, event: TimerEvent, due: datetime) -> tuple[str, ...]:
        """due: when the timer was to ring."""
        match event:
            case happened.WaitReminderDue(generation=generation):
                request = self._shown(session_id, generation)
                ends = request.expires_at if request else None
                return f"no answer yet, it ends at {_clock(ends)}" if ends else "no answer yet", self._asked(request)
            case happened.WaitExpired(generation=generation):
                return f"no answer by {_clock(due)}", self._asked(self._shown(session_id, generation))
            case happened.TurnWentLong(turn=turn):
                return (f"turn {turn} was still at work at {_clock(due)}",)
            case happened.TurnExpired(turn=turn):
                return (f"turn {turn} was not over at {_clock(due)}",)
            case happened.StopExpired(turn=turn):
                return (f"turn {turn} had not stopped at {_clock(due)}",)
            case happened.ModeExpired():
                return (f"its time was over at {_clock(due)}",)
            case happened.IdleExpired():
                return (f"nobody used it until {_clock(due)}",)
            case _:
                assert_never(event)

    # Words

    def _words(self, text: str, limit: int = _WORDS) -> str:
        return one_line(self._redactor.text(one_line(text[:_READ], _READ)), limit)

    def _quoted(self, text: str) -> str:
        said = self._words(text)
        return f"“{said}”" if said else ""

    def _prompt(self, prompt: Prompt) -> str:
        files = len(prompt.attachments)
        return self._quoted(prompt.text) or (f"{files} file{'s' if files > 1 else ''}" if files else "")

    def _asked(self, request: Request | None) -> str:
        return self._call(request.ask) if request else ""

    def _call(self, ask: Ask) -> str:
        """The tool and what it is to do, or the question."""
        about = self._words(ask.command or ask.path or ask.prompt)
        return f"{one_line(ask.tool, 40)}: {about}" if ask.tool else about

    def _answer(self, answer: Answer) -> str:
        own = "; ".join(", ".join(one) for one in answer.picks) or answer.text
        return " ".join(part for part in (_DECISIONS[answer.verdict], self._quoted(own)) if part)

    # What is only named

    def _name(self, user_id: str) -> str:
        name = self._value("SELECT name FROM user WHERE user_id = ?", user_id)
        return one_line(name or user_id, 60)

    def _request(self, request_id: str) -> Request | None:
        return self._loaded(Request, "SELECT body FROM request WHERE request_id = ?", request_id)

    def _shown(self, session_id: str, generation: int) -> Request | None:
        sql = "SELECT body FROM request WHERE session_id = ? AND generation = ?"
        return self._loaded(Request, sql, session_id, generation)

    def _stored_prompt(self, prompt_id: str) -> str:
        prompt = self._loaded(Prompt, "SELECT body FROM prompt WHERE prompt_id = ?", prompt_id)
        return self._prompt(prompt) if prompt else ""

    def _loaded(self, kind: type[T], sql: str, *values: object) -> T | None:
        body = self._value(sql, *values)
        return load(kind, body) if body else None

    def _value(self, sql: str, *values: object) -> str:
        with closing(self._db.execute(sql, values)) as cursor:
            row = cursor.fetchone()
        return str(row[0]) if row else ""


def _clock(at: datetime) -> str:
    return f"{at.astimezone():%m-%d %H:%M:%S}"
