"""Commands about the assistant: with it or without it, and forgetting what was said to it."""

from dataclasses import dataclass
from typing import Final

_ASSISTANT: Final = frozenset({"assistant", "助手"})


@dataclass(frozen=True, slots=True, kw_only=True)
class SetMode:
    """Direct or smart from now on. message: what is said in that mode right away, or empty."""

    mode: str
    message: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Clear:
    """Forget the conversation: the agent's, by its own command, or the assistant's if that is meant. text: as typed."""

    text: str
    assistant: bool = False


def direct(rest: str) -> SetMode:
    return SetMode(mode="direct", message=rest.strip())


def smart(rest: str) -> SetMode:
    return SetMode(mode="smart", message=rest.strip())


def clear(rest: str) -> Clear:
    return Clear(text=f"/clear {rest.strip()}".strip(), assistant=rest.strip().lower() in _ASSISTANT)
