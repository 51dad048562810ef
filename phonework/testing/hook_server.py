"""The way of hooks from an agent to its backend, as the gateway offers it, for tests of a backend alone."""

import asyncio
import json
import secrets
from collections.abc import Mapping
from pathlib import Path

from phonework.backends.base import HookTaker
from phonework.proof import PROOF
from phonework.testing.loopback import LoopbackServer, Request, answer
from phonework.testing.proving import call_of


class HookServer(LoopbackServer):
    """Hands what comes to `taker`; nobody is there while that is None. calls: all that came, as sent; sent: all that was given back."""

    def __init__(self) -> None:
        super().__init__()
        self.taker: HookTaker | None = None
        self.calls: list[Mapping[str, object]] = []
        self.sent: list[Mapping[str, object] | None] = []
        self._token = secrets.token_urlsafe()

    def publish(self, directory: Path) -> Path:
        """The file that says where it is."""
        path = directory / "gateway.json"
        path.write_text(json.dumps({"url": self.url, "token": self._token}))
        return path

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Cancelled when the hook hangs up: its connection then reads as ended."""
        work = asyncio.ensure_future(super()._accept(reader, writer))
        while not work.done():
            if reader.at_eof():
                work.cancel()
                break
            await asyncio.wait([work], timeout=0.02)
        await asyncio.gather(work, return_exceptions=True)

    async def respond(self, request: Request, writer: asyncio.StreamWriter) -> None:
        asked = call_of(request, self._token)
        if asked is None or self.taker is None:
            await answer(writer, 401, b"{}")
            return
        if request.path == "/v1/openapi.json":
            await answer(writer, 200, b"{}", extra={PROOF: asked.proof_of_answer(self._token, 200, b"{}")})
            return
        call = json.loads(request.raw)
        self.calls.append(call)
        output = await self.taker.hook(call)
        body = json.dumps({"output": output}).encode()
        await answer(writer, 200, body, extra={PROOF: asked.proof_of_answer(self._token, 200, body)})
        self.sent.append(output)
