"""How the running program is, for `GET /health`: the channel's part is here, the node's is asked over the link."""

from datetime import timedelta
from typing import Final

import msgspec

from phonework.channels.base import Channel
from phonework.errors import BackendError, PhoneWorkError
from phonework.http.health import ASK_SECONDS, SMOKE_SECONDS, HealthParts
from phonework.link.base import Link
from phonework.link.health import NodeHealth, Part
from phonework.link.local import LOCAL

ASK_WITHIN: Final = timedelta(seconds=ASK_SECONDS - 0.5)
"""Sooner than `/health` itself gives up: what is known without the node is then still told."""
SMOKE_WITHIN: Final = timedelta(seconds=SMOKE_SECONDS + 5)


class Health:
    """Puts the answer of `/health` together."""

    def __init__(self, *, link: Link, channel: Channel) -> None:
        self._link, self._channel = link, channel

    async def health(self) -> HealthParts:
        """A node that does not answer can keep nothing, so its database counts as down."""
        try:
            node = await self._ask(ASK_WITHIN)
        except PhoneWorkError as error:
            unknown = Part(ok=False, problem=str(error))
            node = NodeHealth(backends={}, database=unknown, audit=unknown, queues={})
        return HealthParts(feishu=self._channel.health(), node=node)

    async def smoke(self, backend: str) -> str:
        """A real one-line turn. Raises KeyError for an unknown backend, PhoneWorkError when it fails."""
        smoked = (await self._ask(SMOKE_WITHIN, smoke=backend)).smoked
        if smoked is None or not smoked.known:
            raise KeyError(backend)
        if smoked.problem:
            raise BackendError(smoked.problem)
        return smoked.answer

    async def _ask(self, within: timedelta, **params: object) -> NodeHealth:
        answer = await self._link.call(LOCAL, "health", params, within=within)
        try:
            return msgspec.convert(answer, NodeHealth)
        except msgspec.ValidationError as error:
            raise PhoneWorkError(f"node {LOCAL} answered health with what this version does not understand") from error
