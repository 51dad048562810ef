"""The HTTP application: what may be asked without the token, and the gate before everything else."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import structlog
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp

from phonework.gateway.refusals import HEADERS, GatewayError, response
from phonework.http.gate import LOOPBACK_ONLY, Gate, Hosts
from phonework.http.health import ASK_SECONDS, HealthSource, Smoke, body, unanswered

log = structlog.get_logger(__name__)


def build(
    source: HealthSource, tokens: Sequence[str], routes: Sequence[BaseRoute] = (), *, hosts: Hosts = LOOPBACK_ONLY
) -> ASGIApp:
    """The application. tokens: one of them is wanted for everything but plain /health; none: nothing else is served.

    routes: what other parts serve behind the token. hosts: the names it is asked for by.
    """
    inner = Starlette(
        routes=[Route("/health", _health(source), methods=["GET"]), *routes],
        exception_handlers={HTTPException: _unknown},
    )
    return Gate(inner, tokens, hosts)


def _unknown(request: Request, error: Exception) -> Response:
    """No such path, or not by this method."""
    assert isinstance(error, HTTPException)
    code = {404: "no_such_path", 405: "bad_method"}.get(error.status_code, "bad_request")
    return response(GatewayError(error.status_code, code, f"{request.method} {request.url.path[:200]}: {error.detail}"))


def _health(source: HealthSource) -> Callable[[Request], Awaitable[Response]]:
    smoke = Smoke(source)

    async def health(request: Request) -> Response:
        wanted = request.query_params.get("smoke")
        answer = await _asked(source)
        if wanted is not None:
            try:
                answer["smoke"] = {wanted: await smoke.run(wanted)}
            except KeyError:
                return JSONResponse({"error": "no such backend"}, 404, headers=HEADERS)
            if not answer["smoke"][wanted]["ok"]:
                answer["status"] = "down"
        return JSONResponse(answer, 503 if answer["status"] == "down" else 200, headers=HEADERS)

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
