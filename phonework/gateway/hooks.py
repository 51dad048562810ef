"""Hooks of agents: each is handed to the backend it is for and held until there is an answer, or nobody waits any more."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from typing import Final

import structlog
from starlette.requests import Request

from phonework.backends.base import Backend, HookTaker
from phonework.gateway.refusals import GatewayError

log = structlog.get_logger(__name__)

MOST: Final = 200
"""Hooks that are held at once; to more nothing is said, and their terminals ask as always."""


class Hooks:
    """Whatever goes wrong here, a hook is told nothing: then its agent asks where it runs. It is never told yes."""

    def __init__(self, backends: Mapping[str, Backend]) -> None:
        self._backends = backends
        self._held: set[asyncio.Task[Mapping[str, object] | None]] = set()
        self._stopping = False

    @property
    def held(self) -> int:
        return len(self._held)

    def stop(self) -> None:
        """The server stops: nobody is kept waiting."""
        self._stopping = True
        for task in self._held:
            task.cancel()

    async def take(self, name: str, call: Mapping[str, object], request: Request) -> Mapping[str, object] | None:
        """What the backend says; cancelled there when the caller hangs up. Raises GatewayError."""
        backend = self._backends.get(name)
        if not isinstance(backend, HookTaker):
            raise GatewayError(404, "not_found", f"no agent called {name[:40]!r} takes hooks here")
        if self._stopping:
            raise GatewayError(503, "stopping", "the server is stopping")
        if len(self._held) >= MOST:
            raise GatewayError(503, "too_many_hooks", f"{MOST} hooks are held already")
        task = asyncio.ensure_future(_asked(backend, name, call))
        gone = asyncio.ensure_future(_hung_up(request))
        self._held.add(task)
        try:
            await asyncio.wait({task, gone}, return_when=asyncio.FIRST_COMPLETED)
            if task.done() and not task.cancelled():
                return task.result()
            raise GatewayError(503, "stopping", "nobody waits for it any more")
        finally:
            self._held.discard(task)
            for one in (task, gone):
                one.cancel()
            with suppress(asyncio.CancelledError):
                await asyncio.wait({task, gone})


async def _asked(backend: HookTaker, name: str, call: Mapping[str, object]) -> Mapping[str, object] | None:
    try:
        return await backend.hook(call)
    except Exception as error:  # whatever it is, the agent at the terminal must go on
        log.exception("a hook could not be answered", backend=name, error=repr(error))
        return None


async def _hung_up(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
