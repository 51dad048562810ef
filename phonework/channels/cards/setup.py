"""The first card of a new bot: one button, whose tap shows that taps arrive."""

from phonework.channels.cards.note import rich
from phonework.channels.cards.parts import Card, Head, button, card, markdown
from phonework.channels.cards.values import VERSION
from phonework.texts import text


def setup_card(language: str, tried: str, *, tapped: bool = False, write: bool = False) -> Card:
    """tried: names this card, the value of its button. write: a message is waited for, too."""
    if tapped:
        head = Head(title=text(language, "setup.title"), color="green", summary=text(language, "setup.works"))
        return card(head, [markdown(text(language, "setup.works"))])
    asked = text(language, "setup.tap_and_write" if write else "setup.tap")
    head = Head(title=text(language, "setup.title"), color="blue", summary=asked.replace("`", ""))
    value: dict[str, object] = {"v": VERSION, "op": "setup", "id": tried}
    return card(head, [markdown(rich(asked)), button(text(language, "setup.button"), value, kind="primary")])
