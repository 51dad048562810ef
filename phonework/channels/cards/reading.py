"""From what a button carried and a form sent back to what was tapped, with nothing believed."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final, TypeVar

from phonework.channels.cards.clicks import (
    AnswerClick,
    Click,
    DeskClick,
    DeskOp,
    FetchClick,
    Form,
    Malformed,
    MeantClick,
    ModeClick,
    Press,
    PromptClick,
    PromptOp,
    ReminderClick,
    ReminderOp,
    RemindersClick,
    RuleClick,
    SwitchClick,
    TurnClick,
    TurnOp,
)
from phonework.channels.cards.values import VERSION
from phonework.fsm.types import PromptId, RequestId, SessionId, UserId
from phonework.reminders.reminder import Delay, ReminderId

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
F = TypeVar("F", str, tuple[int, ...])


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
    active, reply_to, topic = value.get("in"), value.get("re"), value.get("at", "")
    if not isinstance(active, str) or not isinstance(reply_to, str) or not isinstance(topic, str):
        raise _MalformedError("nothing says where it was asked")
    session_id = SessionId(_id(value))
    return MeantClick(
        session_id=session_id, asked=asked, text=text, as_is=as_is, active=active, reply_to=reply_to, topic=topic
    )


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
