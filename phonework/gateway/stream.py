"""The answer that does not end: changes of sessions as server-sent events."""

from collections.abc import AsyncIterator
from typing import Final

import structlog
from sse_starlette.sse import EventSourceResponse, SendTimeoutError
from starlette.types import Receive, Scope, Send

from phonework.gateway.feed import BYE, Feed, News, Subscription
from phonework.gateway.refusals import HEADERS

log = structlog.get_logger(__name__)

HEARTBEAT_S: Final = 20
READ_WITHIN_S: Final = 30
"""Who does not take what is sent to them for so long is let go."""


class Stream(EventSourceResponse):
    """What is known at the beginning, then every change, and `bye` when the server stops in order."""

    def __init__(self, feed: Feed, subscription: Subscription, found: tuple[News, ...]) -> None:
        self._feed, self._subscription = feed, subscription
        super().__init__(self._told(found), headers=HEADERS, sep="\n", ping=HEARTBEAT_S, send_timeout=READ_WITHIN_S)

    async def _told(self, found: tuple[News, ...]) -> AsyncIterator[bytes]:
        yield b": hello\n\n" + b"".join(one.wire for one in found)
        while told := await self._feed.next(self._subscription):
            yield b"".join(one.wire for one in told)
        if self._feed.stopping:
            yield BYE

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        except SendTimeoutError:
            log.info("one who waits for changes does not read and is let go")
        finally:
            self._feed.leave(self._subscription)
