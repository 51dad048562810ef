"""An OpenAI-compatible server on loopback that answers by script, so that the assistant runs without a network or an account.

In a test: `async with FakeOpenAI() as api`, `api.will(say("Hello"))`, and give the assistant `api.base_url`. As a program it prints
one line of JSON with its address: `python -m phonework.testing.fake_openai --port 0`; it then is the demo's model, and
calls what stands in a message as `#call name {"argument": 1}`. Replies are lists of blocks, see `Block`.
"""

import asyncio
import json
import re
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from phonework.channels.emulator.multipart import parse_multipart
from phonework.testing.loopback import Request, ScriptedServer, answer, finish, run

Block = dict[str, Any]
"""One of: {"text"}, {"reasoning"}, {"call": name, "arguments", "id", "index", "at_once"}, {"delta": {…}} as it is,
{"error": status, "message", "code", "retry_after", "times", "page"}, {"stream_error": message}, {"raw": text or bytes} in the stream,
{"body": bytes, "type"} instead of everything, {"whole": True} not streamed, {"finish": word}, {"usage": {…} or None},
{"gate": name}, {"hang": True}, {"disconnect": True}, {"endless": text}."""
Reply = list[Block]


def say(text: str, **more: Any) -> Reply:
    """An answer in words, streamed a few letters at a time."""
    return [{"text": text}, *([more] if more else [])]


def call(name: str, arguments: Any = None, **more: Any) -> Block:
    """A tool call, its arguments split over chunks. arguments: a value, or a string sent as it is."""
    return {"call": name, "arguments": {} if arguments is None else arguments, **more}


def fail(status: int, message: str = "It does not work.", **more: Any) -> Reply:
    """An error of HTTP. more: code, retry_after in seconds, page: HTML instead of JSON."""
    return [{"error": status, "message": message, **more}]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One request as it came. number: counts from 1."""

    number: int
    headers: dict[str, str]
    body: dict[str, Any] = field(default_factory=dict)

    @property
    def messages(self) -> list[dict[str, Any]]:
        found = self.body.get("messages")
        return found if isinstance(found, list) else []

    @property
    def system(self) -> str:
        return "\n".join(str(one.get("content")) for one in self.messages if one.get("role") == "system")

    @property
    def said(self) -> str:
        """The person's last message."""
        return next((str(one.get("content")) for one in reversed(self.messages) if one.get("role") == "user"), "")

    @property
    def last(self) -> dict[str, Any]:
        return self.messages[-1] if self.messages else {}

    @property
    def tools(self) -> list[str]:
        return [one["function"]["name"] for one in self.body.get("tools", [])]


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """A voice message as it came."""

    name: str
    content: bytes
    model: str


Rule = Callable[[Asked], Reply | None]


