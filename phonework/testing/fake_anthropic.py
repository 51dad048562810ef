"""A Messages API on loopback that answers by script, so that the real Claude Code runs without a network or an account.

In a test: `async with FakeAnthropic() as api`, give the agent `api.cli_env(home)`. As a program it prints one line of JSON with
its address: `python -m phonework.testing.fake_anthropic --port 0`. Scripts: see fake_replies. Behaviour of the real API and what
Claude Code 2.1.329 asks of it: POST /v1/messages (streaming) and POST /v1/messages/count_tokens.
"""

import argparse
import asyncio
import contextlib
import json
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from phonework.testing import fake_replies as replies
from phonework.testing.fake_replies import Block

LARGEST_BODY = 256 * 1024 * 1024  # bytes


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


class FakeAnthropic:
    """The server. rules: asked in order before the scripts; the first that returns blocks decides the reply.

    requests: all that came to /v1/messages. Gates: a reply with {"gate": name} waits until `open(name)`.
    """

    def __init__(self, *, rules: Sequence[Rule] = (), port: int = 0) -> None:
        self.rules = list(rules)
        self.requests: list[ApiRequest] = []
        self.counted = 0
        self._port = port
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.Task[None]] = set()
        self._gates: dict[str, asyncio.Event] = {}
        self._reached: dict[str, asyncio.Event] = {}
        self._failed: Counter[tuple[str, int]] = Counter()
        self._news = asyncio.Condition()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

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

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", self._port)
        self._port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
        for task in list(self._open):
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)
        if self._server is not None:
            await self._server.wait_closed()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    def open(self, name: str) -> None:
        """Let the replies at this gate go on."""
        self._gates.setdefault(name, asyncio.Event()).set()

    async def reached(self, name: str) -> None:
        """Return when a reply waits at this gate."""
        await self._reached.setdefault(name, asyncio.Event()).wait()

    async def requested(self, count: int = 1) -> ApiRequest:
        """Return the request with this number, waiting for it."""
        async with self._news:
            await self._news.wait_for(lambda: len(self.requests) >= count)
        return self.requests[count - 1]

    # One connection, one request

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._open.add(task)
        try:
            await self._serve(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError, ValueError, asyncio.CancelledError):
            pass  # the client went away, sent something that is no request, or we are being stopped
        finally:
            self._open.discard(task)
            if not writer.is_closing():
                writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        method, target, _ = head[0].split(" ", 2)
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:] if line)}
        size = int(headers.get("content-length", "0"))
        if size > LARGEST_BODY:
            return
        raw = await reader.readexactly(size)
        body = json.loads(raw) if raw else {}
        path = target.partition("?")[0]
        if (method, path) == ("POST", "/v1/messages"):
            await self._messages(headers, body, writer)
        elif (method, path) == ("POST", "/v1/messages/count_tokens"):
            self.counted += 1
            await _answer(writer, 200, {"input_tokens": len(raw) // 4})
        elif method == "POST" and path.startswith("/_fake/open/"):
            self.open(path.removeprefix("/_fake/open/"))
            await _answer(writer, 200, {})
        elif path == "/_fake/requests":
            await _answer(writer, 200, {"requests": [{"path": one.path, "body": one.body} for one in self.requests]})
        else:
            await _answer(writer, 404, replies.error_body({"error": 404}))

    async def _messages(self, headers: dict[str, str], body: dict[str, Any], writer: asyncio.StreamWriter) -> None:
        request = ApiRequest(number=len(self.requests) + 1, path="/v1/messages", headers=headers, body=body)
        async with self._news:
            self.requests.append(request)
            self._news.notify_all()
        blocks, key = self._reply(request)
        if blocks and "error" in blocks[0]:
            times = blocks[0].get("times")
            self._failed[key] += 1
            if times is None or self._failed[key] <= times:
                after = blocks[0].get("retry_after")
                extra = {} if after is None else {"retry-after": str(after)}
                await _answer(writer, int(blocks[0]["error"]), replies.error_body(blocks[0]), extra)
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
            if await self._stopped(block, writer):
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
        await _finish(writer)

    async def _stopped(self, block: Block, writer: asyncio.StreamWriter) -> bool:
        """Wait where the block says so; True when the connection is to be dropped here."""
        if "disconnect" in block:
            writer.transport.abort()
            return True
        if "hang" in block or "gate" in block:
            await writer.drain()
            name = str(block.get("gate", "hang"))
            self._reached.setdefault(name, asyncio.Event()).set()
            await self._gates.setdefault(name, asyncio.Event()).wait()
        return False


async def _answer(
    writer: asyncio.StreamWriter, status: int, body: dict[str, Any], extra: dict[str, str] | None = None
) -> None:
    raw = json.dumps(body).encode()
    lines = [
        f"HTTP/1.1 {status} fake",
        "Content-Type: application/json",
        f"Content-Length: {len(raw)}",
        "Connection: close",
    ]
    lines += [f"{name}: {value}" for name, value in (extra or {}).items()]
    writer.write("\r\n".join([*lines, "", ""]).encode() + raw)
    await _finish(writer)


async def _finish(writer: asyncio.StreamWriter) -> None:
    """Close once everything is sent."""
    await writer.drain()
    writer.close()
    await writer.wait_closed()


async def _serve_for_ever(port: int) -> None:
    async with FakeAnthropic(port=port) as api:
        sys.stdout.write(json.dumps({"url": api.url}) + "\n")
        sys.stdout.flush()
        await asyncio.Event().wait()


def main() -> None:
    """Serve until interrupted."""
    parser = argparse.ArgumentParser(description="A fake Messages API on loopback that answers by script.")
    parser.add_argument("--port", type=int, default=0, help="0: any free port (default)")
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_serve_for_ever(parser.parse_args().port))


if __name__ == "__main__":
    main()
