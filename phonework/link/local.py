"""Router and node in one process: the link is a function call, the values are those a wire would carry."""

from collections.abc import Mapping

from phonework.channels.base import Delivery, Fetched, Receipt, Reply
from phonework.errors import PhoneWorkError
from phonework.fsm.types import Attachment
from phonework.link.base import Envelope, Node, Outlet

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

    async def call(self, node_id: str, method: str, params: Mapping[str, object]) -> object:
        return await self._reach(node_id).call(method, params)

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
