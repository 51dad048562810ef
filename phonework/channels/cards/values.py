"""What a button carries and a form sends back: made here, and read here with nothing believed."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final, TypeVar

from phonework.fsm.types import (
    PromptId,
    RequestId,
    SessionId,
    UserId,
)
from phonework.reminders.reminder import Delay, ReminderId

VERSION: Final = 1
MAX_TEXT: Final = 10_000  # characters of one text field; the input itself allows 1,000
MAX_QUESTIONS: Final = 16
MAX_OPTIONS: Final = 100
MAX_ALSO: Final = 50
_MAX_NUMBER: Final = 2**31 - 1
_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}", re.ASCII)
_PROCESS: Final = re.compile(r"\d{1,10}:[\d.]{1,30}", re.ASCII)
_MODE: Final = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,39}", re.ASCII)
_MAX_SECONDS: Final = 100_000_000_000
_PICK: Final = re.compile(r"pick:(\d{1,2}):(\d{1,2})", re.ASCII)
_INDEX: Final = re.compile(r"\d{1,2}", re.ASCII)

Value = dict[str, object]
F = TypeVar("F", str, tuple[int, ...])


class Press(StrEnum):
    """Which button of a request's card was pressed."""

    ALLOW = "allow"
    ALLOW_SESSION = "allow_session"
    ALLOW_RULE = "allow_rule"
    ALLOW_EDITS = "allow_edits"
    DENY = "deny"
    PICK = "pick"
    FORM = "form"


class TurnOp(StrEnum):
    """What a button does to a session or its turn."""

    STOP = "stop"
    RETRY = "retry"
    CONTINUE = "continue"
    CLOSE = "close"


class PromptOp(StrEnum):
    """What a button does to a message that waits."""

    SEND_NOW = "send_now"
    DROP = "drop"


class ReminderOp(StrEnum):
    """What a button does to a reminder: take it back, delete it from the list, move it, have it again, be done with it."""

    UNDO = "remind_undo"
    DELETE = "remind_delete"
    LATER = "remind_later"
    AGAIN = "remind_again"
    DONE = "remind_done"


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """What a form held. picks, words: by question, from 0; shorter than the questions when the rest is empty."""

    picks: tuple[tuple[int, ...], ...] = ()
    words: tuple[str, ...] = ()
    reason: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerClick:
    """An answer to a request. pick: question and option, from 0, of a one-tap button. late: answer and resume.

    also: further requests that the button was for. listed: it was pressed on the card of everything that is asked.
    """

    request_id: RequestId
    generation: int
    press: Press
    pick: tuple[int, int] = (0, 0)
    form: Form = field(default_factory=Form)
    late: bool = False
    also: tuple[RequestId, ...] = ()
    listed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnClick:
    """Stop, run again, continue or close. turn: the one the card showed."""

    op: TurnOp
    session_id: SessionId
    turn: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptClick:
    """Run a waiting message now, or drop it."""

    op: PromptOp
    prompt_id: PromptId


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchClick:
    """Send a file that an answer named. number: its place among those, from 0."""

    session_id: SessionId
    turn: int
    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SwitchClick:
    """Make a session the active one."""

    session_id: SessionId


class DeskOp(StrEnum):
    """What a button does with a conversation begun at the desk. ASK: before it is taken over."""

    CONTINUE = "desk_continue"
    FORK = "desk_fork"
    ASK = "desk_ask"
    TAKE_OVER = "desk_take"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskClick:
    """Go on with a conversation begun at the desk. key: names the process that the person was asked about."""

    op: DeskOp
    backend: str
    agent_session_id: str
    key: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReminderClick:
    """A button of a reminder. number: what the card showed: the firing (again, done), the version (later), else 0.

    page: of the list that the button stands in.
    """

    op: ReminderOp
    reminder_id: ReminderId
    number: int = 0
    delay: Delay = Delay.HOUR
    page: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class RemindersClick:
    """Another page of a person's list of reminders."""

    user_id: UserId
    page: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Malformed:
    """No button of ours sends this. why: for the log."""

    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ModeClick:
    """Let the agent ask more or less. minutes, offer, offered_at: of a card that asked whether it may ask nothing."""

    session_id: SessionId
    mode: str
    minutes: int = 0
    offer: str = ""
    offered_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleClick:
    """Take a permission rule back."""

    session_id: SessionId
    rule_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MeantClick:
    """What a person meant who typed no command of ours: the command in the text, or as_is those very words for the session.

    asked: names the message they typed. active: the session they were in then; empty: none. reply_to: what they replied to.
    """

    session_id: SessionId
    asked: str
    text: str
    as_is: bool
    active: str = ""
    reply_to: str = ""


Click = (
    RuleClick
    | MeantClick
    | ModeClick
    | AnswerClick
    | TurnClick
    | FetchClick
    | PromptClick
    | SwitchClick
    | DeskClick
    | ReminderClick
    | RemindersClick
)


# Making


