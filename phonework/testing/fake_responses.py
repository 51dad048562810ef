"""A Responses API on loopback that answers by script, so that the real Codex runs without a network or an account.

In a test: `async with FakeResponses() as api`, and `api.write_config(home)` makes a `CODEX_HOME` that knows it. As a program it
prints one line of JSON with its address: `python -m phonework.testing.fake_responses --port 0`. Scripts stand in the prompt, see
fake_replies; of its blocks it knows {"text"}, {"thinking"}, {"tool", "input"}, {"gate"}, {"hang"}, {"disconnect"}, {"big"} and {"error",
"times"?, "message"?, "code"?}, and two of its own: {"patch": text} calls `apply_patch`, {"usage": {"input", "cached", "output",
"reasoning"}} says what the reply used. Behaviour of the real API and what Codex 0.163 asks of it: POST /v1/responses, as a stream.
"""

import asyncio
import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

from phonework.testing import fake_replies as replies
from phonework.testing.fake_replies import Block, Event
from phonework.testing.loopback import Request, ScriptedServer, answer, finish, run

KEY = "FAKE_RESPONSES_KEY"
CONFIG = """\
model = "gpt-5.5"
model_provider = "fake"
check_for_update_on_startup = false

[model_providers.fake]
name = "Fake"
base_url = "{url}/v1"
env_key = "{key}"
wire_api = "responses"
request_max_retries = {retries}
stream_max_retries = {retries}

[features]
plugins = false

[analytics]
enabled = false
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponsesRequest:
    """One request as it came. headers: names in lower case. number: counts from 1."""

    number: int
    headers: dict[str, str]
    body: dict[str, Any] = field(default_factory=dict)

    @property
    def messages(self) -> list[dict[str, Any]]:
        """The conversation in the shape the scripts are read from."""
        found = self.body.get("input")
        return [_message(item) for item in found if isinstance(item, dict)] if isinstance(found, list) else []

    @property
    def said(self) -> str:
        """Everything the user and Codex wrote to the model."""
        return "\n".join(replies.words(one) for one in self.messages if one.get("role") != "assistant")


Rule = Callable[[ResponsesRequest], list[Block] | None]


class FakeResponses(ScriptedServer[ResponsesRequest]):
    """The server. rules: asked in order before the scripts; the first that returns blocks decides the reply."""

    largest_body = 256 * 1024 * 1024

    def __init__(self, *, rules: Sequence[Rule] = (), port: int = 0) -> None:
        super().__init__(port=port)
        self.rules = list(rules)
        self._failed: Counter[str] = Counter()

    def cli_env(self, home: Path) -> dict[str, str]:
        """What Codex needs to use this server, with everything of its own below `home`.

        Below the temporary directory of the system it would not make the helper that its sandbox needs (0.163.0), so it has another.
        """
        return {"CODEX_HOME": str(home), "HOME": str(home), "TMPDIR": str(home / "tmp"), KEY: "fake-key-of-the-tests"}

    def write_config(self, home: Path, *, retries: int = 0, more: str = "") -> dict[str, str]:
        """Make the directory a `CODEX_HOME` that uses this server, and return the environment that names it.

        retries: how often Codex asks again. more: further lines of config.toml, before all tables.
        """
        (home / "tmp").mkdir(parents=True, exist_ok=True)
        (home / "config.toml").write_text(more + CONFIG.format(url=self.url, key=KEY, retries=retries))
        return self.cli_env(home)

    async def respond(self, request: Request, writer: asyncio.StreamWriter) -> None:
        if (request.method, request.path) != ("POST", "/v1/responses"):
            await self.serve_control(request, {"requests": [one.body for one in self.requests]}, writer)
            return
        body = json.loads(request.raw)
        asked = ResponsesRequest(number=len(self.requests) + 1, headers=request.headers, body=body)
        await self.remember(asked)
        blocks, key = self._reply(asked)
        if blocks and "error" in blocks[0]:
            self._failed[key] += 1
            if self._failed[key] <= blocks[0].get("times", self._failed[key]):
                await answer(writer, int(blocks[0]["error"]), json.dumps(_error(blocks[0])).encode())
                return
            blocks = blocks[1:]
        await self._stream(asked, blocks, writer)

    def _reply(self, request: ResponsesRequest) -> tuple[list[Block], str]:
        """The blocks due, and what names this reply so that errors can be counted."""
        for number, rule in enumerate(self.rules):
            if (blocks := rule(request)) is not None:
                return blocks, f"rule {number}"
        script = replies.find_script(request.messages)
        if script is None:
            return [{"text": "This is the fake API; it has no script."}], ""
        return script.due(), f"{script.key} {script.position}"

    async def _stream(self, request: ResponsesRequest, blocks: list[Block], writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n")
        identity = f"resp_{uuid4().hex}"
        writer.write(replies.encode({"type": "response.created", "response": {"id": identity}}))
        made: list[Event] = []
        for block in blocks:
            if await self.pause(block, writer):
                return
            if "gate" in block or "usage" in block:
                continue
            for event in _events(len(made), _filled(block, request.messages)):
                writer.write(replies.encode(event))
                await writer.drain()
            made.append(block)
        tokens = len(json.dumps(request.body.get("input"))) // 4
        told = next((one["usage"] for one in blocks if "usage" in one), {"input": tokens, "output": 10 * len(made)})
        completed = {"id": identity, "usage": _usage(told)}
        await finish(writer, replies.encode({"type": "response.completed", "response": completed}))


def _message(item: dict[str, Any]) -> dict[str, Any]:
    """An item of the conversation as a message: what the model said or did, or what it was told."""
    match item.get("type"):
        case "function_call_output" | "custom_tool_call_output":
            output = item.get("output")
            text = output if isinstance(output, str) else json.dumps(output)
            return {"role": "user", "content": [{"type": "tool_result", "content": text}]}
        case "message" if item.get("role") != "assistant":
            content = item.get("content") if item.get("role") == "user" else []  # what Codex itself says is long
            parts = content if isinstance(content, list) else []
            texts = [one.get("text", "") for one in parts if isinstance(one, dict) and "text" in one]
            return {"role": "user", "content": [{"type": "text", "text": str(text)} for text in texts]}
        case _:
            return {"role": "assistant", "content": []}


def _filled(block: Block, messages: list[dict[str, Any]]) -> Block:
    if "big" in block:
        return {"text": "x" * block["big"]}
    text = block.get("text")
    return {**block, "text": replies.fill(text, messages)} if isinstance(text, str) else block


def _events(index: int, block: Block) -> Iterator[Event]:
    """One output item: begun, streamed in pieces if it is a text, and done."""
    item, deltas = _item(block)
    yield {"type": "response.output_item.added", "output_index": index, "item": _begun(item)}
    for kind, delta in deltas:
        place = {"output_index": index, "content_index": 0, "summary_index": 0, "item_id": item["id"]}
        yield {"type": kind, "delta": delta, **place}
    yield {"type": "response.output_item.done", "output_index": index, "item": item}


def _item(block: Block) -> tuple[Event, list[tuple[str, str]]]:
    call = block.get("id") or f"call_{uuid4().hex[:12]}"
    match block:
        case {"tool": str(name)}:
            words = json.dumps(block.get("input") or {})
            made = {"type": "function_call", "id": f"fc_{call}", "call_id": call, "name": name, "arguments": words}
            return made, []
        case {"patch": str(text)}:
            kind = "custom_tool_call"
            return {"type": kind, "id": f"ct_{call}", "call_id": call, "name": "apply_patch", "input": text}, []
        case {"thinking": str(text)}:
            summary = [{"type": "summary_text", "text": text}]
            made = {"type": "reasoning", "id": f"rs_{uuid4().hex[:12]}", "summary": summary, "content": []}
            return made, [("response.reasoning_summary_text.delta", piece) for piece in _pieces(text)]
        case _:
            text = str(block.get("text", ""))
            content = [{"type": "output_text", "text": text, "annotations": []}]
            made = {"type": "message", "role": "assistant", "id": f"msg_{uuid4().hex[:12]}", "content": content}
            return made, [("response.output_text.delta", piece) for piece in _pieces(text)]


def _begun(item: Event) -> Event:
    empty: dict[str, Any] = {"content": [], "summary": [], "arguments": "", "input": ""}
    return {key: empty.get(key, value) for key, value in item.items()}


def _pieces(text: str) -> list[str]:
    step = 8 if len(text) < 4000 else 64 * 1024
    return [text[at : at + step] for at in range(0, len(text), step)]


def _usage(told: dict[str, int]) -> Event:
    given, made = told.get("input", 0), told.get("output", 0)
    return {
        "input_tokens": given,
        "input_tokens_details": {"cached_tokens": told.get("cached", 0)},
        "output_tokens": made,
        "output_tokens_details": {"reasoning_tokens": told.get("reasoning", 0)},
        "total_tokens": given + made,
    }


def _error(block: Block) -> Event:
    """The body of an error answer, as the real API writes it."""
    message = str(block.get("message") or f"the fake says {block['error']}")
    return {"error": {"type": "invalid_request_error", "code": block.get("code"), "message": message}}


def main() -> None:
    """Serve until interrupted."""
    run(
        "A fake Responses API on loopback that answers by script.",
        lambda port: FakeResponses(port=port),
        lambda api: {"url": api.url},
    )


if __name__ == "__main__":
    main()
