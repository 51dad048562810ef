"""The HTTP application: what may be asked without the token, and the gate before everything else."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from hmac import compare_digest
from typing import Any

import structlog
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from phonework.http.health import ASK_SECONDS, HealthSource, Smoke, body, unanswered

PUBLIC = frozenset({"/health"})
NO_CACHE = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}

log = structlog.get_logger(__name__)


def build(source: HealthSource, token: str, routes: Sequence[BaseRoute] = ()) -> ASGIApp:
    """The application. token: wanted as bearer for everything but /health; empty: nothing else is served.

    routes: what other parts serve behind the token.
    """
    inner = Starlette(routes=[Route("/health", _health(source), methods=["GET"]), *routes])
    return Gate(inner, token)


class Gate:
    """Lets through what is public and what carries the token; everything else is 401, whether it exists or not."""

    def __init__(self, inner: ASGIApp, token: str) -> None:
        self._inner, self._token = inner, token.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan" or scope["path"] in PUBLIC or self._admits(scope):
            await self._inner(scope, receive, send)
        elif scope["type"] == "http":
            refusal = JSONResponse(
                {"error": "a bearer token is needed"}, 401, headers={"WWW-Authenticate": "Bearer", **NO_CACHE}
            )
            await refusal(scope, receive, send)
        else:
            await send({"type": "websocket.close", "code": 4001})

    def _admits(self, scope: Scope) -> bool:
        headers = [value for name, value in scope["headers"] if name == b"authorization"]
        if not self._token or len(headers) != 1:
            return False
        scheme, _, given = headers[0].partition(b" ")
        return scheme.lower() == b"bearer" and compare_digest(given.strip(), self._token)


def _health(source: HealthSource) -> Callable[[Request], Awaitable[Response]]:
    smoke = Smoke(source)

    async def health(request: Request) -> Response:
        wanted = request.query_params.get("smoke")
        if wanted is not None and request.headers.get("sec-fetch-site", "none") not in ("none", "same-origin"):
            return JSONResponse({"error": "not from another site's page"}, 403, headers=NO_CACHE)
        answer = await _asked(source)
        if wanted is not None:
            try:
                answer["smoke"] = {wanted: await smoke.run(wanted)}
            except KeyError:
                return JSONResponse({"error": "no such backend"}, 404, headers=NO_CACHE)
            if not answer["smoke"][wanted]["ok"]:
                answer["status"] = "down"
        return JSONResponse(answer, 503 if answer["status"] == "down" else 200, headers=NO_CACHE)

    return health


async def _asked(source: HealthSource) -> dict[str, Any]:
    """Never raises: what cannot be asked is down."""
    try:
        async with asyncio.timeout(ASK_SECONDS):
            return body(await source.health())
    except TimeoutError:
        return unanswered("no answer within 5 s")
    except Exception as error:  # whatever it is, the one who asks must get an answer
        log.error("health could not be told", error=repr(error))
        return unanswered("could not be asked; the log says why")
