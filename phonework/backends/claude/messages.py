"""Reads the frames Claude Code writes to its standard output, one JSON object a line, into the few facts we act on.

Pure. Shapes as recorded from Claude Code 2.1.329 (`--output-format stream-json --include-partial-messages`); what is unknown
or malformed gives no fact, so that a newer release cannot break a running session.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from phonework.fsm.types import Usage
from phonework.one_line import first_line

LONGEST_TITLE = 120  # characters of a step's title
MOST_OF_OUTPUT = 120  # characters of what came of it
_BEYOND = 2**53  # no count and no cost; the database takes whole numbers of 64 bits, and other programs fewer
_SHOWN_KEYS = ("command", "file_path", "notebook_path", "pattern", "url", "query", "description", "prompt", "path")


@dataclass(frozen=True, slots=True)
class PromptSeen:
    """Claude Code says how far a prompt of ours has come: queued, started or completed."""

    prompt_id: str
    state: str


@dataclass(frozen=True, slots=True)
class SessionNamed:
    """The conversation's own id; comes at the start of each turn and changes after /clear."""

    agent_session_id: str


@dataclass(frozen=True, slots=True)
class ModeReported:
    """The permission mode it is in; comes at the start of each turn, and when it changes, by itself too."""

    mode: str


@dataclass(frozen=True, slots=True)
class CommandsListed:
    """The slash commands it has, in lower case without the slash, also those it runs at a terminal only; at the start of each turn."""

    names: frozenset[str]


@dataclass(frozen=True, slots=True)
class ReplyBegun:
    """The model begins a reply; comes again when a reply that broke off is made anew."""


@dataclass(frozen=True, slots=True)
class TextStreamed:
    """A piece of what the agent is saying; comes again as a whole in TextSaid."""

    text: str


@dataclass(frozen=True, slots=True)
class TextSaid:
    """One finished block of text by the agent itself (not by a subagent)."""

    text: str


@dataclass(frozen=True, slots=True)
class LocalOutput:
    """What a slash command printed that needed no model."""

    text: str


@dataclass(frozen=True, slots=True)
class ToolUsed:
    """A tool call begins. by_subagent: made by a helper of the agent."""

    tool_use_id: str
    title: str
    by_subagent: bool = False


@dataclass(frozen=True, slots=True)
class ToolDone:
    """A tool call ended. output: the first line of what it returned."""

    tool_use_id: str
    ok: bool
    output: str = ""


@dataclass(frozen=True, slots=True)
class TokensSeen:
    """Tokens of one reply while the turn still runs, for display only."""

    usage: Usage


@dataclass(frozen=True, slots=True)
class Retrying:
    """The API refused and is asked again after a while. status: HTTP status, 0 when it was not reached."""

    attempt: int
    attempts: int
    delay_ms: int
    status: int


@dataclass(frozen=True, slots=True)
class Working:
    """What Claude Code does between replies, e.g. compacting; empty when it stops doing it."""

    what: str


@dataclass(frozen=True, slots=True)
class TasksRunning:
    """How many background tasks run now."""

    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """The end of a turn, or of work that Claude Code took up by itself (background).

    prompt_ids: every prompt of ours that the turn took in. cost_usd and tokens are cumulative over the conversation;
    tokens: input, output, cache read, cache write, summed over models, subagents included.
    """

    uuid: str
    agent_session_id: str
    subtype: str = ""
    is_error: bool = False
    terminal_reason: str = ""
    text: str = ""
    errors: tuple[str, ...] = ()
    api_status: int = 0
    prompt_ids: tuple[str, ...] = ()
    background: bool = False
    cost_usd: float | None = None
    tokens: tuple[int, int, int, int] | None = None

    @property
    def aborted(self) -> bool:
        return self.terminal_reason in ("aborted_streaming", "aborted_tools")


Fact = (
    PromptSeen
    | SessionNamed
    | ModeReported
    | CommandsListed
    | ReplyBegun
    | TextStreamed
    | TextSaid
    | LocalOutput
    | ToolUsed
    | ToolDone
    | TokensSeen
    | Retrying
    | Working
    | TasksRunning
    | Result
)


def facts(frame: Mapping[str, Any]) -> list[Fact]:
    """What one frame tells; never raises."""
    try:
        return list(_facts(frame))
    except (KeyError, TypeError, ValueError, AttributeError):
        return []


def title(tool: str, tool_input: object) -> str:
    """A tool call in one line: the tool and the first thing worth knowing of its input."""
    detail = ""
    if isinstance(tool_input, Mapping):
        detail = next((value for key in _SHOWN_KEYS if isinstance(value := tool_input.get(key), str)), "")
    line = " ".join(f"{tool}: {detail}".split()) if detail else tool
    return line if len(line) <= LONGEST_TITLE else line[: LONGEST_TITLE - 1] + "…"


def _facts(frame: Mapping[str, Any]) -> Iterator[Fact]:
    match frame.get("type"):
        case "command_lifecycle":
            yield PromptSeen(str(frame["command_uuid"]), str(frame["state"]))
        case "system":
            yield from _system(frame)
        case "stream_event":
            yield from _streamed(frame)
        case "assistant":
            yield from _assistant(frame)
        case "user":
            yield from _user(frame)
        case "result":
            yield _result(frame)
        case _:
            pass


