"""Topics of group chats in which the bot has spoken: each is known by its first message."""

import sqlite3
from datetime import datetime

from phonework.store.codec import milliseconds
from phonework.store.queries import SQL


def known(connection: sqlite3.Connection, channel: str, chat_id: str, since: datetime) -> list[str]:
    """The first messages of a chat's topics in which something was to be shown since then, the latest used first."""
    values = {"channel": channel, "chat_id": chat_id, "since": milliseconds(since)}
    return [root for root, _ in connection.execute(SQL["known_topics"], values)]
