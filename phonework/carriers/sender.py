"""Sends what an effect comes to: cards, words and files, each under a key that it has again when it is sent again."""

import asyncio
from collections.abc import Callable
from typing import Final

import structlog

from phonework.channels.base import Action, Delivery
from phonework.channels.cards.note import rich
from phonework.channels.cards.people import without_mentions
from phonework.channels.markdown import normalise
from phonework.channels.split import split
from phonework.errors import ChannelError
from phonework.link.base import Outlet
from phonework.store.effects import Owed
from phonework.texts import text

log = structlog.get_logger(__name__)

Card = dict[str, object]

PART_BYTES: Final = 24_000
"""Of one message, with room for what is put around it."""


class Sender:
    """max_parts: a longer text than so many messages is sent as a file."""

    def __init__(self, outlet: Outlet, max_parts: int) -> None:
        self._outlet, self._max_parts = outlet, max_parts

    async def relay(self, owed: Owed, body: str, language: str) -> None:
        """The agent's words in full: as messages, or past the limit as a file with its beginning."""
        # A long text takes a tenth of a second: that is not the event loop's.
        parts = await asyncio.to_thread(lambda: split(normalise(body), PART_BYTES))
        if len(parts) > self._max_parts:
            await self.file(owed, "answer.md", body.encode())
            parts = (parts[0], rich(text(language, "say.sent_as_file")))
        for number, part in enumerate(parts):
            await self.deliver(owed, f"part{number}", markdown=part)

    async def words(self, owed: Owed, words: str, reply_to: str = "") -> None:
        """Our own sentence, to its person."""
        # A reply shows to whom it speaks; in a private chat that is plain.
        mention = "" if owed.chat.private or reply_to else owed.user_id
        await self.deliver(owed, "words", markdown=rich(words), reply_to=reply_to, mention=mention)

    async def file(self, owed: Owed, name: str, content: bytes) -> None:
        await self.deliver(owed, "file", file_name=name, file=content)

    async def create(self, owed: Owed, card: Card, card_key: str, *, stream: str = "") -> None:
        """A new card; one that Feishu refuses is sent as words."""
        try:
            await self.deliver(owed, "card", card=card, card_key=card_key, stream=stream)
        except ChannelError as error:
            if error.retry_after is not None or error.gone:
                raise
            # The person can still read what it says, and answer by typing.
            log.warning("a card was refused; sent as words", effect=owed.key, code=error.code, why=str(error))
            await self.deliver(owed, "words", markdown=without_mentions(_plain(card)))

    async def update(
        self,
        owed: Owed,
        card: Card,
        card_key: str,
        *,
        or_create: bool = False,
        stream: str = "",
        part: str = "update",
    ) -> None:
        """Another form of a card. or_create: a new one where it can no longer be changed."""
        try:
            await self.deliver(owed, part, card=card, card_key=card_key, action=Action.UPDATE, stream=stream)
        except ChannelError as error:
            if not error.gone and error.retry_after is not None:
                raise
            if or_create:
                await self.create(owed, card, card_key)

    async def deliver(
        self,
        owed: Owed,
        part: str,
        *,
        action: Action = Action.CREATE,
        card: Card | None = None,
        card_key: str = "",
        stream: str = "",
        markdown: str = "",
        reply_to: str = "",
        mention: str = "",
        file_name: str = "",
        file: bytes = b"",
    ) -> None:
        await self._outlet.deliver(
            Delivery(
                key=f"{owed.key}/{part}",
                chat=owed.chat,
                action=action,
                card_key=card_key,
                stream=stream,
                reply_to=reply_to,
                mention=mention,
                card=card,
                markdown=markdown,
                file_name=file_name,
                file=file,
                first_attempt_at=owed.first_at,
            )
        )


def _plain(card: Card) -> str:
    """The words of a card that Feishu would not take: its Markdown elements, one after another."""
    found: list[str] = []
    _collect(card.get("body"), found.append)
    return "\n\n".join(found)[:PART_BYTES]


def _collect(node: object, add: Callable[[str], None]) -> None:
    if isinstance(node, dict):
        content = node.get("content")
        if node.get("tag") == "markdown" and isinstance(content, str):
            add(content)
        for value in node.values():
            _collect(value, add)
    elif isinstance(node, list):
        for one in node:
            _collect(one, add)
