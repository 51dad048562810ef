"""A Messages API on loopback that answers by script, so that the real Claude Code runs without a network or an account.

In a test: `async with FakeAnthropic() as api`, give the agent `api.cli_env(home)`. As a program it prints one line of JSON with
its address: `python -m phonework.testing.fake_anthropic --port 0`. Scripts: see fake_replies. Behaviour of the real API and what
Claude Code 2.1.329 asks of it: POST /v1/messages (streaming) and POST /v1/messages/count_tokens.
"""

import asyncio
import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from phonework.testing import fake_replies as replies
from phonework.testing.fake_replies import Block
from phonework.testing.loopback import Request, ScriptedServer, answer, finish, run


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiRequest:
    """One request as it came. headers: names in lower case. number: counts from 1."""

    number: int
    path: str
    headers: dict[str, str]
    body: dict[str, Any] = field(default_factory=dict)

    @property
    def messages(self) -> list[dict[str, Any]]:
        found = self.body.get("messages")
        return found if isinstance(found, list) else []

    @property
    def said(self) -> str:
        """Everything the user and the CLI wrote to the model."""
        return "\n".join(replies.words(one) for one in self.messages if one.get("role") != "assistant")


Rule = Callable[[ApiRequest], list[Block] | None]


class FakeAnthropic(ScriptedServer[ApiRequest]):
    """The server. rules: asked in order before the scripts; the first that returns blocks decides the reply.

    requests: all that came to /v1/messages. Gates: a reply with {"gate": name} waits until `open(name)`.
    """

    largest_body = 256 * 1024 * 1024

    def __init__(self, *, rules: Sequence[Rule] = (), port: int = 0) -> None:
        super().__init__(port=port)
        self.rules = list(rules)
        self.counted = 0
        self._failed: Counter[tuple[str, int]] = Counter()

    def cli_env(self, home: Path) -> dict[str, str]:
        """What Claude Code needs to use this server, its own directories below `home`, and nothing of the network."""
        return {
            "ANTHROPIC_BASE_URL": self.url,
            "ANTHROPIC_API_KEY": "sk-ant-fake-key-of-the-tests",
            "CLAUDE_CONFIG_DIR": str(home / "claude-config"),
            "HOME": str(home),
            "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
            "CLAUDE_CODE_DISABLE_OFFICIAL_MARKETPLACE_AUTOINSTALL": "1",
            "DISABLE_TELEMETRY": "1",
            "DISABLE_ERROR_REPORTING": "1",
            "DISABLE_AUTOUPDATER": "1",
            "CLAUDE_CODE_MAX_RETRIES": "2",
        }

    async def respond(self, request: Request, writer: asyncio.StreamWriter) -> None:
        body = json.loads(request.raw) if request.raw else {}
        if (request.method, request.path) == ("POST", "/v1/messages"):
            await self._messages(request.headers, body, writer)
        elif (request.method, request.path) == ("POST", "/v1/messages/count_tokens"):
            self.counted += 1
            await answer(writer, 200, json.dumps({"input_tokens": len(request.raw) // 4}).encode())
        else:
            told = {"requests": [{"path": one.path, "body": one.body} for one in self.requests]}
            await self.serve_control(request, told, writer)

    async def _messages(self, headers: dict[str, str], body: dict[str, Any], writer: asyncio.StreamWriter) -> None:
        request = ApiRequest(number=len(self.requests) + 1, path="/v1/messages", headers=headers, body=body)
        await self.remember(request)
        blocks, key = self._reply(request)
        if blocks and "error" in blocks[0]:
            times = blocks[0].get("times")
            self._failed[key] += 1
            if times is None or self._failed[key] <= times:
                after = blocks[0].get("retry_after")
                extra = {} if after is None else {"retry-after": str(after)}
                body_of_error = json.dumps(replies.error_body(blocks[0])).encode()
                await answer(writer, int(blocks[0]["error"]), body_of_error, extra=extra)
                return
            blocks = blocks[1:]
        await self._stream(request, blocks, writer)

    def _reply(self, request: ApiRequest) -> tuple[list[Block], tuple[str, int]]:
        """The blocks due, and what names this reply so that errors can be counted."""
        for number, rule in enumerate(self.rules):
            if (blocks := rule(request)) is not None:
                return blocks, ("rule", number)
        script = replies.find_script(request.messages)
        if script is None:
            return [{"text": "This is the fake API; it has no script."}], ("none", 0)
        return script.due(), (script.key, script.position)

    async def _stream(self, request: ApiRequest, blocks: list[Block], writer: asyncio.StreamWriter) -> None:
        tokens = len(json.dumps(request.body.get("messages"))) // 4
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n")
        writer.write(f"request-id: req_fake_{request.number}\r\n\r\n".encode())
        writer.write(replies.encode(replies.opening(str(request.body.get("model")), tokens)))
        index = 0
        for block in blocks:
            if await self.pause(block, writer):
                return
            if "gate" in block:
                continue
            if "bad_utf8" in block:
                text = b"".join(map(replies.encode, replies.block_events(index, {"text": "br\u00f6ken"})))
                writer.write(text.replace(b"\\u00f6", b"\xff\xfe\xc3"))
            else:
                shown = {"text": "x" * block["big"]} if "big" in block else block
                if isinstance(shown.get("text"), str):
                    shown = {**shown, "text": replies.fill(shown["text"], request.messages)}
                for event in replies.block_events(index, shown):
                    writer.write(replies.encode(event))
                    await writer.drain()
            index += 1
        stop = "tool_use" if any("tool" in block for block in blocks) else "end_turn"
        for event in replies.closing(stop, tokens, 10 * max(1, len(blocks))):
            writer.write(replies.encode(event))
        await finish(writer)


def main() -> None:
    """Serve until interrupted."""
    run(
        "A fake Messages API on loopback that answers by script.",
        lambda port: FakeAnthropic(port=port),
        lambda api: {"url": api.url},
    )


if __name__ == "__main__":
    main()
