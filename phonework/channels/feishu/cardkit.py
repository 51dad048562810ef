"""Calls about card entities: cards with an id of their own, whose texts can be written while people read them.

Source: Feishu Open Platform, "Create card entity", "Update card entity", "Stream updates to text", "Update card settings".
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from phonework.channels.feishu import errors
from phonework.channels.feishu.api import Api, Call, quoted
from phonework.channels.feishu.untrusted import mapping, string
from phonework.errors import ChannelError

Card = Mapping[str, object]

_CARDS: Final = "/open-apis/cardkit/v1/cards"
_PATIENCE_S: Final = 10.0
"""Nothing here is worth a long wait: every card can be sent and changed as an ordinary message too."""


@dataclass(frozen=True, slots=True)
class Step:
    """Names one change of a card. sequence: larger than with any change before, of whatever kind; numbers may be left out."""

    card_id: str
    sequence: int

    @property
    def body(self) -> dict[str, object]:
        return {"sequence": self.sequence, "uuid": f"{self.card_id}-{self.sequence}"}


class CardKit:
    """The card entities of one app. Calls raise ChannelError."""

    def __init__(self, api: Api) -> None:
        self._api = api

    async def create(self, card: Card) -> str:
        """The id of a new entity; it can be sent in one message, and changed for 14 days."""
        body = {"type": "card_json", "data": quoted(card)}
        answer = await self._call(Call(method="POST", path=_CARDS, body=body))
        card_id = string(mapping(answer.get("data")).get("card_id"))
        if not card_id:
            raise ChannelError("Feishu did not name the card entity it made", unknown=True)
        return card_id

    async def replace(self, step: Step, card: Card) -> None:
        """Give the entity another card as a whole."""
        body = {"card": {"type": "card_json", "data": quoted(card)}, **step.body}
        await self._change(step, "PUT", "/:card_id", body)

    async def configure(self, step: Step, config: Mapping[str, object]) -> None:
        """Change these of the card's settings, `streaming_mode` above all."""
        body = {"settings": quoted({"config": config}), **step.body}
        await self._change(step, "PATCH", "/:card_id/settings", body)

    async def write(self, step: Step, element_id: str, text: str) -> None:
        """Let a text say this; what it said before is its beginning, as a rule. Only while the card streams."""
        body = {"content": text, **step.body}
        await self._change(step, "PUT", "/:card_id/elements/:element_id/content", body, element_id)

    async def _change(
        self, step: Step, method: str, path: str, body: Mapping[str, object], element_id: str = ""
    ) -> None:
        await self._api.limits.card(step.card_id)
        parts = {"card_id": step.card_id, **({"element_id": element_id} if element_id else {})}
        await self._call(Call(method=method, path=f"{_CARDS}{path}", parts=parts, body=body))

    async def _call(self, call: Call) -> Mapping[str, object]:
        try:
            async with asyncio.timeout(_PATIENCE_S):
                return await self._api.call(call)
        except TimeoutError as error:
            raise errors.failure(error, sent=True) from error
