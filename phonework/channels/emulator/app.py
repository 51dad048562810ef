"""The web application: Feishu's side, the control API and the phone, on one port."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocket

from phonework.channels.emulator import api_app, api_cardkit, api_files, api_messages, api_signals
from phonework.channels.emulator.calls import Handler, endpoint
from phonework.channels.emulator.control import Control
from phonework.channels.emulator.core import Emulator
from phonework.channels.emulator.faults import UnknownFault
from phonework.channels.emulator.phone import BadRequest, PhoneApi
from phonework.channels.emulator.settings import UnknownSetting
from phonework.channels.emulator.talk import NotThere

PAGE: Final = Path(__file__).parent / "page"
CSP: Final = (
    "default-src 'self'; img-src 'self' data: blob:; object-src 'none'; base-uri 'none'; frame-ancestors 'none'"
)

_IM: Final = "/open-apis/im/v1"
_CARDKIT: Final = "/open-apis/cardkit/v1/cards"
_CALLS: Final[tuple[tuple[str, str, Handler], ...]] = (
    ("POST", f"{_IM}/messages", api_messages.create),
    ("GET", f"{_IM}/messages", api_messages.history),
    ("POST", f"{_IM}/messages/{{message_id}}/reply", api_messages.reply),
    ("PATCH", f"{_IM}/messages/{{message_id}}", api_messages.patch),
    ("PUT", f"{_IM}/messages/{{message_id}}", api_messages.put),
    ("GET", f"{_IM}/messages/{{message_id}}", api_messages.get),
    ("DELETE", f"{_IM}/messages/{{message_id}}", api_messages.delete),
    ("GET", f"{_IM}/messages/{{message_id}}/resources/{{key}}", api_files.message_resource),
    ("POST", f"{_IM}/messages/{{message_id}}/reactions", api_signals.add_reaction),
    ("GET", f"{_IM}/messages/{{message_id}}/reactions", api_signals.list_reactions),
    ("DELETE", f"{_IM}/messages/{{message_id}}/reactions/{{reaction_id}}", api_signals.remove_reaction),
    ("PATCH", f"{_IM}/messages/{{message_id}}/urgent_app", api_signals.urgent),
    ("POST", f"{_IM}/files", api_files.upload_file),
    ("GET", f"{_IM}/files/{{key}}", api_files.own_file),
    ("POST", f"{_IM}/images", api_files.upload_image),
    ("GET", f"{_IM}/images/{{key}}", api_files.own_file),
    ("POST", f"{_IM}/pins", api_signals.pin),
    ("GET", f"{_IM}/pins", api_signals.list_pins),
    ("DELETE", f"{_IM}/pins/{{message_id}}", api_signals.unpin),
    ("GET", f"{_IM}/chats", api_app.list_chats),
    ("POST", f"{_IM}/chats", api_app.create_chat),
    ("GET", f"{_IM}/chats/{{chat_id}}", api_app.chat_info),
    ("PUT", f"{_IM}/chats/{{chat_id}}", api_app.rename_chat),
    ("POST", f"{_IM}/chats/{{chat_id}}/members", api_app.add_members),
    ("GET", "/open-apis/bot/v3/info", api_app.bot_info),
    ("GET", "/open-apis/application/v6/scopes", api_app.scopes),
    ("GET", "/open-apis/contact/v3/users/{user_id}", api_app.user_info),
    ("POST", "/open-apis/interactive/v1/card/update", api_messages.delayed_update),
    ("POST", f"{_CARDKIT}", api_cardkit.create),
    ("POST", f"{_CARDKIT}/id_convert", api_cardkit.id_convert),
    ("PUT", f"{_CARDKIT}/{{card_id}}", api_cardkit.replace),
    ("PATCH", f"{_CARDKIT}/{{card_id}}/settings", api_cardkit.settings),
    ("PUT", f"{_CARDKIT}/{{card_id}}/elements/{{element_id}}/content", api_cardkit.element_content),
)
_OPEN_CALLS: Final[tuple[tuple[str, str, Handler], ...]] = (
    ("POST", "/open-apis/auth/v3/tenant_access_token/internal", api_app.tenant_token),
    ("POST", "/open-apis/auth/v3/app_access_token/internal", api_app.tenant_token),
    ("POST", "/callback/ws/endpoint", api_app.ws_endpoint),
)


def make_app(emulator: Emulator) -> Starlette:
    """The application; its lifespan ends the emulator's own tasks."""

    async def socket(websocket: WebSocket) -> None:
        await emulator.hub.serve(websocket)

    routes: list[BaseRoute] = [
        Route(path, endpoint(emulator, handler), methods=[method]) for method, path, handler in _CALLS
    ]
    routes += [
        Route(path, endpoint(emulator, handler, needs_token=False), methods=[method])
        for method, path, handler in _OPEN_CALLS
    ]
    routes += [Route("/open-apis/{path:path}", api_app.unknown_path, methods=["GET", "POST", "PUT", "PATCH", "DELETE"])]
    routes += [WebSocketRoute("/ws", socket)]
    routes += Control(emulator).routes()
    routes += PhoneApi(emulator).routes()
    routes += [Route("/", _to_phone), Mount("/phone", StaticFiles(directory=PAGE, html=True, check_dir=False))]
    app = Starlette(
        routes=routes,
        lifespan=_lifespan(emulator),
        middleware=[Middleware(HeaderCase), Middleware(Guard)],
        exception_handlers={
            NotThere: _explain(404),
            BadRequest: _explain(400),
            UnknownFault: _explain(400),
            UnknownSetting: _explain(400),
            **dict.fromkeys((ValueError, TypeError, KeyError, AttributeError, OverflowError), _misused),
        },
    )
    app.state.emulator = emulator
    return app


