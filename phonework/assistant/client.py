"""A language model behind an endpoint that speaks OpenAI's chat completions, through the `openai` package.

Seen to differ: GLM ends with `sensitive` or `network_error`; DeepSeek wants its `reasoning_content` back in exchanges with
tool calls (api-docs.deepseek.com/guides/thinking_mode); Ollama wants no key, but the package does.
"""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import structlog

from phonework.assistant.failures import of_exception, of_finish
from phonework.assistant.gathering import Gathered
from phonework.assistant.model import PASSING, Message, ModelError, Offer, Reply, Role, ToolCall, Trouble, Watch
from phonework.assistant.tally import Tally

if TYPE_CHECKING:
    from openai import AsyncOpenAI

log = structlog.get_logger(__name__)

CONNECT_WITHIN: Final = timedelta(seconds=10)
FIRST_PAUSE: Final = timedelta(seconds=1)
LONGEST_PAUSE: Final = timedelta(seconds=30)
"""A server that asks to wait longer is not waited for."""
LARGEST_BODY: Final = 8 * 1024 * 1024  # bytes

Pause = Callable[[float], Awaitable[None]]


class OpenAIModel:
    """One model at one endpoint. timeout: how long it may be silent. retries: after the first attempt.

    pause: waits for so many seconds.
    """

    def __init__(
        self,
        *,
        base_url: str,
        api_key: str,
        model: str,
        timeout: timedelta,
        retries: int,
        tally: Tally | None = None,
        pause: Pause = asyncio.sleep,
    ) -> None:
        self._base_url, self._api_key, self._model = base_url, api_key, model
        self._timeout, self._retries, self._pause = timeout, retries, pause
        self.tally = tally or Tally()
        self._client: AsyncOpenAI | None = None
        self._connecting = asyncio.Lock()

    async def ask(self, system: str, messages: Sequence[Message], offers: Sequence[Offer], watch: Watch) -> Reply:
        """The model's answer, tried again where that may help."""
        body = request(self._model, system, messages, offers)
        for attempt in range(self._retries + 1):
            began = time.monotonic()
            try:
                reply = await self._once(body, watch)
            except ModelError as error:
                self.tally.failed(error.trouble)
                pause = self._pause_after(error, attempt)
                log.info("the model did not answer", why=str(error)[:200], again=pause is not None)
                if pause is None:
                    raise
                watch.again(error, pause)
                await self._pause(pause.total_seconds())
            else:
                self.tally.answered(time.monotonic() - began)
                return reply
        raise AssertionError("the last attempt returns or raises")

    async def aclose(self) -> None:
        if self._client is not None:
            await self._client.close()
            self._client = None

    def _pause_after(self, error: ModelError, attempt: int) -> timedelta | None:
        """How long to wait before the next attempt; None: there is none."""
        if error.trouble not in PASSING or attempt >= self._retries:
            return None
        pause = error.retry_after if error.retry_after is not None else FIRST_PAUSE * 2**attempt
        return pause if pause <= LONGEST_PAUSE else None

    async def _once(self, body: dict[str, Any], watch: Watch) -> Reply:
        client = await self._connected()
        try:
            gathered = await self._gather(client, body, watch)
        except (ModelError, asyncio.CancelledError):
            raise
        except Exception as error:
            raise of_exception(error, secret=self._api_key) from error
        reply = gathered.reply()
        if trouble := of_finish(reply):
            raise ModelError(trouble)
        return reply

    async def _gather(self, client: "AsyncOpenAI", body: dict[str, Any], watch: Watch) -> Gathered:
        gathered = Gathered()
        async with client.chat.completions.with_streaming_response.create(**body) as response:
            kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
            if kind == "text/event-stream":
                async for chunk in await response.parse():
                    if gathered.add(chunk.to_dict(warnings=False) if hasattr(chunk, "to_dict") else chunk):
                        watch.text(gathered.read)
            elif kind == "text/html":
                raise ModelError(Trouble.NOT_AN_API)
            else:
                gathered.add(await _whole(response.iter_bytes()))  # it does not stream
        return gathered

    async def _connected(self) -> "AsyncOpenAI":
        async with self._connecting:
            if self._client is None:
                # Importing the package and reading the certificates takes a second: that is not the event loop's.
                self._client = await asyncio.to_thread(connect, self._base_url, self._api_key, self._timeout)
            return self._client


def connect(base_url: str, api_key: str, timeout: timedelta) -> "AsyncOpenAI":
    """A client of the endpoint. timeout: how long it may be silent."""
    from openai import AsyncOpenAI, Timeout

    return AsyncOpenAI(
        base_url=base_url,
        api_key=api_key or "none",  # the package wants one, a local server does not look at it
        timeout=Timeout(timeout.total_seconds(), connect=CONNECT_WITHIN.total_seconds()),
        max_retries=0,  # we try again ourselves, and say so
    )


def request(model: str, system: str, messages: Sequence[Message], offers: Sequence[Offer]) -> dict[str, Any]:
    """The body of a request, in what every such server understands."""
    body: dict[str, Any] = {
        "model": model,
        "messages": [*([{"role": "system", "content": system}] if system else []), *(wire(one) for one in messages)],
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    if offers:
        body["tools"] = [
            {
                "type": "function",
                "function": {"name": one.name, "description": one.description, "parameters": dict(one.parameters)},
            }
            for one in offers
        ]
    return body


def wire(message: Message) -> dict[str, Any]:
    """A message as the API spells it."""
    if message.role is Role.TOOL:
        return {"role": "tool", "tool_call_id": message.call_id, "content": message.text}
    spelt: dict[str, Any] = {"role": message.role.value, "content": message.text}
    if message.reasoning is not None:
        spelt["reasoning_content"] = message.reasoning
    if message.calls:
        spelt["tool_calls"] = [_call(one) for one in message.calls]
    return spelt


def _call(call: ToolCall) -> dict[str, Any]:
    return {
        "id": call.call_id,
        "type": "function",
        "function": {"name": call.name, "arguments": _object(call.arguments)},
    }


def _object(arguments: str) -> str:
    """Servers parse what the model wrote earlier, and refuse the whole conversation when that was no JSON object."""
    try:
        return arguments if isinstance(json.loads(arguments), dict) else "{}"
    except (ValueError, RecursionError):
        return "{}"


async def _whole(pieces: Any) -> object:
    """A body as one JSON value. Raises ModelError for what is none."""
    raw = bytearray()
    async for piece in pieces:
        raw += piece
        if len(raw) > LARGEST_BODY:
            raise ModelError(Trouble.ENDLESS)
    try:
        found = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise ModelError(Trouble.GARBAGE) from error
    if isinstance(found, dict) and not found.get("choices") and found.get("error"):
        raise ModelError(Trouble.REFUSED, detail=json.dumps(found["error"], ensure_ascii=False)[:200])
    return found
