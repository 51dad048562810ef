"""The port to what the assistant can do: a tool is a small class, and its call is bounded and never repeated by accident.

    class Add(Arguments, frozen=True, kw_only=True):
        left: Annotated[int, Meta(description="One of the two.")]
        right: int = 0

    class AddTool:
        name = "add"
        description = "Add two whole numbers."
        arguments = Add
        changes = False
        within = timedelta(seconds=1)

        async def question(self, call: Call, arguments: Add) -> Question | None:
            return None

        async def run(self, call: Call, arguments: Add) -> Result:
            return Result(text=str(arguments.left + arguments.right))

`registry.py` lists the tools there are.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from pathlib import Path
from typing import Protocol, TypeVar

import msgspec

from phonework.fsm.types import Answer, Option, Sentence, SessionId, UserId

MAX_RESULT = 60_000
"""Characters of a result that reach the model at most; a longer one loses its middle, and says so."""


class Arguments(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the model must give: its JSON schema is what the model reads, and nothing that differs from it is let in.

    Say what a field means with `Annotated[str, msgspec.Meta(description=…)]`. Plain JSON types, lists, literals and
    nested structs; an optional field has a default. Each repeats `frozen=True, kw_only=True`.
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """Who calls, when and where.

    session_id, turn: of the companion; call_id: unique within its turn. words: what the person wrote that led to it.
    language: the person's, for what they read.
    now: aware; zone: the person's. active: the session the person talks to, if any; cwd: its directory, else root.
    answer: what the person decided about `question`; None when nothing was asked.
    """

    user_id: UserId
    session_id: SessionId
    turn: int
    call_id: str
    words: str
    language: str
    now: datetime
    zone: tzinfo
    root: Path
    cwd: Path
    active: SessionId | None = None
    answer: Answer | None = None

    @property
    def key(self) -> str:
        """Names the call for ever: the key of whatever it makes happen, so that a repeat changes nothing."""
        return f"{self.session_id}:{self.turn}:{self.call_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What the person must decide first, shown as a card. prompt: one line in the person's language.

    Without options a confirmation: the tool runs only when it was allowed. With options a choice: what was picked is in
    `Call.answer.picks`. Where the prompt does not say all of it, one of command, path with diff, and words shows in full what
    would be run, written or handed on; a command may have the path of the directory it runs in, and reasons why it asks.
    """

    prompt: str
    command: str = ""
    path: str = ""
    diff: str = ""
    words: str = ""
    options: tuple[Option, ...] = ()
    reasons: tuple[Sentence, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What the model reads. files: to be sent to the person's chat. failed: it did not work, and `text` says why."""

    text: str
    files: tuple[Path, ...] = ()
    failed: bool = False


Given = TypeVar("Given", bound=Arguments)


class Tool(Protocol[Given]):
    """One thing the assistant can do.

    name: lower-case letters, digits and underscores. description: for the model, in English: what it does and when to use it.
    changes: running it twice would do harm. Its call is then written down before it runs, and after a crash it is not
    repeated: the person is told that the outcome is unknown. within: how long `run` may take; it is cancelled after that
    and when the person stops the turn, so whatever it started must end with it.

    `question` and `run` may raise RefusedError, whose sentence the model reads; anything else is a bug, and the model is
    told only that the tool failed.
    """

    name: str
    description: str
    changes: bool
    within: timedelta

    @property
    def arguments(self) -> type[Given]:
        """What decodes the model's arguments."""

    async def question(self, call: Call, arguments: Given) -> Question | None:
        """What the person must decide before `run`; None: nothing."""

    async def run(self, call: Call, arguments: Given) -> Result:
        """Do it."""
