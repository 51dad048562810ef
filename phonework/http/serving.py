"""uvicorn inside our own event loop: bound before it starts, stopped with the program, signals left alone."""

import asyncio
import contextlib
import resource
import socket
from collections.abc import AsyncIterator, Iterator
from typing import Final

import uvicorn
from starlette.types import ASGIApp

from phonework.config.program import ServerSettings
from phonework.errors import ConfigError

STOP_SECONDS = 1.0
MOST: Final = 3000
"""Connections at once: those that wait for changes, and some more."""
_FILES: Final = 8192
"""Files that may be open at once, where the system's usual number would not do for so many connections."""


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield  # the command line handles signals, for the whole program


@contextlib.asynccontextmanager
async def serving(app: ASGIApp, settings: ServerSettings) -> AsyncIterator[str]:
    """Serve while inside; yields the base URL. Raises ConfigError when the address cannot be had."""
    listener = _bound(settings.host, settings.port)
    _allow_files()
    options = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        lifespan="off",
        server_header=False,
        timeout_graceful_shutdown=1,
        limit_concurrency=MOST,
        ws="none",
    )
    server = _Server(options)
    task = asyncio.create_task(server.serve(sockets=[listener]), name="http")
    try:
        yield _url(listener)
    finally:
        server.should_exit = True
        done, _ = await asyncio.wait({task}, timeout=STOP_SECONDS + 1)
        if not done:
            task.cancel()
            await asyncio.wait({task})
        listener.close()


def _allow_files() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _FILES if hard == resource.RLIM_INFINITY else min(_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with contextlib.suppress(OSError, ValueError):  # where even this is refused, fewer can wait
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _bound(host: str, port: int) -> socket.socket:
    """A listening socket. Connections made before uvicorn accepts them wait in its queue."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(1024)
        listener.setblocking(False)
    except OSError as error:
        listener.close()
        why = (error.strerror or str(error)).lower()
        raise ConfigError(
            (f"server.port: cannot listen on {host}:{port} ({why}); choose another, or stop what uses it",)
        ) from error
    return listener


def _url(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"
