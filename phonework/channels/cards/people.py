"""How cards speak of a person: in a group by name, which Feishu fills in; in a private chat as "you"."""

import re
from typing import Final

from phonework.channels.markdown import escape
from phonework.texts import text

_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)
_MENTION: Final = re.compile(r"<at id=([A-Za-z0-9_-]{1,64})></at>", re.ASCII)


def mention(user_id: str) -> str:
    """Markdown that Feishu shows as the person's name.

    What can be no id stands as it is: for a wrong one Feishu refuses the whole card (100290).
    Source: card JSON 2.0, rich text component.
    """
    return f"<at id={user_id}></at>" if _ID.fullmatch(user_id) else escape(user_id)


def without_mentions(markdown: str) -> str:
    """The Markdown of a card with ids in the place of names: it calls nobody, and nobody can be wrong in it."""
    return _MENTION.sub(r"@\1", markdown)


def who(person: str | None, language: str) -> str:
    """The person as Markdown. person: their id where others read along, else None."""
    return mention(person) if person else escape(text(language, "card.you"))
