"""The values of the gateway's JSON: what programs send and what they get. `/v1/openapi.json` is made from these types."""

from datetime import datetime
from typing import Annotated, Any, Final, Literal

from msgspec import Meta, Struct

from phonework.fsm.types import RequestKind, Scope, State, TurnStatus, Verdict
from phonework.intake.messages import MAX_TEXT

NAME: Final = r"^([a-z0-9][a-z0-9-]{0,63})?$"
MONTH_S: Final = 31 * 24 * 3600

Name = Annotated[str, Meta(pattern=NAME, max_length=64, description="Lower-case letters, digits and dashes; a letter is among them.")]  # fmt: skip
Seconds = Annotated[float, Meta(ge=0, le=MONTH_S, description="Seconds; 0: never.")]


# What programs send


class NewSession(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A session to begin. What is left out or empty is as configured. text: its first message."""

    cwd: Annotated[str, Meta(min_length=1, max_length=1000, description="Absolute, or below the working root.")]
    create: Annotated[bool, Meta(description="Make the directory if it is missing.")] = False
    backend: Annotated[str, Meta(max_length=64)] = ""
    model: Annotated[str, Meta(max_length=200)] = ""
    mode: Annotated[str, Meta(max_length=64, description="How much the agent asks.")] = ""
    name: Name = ""
    group: Name = ""
    container: Annotated[
        str, Meta(max_length=40, description="Container engine to run the agent in: `docker`, `podman`.")
    ] = ""
    text: Annotated[str, Meta(max_length=MAX_TEXT)] = ""
    timeout: Annotated[Seconds | None, Meta(description="Of one turn.")] = None
    idle: Annotated[Seconds | None, Meta(description="Until it is closed for want of use.")] = None


class NewPrompt(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A message for the agent.

    how: `queue`: behind what waits; `interrupt`: stop the turn and run this next; `steer`: give it to the running turn.
    """

    text: Annotated[str, Meta(min_length=1, max_length=MAX_TEXT)]
    how: Literal["queue", "interrupt", "steer"] = "queue"


class NewAnswer(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A decision about what the agent asks. text: the reason of a no, or words; picks: for each question what is chosen.

    agent: whose agent decides, when it is one that PhoneWork runs: the id of its session. It never decides about its own.
    """

    verdict: Verdict
    request_id: Annotated[str, Meta(min_length=1, max_length=64, description="What is decided about: `request.id` of the session.")]  # fmt: skip
    agent: Annotated[str, Meta(max_length=64)] = ""
    text: Annotated[str, Meta(max_length=MAX_TEXT)] = ""
    picks: Annotated[list[Annotated[list[Annotated[str, Meta(max_length=4000)]], Meta(max_length=100)]], Meta(max_length=100)] = []  # fmt: skip


class NewName(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a session is to be called; empty: nothing but its id."""

    name: Name


class OldOnes(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Close the sessions at rest in which nothing has happened for so many hours."""

    older_than_hours: Annotated[float, Meta(ge=0, le=24 * 3660)]


# What they get


class Option(Struct, frozen=True, kw_only=True):
    """One thing that can be chosen."""

    label: str
    description: str


class Question(Struct, frozen=True, kw_only=True):
    """One question of a choice. free_text: own words are an answer too."""

    text: str
    header: str
    options: list[Option]
    multiple: bool
    free_text: bool


class Request(Struct, frozen=True, kw_only=True):
    """What the agent asks.

    prompt: in one line. Of command, diff, plan, words and input at most one says in full what it is about.
    notes: why it asks, and what changes its meaning. rule: that could be added; scopes: for how long.
    """

    id: str
    kind: RequestKind
    tool: str
    prompt: str
    command: str
    path: str
    diff: str
    plan: str
    words: str
    input: str
    questions: list[Question]
    notes: list[str]
    rule: str
    scopes: list[Scope]
    expires_at: datetime | None


class LastTurn(Struct, frozen=True, kw_only=True):
    """The newest turn that ended. text: the agent's last words. error: what went wrong, in words, or empty."""

    turn: int
    status: TurnStatus
    text: str
    error: str
    ended_at: datetime


class Session(Struct, frozen=True, kw_only=True):
    """One session as it is now. since: of its state. turn: how many it has had. queue: messages that wait for theirs."""

    id: str
    name: str
    group: str
    backend: str
    cwd: str
    project: str
    state: State
    turn: int
    since: datetime
    active_at: datetime
    created_at: datetime
    model: str
    mode: str
    container: str
    queue: int
    request: Request | None
    last: LastTurn | None


class Sessions(Struct, frozen=True, kw_only=True):
    """A page of sessions, in the order they were begun. next: the cursor of the next page; empty: this is the last."""

    sessions: list[Session]
    next: str


class Accepted(Struct, frozen=True, kw_only=True):
    """The message is stored and will be run."""

    session: Session
    prompt_id: str


class Usage(Struct, frozen=True, kw_only=True):
    """What a turn used. cost_usd: null when the agent does not say."""

    input_tokens: int
    output_tokens: int
    cache_read_tokens: int
    cache_write_tokens: int
    cost_usd: float | None


class Turn(Struct, frozen=True, kw_only=True):
    """One prompt until the agent stopped. prompts: what the person wrote; prompt_ids: of these messages."""

    turn: int
    status: TurnStatus
    prompts: list[str]
    prompt_ids: list[str]
    text: str
    error: str
    usage: Usage
    started_at: datetime
    ended_at: datetime | None


class Turns(Struct, frozen=True, kw_only=True):
    """The newest turns, the newest last."""

    turns: list[Turn]


class Terminal(Struct, frozen=True, kw_only=True):
    """The terminal at which the agent sits. attach: the words of a command that shows it, on the server's machine."""

    attach: list[str]


class Closed(Struct, frozen=True, kw_only=True):
    """The sessions that were closed, by id."""

    closed: list[str]


class HookAnswer(Struct, frozen=True, kw_only=True):
    """What the hook is to print; null: nothing, and the agent goes on as if there were no hook."""

    output: dict[str, Any] | None


class Problem(Struct, frozen=True, kw_only=True):
    """Why it was not done. code: one of a few words that stay the same; message, hint: for people."""

    code: str
    message: str
    hint: str


class Failure(Struct, frozen=True, kw_only=True):
    """The answer to everything that was not done."""

    error: Problem
