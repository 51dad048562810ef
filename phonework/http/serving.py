"""An HTTP server inside our own event loop and task group."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import uvicorn
from starlette.types import ASGIApp

from phonework.config.model import ServerSettings
from phonework.errors import ConfigError


class _Server(uvicorn.Server):
    """Leaves the signals to the program it runs in."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@asynccontextmanager
async def serving(app: ASGIApp, settings: ServerSettings) -> AsyncIterator[str]:
    """Serve the application while the block runs; yields its URL. Raises ConfigError when the port is taken."""
    listener = _listen(settings)
    config = uvicorn.Config(app, log_config=None, access_log=False, lifespan="off", timeout_graceful_shutdown=2)
    server = _Server(config)
    task = asyncio.create_task(server.serve(sockets=[listener]), name="http")
    try:
        yield f"http://{settings.host}:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        await asyncio.wait([task], timeout=3)
        listener.close()


def _listen(settings: ServerSettings) -> socket.socket:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((settings.host, settings.port))
    except OSError as error:
        listener.close()
        raise ConfigError(
            (f"server.port: {settings.host}:{settings.port} cannot be listened on ({error.strerror}); choose another",)
        ) from error
    listener.listen(128)
    return listener
