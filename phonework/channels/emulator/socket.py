"""The long connection, seen from the cloud: endpoint, handshake, ping, pushes and their acknowledgements."""

from __future__ import annotations

import asyncio
import base64
import binascii
import contextlib
import json
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from starlette.responses import Response
from starlette.websockets import WebSocket, WebSocketDisconnect

from phonework.channels.emulator.clock import Clock
from phonework.channels.emulator.faults import Faults
from phonework.channels.emulator.journal import Journal
from phonework.channels.emulator.settings import Settings
from phonework.channels.emulator.wire import CONTROL, DATA, Frame, FrameError, decode, encode, fragments
from phonework.channels.emulator.world import World, new_id

SERVICE_ID = 33554678
"""Any positive int32: the client sends it back with each ping."""


class Unanswered(Exception):
    """A push got no acknowledgement; `outcome` is nobody, timeout, lost or ack_lost."""

    def __init__(self, outcome: str) -> None:
        super().__init__(outcome)
        self.outcome = outcome


@dataclass(frozen=True, slots=True)
class Ack:
    """What the client sent back: a code, and for callbacks the handler's JSON (raw bytes)."""

    code: int
    data: bytes
    raw: str = ""


@dataclass(slots=True, kw_only=True, eq=False)
class Connection:
    connection_id: str
    app_id: str
    socket: WebSocket
    since_ms: int
    waiting: dict[str, asyncio.Future[Ack]] = field(default_factory=dict)
    frozen: bool = False
    muted: bool = False
    pings: int = 0
    garbage: int = 0
    last_ping_ms: int = 0

    def as_dict(self) -> dict[str, Any]:
        names = ("connection_id", "app_id", "since_ms", "frozen", "muted", "pings", "garbage", "last_ping_ms")
        return {name: getattr(self, name) for name in names}