def answer_value(
    request_id: str,
    generation: int,
    choice: str,
    *,
    late: bool = False,
    also: Sequence[str] = (),
    listed: bool = False,
) -> Value:
    """choice: a `Press`, or `pick(question, option)`. also, listed: see `AnswerClick`."""
    further: Value = {"also": list(also)} if also else {}
    further |= {"listed": True} if listed else {}
    op = "late" if late else "answer"
    return {"v": VERSION, "op": op, "id": request_id, "g": generation, "c": str(choice), **further}


def pick(question: int, option: int) -> str:
    return f"{Press.PICK}:{question}:{option}"


def turn_value(op: TurnOp, session_id: str, turn: int) -> Value:
    return {"v": VERSION, "op": str(op), "id": session_id, "g": turn}


def prompt_value(op: PromptOp, prompt_id: str) -> Value:
    return {"v": VERSION, "op": str(op), "id": prompt_id}


def fetch_value(session_id: str, turn: int, number: int) -> Value:
    return {"v": VERSION, "op": "fetch", "id": session_id, "g": turn, "n": number}


def switch_value(session_id: str) -> Value:
    return {"v": VERSION, "op": "switch", "id": session_id}


def reminder_value(
    op: ReminderOp, reminder_id: str, *, number: int = 0, delay: Delay = Delay.HOUR, page: int = 0
) -> Value:
    return {"v": VERSION, "op": str(op), "id": reminder_id, "g": number, "c": str(delay), "p": page}


def reminders_value(user_id: str, page: int) -> Value:
    return {"v": VERSION, "op": "remind_page", "id": user_id, "p": page}


def desk_value(op: DeskOp, backend: str, agent_session_id: str, key: str = "") -> Value:
    return {"v": VERSION, "op": str(op), "b": backend, "id": agent_session_id, **({"key": key} if key else {})}


def mode_value(session_id: str, mode: str, *, minutes: int = 0, offer: str = "", offered_at: int = 0) -> Value:
    """offered_at: seconds since the epoch."""
    asked: Value = {"g": minutes, "offer": offer, "at": offered_at} if offer else {}
    return {"v": VERSION, "op": "mode", "id": session_id, "mode": mode, **asked}


def rule_value(session_id: str, rule_id: str) -> Value:
    return {"v": VERSION, "op": "rule", "id": session_id, "rule": rule_id}


def meant_value(click: MeantClick) -> Value:
    op = "as_is" if click.as_is else "meant"
    where: Value = {"in": click.active, "re": click.reply_to}
    return {"v": VERSION, "op": op, "id": click.session_id, "asked": click.asked, "text": click.text, **where}


# Reading


def parse(value: object, form: object = None) -> Click | Malformed:
    """The click that a button's value and its form stand for. Never raises, whatever it is given."""
    try:
        return _click(value, form)
    except _MalformedError as error:
        return Malformed(why=str(error))


class _MalformedError(Exception):
    pass


def _click(value: object, form: object) -> Click:
    if not isinstance(value, Mapping):
        raise _MalformedError("the value is no object")
    version = value.get("v")
    if version != VERSION or isinstance(version, bool | float):
        raise _MalformedError("unknown version")
    op = value.get("op")
    if not isinstance(op, str):
        raise _MalformedError("no op")
    if op in ("answer", "late"):
        return _answer(value, form, late=op == "late")
    if op in _values(TurnOp):
        return TurnClick(op=TurnOp(op), session_id=SessionId(_id(value)), turn=_number(value))
    if op in _values(PromptOp):
        return PromptClick(op=PromptOp(op), prompt_id=PromptId(_id(value)))
    if op in _values(DeskOp):
        return _desk(DeskOp(op), value)
    if op == "mode":
        return _mode(value)
    if op == "rule":
        rule = value.get("rule")
        if not isinstance(rule, str) or not _ID.fullmatch(rule):
            raise _MalformedError("no rule")
        return RuleClick(session_id=SessionId(_id(value)), rule_id=rule)
    if op in ("meant", "as_is"):
        return _meant(value, as_is=op == "as_is")
    if op == "fetch":
        return FetchClick(session_id=SessionId(_id(value)), turn=_number(value), number=_number(value, "n"))
    if op == "switch":
        return SwitchClick(session_id=SessionId(_id(value)))
    if op in _values(ReminderOp):
        return _reminder(value, ReminderOp(op))
    if op == "remind_page":
        return RemindersClick(user_id=UserId(_id(value)), page=_number(value, "p"))
    raise _MalformedError("unknown op")


def _meant(value: Mapping[object, object], *, as_is: bool) -> MeantClick:
    asked, text = value.get("asked"), _words(value.get("text"))
    if not isinstance(asked, str) or not _ID.fullmatch(asked) or not text:
        raise _MalformedError("no message that was asked about")
    active, reply_to = value.get("in"), value.get("re")
    if not isinstance(active, str) or not isinstance(reply_to, str):
        raise _MalformedError("nothing says where it was asked")
    session_id = SessionId(_id(value))
    return MeantClick(session_id=session_id, asked=asked, text=text, as_is=as_is, active=active, reply_to=reply_to)


