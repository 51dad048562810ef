"""What a tap stands for: one value for each kind of button."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from phonework.fsm.types import PromptId, RequestId, SessionId, UserId
from phonework.reminders.reminder import Delay, ReminderId


class Press(StrEnum):
    """Which button of a request's card was pressed."""

    ALLOW = "allow"
    ALLOW_SESSION = "allow_session"
    ALLOW_RULE = "allow_rule"
    ALLOW_EDITS = "allow_edits"
    DENY = "deny"
    PICK = "pick"
    FORM = "form"


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


class TurnOp(StrEnum):
    """What a button does to a session or its turn."""

    STOP = "stop"
    RETRY = "retry"
    CONTINUE = "continue"
    CLOSE = "close"


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnClick:
    """Stop, run again, continue or close. turn: the one the card showed."""

    op: TurnOp
    session_id: SessionId
    turn: int


class PromptOp(StrEnum):
    """What a button does to a message that waits."""

    SEND_NOW = "send_now"
    DROP = "drop"


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


class ReminderOp(StrEnum):
    """What a button does to a reminder: take it back, delete it from the list, move it, have it again, be done with it."""

    UNDO = "remind_undo"
    DELETE = "remind_delete"
    LATER = "remind_later"
    AGAIN = "remind_again"
    DONE = "remind_done"


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
    topic: the first message of the topic they were in; empty: none, or they began it.
    """

    session_id: SessionId
    asked: str
    text: str
    as_is: bool
    active: str = ""
    reply_to: str = ""
    topic: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Malformed:
    """No button of ours sends this. why: for the log."""

    why: str


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
