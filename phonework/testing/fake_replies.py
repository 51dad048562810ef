"""What the fake Messages API answers: scripts found in a conversation, and replies as server-sent events.

A script stands anywhere in what the user wrote: `fake: ` and a JSON list of replies, each a list of blocks. The first request
after it gets the first reply, the one after the tool results the second, and so on; a later script replaces an earlier one.

    fake: [[{"text": "I will make it."}, {"tool": "Bash", "input": {"command": "touch x"}}], [{"text": "Done: {result}"}]]

Blocks: {"text"}, {"thinking"}, {"tool", "input", "id"?}; {"gate": name} waits until the test opens the gate; {"hang": true} never
goes on; {"disconnect": true} drops the connection; {"bad_utf8": true} sends broken bytes inside a text; {"big": n} sends a
text of n characters; {"error": status, "times"?, "retry_after"?, "message"?} as the first one answers with an error, for ever
or that many times. In a text, {result} is the last tool result, {results} are all since the last reply, {said} is what the user
wrote last and {history} everything the user wrote.
"""

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

MARK = "fake: "
ERROR_TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    429: "rate_limit_error",
    500: "api_error",
    529: "overloaded_error",
}
Block = dict[str, Any]
Event = dict[str, Any]


def script(*replies: list[Block], text: str = "Do it.") -> str:
    """A message that makes the fake give these replies, one after another."""
    return f"{text}\n{MARK}{json.dumps(list(replies))}"


def say(text: str) -> Block:
    """The model says this."""
    return {"text": text}


@dataclass(frozen=True, slots=True)
class Script:
    """A script found in a conversation. key: names it across requests. position: which reply is due."""

    replies: list[list[Block]]
    key: str
    position: int

    def due(self) -> list[Block]:
        if self.position < len(self.replies):
            return self.replies[self.position]
        return [{"text": "The script has ended."}]


def find_script(messages: list[dict[str, Any]]) -> Script | None:
    """The newest script in the user's words, and how many replies have been given since."""
    for index in range(len(messages) - 1, -1, -1):
        if messages[index].get("role") == "assistant":
            continue
        replies = _read_script(words(messages[index]))
        if replies is not None:
            given = _replies_in(messages[index + 1 :])
            key = hashlib.sha256(json.dumps([index, replies]).encode()).hexdigest()
            return Script(replies, key, given)
    return None


def _read_script(text: str) -> list[list[Block]] | None:
    start = text.rfind(MARK + "[[")
    while start >= 0:
        try:
            found, _ = json.JSONDecoder().raw_decode(text, start + len(MARK))
            return found if isinstance(found, list) else None
        except ValueError:
            start = text.rfind(MARK + "[[", 0, start)
    return None


def _replies_in(messages: list[dict[str, Any]]) -> int:
    """Assistant messages that follow each other are one reply: the CLI sends each of its blocks by itself."""
    roles = [message.get("role") for message in messages]
    return sum(1 for n, role in enumerate(roles) if role == "assistant" and (n == 0 or roles[n - 1] != "assistant"))


def words(message: dict[str, Any]) -> str:
    """The text of a message, tool results aside."""
    content = message.get("content")
    if isinstance(content, str):
        return content
    blocks = content if isinstance(content, list) else []
    return "\n".join(str(one.get("text", "")) for one in blocks if isinstance(one, dict) and one.get("type") == "text")


def results(messages: list[dict[str, Any]]) -> list[str]:
    """The texts of all tool results, in order."""
    found = []
    for message in messages:
        content = message.get("content")
        for block in content if isinstance(content, list) else ():
            if isinstance(block, dict) and block.get("type") == "tool_result":
                inner = block.get("content")
                found.append(inner if isinstance(inner, str) else words({"content": inner}))
    return found


def last_result(messages: list[dict[str, Any]]) -> str:
    """The text of the last tool result."""
    return (results(messages) or [""])[-1]


def new_results(messages: list[dict[str, Any]]) -> list[str]:
    """The texts of the tool results that came since the last reply."""
    replied = [n for n, message in enumerate(messages) if message.get("role") == "assistant"]
    return results(messages[replied[-1] :] if replied else messages)


def history(messages: list[dict[str, Any]]) -> str:
    """Everything that is not the model's own."""
    return "\n".join(words(one) for one in messages if one.get("role") != "assistant")


def last_said(messages: list[dict[str, Any]]) -> str:
    """What the user wrote last."""
    said = [words(one) for one in messages if one.get("role") != "assistant"]
    return next((one for one in reversed(said) if one.strip()), "")


def fill(text: str, messages: list[dict[str, Any]]) -> str:
    """The text with its placeholders filled in."""
    makers: tuple[tuple[str, Callable[[], str]], ...] = (
        ("{results}", lambda: "\n".join(new_results(messages))),
        ("{result}", lambda: last_result(messages)),
        ("{said}", lambda: last_said(messages)),
        ("{history}", lambda: history(messages)),
    )
    for name, value in makers:
        text = text.replace(name, value()) if name in text else text
    return text


def error_body(block: Block) -> dict[str, Any]:
    """The body of an error answer, as the real API writes it."""
    status = int(block["error"])
    message = str(block.get("message") or f"the fake says {status}")
    return {"type": "error", "error": {"type": ERROR_TYPES.get(status, "api_error"), "message": message}}


def opening(model: str, input_tokens: int) -> Event:
    """The first event of a reply."""
    usage = {
        "input_tokens": input_tokens,
        "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": 0,
        "output_tokens": 1,
    }
    message: dict[str, Any] = {
        "id": f"msg_fake_{uuid4().hex[:18]}",
        "type": "message",
        "role": "assistant",
        "model": model,
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": usage,
    }
    return {"type": "message_start", "message": message}


def closing(stop_reason: str, input_tokens: int, output_tokens: int) -> Iterator[Event]:
    """The last events of a reply."""
    yield {
        "type": "message_delta",
        "delta": {"stop_reason": stop_reason, "stop_sequence": None},
        "usage": {"input_tokens": input_tokens, "output_tokens": output_tokens},
    }
    yield {"type": "message_stop"}


def block_events(index: int, block: Block) -> Iterator[Event]:
    """One content block, text in pieces of eight characters or, when it is long, of sixty-four thousand."""
    start: dict[str, Any]
    match block:
        case {"tool": str(name)}:
            identity = block.get("id") or f"toolu_fake_{uuid4().hex[:16]}"
            start = {"type": "tool_use", "id": identity, "name": name, "input": {}}
            text, kind, field = json.dumps(block.get("input") or {}), "input_json_delta", "partial_json"
        case {"thinking": str(text)}:
            start, kind, field = {"type": "thinking", "thinking": "", "signature": ""}, "thinking_delta", "thinking"
        case _:
            start, kind, field = {"type": "text", "text": ""}, "text_delta", "text"
            text = str(block.get("text", ""))
    yield {"type": "content_block_start", "index": index, "content_block": start}
    step = 8 if len(text) < 4000 else 64 * 1024
    for at in range(0, len(text), step):
        yield {"type": "content_block_delta", "index": index, "delta": {"type": kind, field: text[at : at + step]}}
    if kind == "thinking_delta":
        yield {
            "type": "content_block_delta",
            "index": index,
            "delta": {"type": "signature_delta", "signature": "ZmFrZQ=="},
        }
    yield {"type": "content_block_stop", "index": index}


def encode(event: Event) -> bytes:
    """An event as it goes over the wire."""
    return f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode()
