"""Everything that can happen to a session: facts, in the past tense."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from phonework.fsm.types import Answer, Ask, Prompt, PromptId, RequestId, Sentence, Step, Usage, UserId

RESTART: Final = "restart"
"""The reason of an agent lost because our own process had ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Created:
    """The session began; the first entry of its history. A first message comes as an event of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageReceived:
    """A person wrote. stale: it was older than the staleness limit when it arrived (F13).

    answers: the words may answer what is asked; False: they are for the agent, whatever it asks.
    """

    prompt: Prompt
    by: UserId
    stale: bool = False
    answers: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class CardAnswered:
    """A person pressed a button of a request's card, or sent its form. also: further requests the button was for.

    agent: the session whose agent answered in the person's name, through a shell; empty: none.
    """

    request_id: RequestId
    generation: int
    answer: Answer
    by: UserId
    also: tuple[RequestId, ...] = ()
    agent: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LateAnswered:
    """A person chose "answer and resume" on a request that expired or whose agent died (F12)."""

    request_id: RequestId
    generation: int
    answer: Answer
    by: UserId
    prompt: Prompt  # the new turn begins with it


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryAsked:
    """Run the last turn's messages again. turn: the turn meant, 0 for the newest. prompt_id: of the new prompt."""

    by: UserId
    prompt_id: PromptId
    turn: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ContinueAsked:
    """Go on from where the turn ended. turn: the one whose card was pressed; prompt: what the agent is told."""

    by: UserId
    turn: int
    prompt: Prompt


@dataclass(frozen=True, slots=True, kw_only=True)
class StopAsked:
    """Interrupt the turn. turn: the turn meant, 0 for whichever runs."""

    by: UserId
    turn: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class KillAsked:
    """End the agent's process, and with it the turn, at once."""

    by: UserId


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseAsked:
    """End the session."""

    by: UserId


@dataclass(frozen=True, slots=True, kw_only=True)
class SendNowAsked:
    """Run a queued or held message at once: steer the running turn, or interrupt it first."""

    prompt_id: PromptId
    by: UserId