class FakeOpenAI(ScriptedServer[Asked]):
    """The server. Replies given with `will` come first, in order; then rules are asked, then `usual` is said.

    requests: all that came; heard: voice messages. A reply with {"gate": name} waits until `open(name)`; `reached(name)` tells that it waits.
    """

    def __init__(self, *, rules: Sequence[Rule] = (), port: int = 0) -> None:
        super().__init__(port=port)
        self.rules = list(rules)
        self.replies: deque[Reply] = deque()
        self.heard: list[Heard] = []
        self.hearing: deque[Reply] = deque()
        self.usual: Reply = say("I am the fake model; nobody told me what to say.")

    @property
    def base_url(self) -> str:
        return f"{self.url}/v1"

    def will(self, *replies: Reply) -> None:
        """Answer the next requests with these."""
        self.replies.extend(replies)

    def will_hear(self, *replies: Reply) -> None:
        """Answer the next voice messages with these."""
        self.hearing.extend(replies)

    async def respond(self, request: Request, writer: asyncio.StreamWriter) -> None:
        if (request.method, request.path) == ("POST", "/v1/chat/completions"):
            await self._complete(request.headers, json.loads(request.raw), writer)
        elif (request.method, request.path) == ("POST", "/v1/audio/transcriptions"):
            await self._transcribe(request.headers, request.raw, writer)
        else:
            await self.serve_control(request, [one.body for one in self.requests], writer)

    async def _complete(self, headers: dict[str, str], body: dict[str, Any], writer: asyncio.StreamWriter) -> None:
        asked = Asked(number=len(self.requests) + 1, headers=headers, body=body)
        await self.remember(asked)
        reply = self._reply(asked)
        first = reply[0] if reply else {}
        if "error" in first:
            await _refuse(writer, first)
        elif "body" in first:
            await answer(writer, 200, first["body"], first.get("type", "text/html"))
        elif any(block.get("whole") for block in reply) or not body.get("stream"):
            await self._whole(reply, asked, writer)
        else:
            await self._stream(reply, asked, writer)

    async def _transcribe(self, headers: dict[str, str], raw: bytes, writer: asyncio.StreamWriter) -> None:
        """Says what it is told to with `will_hear`; else a sentence on the size of the file, for the demo agent to repeat."""
        parts = parse_multipart(headers.get("content-type", ""), raw)
        file, model = parts["file"], parts["model"]
        self.heard.append(Heard(name=file.file_name, content=file.data, model=model.text))
        reply = self.hearing.popleft() if self.hearing else say(f"echo I said {len(file.data)} bytes.")
        for block in reply:
            if await self._waits(block, writer):
                return
        if "error" in reply[0]:
            await _refuse(writer, reply[0])
        elif "body" in reply[0]:
            await answer(writer, 200, reply[0]["body"], reply[0].get("type", "application/json"))
        else:
            words = "".join(block.get("text", "") for block in reply)
            await answer(writer, 200, json.dumps({"text": words}).encode())

    def _reply(self, asked: Asked) -> Reply:
        if self.replies:
            return self.replies.popleft()
        found = (rule(asked) for rule in self.rules)
        return next((reply for reply in found if reply is not None), self.usual)

    async def _whole(self, reply: Reply, asked: Asked, writer: asyncio.StreamWriter) -> None:
        for block in reply:
            if await self._waits(block, writer):
                return
        message: dict[str, Any] = {"role": "assistant", "content": "".join(one.get("text", "") for one in reply)}
        calls = [_whole_call(block, index) for index, block in enumerate(one for one in reply if "call" in one)]
        if calls:
            message["tool_calls"] = calls
        for block in reply:
            message |= block.get("delta", {})
        choice = {"index": 0, "message": message, "finish_reason": _finish(reply)}
        body = {"id": f"chatcmpl-{asked.number}", "object": "chat.completion", "created": 0, "model": "fake"}
        await answer(writer, 200, json.dumps({**body, "choices": [choice], "usage": _usage(reply, asked)}).encode())

    async def _stream(self, reply: Reply, asked: Asked, writer: asyncio.StreamWriter) -> None:
        head = ("HTTP/1.1 200 OK", "Content-Type: text/event-stream", "Transfer-Encoding: chunked", "Connection: close")
        writer.write("\r\n".join([*head, "", ""]).encode())
        index = 0
        for block in reply:
            if await self._waits(block, writer):
                return
            if "raw" in block:
                _send(writer, block["raw"] if isinstance(block["raw"], bytes) else block["raw"].encode())
            while "endless" in block:
                _send(writer, _event(asked, {"content": block["endless"]}))
                await writer.drain()
            for delta in _deltas(block, index):
                _send(writer, _event(asked, delta))
            await writer.drain()
            index += "call" in block
        if any("stream_error" in block for block in reply):
            await finish(writer, b"0\r\n\r\n")
            return
        _send(writer, _event(asked, {}, _finish(reply)))
        if (usage := _usage(reply, asked)) is not None:
            chunk = {"id": f"chatcmpl-{asked.number}", "object": "chat.completion.chunk", "choices": [], "usage": usage}
            _send(writer, b"data: " + json.dumps(chunk).encode() + b"\n\n")
        _send(writer, b"data: [DONE]\n\n")
        await finish(writer, b"0\r\n\r\n")

    async def _waits(self, block: Block, writer: asyncio.StreamWriter) -> bool:
        """Wait where the block says so; True when the connection was dropped here."""
        if "stream_error" in block:
            _send(writer, b"data: " + json.dumps({"error": {"message": block["stream_error"]}}).encode() + b"\n\n")
        return await self.pause(block, writer)


