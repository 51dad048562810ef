"""Read the history of a chat or a topic: what was said while nobody listened, and what we may have sent already.

Source: Feishu Open Platform, "Get conversation history". Of the topics of a group a chat's history has the first
messages only; the replies are in the topic's own history, which cannot be asked for from a time on.
"""

from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Mapping
from datetime import datetime
from typing import Final

from phonework.channels.base import Said
from phonework.channels.feishu.api import Api, Call
from phonework.channels.feishu.inbound import read_history_item, read_time
from phonework.channels.feishu.untrusted import mapping, sequence, string

_PAGE: Final = 50
_MOST_PAGES: Final = 40
_MOST_PAGES_OF_A_TOPIC: Final = 4
_MOST_TOPICS: Final = 1_000


class History:
    """The chats of one app."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._topics: OrderedDict[str, str] = OrderedDict()  # first message → topic's id

    async def missed(self, chat_id: str, since: datetime, *, bot_open_id: str, private: bool) -> list[Said]:
        """What people said in the chat since then, oldest first. Raises ChannelError, in words if it is not allowed."""
        read = [
            read_history_item(item, bot_open_id=bot_open_id, private=private)
            async for item in self._chat(chat_id, since)
        ]
        return [said for said in read if said is not None]

    async def missed_in_topic(self, root: str, since: datetime, *, bot_open_id: str) -> list[Said]:
        """The same of the topic that begins with a message of a group; nothing when there is no topic."""
        read = [
            read_history_item(item, bot_open_id=bot_open_id, private=False) async for item in self._topic(root, since)
        ]
        return [said for said in reversed(read) if said is not None]

    async def find(
        self, chat_id: str, root: str, since: datetime, wanted: Callable[[Mapping[str, object]], bool]
    ) -> str | None:
        """The id of a message of ours that is wanted, in the topic or in the chat. Raises ChannelError."""
        for items in (self._topic(root, since), self._chat(chat_id, since)):
            async for item in items:
                if string(mapping(item.get("sender")).get("sender_type")) != "user" and wanted(item):
                    return string(item.get("message_id")) or None
        return None

    def _chat(self, chat_id: str, since: datetime) -> AsyncIterator[Mapping[str, object]]:
        """At most 2,000 messages, the oldest first: a longer silence than that is not healed in full."""
        start = str(max(0, int(since.timestamp())))  # seconds here, unlike everywhere else
        query = (
            ("container_id_type", "chat"),
            ("container_id", chat_id),
            ("start_time", start),
            ("sort_type", "ByCreateTimeAsc"),
        )
        return self._items(query, _MOST_PAGES)

    async def _topic(self, root: str, since: datetime) -> AsyncIterator[Mapping[str, object]]:
        """At most 200 messages, the newest first."""
        topic = await self._topic_of(root) if root else ""
        if not topic:
            return
        query = (("container_id_type", "thread"), ("container_id", topic), ("sort_type", "ByCreateTimeDesc"))
        async for item in self._items(query, _MOST_PAGES_OF_A_TOPIC):
            if read_time(item.get("create_time")) < since:
                return
            yield item

    async def _topic_of(self, root: str) -> str:
        """The id of the topic that begins with a message; empty as long as nobody replied to it in a topic."""
        if root in self._topics:
            return self._topics[root]
        call = Call(
            method="GET", path="/open-apis/im/v1/messages/:message_id", parts={"message_id": root}, changes=False
        )
        items = sequence(mapping((await self._api.call(call)).get("data")).get("items"))
        topic = string(mapping(items[0]).get("thread_id")) if items else ""
        if topic:
            self._topics[root] = topic
        while len(self._topics) > _MOST_TOPICS:
            self._topics.popitem(last=False)
        return topic

    async def _items(self, query: tuple[tuple[str, str], ...], most_pages: int) -> AsyncIterator[Mapping[str, object]]:
        token = ""
        for _ in range(most_pages):
            data = mapping((await self._api.call(_page(query, token))).get("data"))
            for item in sequence(data.get("items")):
                yield mapping(item)
            token = string(data.get("page_token"))
            if not token or data.get("has_more") is not True:
                return


def _page(query: tuple[tuple[str, str], ...], token: str) -> Call:
    page = (
        ("page_size", str(_PAGE)),
        ("card_msg_content_type", "user_card_content"),
        *((("page_token", token),) if token else ()),
    )
    return Call(method="GET", path="/open-apis/im/v1/messages", query=(*query, *page), changes=False)
