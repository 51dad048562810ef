"""The emulator on a port: uvicorn with protocols whose connections can be cut and frozen."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from phonework.channels.emulator.app import make_app
from phonework.channels.emulator.core import Emulator


class HttpWire(H11Protocol):
    """Lets a request reach its own transport, to cut it: `request.state.wire`."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self.app_state = {**self.app_state, "wire": self}
        super().connection_made(transport)


class SocketWire(WebSocketsSansIOProtocol):
    """A WebSocket that can go half-open: while `frozen`, nothing that comes in is read, not even a ping."""

    frozen = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.app_state = {**self.app_state, "wire": self}
        super().connection_made(transport)

    def data_received(self, data: bytes) -> None:
        if not self.frozen:
            super().data_received(data)


def listen(host: str = "127.0.0.1", port: int = 0) -> socket.socket:
    """A listening socket; port 0 takes a free one."""
    # The protocol is named because asyncio sets TCP_NODELAY only then; without it each answer may wait 40 ms.
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.bind((host, port))
    listening.listen(128)
    listening.setblocking(False)
    return listening


def url_of(listening: socket.socket) -> str:
    host, port = listening.getsockname()[:2]
    return f"http://{host}:{port}"


def make_server(emulator: Emulator, **options: Any) -> uvicorn.Server:
    """A server to be run with `serve(sockets=[listening])`. It sends no pings of its own, as Feishu sends none."""
    config = uvicorn.Config(
        make_app(emulator),
        http=HttpWire,
        ws=SocketWire,
        ws_ping_interval=None,
        lifespan="on",
        log_level="error",
        access_log=False,
        timeout_graceful_shutdown=1,
        server_header=False,
        **options,
    )
    return _Server(config, emulator)


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, emulator: Emulator) -> None:
        super().__init__(config)
        self._emulator = emulator

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        # Long polls and event streams end by this, or the server would wait for them.
        self._emulator.begin_close()
        await super().shutdown(sockets)
