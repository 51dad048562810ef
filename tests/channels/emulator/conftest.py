"""The unmodified SDK as the other side: its socket client in a thread of its own, its HTTP client called in threads."""

from __future__ import annotations

import asyncio
import functools
import importlib
import json
import threading
import uuid
import warnings
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any

import pytest

from phonework.testing.emulator import EmulatorThread, RunningEmulator
from phonework.testing.phone import Phone


@functools.cache
def load_sdk() -> Any:
    """Import late and once: it takes seconds, and its old protobuf code warns.

    In a thread, because the import makes an event loop for its thread and keeps it; it is closed at once.
    """

    def load() -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            importlib.import_module("lark_oapi.ws.client").loop.close()

    thread = threading.Thread(target=load)
    thread.start()
    thread.join()
    return importlib.import_module("lark_oapi")


class SdkBot:
    """A bot on lark-oapi. `events` collects what arrived; `on_event` and `on_click` are called in the socket's loop."""

    def __init__(self, url: str, app_id: str = "") -> None:
        self.lark = load_sdk()
        self.url = url
        # The SDK caches tokens by app id for the whole process, so each bot is an app of its own.
        self.app_id = app_id or f"cli_{uuid.uuid4().hex[:16]}"
        builder = self.lark.Client.builder().app_id(self.app_id).app_secret("secret").domain(url)
        self.client = builder.log_level(self.lark.LogLevel.CRITICAL).build()
        self.events: list[dict[str, Any]] = []
        self.clicks: list[dict[str, Any]] = []
        self.on_event: Callable[[dict[str, Any]], None] = lambda event: None
        self.on_click: Callable[[dict[str, Any]], dict[str, Any]] = lambda click: {}
        self.socket: Any = None
        self.ended = threading.Event()
        self.error: BaseException | None = None
        self._loop: Any = None
        self._thread = threading.Thread(target=self._run, daemon=True)

    def _run(self) -> None:
        ws = importlib.import_module("lark_oapi.ws.client")
        asyncio.set_event_loop(self._loop)
        ws.loop = self._loop
        lark = self.lark
        handler = (
            lark.EventDispatcherHandler.builder("", "")
            .register_p2_im_message_receive_v1(lambda event: self._take(event))
            .register_p2_im_message_recalled_v1(lambda event: self._take(event))
            .register_p2_im_message_reaction_created_v1(lambda event: self._take(event))
            .register_p2_im_message_reaction_deleted_v1(lambda event: self._take(event))
            .register_p2_application_bot_menu_v6(lambda event: self._take(event))
            .register_p2_card_action_trigger(self._click)
            .build()
        )
        self.socket = lark.ws.Client(
            self.app_id, "secret", event_handler=handler, domain=self.url, log_level=lark.LogLevel.CRITICAL
        )
        # Until the first answer of the endpoint the SDK waits up to 30 s, then 120 s, between its tries.
        self.socket._reconnect_nonce, self.socket._reconnect_interval = 0, 0.1
        try:
            self.socket.start()
        except BaseException as error:
            self.error = error
        finally:
            self._loop.run_until_complete(self._clean_up())
            self._loop.close()
            self.ended.set()

    async def _clean_up(self) -> None:
        """Cut the connection, also one that is just being made, and let the loop notice."""
        if self.socket._conn is not None:
            self.socket._conn.transport.abort()
        tasks = asyncio.all_tasks(self._loop) - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.sleep(0)
        await asyncio.sleep(0)

    def _take(self, event: Any) -> None:
        plain = json.loads(self.lark.JSON.marshal(event))
        self.events.append(plain)
        self.on_event(plain)

    def _click(self, event: Any) -> Any:
        plain = json.loads(self.lark.JSON.marshal(event))
        self.clicks.append(plain)
        module = importlib.import_module("lark_oapi.event.callback.model.p2_card_action_trigger")
        return module.P2CardActionTriggerResponse(self.on_click(plain))

    def start(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread.start()

    async def stop(self) -> None:
        if self._thread.is_alive():
            self.socket._auto_reconnect = False
            self._loop.call_soon_threadsafe(self._loop.stop)
        await asyncio.to_thread(self._thread.join, 20)

    def forget_token(self) -> None:
        """What a careful bot does on 99991663; the SDK does not."""
        manager = importlib.import_module("lark_oapi.core.token").TokenManager
        manager.cache = type(manager.cache)()

    # --- HTTP, as the product would: the SDK's synchronous calls in a thread

    async def create(
        self, receive_id: str, msg_type: str, content: Any, *, kind: str = "open_id", uuid: str = ""
    ) -> Any:
        im = importlib.import_module("lark_oapi.api.im.v1")
        body = im.CreateMessageRequestBody.builder().receive_id(receive_id).msg_type(msg_type).content(_text(content))
        request = im.CreateMessageRequest.builder().receive_id_type(kind)
        if uuid:
            body = body.uuid(uuid)
        return await asyncio.to_thread(self.client.im.v1.message.create, request.request_body(body.build()).build())

    async def reply(self, message_id: str, msg_type: str, content: Any, *, in_thread: bool = False) -> Any:
        im = importlib.import_module("lark_oapi.api.im.v1")
        body = (
            im.ReplyMessageRequestBody.builder().msg_type(msg_type).content(_text(content)).reply_in_thread(in_thread)
        )
        request = im.ReplyMessageRequest.builder().message_id(message_id).request_body(body.build()).build()
        return await asyncio.to_thread(self.client.im.v1.message.reply, request)

    async def patch(self, message_id: str, card: Any) -> Any:
        im = importlib.import_module("lark_oapi.api.im.v1")
        body = im.PatchMessageRequestBody.builder().content(_text(card)).build()
        request = im.PatchMessageRequest.builder().message_id(message_id).request_body(body).build()
        return await asyncio.to_thread(self.client.im.v1.message.patch, request)

    async def call(self, method: str, uri: str, body: Any = None, query: list[tuple[str, str]] | None = None) -> Any:
        """Any call by path; returns the parsed JSON of the answer."""
        builder = self.lark.BaseRequest.builder().http_method(self.lark.HttpMethod[method]).uri(uri)
        builder = builder.token_types({self.lark.AccessTokenType.TENANT}).queries(query or [])
        if body is not None:
            builder = builder.body(body)
        answer = await asyncio.to_thread(self.client.request, builder.build())
        return json.loads(answer.raw.content)


def _text(content: Any) -> str:
    return content if isinstance(content, str) else json.dumps(content, ensure_ascii=False)


@pytest.fixture(scope="session")
def emulator_thread() -> Iterator[EmulatorThread]:
    with EmulatorThread(reconnect_nonce_s=0, reconnect_interval_s=1) as thread:
        yield thread


@pytest.fixture
async def emulator(emulator_thread: EmulatorThread) -> AsyncIterator[RunningEmulator]:
    """An emulator in its first state; all tests of a process share the running one."""
    async with Phone(emulator_thread.url) as phone:
        await phone.connected(False)
        await phone.reset()
        yield RunningEmulator(emulator_thread.url, phone)


@pytest.fixture
def phone(emulator: RunningEmulator) -> Phone:
    return emulator.phone


@pytest.fixture
async def make_bot(emulator: RunningEmulator) -> AsyncIterator[Callable[[], Awaitable[SdkBot]]]:
    """Bots on the SDK; the first call starts one and waits until it is connected."""
    bots: list[SdkBot] = []

    async def make() -> SdkBot:
        bot = SdkBot(emulator.url)
        bots.append(bot)
        bot.start()
        await emulator.phone.connected()
        return bot

    yield make
    for bot in bots:
        await bot.stop()


@pytest.fixture
async def bot(make_bot: Callable[[], Awaitable[SdkBot]]) -> SdkBot:
    """A connected bot."""
    return await make_bot()


@pytest.fixture
def caller(emulator: RunningEmulator) -> SdkBot:
    """A bot that only makes HTTP calls; it is not connected."""
    return SdkBot(emulator.url)