def _reminder(value: Mapping[object, object], op: ReminderOp) -> ReminderClick:
    delay = value.get("c")
    if not isinstance(delay, str) or delay not in _values(Delay):
        raise _MalformedError("unknown delay")
    return ReminderClick(
        op=op,
        reminder_id=ReminderId(_id(value)),
        number=_number(value),
        delay=Delay(delay),
        page=_number(value, "p"),
    )


def _values(kind: type[StrEnum]) -> frozenset[str]:
    return frozenset(one.value for one in kind)


def _answer(value: Mapping[object, object], form: object, *, late: bool) -> AnswerClick:
    choice = value.get("c")
    if not isinstance(choice, str):
        raise _MalformedError("no choice")
    press, chosen = Press.PICK, (0, 0)
    if match := _PICK.fullmatch(choice):
        chosen = (int(match[1]), int(match[2]))
    elif choice in _values(Press) and choice != Press.PICK:
        press = Press(choice)
    else:
        raise _MalformedError("unknown choice")
    return AnswerClick(
        request_id=RequestId(_id(value)),
        generation=_number(value),
        press=press,
        pick=chosen,
        form=_form(form),
        late=late,
        also=_also(value),
        listed=value.get("listed") is True,
    )


def _also(value: Mapping[object, object]) -> tuple[RequestId, ...]:
    found = value.get("also")
    if found is None:
        return ()
    if not isinstance(found, list) or len(found) > MAX_ALSO:
        raise _MalformedError("no further requests")
    if not all(isinstance(one, str) and _ID.fullmatch(one) for one in found):
        raise _MalformedError("a further request is none")
    return tuple(dict.fromkeys(RequestId(one) for one in found))


def _desk(op: DeskOp, value: Mapping[object, object]) -> DeskClick:
    backend, key = value.get("b"), value.get("key", "")
    if not isinstance(backend, str) or not _ID.fullmatch(backend):
        raise _MalformedError("no backend")
    if not isinstance(key, str) or (key and not _PROCESS.fullmatch(key)):
        raise _MalformedError("the key names no process")
    return DeskClick(op=op, backend=backend, agent_session_id=_id(value), key=key)


def _mode(value: Mapping[object, object]) -> ModeClick:
    mode, offer, at = value.get("mode"), value.get("offer"), value.get("at")
    if not isinstance(mode, str) or not _MODE.fullmatch(mode):
        raise _MalformedError("no mode")
    session_id = SessionId(_id(value))
    if offer is None:
        return ModeClick(session_id=session_id, mode=mode)
    if not isinstance(offer, str) or not _ID.fullmatch(offer):
        raise _MalformedError("no offer")
    if not isinstance(at, int) or isinstance(at, bool) or not 0 <= at <= _MAX_SECONDS:
        raise _MalformedError("no time of an offer")
    offered_at = datetime.fromtimestamp(at, UTC)
    return ModeClick(session_id=session_id, mode=mode, minutes=_number(value), offer=offer, offered_at=offered_at)


def _id(value: Mapping[object, object]) -> str:
    found = value.get("id")
    if not isinstance(found, str) or not _ID.fullmatch(found):
        raise _MalformedError("no id")
    return found


def _number(value: Mapping[object, object], name: str = "g") -> int:
    found = value.get(name)
    if not isinstance(found, int) or isinstance(found, bool) or not 0 <= found <= _MAX_NUMBER:
        raise _MalformedError("no number")
    return found


def _form(form: object) -> Form:
    if form is None:
        return Form()
    if not isinstance(form, Mapping):
        raise _MalformedError("the form is no object")
    return Form(
        picks=_trimmed(tuple(_indices(form.get(f"q{number}")) for number in range(MAX_QUESTIONS))),
        words=_trimmed(tuple(_words(form.get(f"t{number}")) for number in range(MAX_QUESTIONS))),
        reason=_words(form.get("reason")),
        text=_words(form.get("text")),
    )


def _trimmed(fields: tuple[F, ...]) -> tuple[F, ...]:
    filled = [number for number, one in enumerate(fields) if one]
    return fields[: filled[-1] + 1] if filled else ()


def _indices(found: object) -> tuple[int, ...]:
    if found is None or found == "":
        return ()
    many = found if isinstance(found, list | tuple) else [found]
    if len(many) > MAX_OPTIONS:
        raise _MalformedError("too many options")
    return tuple(dict.fromkeys(_index(one) for one in many))


def _index(found: object) -> int:
    if not isinstance(found, str) or not _INDEX.fullmatch(found):
        raise _MalformedError("an option is no number")
    return int(found)


def _words(found: object) -> str:
    if found is None:
        return ""
    if not isinstance(found, str) or len(found) > MAX_TEXT:
        raise _MalformedError("a text is none, or too long")
    return found.encode("utf-8", "replace").decode().strip()
