"""Every error PhoneWork raises.

PhoneWorkError
├── ConfigError          a setting is wrong; `problems` has one line each
├── StoreError           nothing was committed
│   ├── StoreBusyError   another process owns the data directory
│   ├── StoreNewerError  the database was written by a newer program
│   └── StoreStoppedError  the writer has stopped and takes nothing more
├── ChannelError         a message or card was not delivered, or what came with one not fetched
│   ├── TooLargeError    what came with a message is larger than what is fetched
│   └── NotFetchedError  one file that came with a message was not fetched
├── BackendError         the agent could not do it
│   ├── RequestGoneError the agent that asked is no longer there to hear the answer
│   │   └── NoLongerAskedError it is there, and waits for no answer of ours any more
│   └── SandboxError     the sandbox it is to run in cannot be set up; nothing was run
├── RemoteError          a server, asked by a program over its gateway, did not do it
└── RefusedError         what a person asked for is not possible; its text is for them
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from phonework.fsm.types import Sentence


class PhoneWorkError(Exception):
    """What went wrong, in one sentence; hint says what to do about it."""

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class ConfigError(PhoneWorkError):
    """A setting is wrong. problems: one line each, with key, place and remedy."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class StoreError(PhoneWorkError):
    """Nothing was committed."""


class StoreBusyError(StoreError):
    """Another process owns the data directory."""


class StoreNewerError(StoreError):
    """The database was written by a newer program."""


class StoreStoppedError(StoreError):
    """The writer has stopped and takes nothing more."""


class ChannelError(PhoneWorkError):
    """A message or card was not delivered.

    retry_after: try again after this time; None: trying again will not help.
    gone: the chat or message no longer exists. unknown: it may have been delivered.
    """

    def __init__(
        self,
        message: str,
        *,
        hint: str = "",
        retry_after: timedelta | None = None,
        gone: bool = False,
        unknown: bool = False,
        code: int = 0,
    ) -> None:
        super().__init__(message, hint=hint)
        self.retry_after, self.gone, self.unknown, self.code = retry_after, gone, unknown, code


class TooLargeError(ChannelError):
    """What came with a message is larger than what is fetched. limit: in words, like `50 MB`."""

    def __init__(self, limit: str) -> None:
        super().__init__(f"larger than {limit}", hint="send it in parts, or raise work.max_file_mb")
        self.limit = limit


class NotFetchedError(ChannelError):
    """One file that came with a message was not fetched. error: why; kind, name: as of its attachment."""

    def __init__(self, error: ChannelError, *, kind: str, name: str) -> None:
        super().__init__(str(error), hint=error.hint, retry_after=error.retry_after, gone=error.gone, code=error.code)
        self.kind, self.name = kind, name


class BackendError(PhoneWorkError):
    """The agent could not do it; the text is for the person.

    text: a key of the catalogue (phonework/texts), with the params it names, or a sentence in words of its own.
    problem: that sentence of the catalogue; None for words of its own.
    """

    problem: Sentence | None

    def __init__(self, text: str, /, *, hint: str = "", **params: str) -> None:
        # Imported when they are needed: programs that must start at once import this module.
        from phonework import texts
        from phonework.fsm.types import Sentence

        super().__init__(texts.text("en", text, **params).strip(), hint=hint)
        self.problem = Sentence(key=text, params=params) if text in texts.keys() else None  # noqa: SIM118  # a function


class RequestGoneError(BackendError):
    """The agent that asked is no longer there to hear the answer."""


class NoLongerAskedError(RequestGoneError):
    """The agent is there and waits for no answer of ours any more: it was answered elsewhere, or asks there alone."""


class SandboxError(BackendError):
    """The sandbox the agent is to run in cannot be set up; nothing was run.

    The sentence says on its first line why; what follows is what to do: the hint.
    """

    def __init__(self, text: str, /, **params: str) -> None:
        super().__init__(text, **{name: param.replace("\n", " ") for name, param in params.items()})
        why, _, self.hint = str(self).partition("\n")
        self.args = (why,)


class RefusedError(PhoneWorkError):
    """What a person asked for is not possible. text: a key of the catalogue; params: what it names."""

    def __init__(self, text: str, **params: str) -> None:
        super().__init__(text)
        self.text, self.params = text, params


class RemoteError(PhoneWorkError):
    """A server was asked over its gateway and did not do it. code: its word for why, or that it was not reached."""

    def __init__(self, code: str, message: str, *, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.code = code
