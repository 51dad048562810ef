"""The seam between the router (who writes, where) and a node (which runs agents). Everything that crosses it serialises."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Protocol

from phonework.channels.base import Clicked, Delivery, Fetched, Recalled, Receipt, Reply, Said
from phonework.fsm.types import Attachment, UserId

ANSWER_WITHIN: Final = timedelta(seconds=10)


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """Something an authorised person did, on its way to a node. language: their client's, zh or en; empty if unknown."""

    user_id: UserId
    language: str
    received_at: datetime
    said: Said | None = None
    clicked: Clicked | None = None
    recalled: Recalled | None = None


class Node(Protocol):
    """What the router may ask of a node."""

    async def submit(self, envelope: Envelope) -> Reply:
        """Return when the envelope is committed. Raises StoreError when it is not."""

    async def call(self, method: str, params: Mapping[str, object]) -> object:
        """A live question (`health`); never queued. Answers in the types of JSON. Raises PhoneWorkError for an unknown one."""


class Outlet(Protocol):
    """What a node may ask of the router."""

    async def deliver(self, delivery: Delivery) -> Receipt: ...

    async def fetch(self, attachment: Attachment) -> Fetched: ...


class Link(Protocol):
    """The router's view of all nodes, and each node's view of the router."""

    async def submit(self, node_id: str, envelope: Envelope) -> Reply: ...

    async def call(
        self, node_id: str, method: str, params: Mapping[str, object], *, within: timedelta = ANSWER_WITHIN
    ) -> object:
        """A live question to a node. Raises PhoneWorkError when it is not answered, or not in time."""

    async def deliver(self, delivery: Delivery) -> Receipt: ...

    async def fetch(self, attachment: Attachment) -> Fetched: ...
