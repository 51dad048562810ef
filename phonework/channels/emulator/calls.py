"""What every call of the bot passes through: record, faults, token, app-wide rate, errors in Feishu's form."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse

from phonework.channels.emulator.core import Emulator
from phonework.channels.emulator.faults import Fault
from phonework.channels.emulator.journal import CallRecord
from phonework.channels.emulator.multipart import MultipartError, Part, parse_multipart
from phonework.channels.emulator.world import Json, new_id

HTML_ERROR = (
    "<html><head><title>502 Bad Gateway</title></head><body><center><h1>502 Bad Gateway</h1></center></body></html>"
)
_BODY_LIMIT = 64 * 1024 * 1024


class ApiError(Exception):
    """A refusal in Feishu's form: `{"code", "msg", "error"}` with an HTTP status."""

    def __init__(
        self,
        code: int,
        msg: str,
        *,
        status: int = 400,
        error: Json | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(msg)
        self.code, self.msg, self.status = code, msg, status
        self.error, self.headers = error or {}, headers or {}


@dataclass(slots=True, kw_only=True)
class Call:
    """One call of the bot, read and with a valid token."""

    emulator: Emulator
    request: Request
    record: CallRecord
    app_id: str
    path: dict[str, str]
    query: dict[str, str]
    body: Json
    size_bytes: int
    parts: dict[str, Part] = field(default_factory=dict)

    def text(self, name: str, *, required: bool = True) -> str:
        """A string of the body. Raises 99992402 when it is missing or of another type."""
        value = self.body.get(name)
        if value is None and not required:
            return ""
        if not isinstance(value, str) or (required and not value):
            raise field_error(name)
        return value

    def ids(self, name: str) -> list[str]:
        """A list of strings of the body, empty when absent. Raises 99992402."""
        value = self.body.get(name) or []
        if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
            raise field_error(name, "is no list of strings")
        return value


Handler = Callable[[Call], Awaitable[Json | Response]]
Endpoint = Callable[[Request], Awaitable[Response]]


def field_error(name: str, description: str = "is required") -> ApiError:
    violations = [{"field": name, "description": f"{name} {description}"}]
    return ApiError(99992402, "field validation failed", error={"field_violations": violations})


def parameter_error(reason: str) -> ApiError:
    return ApiError(230001, f"Your request contains an invalid request parameter, ext={reason}.")


def endpoint(emulator: Emulator, handler: Handler, *, needs_token: bool = True) -> Endpoint:
    """Wrap a handler; it returns `data`, or a whole response."""

    async def serve(request: Request) -> Response:
        started = time.monotonic()
        raw = await _read(request)
        record = _record(emulator, request, raw)
        try:
            response = await _answer(emulator, handler, request, record, raw, needs_token)
        except ApiError as error:
            response = _refusal(emulator, record, error)
        record.took_ms = int((time.monotonic() - started) * 1000)
        record.status = response.status_code
        if record.outcome == "running":
            record.outcome = "ok"
        emulator.journal.changed()
        return response

    return serve


async def _answer(
    emulator: Emulator, handler: Handler, request: Request, record: CallRecord, raw: bytes, needs_token: bool
) -> Response:
    subject = {"method": record.method, "path": record.path, "contains": raw.decode(errors="replace")}
    early = await _fault_before(emulator, request, record, subject)
    if early is not None:
        return early
    app_id = _authorise(emulator, request) if needs_token else ""
    if needs_token and (wait := emulator.limits.app_wait(app_id)):
        raise rate_limited(wait)
    call = Call(
        emulator=emulator,
        request=request,
        record=record,
        app_id=app_id,
        path={name: str(value) for name, value in request.path_params.items()},
        query=dict(request.query_params),
        body=record.body if isinstance(record.body, dict) else {},
        size_bytes=len(raw),
        parts=_parts(request, raw),
    )
    result = await handler(call)
    record.effect = record.method != "GET"
    if emulator.faults.take("http.drop_after", **subject):
        return await drop(request, record, "http.drop_after")
    if isinstance(result, Response):
        return cut(result, request, record) if emulator.faults.take("http.cut", **subject) else result
    record.code = result.get("code", 0)
    return JSONResponse(result)


async def _read(request: Request) -> bytes:
    """The body, as far as it comes; what is over 64 MB is cut and fails later."""
    chunks: list[bytes] = []
    size = 0
    with contextlib.suppress(ClientDisconnect):
        async for chunk in request.stream():
            size += len(chunk)
            if size <= _BODY_LIMIT:
                chunks.append(chunk)
    return b"".join(chunks)


def _record(emulator: Emulator, request: Request, raw: bytes) -> CallRecord:
    body: Any = None
    if raw and "json" in request.headers.get("content-type", "json"):
        try:
            body = json.loads(raw)
        except (ValueError, RecursionError):
            body = None
    return emulator.journal.call(
        CallRecord(
            number=0,
            at_ms=emulator.clock.now_ms(),
            method=request.method,
            path=request.url.path,
            route=request.url.path,
            query=dict(request.query_params),
            body=body,
            size_bytes=len(raw),
        )
    )


def _parts(request: Request, raw: bytes) -> dict[str, Part]:
    content_type = request.headers.get("content-type", "")
    if not content_type.startswith("multipart/form-data"):
        return {}
    try:
        return parse_multipart(content_type, raw)
    except MultipartError as error:
        raise ApiError(234001, f"Invalid request param, ext={error}.") from error


def _authorise(emulator: Emulator, request: Request) -> str:
    """The app that calls. Raises 99991661, 99991671, 99991663."""
    value = request.headers.get("authorization", "")
    if not value:
        raise ApiError(99991661, "Missing access token for authorization. Please make a request with token attached.")
    scheme, _, token = value.partition(" ")
    if scheme != "Bearer" or not token.startswith("t-"):
        raise ApiError(99991671, "Invalid access token for authorization: it must begin with 't-'.")
    expired = emulator.faults.take("http.token_expired", method=request.method, path=request.url.path)
    if expired is not None:
        emulator.tokens.expire_all()
    app_id = emulator.tokens.owner(token)
    if app_id is None:
        raise ApiError(99991663, "Invalid access token for authorization. Please make a request with token attached.")
    return app_id


def rate_limited(wait: float, status: int = 429) -> ApiError:
    headers = {"x-ogw-ratelimit-limit": "50", "x-ogw-ratelimit-reset": str(max(1, round(wait)))}
    return ApiError(99991400, "request trigger frequency limit", status=status, headers=headers)


def _refusal(emulator: Emulator, record: CallRecord, error: ApiError) -> Response:
    record.outcome, record.code, record.msg = "error", error.code, error.msg
    emulator.violation(error.code, f"{record.method} {record.path}: {error.msg}", record.number)
    body = {"code": error.code, "msg": error.msg, "error": {**error.error, "log_id": new_id("")[:32]}}
    return JSONResponse(body, status_code=error.status, headers=error.headers)


async def _fault_before(
    emulator: Emulator, request: Request, record: CallRecord, subject: dict[str, str]
) -> Response | None:
    faults = emulator.faults
    if fault := faults.take("http.delay", **subject):
        await emulator.clock.sleep(fault.params.get("seconds", 1.0))
    if faults.take("http.drop_before", **subject):
        return await drop(request, record, "http.drop_before")
    if fault := faults.take("http.hang", **subject):
        record.outcome = "http.hang"
        return await hang(emulator, request)
    for kind in ("http.status", "http.code", "http.rate_limit", "http.html", "http.garbage"):
        if fault := faults.take(kind, **subject):
            record.outcome = kind
            return _planned(fault, record)
    return None


def _planned(fault: Fault, record: CallRecord) -> Response:
    params = fault.params
    match fault.kind:
        case "http.status":
            return PlainTextResponse(params.get("body", "upstream error"), status_code=params.get("status", 500))
        case "http.html":
            return Response(HTML_ERROR, status_code=params.get("status", 502), media_type="text/html")
        case "http.garbage":
            return Response(params.get("body", '{"code":0,"da'), media_type="application/json")
        case "http.rate_limit":
            error = rate_limited(params.get("reset", 1), params.get("status", 429))
        case _:
            error = ApiError(params.get("code", 99991400), params.get("msg", "fault"), status=params.get("status", 400))
    record.code, record.msg = error.code, error.msg
    return JSONResponse(
        {"code": error.code, "msg": error.msg, "error": {}}, status_code=error.status, headers=error.headers
    )


async def drop(request: Request, record: CallRecord, why: str) -> Response:
    """Cut the TCP connection instead of answering."""
    record.outcome = why
    request.state.wire.transport.abort()
    await asyncio.sleep(0)
    return Response(status_code=500)  # goes nowhere: the connection is gone


def cut(response: Response, request: Request, record: CallRecord) -> Response:
    """The head of a whole answer and half of what it promises; then the TCP connection is cut."""
    record.outcome = "http.cut"

    async def half() -> AsyncIterator[bytes]:
        body = bytes(response.body)
        yield body[: len(body) // 2]
        request.state.wire.transport.abort()

    return StreamingResponse(half(), response.status_code, dict(response.headers))


async def hang(emulator: Emulator, request: Request) -> Response:
    """Answer never: until the client gives up or the emulator ends."""
    closing = asyncio.ensure_future(emulator.closing.wait())
    gone = asyncio.ensure_future(request.receive())
    try:
        await asyncio.wait({closing, gone}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        closing.cancel()
        gone.cancel()
    return Response(status_code=500)