@dataclass(frozen=True, slots=True, kw_only=True)
class DropAsked:
    """Forget a queued or held message."""

    prompt_id: PromptId
    by: UserId


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageTakenBack:
    """A person took a message back where they had written it.

    prompt_id: what carries it by now: itself, or the one that its files went along with. message_id: the channel's id of it.
    unheard: the order that hands it to the agent is owed, and nobody has begun to carry it out.
    """

    prompt_id: PromptId
    message_id: str
    by: UserId
    unheard: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelChosen:
    """The turns to come run with another model. model: as the agent calls it; empty: its own choice."""

    by: UserId
    model: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ModeChosen:
    """The agent is to ask more or less. mode: in its own words. limit: how long; None: until another one is chosen."""

    by: UserId
    mode: str
    limit: timedelta | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnBegan:
    """The agent began a turn nobody ordered: somebody wrote to it at its own terminal. prompt: what they wrote."""

    prompt: Prompt


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnStarted:
    """The agent took the turn's prompt. agent_session_id: the agent's own id, for resuming."""

    turn: int
    agent_session_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptsTaken:
    """The agent folded messages into its running turn (after steering)."""

    turn: int
    prompt_ids: tuple[PromptId, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentSessionChanged:
    """The agent goes on under another id of its own, as after /clear."""

    turn: int
    agent_session_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentAsked:
    """The agent needs a person."""

    turn: int
    ask: Ask


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestWithdrawn:
    """The agent no longer asks."""

    turn: int
    request_id: RequestId


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerDelivered:
    """The agent has the answer."""

    request_id: RequestId


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerLost:
    """The answer could not reach the agent that asked. withdrawn: it is there, and waits for none of ours any more."""

    request_id: RequestId
    reason: str = ""
    withdrawn: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestShown:
    """The person sees the question only now: its card had waited for the end of their quiet hours."""

    request_id: RequestId
    generation: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptHeard:
    """A voice message was put into words."""

    prompt_id: PromptId
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SteerFailed:
    """A message could not be given to the running turn."""

    prompt_id: PromptId
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnFinished:
    """The agent ended the turn. interrupted: it was stopped before its end. files, outcome, unwell: see `Turn`."""

    turn: int
    text: str = ""
    interrupted: bool = False
    usage: Usage = field(default_factory=Usage)
    steps: tuple[Step, ...] = ()
    files: tuple[str, ...] = ()
    outcome: Sentence | None = None
    unwell: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnFailed:
    """The turn ended in an error; the agent may live on.

    error: one sentence for the person; problem: the same in each language, when it is of the catalogue. text: its words so far.
    """

    turn: int
    error: str
    problem: Sentence | None = None
    text: str = ""
    usage: Usage = field(default_factory=Usage)
    steps: tuple[Step, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentLost:
    """The agent's process is gone, or what became of it is unknown.

    reason: one sentence for the person; problem: the same in each language, when it is of the catalogue.
    restart: our own process had ended. text: the agent's words so far, as far as they are known.
    """

    turn: int
    reason: str
    problem: Sentence | None = None
    restart: bool = False
    text: str = ""
    steps: tuple[Step, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class BackgroundFinished:
    """Work the agent did on its own after a turn had ended (a background subagent) came to a result."""

    text: str
    usage: Usage = field(default_factory=Usage)


@dataclass(frozen=True, slots=True, kw_only=True)
class ModeRefused:
    """The agent did not take the mode. before: the one it goes on in. reason, problem: as of a turn that failed."""

    mode: str
    before: str
    reason: str
    problem: Sentence | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ModeExpired:
    """The time of a mode is over. until: the time that was set."""

    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitReminderDue:
    """The open request will expire soon."""

    generation: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitExpired:
    """Nobody answered in time."""

    generation: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnWentLong:
    """The turn takes so long that nobody waits for it any more."""

    turn: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnExpired:
    """The whole turn took too long."""

    turn: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StopExpired:
    """The agent did not end after an interrupt."""

    turn: int


@dataclass(frozen=True, slots=True, kw_only=True)
class IdleExpired:
    """Nobody used the session for long."""

    turn: int


type_names = (
    Created, MessageReceived, CardAnswered, LateAnswered, RetryAsked, ContinueAsked, StopAsked, KillAsked, CloseAsked, SendNowAsked, DropAsked,
    MessageTakenBack, ModelChosen, ModeChosen, TurnBegan, TurnStarted, PromptsTaken, AgentSessionChanged, AgentAsked, RequestWithdrawn, AnswerDelivered, AnswerLost, RequestShown, PromptHeard, SteerFailed,
    TurnFinished, TurnFailed, AgentLost, BackgroundFinished, ModeRefused, ModeExpired,
    WaitReminderDue, WaitExpired, TurnWentLong, TurnExpired, StopExpired, IdleExpired,
)  # fmt: skip

AgentEvent = (
    TurnBegan
    | TurnStarted
    | PromptsTaken
    | AgentSessionChanged
    | AgentAsked
    | RequestWithdrawn
    | TurnFinished
    | TurnFailed
    | AgentLost
    | BackgroundFinished
)
PersonEvent = (
    MessageReceived
    | CardAnswered
    | LateAnswered
    | RetryAsked
    | ContinueAsked
    | StopAsked
    | KillAsked
    | CloseAsked
    | SendNowAsked
    | DropAsked
    | MessageTakenBack
    | ModelChosen
    | ModeChosen
)
TimerEvent = WaitReminderDue | WaitExpired | TurnWentLong | TurnExpired | StopExpired | IdleExpired | ModeExpired
EffectEvent = AnswerDelivered | AnswerLost | RequestShown | PromptHeard | SteerFailed | ModeRefused
Event = Created | PersonEvent | AgentEvent | EffectEvent | TimerEvent
EVENTS: dict[str, type[Event]] = {event.__name__: event for event in type_names}
