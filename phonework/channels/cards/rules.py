"""The card of the permission rules an agent keeps, with a button to take each back that can be."""

from collections.abc import Sequence
from itertools import groupby
from typing import Final

from phonework.backends.base import Rule
from phonework.channels.cards.note import rich
from phonework.channels.cards.parts import Card, Element, Head, button, card, clip, fitted, markdown, plain, small
from phonework.channels.cards.values import rule_value
from phonework.channels.markdown import escape, inline_code
from phonework.texts import text
from phonework.views import SessionView

MOST: Final = 24
"""Each takes several elements of the 200 a card may have."""


def rules_card(session: SessionView, rules: Sequence[Rule], language: str) -> Card:
    """By the file they are kept in; those that hold for the session only at the end."""

    def build(budget: int) -> Card:
        shown = rules[: max(1, min(MOST, budget // 500))]
        elements: list[Element | None] = []
        for place, group in groupby(shown, key=lambda rule: rule.place):
            title = inline_code(place) if place else escape(text(language, "rules.session"))
            kept = tuple(group)
            elements += [markdown(f"**{title}**"), *(_row(session, rule, language) for rule in kept)]
            if not place and not all(rule.removable for rule in kept):
                elements.append(small(rich(text(language, "rules.session_ends"))))
        if not rules:
            elements.append(markdown(escape(text(language, "rules.none"))))
        if len(rules) > len(shown):
            elements.append(small(escape(text(language, "rules.more", count=len(rules) - len(shown)))))
        return card(head, [*elements, small(escape(text(language, "rules.note")))])

    head = Head(
        title=plain(session.project, 60),
        color="blue",
        tag=text(language, "rules.title"),
        subtitle=plain(session.session_id, 64),
    )
    return fitted(build)[0]


def _row(session: SessionView, rule: Rule, language: str) -> Element:
    said = markdown(f"{escape(text(language, f'rules.{rule.kind}'))} {inline_code(clip(rule.text, 300))}")
    columns: list[Element] = [{"tag": "column", "width": "weighted", "weight": 1, "elements": [said]}]
    if rule.removable:
        press = button(text(language, "rules.remove"), rule_value(session.session_id, rule.rule_id))
        columns.append({"tag": "column", "width": "auto", "elements": [press]})
    return {"tag": "column_set", "flex_mode": "none", "columns": columns}
