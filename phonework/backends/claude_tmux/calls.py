"""What a hook of Claude Code says, read as something hostile would be, and what it is answered. Pure.

Shapes: command hooks of Claude Code 2.1.329, "Hooks reference", and recordings of a terminal. What cannot be understood is
nothing: the hook then says nothing, and the terminal asks as always.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any, Final
from uuid import UUID

from phonework.backends.claude import asks
from phonework.backends.hook_client import MARK
from phonework.fsm.types import Answer, Ask

VARIABLES: Final = (
    "CLAUDE_PID",
    "CLAUDE_CODE_ENTRYPOINT",
    "CLAUDE_CONFIG_DIR",
    "TMUX",
    "TMUX_PANE",
    MARK,
)
"""What the hook's program tells of its environment."""
LONGEST_NAME: Final = 200
LONGEST_PATH: Final = 4096
MOST_SUGGESTIONS: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One report of an agent. prompt_id: the agent's own id of the words it works on.

    pid: the agent's process, 0 when it is not said. mark: which agent of ours it is, empty for somebody's own.
    tmux_socket, pane: where in tmux its terminal is, empty elsewhere.
    hook: names the program that reports, which says under the same name that it printed the answer.
    """

    event: str
    agent_session_id: str
    cwd: str
    transcript: str = ""
    prompt_id: str = ""
    pid: int = 0
    mark: str = ""
    entrypoint: str = ""
    tmux_socket: str = ""
    pane: str = ""
    prompt: str = ""
    text: str = ""
    error: str = ""
    reason: str = ""
    by_subagent: bool = False
    tool: str = ""
    tool_input: dict[str, Any] = field(default_factory=dict)
    suggestions: tuple[dict[str, Any], ...] = ()
    hook: str = ""


def read(raw: Mapping[str, object]) -> Call | None:
    """The report; None for what is none that counts here. Never raises."""
    event, cwd, named = raw.get("hook_event_name"), raw.get("cwd"), _id(raw.get("session_id"))
    if not isinstance(event, str) or not isinstance(cwd, str) or not _is_place(cwd) or not named:
        return None
    told = raw.get("environment")
    around: Mapping[str, object] = told if isinstance(told, Mapping) else {}
    tool, tool_input = raw.get("tool_name"), raw.get("tool_input")
    if event == "PermissionRequest" and not (_text(tool) and isinstance(tool_input, dict)):
        return None
    socket, pane = _text(around.get("TMUX")).split(",")[0], _text(around.get("TMUX_PANE"))
    in_tmux = _is_place(socket) and pane[:1] == "%" and pane[1:].isdecimal() and len(pane) < 10
    transcript = _text(raw.get("transcript_path"))
    return Call(
        event=event[:LONGEST_NAME],
        agent_session_id=named,
        cwd=cwd,
        transcript=transcript if _is_place(transcript) else "",
        prompt_id=_id(raw.get("prompt_id")),
        pid=_number(around.get("CLAUDE_PID")),
        mark=_text(around.get(MARK)),
        entrypoint=_text(around.get("CLAUDE_CODE_ENTRYPOINT")),
        tmux_socket=socket if in_tmux else "",
        pane=pane if in_tmux else "",
        prompt=_text(raw.get("prompt")),
        text=_text(raw.get("last_assistant_message")),
        error=_text(raw.get("error")),
        reason=_text(raw.get("reason")),
        by_subagent=bool(raw.get("agent_id")),
        tool=_text(tool)[:LONGEST_NAME],
        tool_input=tool_input if isinstance(tool_input, dict) else {},
        suggestions=_suggestions(raw.get("permission_suggestions")),
        hook=_text(raw.get("hook"))[:LONGEST_NAME],
    )


def ask(call: Call, diff: str) -> Ask:
    """What the person is asked about the call. diff: what it would change, see diffs.of_call."""
    said = call.tool_input.get("description")
    return asks.ask(
        asks.Call(
            tool=call.tool,
            tool_input=call.tool_input,
            tool_use_id="",  # a command hook is not told
            description=said if isinstance(said, str) else "",
            by_subagent=call.by_subagent,
            suggestions=call.suggestions,
            diff=diff,
        )
    )


def output(asked: Ask, answer: Answer, call: Call) -> dict[str, Any]:
    """What the hook prints. The whole input goes along with a yes: a plan is not taken without it (2.1.329)."""
    decided = asks.decision(asked, answer, call.tool_input)
    told: dict[str, Any]
    match decided:
        case asks.Deny(message=message):
            told = {"behavior": "deny", "message": message}
        case asks.Allow(tool_input=tool_input, updates=updates):
            told = {"behavior": "allow", "updatedInput": tool_input}
            told |= {"updatedPermissions": list(updates)} if updates else {}
    return {"hookSpecificOutput": {"hookEventName": "PermissionRequest", "decision": told}}


def _id(value: object) -> str:
    """In the one form that ids are compared in; empty for what is none. It names files, so nothing else will do."""
    try:
        return str(UUID(value)) if isinstance(value, str) and len(value) == 36 else ""
    except ValueError:
        return ""


def _text(value: object) -> str:
    """Words that can be stored: half a character, as JSON can carry it, is replaced."""
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else ""


def _is_place(path: str) -> bool:
    return len(path) <= LONGEST_PATH and "\0" not in path and path.isprintable() and PurePosixPath(path).is_absolute()


def _number(value: object) -> int:
    return int(value) if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) < 10 else 0


def _suggestions(value: object) -> tuple[dict[str, Any], ...]:
    found = value[:MOST_SUGGESTIONS] if isinstance(value, list) else []
    return tuple(one for one in found if isinstance(one, dict))
