"""Stored facts, gathered for a person's eyes: what cards and `inspect` are made from."""

from dataclasses import dataclass
from datetime import datetime, tzinfo
from enum import StrEnum

from phonework.backends.base import DeskSession, PermissionMode
from phonework.fsm.types import Prompt, Request, SessionId, State, Turn, UserId
from phonework.reminders.reminder import Firing, Reminder


class Verbosity(StrEnum):
    """How much is shown of a turn at work."""

    QUIET = "quiet"
    NORMAL = "normal"
    VERBOSE = "verbose"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """How a person wants things shown. language: zh or en. zone: of the times; None: the machine's."""

    language: str
    zone: tzinfo | None = None
    verbosity: Verbosity = Verbosity.NORMAL


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionView:
    """One session. number: its place in the person's list, from 1; a companion has none that means anything.

    mode_until: the mode is one in which nothing is asked, and ends then. project: the last part of the directory.
    companion: a person's own helper rather than a piece of work.
    """

    session_id: SessionId
    number: int
    project: str
    cwd: str
    backend: str
    state: State
    since: datetime
    last_activity: datetime
    turn: int
    agent_session_id: str = ""
    model: str = ""
    mode: str = ""
    mode_until: datetime | None = None
    node: str = ""
    queued: int = 0
    active: bool = False
    asking: str = ""  # the prompt of the open request
    can_steer: bool = False
    companion: bool = False
    name: str = ""  # as its person calls it


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestView:
    """A request with its session. behind: how many more wait after it. person: who is asked, in a group; else None.

    task: the number of the turn that asks among its person's tasks; 0: it is none.
    together: while it is open those behind it that its card shows, afterwards those that were answered on it.
    unknown: it was answered, and nobody knows whether the agent got that.
    """

    session: SessionView
    request: Request
    behind: int = 0
    person: UserId | None = None
    task: int = 0
    together: tuple[Request, ...] = ()
    unknown: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnView:
    """A turn with its session and the messages it ran.

    actionable: it is the session's newest and the session is open. person: for whom it runs, in a group; else None.
    task: its number among its person's tasks; 0: it is none. unanswered: it ended while it waited for an answer, which
    can still be given.
    """

    session: SessionView
    turn: Turn
    prompts: tuple[Prompt, ...]
    actionable: bool = True
    queued: int = 0
    person: UserId | None = None
    task: int = 0
    unanswered: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptView:
    """A queued or held message. position: from 1, in the queue. person: who wrote it, in a group; else None."""

    session: SessionView
    prompt: Prompt
    position: int = 1
    person: UserId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusView:
    """A person's sessions. mode: as the person chose it, or empty. person: whose they are, in a group; else None. sandboxed: the agents that run in a sandbox."""

    sessions: tuple[SessionView, ...]
    mode: str = ""
    node: str = ""
    person: UserId | None = None
    sandboxed: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskView:
    """A conversation begun at the desk. number: on the list; 0 off it. mine: the person's open session that has it."""

    backend: str
    session: DeskSession
    number: int = 0
    mine: SessionId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PastTurn:
    """A turn and the messages it ran."""

    turn: Turn
    prompts: tuple[Prompt, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReminderView:
    """A reminder as it was set, or one time that it came. person: whose it is, in a group; else None.

    shown_at: when its card was delivered; None: not yet.
    """

    reminder: Reminder
    firing: Firing | None = None
    shown_at: datetime | None = None
    person: UserId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RemindersView:
    """A person's reminders that are to come, the next one first. page: from 0."""

    user_id: UserId
    reminders: tuple[Reminder, ...]
    page: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """What the turns of one session used. cost_usd: None when the agent never said. companion: see `SessionView`."""

    session_id: SessionId
    project: str
    backend: str
    companion: bool
    turns: int
    input_tokens: int
    output_tokens: int
    cost_usd: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ModeView:
    """How much the agent of a session asks. modes: what there is to choose from."""

    session: SessionView
    modes: tuple[PermissionMode, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingView:
    """Everything that is asked of a person now, in all their sessions; what was asked first stands first.

    late: the newest of those whose wait is over and that can still be answered, newest first.
    """

    requests: tuple[RequestView, ...]
    late: tuple[RequestView, ...] = ()
