"""The card that asks what was meant by a command that is one slip away from one of ours."""

from phonework.channels.cards.note import rich
from phonework.channels.cards.parts import Card, Head, button, card, markdown, plain, row
from phonework.channels.cards.values import meant_value
from phonework.texts import text


def meant_card(session_id: str, asked: str, typed: str, ours: str, language: str) -> Card:
    """typed, ours: the message as it was written, and with our command in it; asked: names it."""
    word, command = (one.split(maxsplit=1)[0].removeprefix("/") for one in (typed, ours))
    said = text(language, "meant.ask", command=word, nearest=command)
    head = Head(title=text(language, "meant.title"), color="yellow", summary=plain(said.replace("`", ""), 80))
    return card(
        head,
        [
            markdown(rich(said)),
            row(
                [
                    button(
                        plain(ours, 60),
                        meant_value(session_id, asked, ours, as_is=False),
                        kind="primary_filled",
                        element_id="meant",
                    ),
                    button(
                        text(language, "meant.as_is"),
                        meant_value(session_id, asked, typed, as_is=True),
                        element_id="as_is",
                    ),
                ]
            ),
        ],
    )
