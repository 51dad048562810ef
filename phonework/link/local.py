"""Router and node in one process: the link is a function call, the values are those a wire would carry."""

import asyncio
from collections.abc import Mapping
from datetime import timedelta

import structlog

from phonework.channels.base import Delivery, Fetched, Receipt, Reply
from phonework.errors import PhoneWorkError
from phonework.fsm.types import Attachment
from phonework.link.base import ANSWER_WITHIN, Envelope, Node, Outlet

log = structlog.get_logger(__name__)

LOCAL = "local"
"""The name of the one node there is."""


class LocalLink:
    """Joins one router and one node. They know the link before they know each other, hence `connect`."""

    def __init__(self) -> None:
        self._node: Node | None = None
        self._outlet: Outlet | None = None

    def connect(self, node: Node, outlet: Outlet) -> None:
        self._node, self._outlet = node, outlet

    async def submit(self, node_id: str, envelope: Envelope) -> Reply:
        return await self._reach(node_id).submit(envelope)

    async def call(
        self, node_id: str, method: str, params: Mapping[str, object], *, within: timedelta = ANSWER_WITHIN
    ) -> object:
        node = self._reach(node_id)
        try:
            async with asyncio.timeout(within.total_seconds()) as limit:
                return await node.call(method, params)
        except PhoneWorkError:
            raise
        except Exception as error:  # an answer may fail in any way; the one who asked gets a sentence
            if limit.expired():
                why = f"node {node_id} did not answer {method} within {within.total_seconds():g} s"
                raise PhoneWorkError(why) from error
            log.exception("a live question could not be answered", node=node_id, method=method)
            raise PhoneWorkError(f"node {node_id} could not answer {method}; its log says why") from error

    async def deliver(self, delivery: Delivery) -> Receipt:
        return await self._out().deliver(delivery)

    async def fetch(self, attachment: Attachment) -> Fetched:
        return await self._out().fetch(attachment)

    def _reach(self, node_id: str) -> Node:
        if self._node is None or node_id != LOCAL:
            raise PhoneWorkError(f"no node is called {node_id}")
        return self._node

    def _out(self) -> Outlet:
        if self._outlet is None:
            raise PhoneWorkError("the link is not connected")
        return self._outlet
