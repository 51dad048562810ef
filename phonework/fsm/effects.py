"""What a committed transition owes the world: orders, in the imperative, carried out by the dispatcher."""

from dataclasses import dataclass, field

from phonework.fsm.types import Answer, Carry, PromptId, RequestId


@dataclass(frozen=True, slots=True, kw_only=True)
class StartTurn:
    """Hand the prompts to the agent. carry: a late decision the turn brings along."""

    turn: int
    prompt_ids: tuple[PromptId, ...]
    carry: Carry | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SteerTurn:
    """Give the running turn one more message."""

    turn: int
    prompt_id: PromptId


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerAgent:
    """Tell the agent what the person decided."""

    turn: int
    request_id: RequestId
    answer: Answer


@dataclass(frozen=True, slots=True, kw_only=True)
class InterruptTurn:
    """Ask the agent to stop the turn."""

    turn: int


@dataclass(frozen=True, slots=True, kw_only=True)
class KillAgent:
    """End an agent that did not stop."""

    turn: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseAgent:
    """Let the agent's process go; its own record of the conversation stays."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeBase:
    """Take down what the session's directory holds before the agent changes it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeOver:
    """End the process at the desk that has the conversation open. key: names that process."""

    agent_session_id: str
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SetMode:
    """Let the agent ask more or less from now on. before: the mode that stays if it does not take this one."""

    mode: str
    before: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoveRule:
    """Take a permission rule back where the agent keeps it, and say what came of it."""

    rule_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowRequest:
    """Ask the person, in a new message."""

    request_id: RequestId


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateRequest:
    """Bring the request's card to what is true now."""

    request_id: RequestId


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowTurn:
    """Show the live card of a turn that began."""

    turn: int


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateTurn:
    """Bring the live card of a turn to what is true now."""

    turn: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowTask:
    """Say that the turn goes on in the background."""

    turn: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowResult:
    """Turn the live card into the result card and say what the agent said, in full.

    silent: only the card; `TellResult` says the rest when the person may be disturbed.
    """

    turn: int
    silent: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TellResult:
    """Say how a turn ended and what the agent said, in new messages."""

    turn: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowPrompt:
    """Show a queued or held message with its buttons."""

    prompt_id: PromptId


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdatePrompt:
    """Bring the message's card to what is true now."""

    prompt_id: PromptId


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowStatus:
    """Show the sessions of the person."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowReport:
    """Show something a person asked to look at. session_id: the session it concerns, or empty; params: what was asked.

    update: bring the card that shows it already to what is true now, if there is one.
    """

    report: str
    session_id: str = ""
    params: dict[str, str] = field(default_factory=dict)
    update: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowReminder:
    """Show a reminder: as it was understood, or that it has come. fired: for which time, from 1; 0: as it was set."""

    reminder_id: str
    fired: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Say:
    """Say one of our own sentences. text: a key of the catalogue; params: what it names."""

    text: str
    params: dict[str, str] = field(default_factory=dict)
    reply_to: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Relay:
    """Pass on the agent's words, verbatim."""

    body: str


effect_types = (
    StartTurn, SteerTurn, AnswerAgent, InterruptTurn, KillAgent, CloseAgent, SetMode, RemoveRule, TakeBase, TakeOver,
    ShowRequest, UpdateRequest, ShowTurn, UpdateTurn, ShowTask, ShowResult, TellResult, ShowPrompt, UpdatePrompt, ShowStatus, ShowReport, ShowReminder, Say, Relay,
)  # fmt: skip

AgentEffect = (
    StartTurn
    | SteerTurn
    | AnswerAgent
    | InterruptTurn
    | KillAgent
    | CloseAgent
    | SetMode
    | RemoveRule
    | TakeBase
    | TakeOver
)
ChatEffect = (
    ShowRequest
    | UpdateRequest
    | ShowTurn
    | UpdateTurn
    | ShowTask
    | ShowResult
    | TellResult
    | ShowPrompt
    | UpdatePrompt
    | ShowStatus
    | ShowReport
    | ShowReminder
    | Say
    | Relay
)
Effect = AgentEffect | ChatEffect
EFFECTS: dict[str, type[Effect]] = {effect.__name__: effect for effect in effect_types}
