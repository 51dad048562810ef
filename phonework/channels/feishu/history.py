"""Read a chat's history: what was said while nobody listened, and what we may have sent already.

Source: Feishu Open Platform, "Get conversation history".
"""

from collections.abc import AsyncIterator, Callable, Mapping
from datetime import datetime
from typing import Final

from phonework.channels.base import Said
from phonework.channels.feishu.api import Api, Call
from phonework.channels.feishu.inbound import read_history_item
from phonework.channels.feishu.untrusted import mapping, sequence, string

_PAGE: Final = 50
_MOST_PAGES: Final = 40


class History:
    """The chats of one app."""

    def __init__(self, api: Api) -> None:
        self._api = api

    async def missed(self, chat_id: str, since: datetime, *, bot_open_id: str, private: bool) -> list[Said]:
        """What people said in the chat since then, oldest first. Raises ChannelError, in words if it is not allowed."""
        read = [
            read_history_item(item, bot_open_id=bot_open_id, private=private)
            async for item in self._items(chat_id, since)
        ]
        return [said for said in read if said is not None]

    async def find(self, chat_id: str, since: datetime, wanted: Callable[[Mapping[str, object]], bool]) -> str | None:
        """The id of the first message of ours that is wanted. Raises ChannelError."""
        async for item in self._items(chat_id, since):
            if string(mapping(item.get("sender")).get("sender_type")) != "user" and wanted(item):
                return string(item.get("message_id")) or None
        return None

    async def _items(self, chat_id: str, since: datetime) -> AsyncIterator[Mapping[str, object]]:
        """At most 2,000 messages: a longer silence than that is not healed in full."""
        token = ""
        for _ in range(_MOST_PAGES):
            data = mapping((await self._api.call(_page(chat_id, since, token))).get("data"))
            for item in sequence(data.get("items")):
                yield mapping(item)
            token = string(data.get("page_token"))
            if not token or data.get("has_more") is not True:
                return


def _page(chat_id: str, since: datetime, token: str) -> Call:
    query = (
        ("container_id_type", "chat"),
        ("container_id", chat_id),
        ("start_time", str(max(0, int(since.timestamp())))),  # seconds here, unlike everywhere else
        ("sort_type", "ByCreateTimeAsc"),
        ("page_size", str(_PAGE)),
        ("card_msg_content_type", "user_card_content"),
        *((("page_token", token),) if token else ()),
    )
    return Call(method="GET", path="/open-apis/im/v1/messages", query=query, changes=False)