def _deltas(block: Block, index: int) -> list[dict[str, Any]]:
    """What a block streams, in small pieces."""
    if "text" in block:
        return [{"content": piece} for piece in _pieces(block["text"])]
    if "reasoning" in block:
        return [{"content": None, "reasoning_content": piece} for piece in _pieces(block["reasoning"])]
    if "delta" in block:
        return [block["delta"]]
    return _call_deltas(block, index) if "call" in block else []


def _call_deltas(block: Block, index: int) -> list[dict[str, Any]]:
    given = block["arguments"]
    if block.get("at_once"):  # as Ollama does: whole, its arguments perhaps an object
        return [{"tool_calls": [_whole_call(block, index)]}]
    number = {"index": block["index"]} if "index" in block else {"index": index}
    if block.get("index", 0) is None:
        number = {}
    first = {
        **number,
        "id": block.get("id", f"call_{index}"),
        "type": "function",
        "function": {"name": block["call"], "arguments": ""},
    }
    text = given if isinstance(given, str) else json.dumps(given, ensure_ascii=False)
    later = [{**number, "function": {"arguments": piece}} for piece in _pieces(text)]
    return [{"tool_calls": [one]} for one in (first, *later)]


def _whole_call(block: Block, index: int) -> dict[str, Any]:
    function = {"name": block["call"], "arguments": block["arguments"]}
    if not block.get("at_once") and not isinstance(block["arguments"], str):
        function["arguments"] = json.dumps(block["arguments"], ensure_ascii=False)
    return {"index": index, "id": block.get("id", f"call_{index}"), "type": "function", "function": function}


def _pieces(text: str, size: int = 7) -> list[str]:
    return [text[start : start + size] for start in range(0, len(text), size)]


def _finish(reply: Reply) -> Any:
    calls = any("call" in block for block in reply)
    chosen = [block["finish"] for block in reply if "finish" in block]
    return chosen[-1] if chosen else "tool_calls" if calls else "stop"


def _usage(reply: Reply, asked: Asked) -> dict[str, Any] | None:
    chosen: list[dict[str, Any] | None] = [block["usage"] for block in reply if "usage" in block]
    if chosen:
        return chosen[-1]
    tokens = len(json.dumps(asked.messages)) // 4
    return {"prompt_tokens": tokens, "completion_tokens": 10, "total_tokens": tokens + 10}


def _event(asked: Asked, delta: dict[str, Any], finish: Any = None) -> bytes:
    chunk = {
        "id": f"chatcmpl-{asked.number}",
        "object": "chat.completion.chunk",
        "created": 0,
        "model": "fake",
        "choices": [{"index": 0, "delta": delta, "finish_reason": finish}],
    }
    return b"data: " + json.dumps(chunk, ensure_ascii=False).encode() + b"\n\n"


async def _refuse(writer: asyncio.StreamWriter, block: Block) -> None:
    extra = {"Retry-After": str(block["retry_after"])} if "retry_after" in block else {}
    if block.get("page"):
        await answer(writer, block["error"], b"<html><h1>Bad gateway</h1></html>", "text/html", extra)
        return
    error = {"message": block["message"], "type": "fake", "code": block.get("code")}
    await answer(writer, block["error"], json.dumps({"error": error}).encode(), "application/json", extra)


def _send(writer: asyncio.StreamWriter, event: bytes) -> None:
    """One chunk, so that a connection that breaks off is seen to."""
    writer.write(f"{len(event):x}\r\n".encode() + event + b"\r\n")


# By hand

_CALL = re.compile(r"#call\s+(?P<name>\w+)\s*(?P<arguments>\{.*\})?", re.DOTALL)


def obedient(asked: Asked) -> Reply | None:
    """Calls what the person wrote after `#call`, says what came of it, and else repeats their words."""
    if asked.last.get("role") == "tool":
        return say(f"The tool says: {asked.last.get('content')}")
    if found := _CALL.search(asked.said):
        return [call(found["name"], found["arguments"] or "{}")]
    return None


def main() -> None:
    """Serve until interrupted."""
    from phonework.testing.demo_model import wishes

    run(
        "A fake OpenAI-compatible server on loopback that answers by script.",
        lambda port: FakeOpenAI(port=port, rules=(wishes,)),
        lambda api: {"base_url": api.base_url},
    )


if __name__ == "__main__":
    main()
