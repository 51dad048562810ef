"""The port to coding agents: what the engine may ask of any of them, and what they report back."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Protocol, runtime_checkable

from phonework.fsm.events import AgentEvent
from phonework.fsm.types import Answer, Ask, Carry, Prompt, RequestKind, Sentence, SessionId, Usage
from phonework.fsm.types import Step as Step


class Liveness(StrEnum):
    """Only `dead` removes anything."""

    ALIVE = "alive"
    DEAD = "dead"
    UNKNOWN = "unknown"


class Accepted(StrEnum):
    """Whether the agent had taken a turn's prompt when the process that handed it over died."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class PermissionMode:
    """How much an agent asks. name: the agent's own. dangerous: in it nothing is asked, so it holds for a limited time only."""

    name: str
    dangerous: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A permission rule an agent keeps. text: as the agent writes it. kind: allow, ask or deny.

    place: where it is kept, as people know it; empty: only as long as the agent's session. removable: by `remove_rule`.
    """

    rule_id: str
    text: str
    kind: str = "allow"
    place: str = ""
    removable: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What a kind of agent can do."""

    can_resume: bool = False
    can_steer: bool = False
    asks: frozenset[RequestKind] = frozenset()
    slash_commands: bool = False  # runs `/word` itself
    models: tuple[str, ...] = ()  # names of models it takes, for a person to choose from
    desk: bool = False  # knows the conversations begun at the desk: it is a `DeskBackend`
    modes: tuple[PermissionMode, ...] = ()  # how much it asks, for a person to choose from; the first is the usual one
    sandboxed: bool = False  # may write in its own places only
    containers: tuple[str, ...] = ()  # container engines it can be run in, for a person to choose from
    assists: bool = False  # decides what is meant by words that are for no session: smart mode
    companion: bool = False  # a person's own helper, made when first needed; no kind of agent that `/new` offers


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnStart:
    """Everything a backend needs to run one turn.

    images: paths of the pictures that came with the prompts, by prompt id, already stored under the working directory.
    agent_session_id: the agent's own id to go on with; empty for a new conversation.
    fork_of: the agent's own id of a conversation that the new one begins as a copy of; it stays as it is.
    model, mode: as the person chose; empty for the backend's default.
    container: the container engine it is to run in; empty: in none.
    carry: the turn is there because of a late decision about this request. The backend gets the agent to ask for the same
    thing again if it can; the state machine answers it from the decision, once, by the fingerprint.
    """

    session_id: SessionId
    turn: int
    cwd: str
    prompts: tuple[Prompt, ...]
    agent_session_id: str = ""
    fork_of: str = ""
    model: str = ""
    mode: str = ""
    container: str = ""
    images: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    carry: Carry | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """A glimpse of a running turn; each one replaces the last. text: what was streamed so far, its end if long."""

    text: str = ""
    steps: tuple[Step, ...] = ()
    usage: Usage = field(default_factory=Usage)
    note: str | Sentence = ""  # e.g. "the API is busy, trying again in 8 s"


