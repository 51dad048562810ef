"""The values a conversation is made of: session, turn, prompt, request, answer."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, NewType

SessionId = NewType("SessionId", str)  # readable, like `fizz-top`
UserId = NewType("UserId", str)  # the channel's id of a person; Feishu: open_id
RequestId = NewType("RequestId", str)  # 32 hex digits, random
PromptId = NewType("PromptId", str)  # a UUID, also the prompt's id at the agent


LONGEST_RULE: Final = 1_000
"""Characters of a rule that a person can agree to: it is shown in full."""


class State(StrEnum):
    """Where a session stands. The stored names never change."""

    IDLE = "idle"
    EXECUTING = "executing"
    WAITING_INPUT = "waiting_input"
    WAITING_CONFIRM = "waiting_confirm"
    STOPPING = "stopping"
    CLOSED = "closed"


class RequestKind(StrEnum):
    """What an agent can ask of a person."""

    CONFIRM = "confirm"
    CHOICE = "choice"
    PLAN = "plan"
    INPUT = "input"


class RequestStatus(StrEnum):
    """The life of a request: queued → open → answered → delivered, or one of the other ends."""

    QUEUED = "queued"
    OPEN = "open"
    ANSWERED = "answered"  # decided and stored; the agent does not have it yet
    DELIVERED = "delivered"  # the agent has the answer
    REFUSED = "refused"  # the turn was stopped by a person while it was open
    EXPIRED = "expired"  # nobody answered in time; it can be answered and resumed
    VOID = "void"  # the agent that asked died; it can be answered and resumed
    WITHDRAWN = "withdrawn"  # the agent no longer asks
    RESUMED = "resumed"  # expired or void, then answered: a new turn carries the decision


class PromptStatus(StrEnum):
    """The life of a message meant for the agent."""

    QUEUED = "queued"
    HELD = "held"  # shown with Run / Drop: too old at arrival, or left over after a failure
    TAKEN = "taken"  # part of a turn
    DROPPED = "dropped"


class TurnStatus(StrEnum):
    """The life of a turn."""

    LIVE = "live"
    DONE = "done"
    STOPPED = "stopped"
    FAILED = "failed"
    LOST = "lost"


class Scope(StrEnum):
    """How long a rule that an agent proposes can hold."""

    SESSION = "session"
    ALWAYS = "always"


class Verdict(StrEnum):
    """What a person decided about a request."""

    ALLOW = "allow"
    ALLOW_SESSION = "allow_session"  # allow, and let the proposed rule hold as long as the agent's session
    ALLOW_RULE = "allow_rule"  # allow, and let the agent write the proposed rule
    ALLOW_EDITS = "allow_edits"  # a plan approved, its edits need no further asking
    DENY = "deny"  # `text` is the reason the agent reads
    ANSWER = "answer"  # a choice or a text: `picks` and `text`


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One decision. picks: for each question of a choice the chosen labels and own words, in order."""

    verdict: Verdict
    text: str = ""
    picks: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One thing that can be chosen."""

    label: str
    description: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One question of a choice. free_text: own words are a valid answer too."""

    text: str
    header: str = ""
    options: tuple[Option, ...] = ()
    multiple: bool = False
    free_text: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """What an agent asks, as its backend reports it.

    agent_ref: the agent's own id of the request.
    fingerprint: hash of tool and input; equal fingerprints ask for the very same thing.
    prompt: what is asked, in one line. Of command, diff, plan, words and input_json at most one says what it is about, in
    full. words: a text that would be handed on as it is.
    rule: the rule that would be added, as the agent writes it; empty when none is proposed. scopes: how long it can hold.
    kept_in: the file a rule for ever is written to, as the person knows it; empty: in the agent's own records.
    reasons: why it asks at all, when that is known. notes: what changes its meaning, as that it runs in the background.
    sentence: the prompt, where that is one of ours: people read it in their language.
    extra: JSON only the backend understands, handed back with the answer.
    """

    request_id: RequestId
    kind: RequestKind
    agent_ref: str
    fingerprint: str
    prompt: str
    tool: str = ""
    command: str = ""
    path: str = ""
    diff: str = ""
    plan: str = ""
    words: str = ""
    input_json: str = ""
    questions: tuple[Question, ...] = ()
    rule: str = ""
    scopes: tuple[Scope, ...] = (Scope.ALWAYS,)
    kept_in: str = ""
    reasons: tuple["Sentence", ...] = ()
    notes: tuple["Sentence", ...] = ()
    sentence: "Sentence | None" = None
    extra: str = "{}"

    @property
    def offered(self) -> tuple[Scope, ...]:
        """How long the rule can be made to hold; none when there is none, or it is too long to be shown in full."""
        return self.scopes if 0 < len(self.rule) <= LONGEST_RULE else ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """An `Ask` with its fate. generation: number of the request within the session, 0 until it has a card of its own.

    shown_with: those behind it that its card shows in full. together: the request on whose card this one was answered.
    """

    ask: Ask
    turn: int
    status: RequestStatus
    asked_at: datetime
    generation: int = 0
    opened_at: datetime | None = None
    expires_at: datetime | None = None
    answer: Answer | None = None
    answered_by: UserId | None = None
    answered_at: datetime | None = None
    shown_with: tuple[RequestId, ...] = ()
    together: RequestId | None = None

    @property
    def request_id(self) -> RequestId:
        return self.ask.request_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """Something that came with a message, still at the channel. kind: `image`, `audio` (a voice message) or `file`."""

    kind: str
    key: str
    message_id: str
    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Late:
    """A decision given when the wait was over. kind: of the request that it is about."""

    kind: RequestKind
    answer: Answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """One message for the agent. verbatim: plain text; False: a command, which answers no question.

    cwd: where it is to run when not in the session's own directory.
    kept: held until words come that say what to do with its files. joined: the message that took its files along.
    spoken: its words are in a voice message, and the agent gets them when they have been heard.
    late: the person wrote nothing but decided this, and the text is what the agent is told of it; None: the words are theirs.
    """

    prompt_id: PromptId
    text: str
    sent_at: datetime
    status: PromptStatus = PromptStatus.QUEUED
    verbatim: bool = True
    message_id: str = ""  # the channel's id of the message, for replies
    attachments: tuple[Attachment, ...] = ()
    turn: int = 0  # the turn that took it
    cwd: str = ""
    kept: bool = False
    joined: str = ""
    spoken: bool = False
    late: Late | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What one turn used. cost_usd: None when the agent does not say."""

    input_tokens: int = 0
    output_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0
    cost_usd: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sentence:
    """One of our own sentences, to be said in the language of whoever reads it. key: of the catalogue; params: what it names."""

    key: str
    params: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One thing the agent did. state: running, ok or failed. output: the first line of what came of it, if that is known."""

    title: str
    state: str = "running"
    output: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """One prompt (and those folded into it) until the agent stops. text: the agent's last words, verbatim.

    error: what went wrong, in words; problem: the same for people, when it is a sentence of ours.
    files: those its words name that were there at its end, below the session's directory.
    background: it took so long that it became a task of its person's. steps: the last things the agent did in it.
    outcome: in a word or two how it ended, where "done" would not do: a command's exit code. unwell: and that is no good end.
    """

    turn: int
    status: TurnStatus
    started_at: datetime
    prompt_ids: tuple[PromptId, ...] = ()
    ended_at: datetime | None = None
    text: str = ""
    error: str = ""
    problem: Sentence | None = None
    usage: Usage = field(default_factory=Usage)
    background: bool = False
    files: tuple[str, ...] = ()
    steps: tuple[Step, ...] = ()
    outcome: Sentence | None = None
    unwell: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Carry:
    """A late decision that a new turn brings along; used once, for the same fingerprint only."""

    ask: Ask
    answer: Answer
    used: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeouts:
    """How long a session may wait, work and rest; zero means for ever. remind: before a wait ends.

    background: so long a turn is waited for; then it goes on as a task.
    """

    wait: timedelta = timedelta(minutes=5)
    turn: timedelta = timedelta(minutes=30)
    idle: timedelta = timedelta(minutes=30)
    stop: timedelta = timedelta(seconds=20)
    remind: timedelta = timedelta(minutes=1)
    background: timedelta = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One conversation with one agent in one directory, as `decide` sees it.

    model: as the person chose, for the turns to come; empty: the agent's own choice.
    mode: how much the agent asks, in its own words; empty: as usual. mode_until: when mode_after takes its place; None: it stays.
    open: the request that waits for a person. waiting: those behind it, in order. queue, held: messages not yet run.
    last: the prompts of the newest turn. named_*: what the event refers to, loaded with the session.
    quiet_until: the person is not to be disturbed before; None: they may be.
    """

    session_id: SessionId
    user_id: UserId
    backend: str
    cwd: str
    state: State
    version: int
    since: datetime
    turn: int = 0
    generation: int = 0
    agent_session_id: str = ""
    model: str = ""
    mode: str = ""
    mode_after: str = ""
    mode_until: datetime | None = None
    can_steer: bool = False
    timeouts: Timeouts = Timeouts()
    open: Request | None = None
    waiting: tuple[Request, ...] = ()
    queue: tuple[Prompt, ...] = ()
    held: tuple[Prompt, ...] = ()
    last: tuple[Prompt, ...] = ()
    carry: Carry | None = None
    live: Turn | None = None
    named_request: Request | None = None
    named_prompt: Prompt | None = None
    quiet_until: datetime | None = None

    def mode_at(self, now: datetime) -> str:
        """The mode that holds now, whether or not anybody has heard yet that the time of another one is over."""
        return self.mode if self.mode_until is None or now < self.mode_until else self.mode_after
