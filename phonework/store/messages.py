"""Messages: what was sent, where, and what it shows; and how far each chat was read."""

import sqlite3
from datetime import datetime

from phonework.channels.base import Chat, Delivery, Receipt
from phonework.store.codec import milliseconds, moment
from phonework.store.queries import SQL


def receipt(connection: sqlite3.Connection, delivery_key: str) -> Receipt | None:
    """What became of a delivery that was completed before."""
    row = connection.execute(SQL["find_receipt"], (delivery_key,)).fetchone()
    return Receipt(message_id=row[0], at=moment(row[1])) if row else None


def add(connection: sqlite3.Connection, delivery: Delivery, receipt: Receipt) -> None:
    chat = delivery.chat
    connection.execute(
        SQL["add_receipt"],
        (
            delivery.key,
            chat.channel,
            chat.chat_id,
            receipt.message_id,
            delivery.card_key,
            milliseconds(receipt.at),
            receipt.entity,
        ),
    )


def of_card(connection: sqlite3.Connection, card_key: str) -> tuple[str, str] | None:
    """The newest message that shows the card, and the channel's own id of that card (may be empty)."""
    row = connection.execute(SQL["message_of_card"], (card_key,)).fetchone()
    return (row[0], row[1]) if row else None


def shown_by(connection: sqlite3.Connection, message_id: str) -> tuple[str, str] | None:
    """What a message shows: its card key (may be empty) and the key it was delivered under."""
    row: tuple[str, str] | None = connection.execute(SQL["card_of_message"], (message_id,)).fetchone()
    return row


def see(connection: sqlite3.Connection, chat: Chat, user_id: str, at: datetime) -> None:
    """The chat was read up to this moment."""
    values = (chat.channel, chat.chat_id, user_id, int(chat.private), milliseconds(at))
    connection.execute(SQL["see_chat"], values)


def know(connection: sqlite3.Connection, chat: Chat, user_id: str, at: datetime) -> None:
    """The chat exists; from when on its history matters, if that is not known yet."""
    values = (chat.channel, chat.chat_id, user_id, int(chat.private), milliseconds(at))
    connection.execute(SQL["know_chat"], values)


def private_chat(connection: sqlite3.Connection, user_id: str) -> Chat | None:
    """Where a person can be written to alone; None when they never wrote to the bot."""
    row = connection.execute(SQL["private_chat_of"], (user_id,)).fetchone()
    return Chat(channel=row[0], chat_id=row[1]) if row else None


def chats(connection: sqlite3.Connection, channel: str) -> list[tuple[str, str, bool, datetime]]:
    """The chats of a channel: id, user, private, read up to."""
    rows = connection.execute(SQL["known_chats"], (channel,)).fetchall()
    return [(chat_id, user_id, bool(private), moment(at)) for chat_id, user_id, private, at in rows]
