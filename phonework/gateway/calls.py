"""One HTTP request read: its body, its query, its key. What cannot be understood is refused in words, and nothing is done."""

import asyncio
import re
import uuid
from typing import Any, Final, TypeVar

import msgspec
from starlette.requests import ClientDisconnect, Request

from phonework.gateway.refusals import GatewayError
from phonework.proof import DIGEST, digest_of

T = TypeVar("T")

LARGEST: Final = 1024 * 1024
"""Bytes of a body."""
READ_WITHIN_S: Final = 15.0
_KEY: Final = re.compile(r"[\x21-\x7e]{1,200}")


async def body_of(request: Request, kind: type[T]) -> T:
    """The JSON of the body. Raises GatewayError: 413, 415, 408, 400."""
    content = await _content(request)
    media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media != "application/json":
        raise GatewayError(415, "not_json", "the body must be JSON", hint="send Content-Type: application/json")
    return _decoded(content, kind)


async def no_body(request: Request) -> None:
    """Nothing is wanted in it. Raises GatewayError when something is, but for an empty object."""
    content = await _content(request)
    if content.strip() not in (b"", b"{}"):
        raise GatewayError(400, "bad_request", "this takes no body")


async def _content(request: Request) -> bytes:
    declared = request.headers.get("content-length", "0")
    if not declared.isdecimal() or len(declared) > 18 or int(declared) > LARGEST:
        raise _too_large()
    content = bytearray()
    try:
        async with asyncio.timeout(READ_WITHIN_S):
            async for chunk in request.stream():
                content += chunk
                if len(content) > LARGEST:
                    raise _too_large()
    except TimeoutError:
        raise GatewayError(408, "too_slow", f"the body did not come within {READ_WITHIN_S:g} s") from None
    except ClientDisconnect:
        raise GatewayError(400, "bad_request", "the body did not come whole") from None
    digest = request.headers.get(DIGEST)
    if digest is not None and digest_of(content) != digest:  # the proof at the gate is of this body
        raise GatewayError(400, "bad_digest", f"{DIGEST} is not that of the body")
    return bytes(content)


def _too_large() -> GatewayError:
    return GatewayError(413, "too_large", f"the body is larger than {LARGEST // 1024 // 1024} MiB")


def _decoded(content: bytes, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(content, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise GatewayError(400, "bad_request", f"the body is not as it should be: {error}") from error
    except RecursionError:
        raise GatewayError(400, "bad_request", "the body is nested too deep") from None


def query_of(request: Request, kind: type[T]) -> T:
    """The parameters after the question mark. Raises GatewayError."""
    try:
        return msgspec.convert(dict(request.query_params), type=kind, strict=False)
    except msgspec.ValidationError as error:
        raise GatewayError(400, "bad_request", f"the query is not as it should be: {error}") from error


def key_of(request: Request) -> str:
    """What names the act for ever: the caller's `Idempotency-Key`, else one of its own. Raises GatewayError."""
    given = request.headers.getlist("idempotency-key")
    if not given:
        return uuid.uuid4().hex
    if len(given) > 1 or not _KEY.fullmatch(given[0]):
        raise GatewayError(400, "bad_key", "Idempotency-Key: at most 200 visible characters of ASCII")
    return given[0]


def last_event(request: Request) -> int | None:
    """The number of the last event that the caller knows; None: it knows none, or says nothing we said."""
    given: Any = request.headers.get("last-event-id", "")
    return int(given) if re.fullmatch(r"[0-9]{1,15}", given) else None
