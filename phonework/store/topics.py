"""Topics of group chats: each is known by its first message."""

import sqlite3
from datetime import datetime

from phonework.channels.base import Chat
from phonework.fsm.types import SessionId, UserId
from phonework.store.codec import milliseconds
from phonework.store.queries import SQL


def known(connection: sqlite3.Connection, channel: str, chat_id: str, since: datetime) -> list[str]:
    """The first messages of a chat's topics in which something was to be shown since then, the latest used first."""
    values = {"channel": channel, "chat_id": chat_id, "since": milliseconds(since)}
    return [root for root, _ in connection.execute(SQL["known_topics"], values)]


def session_in(connection: sqlite3.Connection, user_id: UserId, chat: Chat) -> SessionId | None:
    """The person's session that a topic is about: the one shown there now, else the one its first message went to, which may
    be closed. None in a private chat, and in a topic that has none of theirs.
    """
    if not chat.root:
        return None
    values = {"user": user_id, "chat_id": chat.chat_id, "root": chat.root}
    for name in ("session_at_work_in", "session_topic_began_with"):
        if row := connection.execute(SQL[name], values).fetchone():
            return SessionId(row[0])
    return None
