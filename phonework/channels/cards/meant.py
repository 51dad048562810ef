"""The card that asks what was meant by a command that is one slip away from one of ours."""

from dataclasses import replace

from phonework.channels.cards.clicks import MeantClick
from phonework.channels.cards.note import rich
from phonework.channels.cards.parts import Card, Head, button, card, markdown, plain, row
from phonework.channels.cards.values import meant_value
from phonework.texts import text


def meant_card(typed: MeantClick, ours: str, language: str) -> Card:
    """typed: the message as it was written, to be handed on as it is; ours: with our command in it."""
    word, command = (one.split(maxsplit=1)[0].removeprefix("/") for one in (typed.text, ours))
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
                        meant_value(replace(typed, text=ours, as_is=False)),
                        kind="primary_filled",
                        element_id="meant",
                    ),
                    button(
                        text(language, "meant.as_is"),
                        meant_value(typed),
                        element_id="as_is",
                    ),
                ]
            ),
        ],
    )
