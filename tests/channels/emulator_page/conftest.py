"""A browser on the emulator's page, and a bot on the plain wire whose answers the tests choose."""

from __future__ import annotations

import base64
import json
import threading
import urllib.request
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from queue import Queue
from typing import Any

import pytest
import pytest_asyncio
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from phonework.channels.emulator.wire import DATA, Frame, decode, encode
from phonework.testing.browser import FLAGS, INSTALL_HINT, find_chromium, required
from phonework.testing.emulator import EmulatorThread

Json = dict[str, Any]

_PATIENCE_MS = 10_000  # a bound, not a wait; a busy machine draws slowly


class PageBot:
    """A bot without the SDK: sends over HTTP, acknowledges what comes over the socket.

    clicks: every click event's `event`; on_click: gives the answer to one (toast and card), in the socket's thread.
    messages: every message event's `event`, in a queue to wait on.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self.clicks: Queue[Json] = Queue()
        self.messages: Queue[Json] = Queue()
        self.on_click: Callable[[Json], Json] = lambda click: {}
        self._http = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        answer = self.call("/open-apis/auth/v3/tenant_access_token/internal", {"app_id": "cli_a", "app_secret": "s"})
        self._token = answer["tenant_access_token"]
        self._socket: Any = None
        self._thread: threading.Thread | None = None

    def call(self, path: str, body: Any = None, method: str = "POST") -> Json:
        headers = {"content-type": "application/json"}
        if hasattr(self, "_token"):
            headers["authorization"] = f"Bearer {self._token}"
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data, headers, method=method)
        with self._http.open(request, timeout=10) as answer:
            parsed: Json = json.loads(answer.read() or b"{}")
            return parsed

    def control(self, path: str, body: Json) -> Json:
        return self.call(f"/_control/{path}", body)

    def state(self) -> Json:
        return self.call("/phone/api/state", method="GET")

    def send(self, msg_type: str, content: Json, *, chat_id: str = "", reply_to: str = "") -> str:
        """Send as the bot to a chat (by default the first user's private one); returns the message_id."""
        body = {"msg_type": msg_type, "content": json.dumps(content)}
        if reply_to:
            return str(self.call(f"/open-apis/im/v1/messages/{reply_to}/reply", body)["data"]["message_id"])
        chat_id = chat_id or self.state()["chats"][0]["chat_id"]
        answer = self.call("/open-apis/im/v1/messages?receive_id_type=chat_id", {"receive_id": chat_id, **body})
        return str(answer["data"]["message_id"])

    def card(self, elements: list[Json], *, title: str = "", template: str = "blue", **options: Any) -> str:
        return self.send("interactive", make_card(elements, title=title, template=template), **options)

    def patch(self, message_id: str, card: Json) -> None:
        self.call(f"/open-apis/im/v1/messages/{message_id}", {"content": json.dumps(card)}, "PATCH")

    def connect(self) -> None:
        """Open the socket and answer pushes until `close`."""
        endpoint = self.call("/callback/ws/endpoint", {"AppID": "cli_a", "AppSecret": "s"})
        self._socket = connect(endpoint["data"]["URL"], proxy=None)
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def close(self) -> None:
        if self._socket is not None and self._thread is not None:
            self._socket.close()
            self._thread.join(5)
            self._socket = None

    def _serve(self) -> None:
        try:
            for data in self._socket:
                frame = decode(data)
                if frame.method == DATA:
                    self._socket.send(encode(self._acknowledged(frame)))
        except ConnectionClosed:
            return

    def _acknowledged(self, frame: Frame) -> Frame:
        event = json.loads(frame.payload)
        answer: Json = {"code": 200, "headers": None}
        if event["header"]["event_type"] == "card.action.trigger":
            reply = json.dumps(self.on_click(event["event"])).encode()
            answer["data"] = base64.b64encode(reply).decode()
            self.clicks.put(event["event"])
        elif event["header"]["event_type"] == "im.message.receive_v1":
            self.messages.put(event["event"])
        headers = (*frame.headers, ("biz_rt", "1"))
        return Frame(
            seq_id=frame.seq_id,
            log_id=frame.log_id,
            service=frame.service,
            method=frame.method,
            headers=headers,
            payload=json.dumps(answer).encode(),
        )


def make_card(elements: list[Json], *, title: str = "", template: str = "blue") -> Json:
    header = {"header": {"title": {"tag": "plain_text", "content": title}, "template": template}} if title else {}
    return {"schema": "2.0", "config": {"update_multi": True}, **header, "body": {"elements": elements}}


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Any]:
    """Headless Chromium; without one the tests are skipped on a person's machine and fail in CI.

    The tests are async on one loop for the session: Playwright's sync API would leave its loop running for the others.
    """
    executable = find_chromium()
    if executable is None and required():
        pytest.fail(f"no Chromium found; {INSTALL_HINT}")
    if executable is None:
        pytest.skip(f"no Chromium found, the phone page is not tested; {INSTALL_HINT}")
    from playwright.async_api import async_playwright, expect

    expect.set_options(timeout=_PATIENCE_MS)
    async with async_playwright() as playwright:
        running = await playwright.chromium.launch(executable_path=executable, args=list(FLAGS))
        yield running
        await running.close()


@pytest.fixture
def emulator() -> Iterator[EmulatorThread]:
    with EmulatorThread(reconnect_nonce_s=0, reconnect_interval_s=1, chat_per_s=0, patch_per_s=0) as running:
        yield running


@pytest.fixture
def bot(emulator: EmulatorThread) -> Iterator[PageBot]:
    """A connected bot."""
    running = PageBot(emulator.url)
    running.connect()
    yield running
    running.close()


@pytest_asyncio.fixture(loop_scope="session")
async def open_page(browser: Any, emulator: EmulatorThread) -> AsyncIterator[Callable[..., Awaitable[Any]]]:
    """Opens the page in a context of its own; at the end no page may have logged an error or broken the policy.

    page.problems collects them, requests to anywhere else included; a test that expects some empties it.
    """
    contexts: list[Any] = []
    pages: list[Any] = []

    async def open_one(path: str | None = "/phone/", *, width: int = 1100, height: int = 760, **options: Any) -> Any:
        context = await browser.new_context(viewport={"width": width, "height": height}, **options)
        contexts.append(context)
        context.set_default_timeout(_PATIENCE_MS)
        page = await context.new_page()
        problems: list[str] = []
        page.problems = problems
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("console", lambda line: problems.append(line.text))
        page.on("dialog", lambda dialog: problems.append(f"dialog: {dialog.message}"))
        page.on("request", lambda sent: sent.url.startswith(emulator.url) or problems.append(sent.url))
        pages.append(page)
        if path is not None:
            await page.goto(emulator.url + path)
        return page

    yield open_one
    for context in contexts:
        await context.close()
    assert [problem for page in pages for problem in page.problems] == []


@pytest.fixture
def card_of() -> Callable[..., Json]:
    """make_card(elements, title=, template=)"""
    return make_card