def end_of(text: str, most: int) -> str:
    """At most so many characters of its end, begun where they were begun before as often as can be: it is seen to grow."""
    half = most // 2
    return text if len(text) <= most else text[-((most - len(text)) // half) * half :]


class Sink(Protocol):
    """Where a backend reports; given at construction."""

    async def emit(self, session_id: SessionId, event: AgentEvent, *, key: str) -> None:
        """Return when the event is committed. key: names the event within the session, so that a repeat is recognised."""

    def progress(self, session_id: SessionId, turn: int, progress: Progress) -> None:
        """Show how the turn goes on; never stored, may be dropped."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """An agent that was met at a terminal of this machine. agent_session_id: its own; cwd: where it works."""

    agent_session_id: str
    cwd: str


@runtime_checkable
class DeskSink(Sink, Protocol):
    """A sink for backends that meet agents nobody here started, at terminals of this machine."""

    async def adopt(self, backend: str, arrival: Arrival) -> SessionId:
        """The session of such an agent, made if there is none open; only what it asks is shown on a phone.

        Raises RefusedError when it is not plain whose it is.
        """

    async def began(self, session_id: SessionId, prompt: Prompt, *, key: str) -> int:
        """Somebody wrote to the agent at its terminal: the number of the turn, once it is committed; 0 when none began."""


@runtime_checkable
class HookTaker(Protocol):
    """A backend whose agents report by hooks: small programs they run, which ask us and wait."""

    async def hook(self, call: Mapping[str, object]) -> Mapping[str, object] | None:
        """What the hook says to its agent, as JSON; None: nothing, and the agent goes on as if there were no hook.

        call: as it came, not yet believed. Cancelled when the hook no longer waits.
        """


@runtime_checkable
class HookKeeper(Protocol):
    """How a kind of agent is told of our hooks: attribute `hooks` of its factory. Raises BackendError for a damaged file."""

    @property
    def path(self) -> Path:
        """The file of the agent's own settings, which need not be there."""

    def with_ours(self, text: str, gateway: Path) -> str:
        """The file's text with our hooks in it; as it is when they are there already. gateway: says where the server is."""

    def without_ours(self, text: str) -> str:
        """The file's text without them; as it is when there are none."""


@runtime_checkable
class Attachable(Protocol):
    """A backend whose agents sit at terminals that can be looked at."""

    async def attach(self, session_id: SessionId) -> tuple[str, ...]:
        """The words of a command that shows the agent's terminal. Raises BackendError when it has none."""


@runtime_checkable
class Beginner(Protocol):
    """A backend with something to do when the server begins, before anything of the past is settled."""

    async def begin(self) -> None:
        """Raises nothing that would matter: the server begins all the same."""


class Backend(Protocol):
    """One kind of coding agent. Every method may raise BackendError with a sentence for the person."""

    name: str
    capabilities: Capabilities

    async def start_turn(self, start: TurnStart) -> None:
        """Return when the agent has the prompts; the rest comes through the sink (TurnStarted first)."""

    async def steer(self, session_id: SessionId, turn: int, prompt: Prompt, images: tuple[str, ...]) -> None:
        """Give the running turn one more message; PromptsTaken tells when it was taken in."""

    async def answer(self, session_id: SessionId, ask: Ask, answer: Answer) -> None:
        """Return when the agent has the answer. Raises RequestGoneError when nobody waits for it any more.

        NoLongerAskedError where the agent may have had another answer: it is not offered to be answered late.
        """

    async def interrupt(self, session_id: SessionId, turn: int) -> None:
        """Ask the turn to stop; its end comes as an event. Nothing happens when no such turn runs."""

    async def kill(self, session_id: SessionId) -> None:
        """End the agent's process at once, children too; reports AgentLost if a turn was running."""

    async def close(self, session_id: SessionId) -> None:
        """Let the process go when the session is closed; what the agent stores of it stays."""

    async def liveness(self, session_id: SessionId) -> Liveness:
        """Whether the agent of the session runs. `dead` only when that is certain."""

    async def accepted(self, start: TurnStart) -> Accepted:
        """Whether a turn handed over before a crash reached the agent's own record."""

    async def said(self, start: TurnStart) -> str:
        """The agent's last words of a turn that died with its server, from its own record; empty when it has none."""

    async def ping(self, *, smoke: bool = False) -> str:
        """A line on version and readiness. smoke: run a real one-line turn. Raises BackendError when not well."""

    async def aclose(self) -> None:
        """End every agent cleanly, within 4 s."""


@runtime_checkable
class ModeSetter(Protocol):
    """A backend that can change the permission mode of an agent at work; others do at the next turn."""

    async def set_mode(self, session_id: SessionId, mode: str) -> None:
        """Return when the mode holds; mode: empty for the usual one. Nothing happens when no agent runs.

        Raises BackendError when the agent does not take it, also when none runs and that is known beforehand. An agent
        that does not leave a dangerous mode when it is told to must be ended.
        """


@runtime_checkable
class CommandLister(Protocol):
    """A backend that knows the slash commands of its agents, so that none of them is taken for one of ours mistyped."""

    def commands(self, session_id: SessionId) -> frozenset[str]:
        """Their names in lower case, without the slash; those that are usual as long as the agent has told none.

        Called inside a transaction, on the writer's thread: answers from memory.
        """


@runtime_checkable
class RuleKeeper(Protocol):
    """A backend whose agent keeps permission rules that can be looked at, and taken back."""

    async def rules(self, session_id: SessionId, cwd: str) -> tuple[Rule, ...]:
        """The rules that count in the directory. Raises BackendError when they cannot be read."""

    async def remove_rule(self, session_id: SessionId, cwd: str, rule_id: str) -> Rule | None:
        """Take one back; None when it is not there (any more). Raises BackendError, and then nothing was changed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """A process at the desk that has a conversation open, or may have. where: what a person knows it by, like a pid.

    key: names this very process, for `end_at_desk`; empty when it cannot be ended from here.
    """

    where: str
    key: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskSession:
    """A conversation in the agent's own records. cwd: where it began. first, last: what the person wrote, in one line.

    context_tokens: how much the model had before it at the last reply; 0 when that is not known.
    """

    agent_session_id: str
    cwd: str
    first: str
    active_at: datetime
    last: str = ""
    size_bytes: int = 0
    context_tokens: int = 0
    held_by: Holder | None = None


@runtime_checkable
class DeskBackend(Backend, Protocol):
    """A backend that says `desk`: conversations begun at the desk can be listed, and gone on with under their own id."""

    async def transcripts(self, under: Path, limit: int) -> tuple[DeskSession, ...]:
        """Those that began in a directory below `under` that is still there, the newest first."""

    async def transcript(self, agent_session_id: str) -> DeskSession | None:
        """One of them, as it is now; None when there is none, or it cannot be read."""

    async def end_at_desk(self, agent_session_id: str, key: str) -> None:
        """End the process of this key, if it has the conversation open; return when it is gone.

        Nothing happens when it is gone already. Raises BackendError when another one has the conversation, or it stays.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class SkillPlaces:
    """Where a kind of agent looks for skills: one directory each, with a SKILL.md (agentskills.io/specification).

    own: the person's, for all projects. project: below a project's directory.
    """

    own: Callable[[], Path]
    project: str


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What a kind of agent says of itself before one is built: attribute `about` of its factory.

    title: as people call it. install: what to do where it cannot be used. account: it needs a login or a key.
    usual: new sessions are of this kind where nothing else is configured.
    variables: how environment variables begin that are the agent's alone: commands of `/shell` do not see them.
    skills: where it looks for skills; None: it knows none.
    showcase: what `phonework demo` sets in its section, by key; given the demo's working root.
    """

    title: str
    install: str = ""
    account: bool = True
    usual: bool = False
    variables: tuple[str, ...] = ()
    skills: SkillPlaces | None = None
    showcase: Callable[[Path], Mapping[str, object]] = field(default=lambda _root: {})


class BackendFactory(Protocol):
    """What a backend's entry point is: a class or function that builds it.

    settings: the backend's own section of the configuration (a pydantic model's dict), and what holds for all agents:
    `max_live` (int), `sandbox` (phonework.sandbox.Sandbox or None) and `language` (zh or en) of the house.
    data_dir: where it may keep files.

    Optional attributes, read before anything is built: `Settings`, a subclass of phonework.config.section.Section, is the
    section of its name in config.toml; `about` is an `About`; `hooks` is a `HookKeeper`.
    """

    def __call__(self, *, sink: Sink, settings: Mapping[str, object], data_dir: Path) -> Backend: ...
