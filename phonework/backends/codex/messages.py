"""Turns what the app-server tells into facts: pure, and whatever a notification looks like, it does no harm.

Shapes: codex-cli 0.163.0 and 0.169.0. Output of a command may come long after its turn has ended; every fact says of which turn it is.
"""

import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from phonework.backends.codex.frames import Id, Note, identity_of

LONGEST_TITLE: Final = 200  # characters
_SHELL: Final = re.compile(r"/(?:usr/(?:local/)?|opt/homebrew/)?bin/(?:ba|z)?sh")
"""A shell of the system's own: the model may name another program for one (`shell` of `exec_command`), and that must be seen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnBegun:
    turn_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnOver:
    """status: completed, interrupted or failed. text: the last the agent said. error: as it stands in the turn."""

    turn_id: str
    status: str
    text: str = ""
    error: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptSeen:
    """A message of ours is part of the turn. client_id: the prompt's."""

    turn_id: str
    client_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TextStreamed:
    turn_id: str
    item_id: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TextSaid:
    """A whole message of the agent, or its plan."""

    turn_id: str
    item_id: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionBegun:
    """item: as it came, for the request that may follow."""

    turn_id: str
    item_id: str
    title: str
    item: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionDone:
    turn_id: str
    item_id: str
    ok: bool
    title: str
    output: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TokensUsed:
    """Input, cached input, written to the cache, output. total: of the whole conversation so far. last: of the newest reply."""

    turn_id: str
    total: tuple[int, int, int, int]
    last: tuple[int, int, int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Troubled:
    """Something went wrong with the model, and Codex tries again."""

    turn_id: str
    said: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Compacting:
    turn_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolved:
    """A request of the server is settled, by whomever."""

    id: Id


Fact = (
    TurnBegun
    | TurnOver
    | PromptSeen
    | TextStreamed
    | TextSaid
    | ActionBegun
    | ActionDone
    | TokensUsed
    | Troubled
    | Compacting
    | Resolved
)


def thread_of(params: Mapping[str, Any]) -> str:
    """Whose it is; empty when it is of the server itself."""
    return _text(params, "threadId")


def fact(note: Note) -> Fact | None:
    """What the notification tells; None when it is nothing we need, or cannot be understood."""
    params = note.params
    turn_id = _text(params, "turnId")
    match note.method:
        case "turn/started":
            return TurnBegun(turn_id=found) if (found := _text(_part(params, "turn"), "id")) else None
        case "turn/completed":
            return over(_part(params, "turn"))
        case "item/started":
            return _begun(_part(params, "item"), turn_id)
        case "item/completed":
            return _done(_part(params, "item"), turn_id)
        case "item/agentMessage/delta" | "item/plan/delta":
            return TextStreamed(turn_id=turn_id, item_id=_text(params, "itemId"), text=_text(params, "delta"))
        case "thread/tokenUsage/updated":
            used = _part(params, "tokenUsage")
            return TokensUsed(turn_id=turn_id, total=_tokens(_part(used, "total")), last=_tokens(_part(used, "last")))
        case "error" if params.get("willRetry") is True:
            return Troubled(turn_id=turn_id, said=_text(_part(params, "error"), "message"))
        case "serverRequest/resolved":
            identity = identity_of(params.get("requestId"))
            return Resolved(id=identity) if identity is not None else None
        case _:
            return None


def over(turn: Mapping[str, Any]) -> TurnOver | None:
    """The end of a turn, from its notification or from a list of turns; None while it runs."""
    identity, status = _text(turn, "id"), _text(turn, "status")
    if not identity or status not in ("completed", "interrupted", "failed"):
        return None
    return TurnOver(turn_id=identity, status=status, text=said_in(turn), error=_part(turn, "error"))


def said_in(turn: Mapping[str, Any]) -> str:
    """The agent's words in a turn of a list, those after the last thing it did."""
    words: list[str] = []
    before = ""
    for item in items(turn):
        if item.get("type") in ("agentMessage", "plan") and (text := _text(item, "text").strip()):
            words.append(text)
        elif item.get("type") in _ACTIONS:
            before, words = "\n\n".join(words) or before, []
    return "\n\n".join(words) or before


def items(turn: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    found = turn.get("items")
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def prompts_in(turn: Mapping[str, Any]) -> frozenset[str]:
    """The ids of the messages of ours that are part of a turn of a list."""
    mine = (item for item in items(turn) if item.get("type") == "userMessage")
    return frozenset(found for item in mine if (found := _text(item, "clientId")))


def bare(command: str) -> str:
    """The words given to the shell, without the shell around them; the whole command when it is anything else."""
    try:
        words = shlex.split(command)
    except ValueError:
        return command
    is_shell = len(words) == 3 and words[1] in ("-c", "-lc") and _SHELL.fullmatch(words[0])
    return words[2] if is_shell else command


def changes(item: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    found = item.get("changes")
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


_ACTIONS: Final = (
    "commandExecution",
    "fileChange",
    "mcpToolCall",
    "dynamicToolCall",
    "webSearch",
    "collabAgentToolCall",
)


def _begun(item: Mapping[str, Any], turn_id: str) -> Fact | None:
    match item.get("type"):
        case "userMessage":
            return PromptSeen(turn_id=turn_id, client_id=found) if (found := _text(item, "clientId")) else None
        case "contextCompaction":
            return Compacting(turn_id=turn_id)
        case kind if kind in _ACTIONS:
            return ActionBegun(turn_id=turn_id, item_id=_text(item, "id"), title=_title(item), item=item)
        case _:
            return None


def _done(item: Mapping[str, Any], turn_id: str) -> Fact | None:
    match item.get("type"):
        case "agentMessage" | "plan":
            return TextSaid(turn_id=turn_id, item_id=_text(item, "id"), text=_text(item, "text"))
        case kind if kind in _ACTIONS:
            ok = item.get("status") not in ("failed", "declined")
            output = _first_line(_text(item, "aggregatedOutput"))
            return ActionDone(turn_id=turn_id, item_id=_text(item, "id"), ok=ok, title=_title(item), output=output)
        case _:
            return None


def _title(item: Mapping[str, Any]) -> str:
    match item.get("type"):
        case "commandExecution":
            return short(bare(_text(item, "command")))
        case "fileChange":
            return short(", ".join(_text(one, "path") for one in changes(item)))
        case "mcpToolCall":
            return short(f"{_text(item, 'server')}: {_text(item, 'tool')}")
        case "webSearch":
            return short(_text(item, "query") or "web")
        case _:
            return short(_text(item, "tool") or str(item.get("type")))


def short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= LONGEST_TITLE else line[: LONGEST_TITLE - 1] + "…"


def _first_line(text: str) -> str:
    return next((short(line) for line in text.splitlines() if line.strip()), "")


def _tokens(found: Mapping[str, Any]) -> tuple[int, int, int, int]:
    names = ("inputTokens", "cachedInputTokens", "cacheWriteInputTokens", "outputTokens")
    given, cached, written, made = (value if isinstance(value := found.get(name), int) else 0 for name in names)
    return given, cached, written, made


def _part(whole: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found = whole.get(key)
    return found if isinstance(found, dict) else {}


def _text(whole: Mapping[str, Any], key: str) -> str:
    found = whole.get(key)
    return found if isinstance(found, str) else ""
