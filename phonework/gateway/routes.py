"""The gateway over HTTP: each operation a route, the stream of changes, hooks, and the description of all that."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from functools import cache

import msgspec
import structlog
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from phonework.backends.base import Backend
from phonework.errors import RefusedError, StoreError
from phonework.gateway import openapi
from phonework.gateway.calls import body_of, last_event, query_of
from phonework.gateway.hooks import Hooks
from phonework.gateway.operations import OPERATIONS, EventsQuery, Operation
from phonework.gateway.refusals import HEADERS, GatewayError, of_refusal, response
from phonework.gateway.service import Gateway
from phonework.gateway.shapes import HookAnswer
from phonework.gateway.stream import Stream

log = structlog.get_logger(__name__)

Endpoint = Callable[[Request], Awaitable[Response]]


class GatewayRoutes:
    """What is served below `/v1`. backends: those that may take hooks, by name."""

    def __init__(self, gateway: Gateway, backends: Mapping[str, Backend]) -> None:
        self.gateway, self.hooks = gateway, Hooks(backends)

    def all(self) -> list[BaseRoute]:
        return [
            *(Route(one.path, _refusing(self._endpoint(one)), methods=[one.method]) for one in OPERATIONS),
            Route(openapi.EVENTS, _refusing(self._events), methods=["GET"]),
            Route(openapi.HOOKS, _refusing(self._hook), methods=["POST"]),
            Route(openapi.SELF, _refusing(_description), methods=["GET"]),
        ]

    def stop(self) -> None:
        """Nobody is kept waiting: to those who wait for changes it is said that the server stops."""
        self.gateway.feed.stop()
        self.hooks.stop()

    def _endpoint(self, operation: Operation) -> Endpoint:
        async def endpoint(request: Request) -> Response:
            return _json(await operation.perform(self.gateway, request), operation.status)

        return endpoint

    async def _events(self, request: Request) -> Response:
        query = query_of(request, EventsQuery)
        if request.method == "HEAD":
            return Response(media_type="text/event-stream", headers=HEADERS)
        names = [one.strip() for one in query.session.split(",") if one.strip()]
        feed = self.gateway.feed
        subscription, found = await feed.begin(names, query.group, last_event(request))
        return Stream(feed, subscription, found)

    async def _hook(self, request: Request) -> Response:
        call = await body_of(request, dict[str, object])
        output = await self.hooks.take(str(request.path_params["backend"]), call, request)
        return _json(HookAnswer(output=dict(output) if output is not None else None), 200)


async def _description(_request: Request) -> Response:
    return Response(_described(), media_type="application/json", headers=HEADERS)


@cache
def _described() -> bytes:
    return msgspec.json.encode(openapi.description())


def _json(value: object, status: int) -> Response:
    return Response(msgspec.json.encode(value), status, media_type="application/json", headers=HEADERS)


def _refusing(endpoint: Endpoint) -> Endpoint:
    """Whatever is not done is answered in the shape of all refusals."""

    async def refusing(request: Request) -> Response:
        try:
            return await endpoint(request)
        except GatewayError as error:
            return response(error)
        except RefusedError as error:
            return response(of_refusal(error))
        except StoreError as error:
            log.error("a program's request could not be stored or read", error=str(error))
            return response(GatewayError(503, "store", str(error), hint=error.hint))
        except asyncio.CancelledError:
            raise
        except Exception as error:
            log.exception("a program's request raised", path=request.url.path, error=repr(error))
            return response(GatewayError(500, "internal", "something went wrong here; the log says what"))

    return refusing
