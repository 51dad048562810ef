"""A link that carries everything as JSON text, so that what could not cross a wire is noticed."""

from collections.abc import Mapping
from datetime import timedelta
from typing import TypeVar

import msgspec

from phonework.channels.base import Delivery, Fetched, Receipt, Reply
from phonework.fsm.types import Attachment
from phonework.link.base import ANSWER_WITHIN, Envelope
from phonework.link.local import LocalLink

T = TypeVar("T")


def over_the_wire(kind: type[T], value: T) -> T:
    """The value as the other side has it. Raises when it does not serialise, or comes back as another."""
    arrived = msgspec.json.decode(msgspec.json.encode(value), type=kind)
    if arrived != value:
        raise AssertionError(f"{kind.__name__} changed on its way: {value!r} became {arrived!r}")
    return arrived


class JsonLink(LocalLink):
    """One process, as if it were two. crossed: how many values of each kind went over."""

    def __init__(self) -> None:
        super().__init__()
        self.crossed: dict[str, int] = {}

    def _cross(self, kind: type[T], value: T) -> T:
        self.crossed[kind.__name__] = self.crossed.get(kind.__name__, 0) + 1
        return over_the_wire(kind, value)

    async def submit(self, node_id: str, envelope: Envelope) -> Reply:
        return self._cross(Reply, await super().submit(node_id, self._cross(Envelope, envelope)))

    async def call(
        self, node_id: str, method: str, params: Mapping[str, object], *, within: timedelta = ANSWER_WITHIN
    ) -> object:
        arrived = self._cross(dict[str, object], dict(params))
        return self._cross(object, await super().call(node_id, method, arrived, within=within))

    async def deliver(self, delivery: Delivery) -> Receipt:
        return self._cross(Receipt, await super().deliver(self._cross(Delivery, delivery)))

    async def fetch(self, attachment: Attachment) -> Fetched:
        return self._cross(Fetched, await super().fetch(self._cross(Attachment, attachment)))