def _system(frame: Mapping[str, Any]) -> Iterator[Fact]:
    subtype = frame.get("subtype")
    if subtype == "init":
        yield SessionNamed(str(frame["session_id"]))
        yield from _commands(frame)
    if subtype in ("init", "status") and isinstance(mode := frame.get("permissionMode"), str):
        yield ModeReported(mode)
    match subtype:
        case "api_retry":
            yield Retrying(
                _count(frame.get("attempt")),
                _count(frame.get("max_retries")),
                _count(frame.get("retry_delay_ms")),
                _count(frame.get("error_status")),
            )
        case "status" if "status" in frame and frame["status"] != "requesting":
            yield Working(str(frame["status"] or ""))
        case "background_tasks_changed":
            yield TasksRunning(len(frame["tasks"]))
        case _:
            pass


def _commands(frame: Mapping[str, Any]) -> Iterator[CommandsListed]:
    """None when it does not tell: then what it told before goes on to hold."""
    runs, at_terminal = frame.get("slash_commands"), frame.get("terminal_slash_commands")
    if isinstance(runs, list):
        listed = (*runs, *(at_terminal if isinstance(at_terminal, list) else ()))
        yield CommandsListed(frozenset(one.lower() for one in listed if isinstance(one, str)))


def _streamed(frame: Mapping[str, Any]) -> Iterator[Fact]:
    if frame.get("parent_tool_use_id"):
        return
    event = frame["event"]
    match event.get("type"):
        case "content_block_delta" if event["delta"].get("type") == "text_delta":
            yield TextStreamed(event["delta"]["text"])
        case "message_start":
            yield ReplyBegun()
            usage = event["message"].get("usage") or {}
            yield TokensSeen(
                Usage(
                    input_tokens=_count(usage.get("input_tokens")),
                    cache_read_tokens=_count(usage.get("cache_read_input_tokens")),
                    cache_write_tokens=_count(usage.get("cache_creation_input_tokens")),
                )
            )
        case "message_delta":
            yield TokensSeen(Usage(output_tokens=_count((event.get("usage") or {}).get("output_tokens"))))
        case _:
            pass


def _assistant(frame: Mapping[str, Any]) -> Iterator[Fact]:
    if frame.get("is_api_error_message") is True:
        return  # Claude Code puts the error into the agent's mouth; the result tells it too
    helper = bool(frame.get("parent_tool_use_id"))
    for block in frame["message"]["content"]:
        match block.get("type"):
            case "text" if not helper:
                yield TextSaid(block["text"])
            case "tool_use":
                yield ToolUsed(block["id"], title(block["name"], block.get("input")), helper)
            case _:
                pass


def _user(frame: Mapping[str, Any]) -> Iterator[Fact]:
    content = frame["message"]["content"]
    if isinstance(content, str):
        begin, end = "<local-command-stdout>", "</local-command-stdout>"
        if frame.get("isReplay") and content.startswith(begin) and content.endswith(end):
            yield LocalOutput(content[len(begin) : -len(end)].strip())
        return
    for block in content:
        if block.get("type") == "tool_result":
            yield ToolDone(block["tool_use_id"], block.get("is_error") is not True, _output(block.get("content")))


def _output(content: object) -> str:
    """A result is a text, or a list of texts and pictures."""
    if isinstance(content, list):
        texts = (one.get("text") for one in content if isinstance(one, Mapping) and one.get("type") == "text")
        content = next((one for one in texts if isinstance(one, str)), "")
    return first_line(content, MOST_OF_OUTPUT) if isinstance(content, str) else ""


def _result(frame: Mapping[str, Any]) -> Result:
    origin = frame.get("origin")
    return Result(
        uuid=str(frame.get("uuid", "")),
        agent_session_id=str(frame.get("session_id", "")),
        subtype=str(frame.get("subtype", "")),
        is_error=frame.get("is_error") is True,
        terminal_reason=str(frame.get("terminal_reason") or ""),
        text=result if isinstance(result := frame.get("result"), str) else "",
        errors=tuple(one for one in frame.get("errors") or () if isinstance(one, str)),
        api_status=_count(frame.get("api_error_status")),
        prompt_ids=_prompt_ids(frame),
        background=isinstance(origin, Mapping) and origin.get("kind") == "task-notification",
        cost_usd=cost_of(frame.get("total_cost_usd")),
        tokens=tokens_of(frame.get("modelUsage")),
    )


def _prompt_ids(frame: Mapping[str, Any]) -> tuple[str, ...]:
    ids = frame.get("user_message_uuids") or [frame.get("user_message_uuid")]
    return tuple(one for one in ids if isinstance(one, str))


def tokens_of(usage: object) -> tuple[int, int, int, int] | None:
    """Input, output, cache read and cache write of a `modelUsage` object, summed over its models."""
    if not isinstance(usage, Mapping):
        return None
    keys = ("inputTokens", "outputTokens", "cacheReadInputTokens", "cacheCreationInputTokens")
    models = [one for one in usage.values() if isinstance(one, Mapping)]
    first, second, third, fourth = (sum(_count(one.get(key)) for one in models) for key in keys)
    return first, second, third, fourth


def cost_of(value: object) -> float | None:
    """In USD; None when it is not known: JSON as Python reads it may hold infinities and numbers of any length."""
    return float(value) if isinstance(value, int | float) and abs(value) < _BEYOND else None


def _count(value: object) -> int:
    return int(value) if isinstance(value, int | float) and 0 <= value < _BEYOND else 0