class Hub:
    """All live connections; a push goes to one of them, at random."""

    def __init__(self, settings: Settings, clock: Clock, faults: Faults, journal: Journal, world: World) -> None:
        self._settings = settings
        self._clock = clock
        self._faults = faults
        self._journal = journal
        self._world = world
        self._tickets: dict[str, str] = {}
        self.connections: list[Connection] = []

    # --- getting connected

    def client_config(self) -> dict[str, int]:
        settings = self._settings
        return {
            "ReconnectCount": settings.reconnect_count,
            "ReconnectInterval": settings.reconnect_interval_s,
            "ReconnectNonce": settings.reconnect_nonce_s,
            "PingInterval": settings.ping_interval_s,
        }

    def ticket(self, app_id: str) -> tuple[str, str]:
        """A device id and a ticket, good for one handshake of this app."""
        device_id, ticket = str(random.randrange(10**18, 10**19)), new_id("")
        self._tickets[ticket] = app_id
        return device_id, ticket

    def refusal(self, ticket: str) -> dict[str, str] | None:
        """The headers of a refused handshake, None when it is welcome."""
        if fault := self._faults.take("socket.refuse"):
            status, code = fault.params.get("status", 514), fault.params.get("autherrcode", 1000040343)
            return _refusal(status, fault.params.get("msg", "refused by a fault"), code)
        if ticket not in self._tickets:
            return _refusal(514, "ticket invalid", 1000040343)
        app_id = self._tickets[ticket]
        if sum(each.app_id == app_id for each in self.connections) >= self._settings.connections_per_app:
            return _refusal(514, "the number of connections exceeded the limit", 1000040350)
        return None

    async def serve(self, socket: WebSocket) -> None:
        """One connection from handshake to end."""
        ticket = socket.query_params.get("ticket", "")
        if headers := self.refusal(ticket):
            self._journal.socket(self._clock.now_ms(), "refused", **headers)
            status = int(headers["Handshake-Status"])
            status = status if status in {400, 401, 403, 429, 500, 503} else 403
            await socket.send_denial_response(Response(status_code=status, headers=headers))
            return
        connection = Connection(
            connection_id=socket.query_params.get("device_id", ""),
            app_id=self._tickets.pop(ticket),
            socket=socket,
            since_ms=self._clock.now_ms(),
        )
        await socket.accept()
        self.connections.append(connection)
        self._note("connected", connection)
        try:
            await self._receive(connection)
        finally:
            self.connections.remove(connection)
            for future in connection.waiting.values():
                if not future.done():
                    future.set_exception(Unanswered("lost"))
            self._note("disconnected", connection)

    async def _receive(self, connection: Connection) -> None:
        while True:
            try:
                message = await connection.socket.receive()
            except (WebSocketDisconnect, RuntimeError):
                return
            if message["type"] == "websocket.disconnect":
                return
            try:
                await self._take(connection, decode(message.get("bytes") or b""))
            except (FrameError, UnicodeDecodeError) as error:
                connection.garbage += 1
                self._note("garbage", connection, why=str(error))

    async def _take(self, connection: Connection, frame: Frame) -> None:
        if frame.method == CONTROL:
            if frame.header("type") == "ping":
                await self._pong(connection)
        elif frame.method == DATA:
            future = connection.waiting.get(frame.header("message_id"))
            if future is not None and not future.done():
                future.set_result(_read_ack(frame.payload))

    async def _pong(self, connection: Connection) -> None:
        connection.pings += 1
        connection.last_ping_ms = self._clock.now_ms()
        if connection.muted or self._faults.take("socket.mute_pong"):
            return
        pong = Frame(
            service=SERVICE_ID,
            method=CONTROL,
            headers=(("type", "pong"),),
            payload=json.dumps(self.client_config()).encode(),
        )
        await self._send(connection, [pong])
        self._world.wake()

    # --- pushing

    async def push(
        self,
        payload: bytes,
        *,
        trace_id: str,
        kind: str = "event",
        parts: int = 1,
        shuffle: bool = True,
        on_sent: Callable[[str, str], None] = lambda connection_id, push_id: None,
    ) -> Ack:
        """Send one push to one connection and wait for its acknowledgement.

        Raises Unanswered: nobody is connected, no answer in time, or the connection broke.
        """
        if not self.connections:
            raise Unanswered("nobody")
        connection = random.choice(self.connections)
        push_id = new_id("")
        on_sent(connection.connection_id, push_id)
        future: asyncio.Future[Ack] = asyncio.get_running_loop().create_future()
        connection.waiting[push_id] = future
        whole = Frame(
            seq_id=0,
            log_id=0,
            service=SERVICE_ID,
            headers=(
                ("type", kind),
                ("message_id", push_id),
                ("sum", "1"),
                ("seq", "0"),
                ("trace_id", trace_id),
                ("timestamp", str(self._clock.now_ms())),
            ),
            payload=payload,
        )
        frames = fragments(whole, parts)
        if shuffle:
            random.shuffle(frames)
        try:
            await self._send(connection, frames)
            return await self._answer(future)
        finally:
            connection.waiting.pop(push_id, None)
            future.cancel()

    async def _answer(self, future: asyncio.Future[Ack]) -> Ack:
        """Wait on the platform's clock, so that a jump of it ends the wait too."""

        async def give_up() -> None:
            await self._clock.sleep(self._settings.answer_within_s)
            if not future.done():
                future.set_exception(Unanswered("timeout"))

        deadline = asyncio.create_task(give_up())
        try:
            return await future
        finally:
            deadline.cancel()

    async def _send(self, connection: Connection, frames: list[Frame]) -> None:
        if connection.frozen:
            return
        for frame in frames:
            # A connection that is just breaking: its receiver finds out and ends it.
            with contextlib.suppress(WebSocketDisconnect, RuntimeError, OSError):
                await connection.socket.send_bytes(encode(frame))

    # --- breaking

    def drop_all(self) -> int:
        """Cut every connection without a closing handshake."""
        for connection in self.connections:
            connection.socket.state.wire.transport.abort()
        return len(self.connections)

    def freeze_all(self) -> int:
        """Make every connection half-open: it stays up, nothing is read from it and nothing is sent."""
        for connection in self.connections:
            connection.frozen = True
            connection.socket.state.wire.frozen = True
            self._note("frozen", connection)
        return len(self.connections)

    def mute_all(self, muted: bool = True) -> int:
        """Answer no pings on the live connections."""
        for connection in self.connections:
            connection.muted = muted
        return len(self.connections)

    async def send_raw(self, data: bytes) -> int:
        """Send any bytes as one binary message to every connection."""
        for connection in self.connections:
            with contextlib.suppress(WebSocketDisconnect, RuntimeError, OSError):
                await connection.socket.send_bytes(data)
        return len(self.connections)

    def _note(self, what: str, connection: Connection, **details: Any) -> None:
        self._journal.socket(self._clock.now_ms(), what, connection.connection_id, **details)
        if what in {"connected", "disconnected"}:
            self._world.changed("bot")


def _refusal(status: int, msg: str, code: int) -> dict[str, str]:
    return {"Handshake-Status": str(status), "Handshake-Msg": msg, "Handshake-Autherrcode": str(code)}


def _read_ack(payload: bytes) -> Ack:
    """The client's answer `{"code", "headers", "data": base64}`; anything else counts as code 500."""
    try:
        answer = json.loads(payload)
        code = answer["code"]
        data = base64.b64decode(answer.get("data") or "", validate=True)
    except (ValueError, KeyError, TypeError, AttributeError, binascii.Error, RecursionError):
        return Ack(500, b"", payload[:2000].decode(errors="replace"))
    return Ack(code if isinstance(code, int) else 500, data, "")
