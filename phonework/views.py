"""Stored facts, gathered for a person's eyes: what cards and `inspect` are made from."""

from dataclasses import dataclass
from datetime import datetime

from phonework.backends.base import DeskSession
from phonework.fsm.types import Prompt, Request, SessionId, State, Turn, UserId


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionView:
    """One session. number: its place in the person's list, from 1; a companion has none that means anything.

    project: the last part of the directory. companion: a person's own helper rather than a piece of work.
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
    node: str = ""
    queued: int = 0
    active: bool = False
    asking: str = ""  # the prompt of the open request
    can_steer: bool = False
    companion: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestView:
    """A request with its session. behind: how many more wait after it. person: who is asked, in a group; else None."""

    session: SessionView
    request: Request
    behind: int = 0
    person: UserId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnView:
    """A turn with its session and the messages it ran.

    actionable: it is the session's newest and the session is open. person: for whom it runs, in a group; else None.
    """

    session: SessionView
    turn: Turn
    prompts: tuple[Prompt, ...]
    actionable: bool = True
    queued: int = 0
    person: UserId | None = None


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
class Spent:
    """What the turns of one session used. cost_usd: None when the agent never said."""

    session_id: SessionId
    project: str
    turns: int
    input_tokens: int
    output_tokens: int
    cost_usd: float | None