def _lifespan(emulator: Emulator) -> Callable[[Starlette], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        emulator.world.populate()
        try:
            yield
        finally:
            await emulator.close()

    return lifespan


async def _to_phone(request: Request) -> Response:
    return RedirectResponse("/phone/", status_code=307)


def _explain(status: int) -> Callable[[Request, Exception], Awaitable[Response]]:
    async def explain(request: Request, error: Exception) -> Response:
        return JSONResponse({"error": str(error)}, status_code=status)

    return explain


async def _misused(request: Request, error: Exception) -> Response:
    """An order of a test with a value of another shape; on Feishu's side such an error is a bug, and stays one."""
    if not request.url.path.startswith(("/phone/", "/_control/")):
        raise error
    return JSONResponse({"error": f"{type(error).__name__}: {error}"}, status_code=400)


class HeaderCase:
    """Header names in the case the platform writes: the SDK looks for `Content-Disposition` by exactly that name."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def cased(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [(_title(name), value) for name, value in message["headers"]]
            await send(message)

        await self._app(scope, receive, cased if scope["type"] == "http" else send)


def _title(name: bytes) -> bytes:
    if name.lower().startswith(b"x-ogw"):
        return name
    return b"-".join(part.capitalize() for part in name.split(b"-"))


class Guard:
    """Keeps other web pages in the same browser away from the phone: they could make an agent run commands.

    A request that carries an `Origin` must come from this very server, and the name it asks for must be a loopback
    address or the one bound (a foreign name that resolves to 127.0.0.1 is refused). Pages get a strict policy, and a
    browser asks each time whether what it keeps of them is still current: after an upgrade it is not.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith(("/phone", "/_control")):
            await self._app(scope, receive, send)
            return
        headers = {name.lower(): value.decode("latin-1") for name, value in scope["headers"]}
        if not _is_ours(headers.get(b"host", ""), headers.get(b"origin"), scope.get("server")):
            await JSONResponse({"error": "not from this page"}, status_code=403)(scope, receive, send)
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *_PAGE_HEADERS]
            await send(message)

        await self._app(scope, receive, with_headers)


_PAGE_HEADERS: Final = (
    (b"cache-control", b"no-cache"),
    (b"content-security-policy", CSP.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
)


def _is_ours(host: str, origin: str | None, bound: tuple[str, int | None] | None) -> bool:
    name = urlsplit(f"//{host}").hostname or ""
    if name not in {"127.0.0.1", "localhost", "::1"} and (bound is None or name != bound[0]):
        return False
    return origin is None or origin == f"http://{host}"
