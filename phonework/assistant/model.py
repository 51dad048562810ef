"""The port to a language model: what it is shown, what it answers, and how it may fail."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import Final, Protocol

from phonework.fsm.types import Usage


class Role(StrEnum):
    """Who speaks. The system's words are computed for each request and are no message."""

    USER = "user"
    ASSISTANT = "assistant"
    TOOL = "tool"


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolCall:
    """What the model wants done. arguments: JSON as it came, perhaps none at all."""

    call_id: str
    name: str
    arguments: str = "{}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message of the conversation. call_id: of a tool's result.

    reasoning: the model's thoughts if it told them; None when it has none to tell.
    """

    role: Role
    text: str = ""
    calls: tuple[ToolCall, ...] = ()
    call_id: str = ""
    reasoning: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A tool as the model sees it. parameters: a JSON schema."""

    name: str
    description: str
    parameters: Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """One answer of the model. finish: why it ended, in the server's word. calls carry the server's ids, perhaps none."""

    text: str = ""
    calls: tuple[ToolCall, ...] = ()
    reasoning: str | None = None
    finish: str = ""
    usage: Usage = field(default_factory=Usage)

    @property
    def empty(self) -> bool:
        return not self.text.strip() and not self.calls


class Trouble(StrEnum):
    """Why there is no answer; each has a sentence `assistant.<value>` in the catalogue."""

    UNREACHABLE = "unreachable"
    SLOW = "slow"
    UNAUTHORISED = "unauthorised"
    NO_CREDIT = "no_credit"
    NO_MODEL = "no_model"
    NO_TOOLS = "no_tools"
    BUSY = "busy"
    DOWN = "down"
    NOT_AN_API = "not_an_api"
    GARBAGE = "garbage"
    ENDLESS = "endless"
    EMPTY = "empty"
    CENSORED = "censored"
    TOO_LONG = "too_long"
    REFUSED = "refused"


PASSING: Final = frozenset(
    {Trouble.UNREACHABLE, Trouble.SLOW, Trouble.BUSY, Trouble.DOWN, Trouble.GARBAGE, Trouble.EMPTY}
)
"""What may be better when it is tried again."""


class ModelError(Exception):
    """There is no answer. detail: the server's own words, one line. retry_after: as the server asks."""

    def __init__(self, trouble: Trouble, *, detail: str = "", retry_after: timedelta | None = None) -> None:
        super().__init__(f"{trouble}: {detail}" if detail else str(trouble))
        self.trouble, self.detail, self.retry_after = trouble, detail, retry_after


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """Who looks on. text: more was said; what is given tells all of it, if wanted. again: it is tried again after this long."""

    text: Callable[[Callable[[], str]], None]
    again: Callable[[ModelError, timedelta], None]


class Model(Protocol):
    """One language model."""

    async def ask(self, system: str, messages: Sequence[Message], offers: Sequence[Offer], watch: Watch) -> Reply:
        """The model's next words, or what it wants done. Raises ModelError after the retries that make sense."""

    async def aclose(self) -> None:
        """Let its connections go."""
