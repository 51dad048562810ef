"""Looks things up in Claude Code's own record of a conversation, and marks an unanswered call so that it is asked again.

Format: one JSON object a line in `<config>/projects/<directory>/<session-id>.jsonl`, append only, as seen in 2.1.329; it is not
documented but for its place. What cannot be read counts as not there.
"""

import json
import os
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from phonework.backends.claude.messages import cost_of, tokens_of

LONGEST_LINE: Final = 64 * 1024 * 1024  # bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """What a conversation has cost so far, as Claude Code restores it at resume. tokens: as in messages.Result."""

    cost_usd: float = 0.0
    tokens: tuple[int, int, int, int] = (0, 0, 0, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Unanswered:
    """A tool call at the end of the record that has no result: its process died while it waited or ran."""

    line_uuid: str
    tool_use_id: str
    tool: str
    tool_input: dict[str, Any]
    common: dict[str, Any]  # what every line of this conversation says


def find(config: Path, agent_session_id: str) -> Path | None:
    """The record of a conversation, whichever directory it began in."""
    if not agent_session_id or "/" in agent_session_id or agent_session_id.startswith("."):
        return None
    try:
        found = [one / f"{agent_session_id}.jsonl" for one in (config / "projects").iterdir()]
        return next((one for one in found if one.is_file()), None)
    except OSError:
        return None


def has_prompt(path: Path, prompt_id: str) -> bool:
    """Whether the prompt with this uuid was taken: as a line of its own, or folded into a running turn."""
    return any(_takes(line, {prompt_id}) for line in lines(path, containing=prompt_id))


def said(path: Path, prompt_ids: Collection[str]) -> str:
    """The agent's last words of the turn with these prompts: since its last tool call, or else before that."""
    begun, before = False, ""
    since: list[str] = []
    for line in lines(path):
        begun = begun or _takes(line, prompt_ids)
        if not begun or line.get("type") != "assistant" or not _by_the_agent(line):
            continue
        for block in _blocks(line):
            if block.get("type") == "tool_use":
                before, since = "\n\n".join(since) or before, []
            elif block.get("type") == "text" and isinstance(text := block.get("text"), str) and text.strip():
                since.append(text)
    return "\n\n".join(since) or before


def _takes(line: dict[str, Any], prompt_ids: Collection[str]) -> bool:
    attached = line.get("attachment")
    source = attached.get("source_uuid") if isinstance(attached, dict) else None
    return any(
        isinstance(one, str) and one in prompt_ids for one in (line.get("uuid"), line.get("commandUuid"), source)
    )


def _by_the_agent(line: dict[str, Any]) -> bool:
    """Not by a subagent, and not what Claude Code itself puts into the agent's mouth."""
    message = line.get("message")
    model = message.get("model") if isinstance(message, dict) else None
    return line.get("isSidechain") is not True and line.get("isApiErrorMessage") is not True and model != "<synthetic>"


def _blocks(line: dict[str, Any]) -> list[dict[str, Any]]:
    message = line.get("message")
    content = message.get("content") if isinstance(message, dict) else None
    return [one for one in content if isinstance(one, dict)] if isinstance(content, list) else []


def totals(path: Path) -> Totals:
    """The last recorded totals; zero when there are none."""
    last: dict[str, Any] = {}
    for line in lines(path, containing='"cost-state"'):
        if line.get("type") == "cost-state":
            last = line
    return Totals(
        cost_usd=cost_of(last.get("totalCostUSD")) or 0.0,
        tokens=tokens_of(last.get("modelUsage")) or (0, 0, 0, 0),
    )


def unanswered(path: Path) -> list[Unanswered]:
    """The calls of the last reply, when the conversation ends there and none of them has a result."""
    calls: list[Unanswered] = []
    for line in lines(path):
        if line.get("isSidechain") is True or line.get("type") not in ("assistant", "user"):
            continue
        if line["type"] == "user":
            calls.clear()
        calls += [call for block in _blocks(line) if (call := _call(line, block)) is not None]
    return calls


def _call(line: dict[str, Any], block: dict[str, Any]) -> Unanswered | None:
    tool_input, tool_use_id, tool = block.get("input"), block.get("id"), block.get("name")
    if block.get("type") != "tool_use" or not isinstance(tool_input, dict):
        return None
    if not isinstance(tool_use_id, str) or not isinstance(tool, str):
        return None
    kept = ("userType", "entrypoint", "cwd", "sessionId", "version", "gitBranch")
    return Unanswered(
        line_uuid=str(line.get("uuid", "")),
        tool_use_id=tool_use_id,
        tool=tool,
        tool_input=tool_input,
        common={key: line[key] for key in kept if key in line},
    )


def mark_deferred(path: Path, call: Unanswered, line_uuid: str) -> None:
    """Append the line that makes Claude Code ask about the call again, under the same id, when it resumes.

    It is the line that a PreToolUse hook's documented `defer` leaves; that it works when written afterwards was seen in
    2.1.329 and is guarded by a test with the real CLI. line_uuid: the prompt's id, so that a later look-up finds it taken.
    """
    line = {
        "parentUuid": call.line_uuid,
        "isSidechain": False,
        "attachment": {
            "type": "hook_deferred_tool",
            "toolUseID": call.tool_use_id,
            "toolName": call.tool,
            "toolInput": call.tool_input,
            "hookName": "settings",
            "hookEvent": "PreToolUse",
        },
        "type": "attachment",
        "uuid": line_uuid,
        "timestamp": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        **call.common,
    }
    text = json.dumps(line, ensure_ascii=False) + "\n"
    with path.open("rb+") as file:
        file.seek(0, os.SEEK_END)
        if file.tell():
            file.seek(-1, os.SEEK_END)
            if file.read(1) != b"\n":  # the process died while it wrote its last line
                text = "\n" + text
        file.seek(0, os.SEEK_END)
        file.write(text.encode())


def lines(path: Path, *, containing: str = "", since: int = 0) -> Iterator[dict[str, Any]]:
    """The record's objects in order. containing: only lines with this text are parsed; most are large and of no concern.

    since: where to begin, in bytes; the end of a line.

    A line that is longer than any the program writes is passed over in pieces, so that it does not fill the memory.
    """
    wanted = containing.encode()
    try:
        with path.open("rb") as file:
            file.seek(since)
            for raw in iter(lambda: file.readline(LONGEST_LINE), b""):
                if wanted in raw and isinstance(line := _object(raw), dict):
                    yield line
    except OSError:
        return


def _object(raw: bytes) -> object:
    try:
        return json.loads(raw)
    except (ValueError, RecursionError):
        return None
