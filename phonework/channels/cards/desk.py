"""The cards of conversations begun at the desk: the list of them, and what to do with one that is open there."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import PurePath
from typing import Final

from phonework.channels.cards.clicks import DeskOp
from phonework.channels.cards.parts import Card, Element, Head, button, card, fitted, line, markdown, plain, row, small
from phonework.channels.cards.values import desk_value, switch_value
from phonework.channels.markdown import escape, inline_code
from phonework.texts import text
from phonework.views import DeskView

_MINUTE, _HOUR, _DAY = 60, 3_600, 86_400
MOST: Final = 12


def list_card(found: Sequence[DeskView], root: str, language: str, now: datetime) -> Card:
    """Each with project, age and words, and what can be done with it."""
    head = Head(title=text(language, "desk.title"), color="blue")
    note = small(escape(text(language, "desk.note", root=plain(root, 200))))

    def build(budget: int) -> Card:
        if not found:
            return card(head, [markdown(escape(text(language, "desk.nothing"))), note])
        chars = max(30, min(160, budget // (12 * len(found))))
        return card(head, [*(one for view in found[:MOST] for one in _item(view, language, now, chars)), note])

    return fitted(build)[0]


def held_card(view: DeskView, language: str, now: datetime) -> Card:
    """It is open at the desk: go on with a copy, or end the process there."""
    head = Head(title=text(language, "desk.held_title"), color="yellow", summary=view.session.first)
    says = escape(text(language, "desk.held_says", where=_where(view)))
    return card(head, [markdown(_facts(view, language, now, 200)), markdown(says), row(_actions(view, language))])


def take_over_card(view: DeskView, language: str, now: datetime) -> Card:
    """Ends nothing yet: one more tap does."""
    head = Head(title=text(language, "desk.take_title"), color="red", summary=view.session.first)
    key = view.session.held_by.key if view.session.held_by else ""
    says = "desk.take_says" if key else "desk.cannot_take" if view.session.held_by else "desk.not_held"
    offers: list[Element] = []
    if key:
        offers.append(_button(view, DeskOp.TAKE_OVER, language, kind="danger", key=key))
    offers.append(_button(view, DeskOp.FORK if view.session.held_by else DeskOp.CONTINUE, language))
    facts = markdown(_facts(view, language, now, 200))
    return card(head, [facts, markdown(escape(text(language, says, where=_where(view)))), row(offers)])


def _item(view: DeskView, language: str, now: datetime, chars: int) -> list[Element]:
    return [markdown(_facts(view, language, now, chars)), row(_actions(view, language))]


def _facts(view: DeskView, language: str, now: datetime, chars: int) -> str:
    session = view.session
    project = line(PurePath(session.cwd).name or session.cwd, 60)
    number = f"**{view.number}.** " if view.number else ""
    facts = [f"{number}**{project}**", escape(ago(session.active_at, now, language)), escape(view.backend)]
    if view.mine:
        facts.append(f"{escape(text(language, 'desk.mine'))} {inline_code(view.mine)}")
    elif session.held_by is not None:
        facts.append(escape(text(language, "desk.held", where=_where(view))))
    lines = [" · ".join(facts), f"> {line(session.first, chars)}"]
    lines += [f"> … {line(session.last, chars)}"] if session.last else []
    return "\n".join(lines)


def _actions(view: DeskView, language: str) -> list[Element]:
    if view.mine:
        return [button(text(language, "list.switch"), switch_value(view.mine))]
    if view.session.held_by is None:
        return [_button(view, DeskOp.CONTINUE, language, kind="primary")]
    forks = [_button(view, DeskOp.FORK, language, kind="primary")]
    return [*forks, _button(view, DeskOp.ASK, language)] if view.session.held_by.key else forks


def _button(view: DeskView, op: DeskOp, language: str, *, kind: str = "default", key: str = "") -> Element:
    value = desk_value(op, view.backend, view.session.agent_session_id, key)
    return button(text(language, f"desk.{op.name.lower()}"), value, kind=kind)


def _where(view: DeskView) -> str:
    return plain(view.session.held_by.where, 80) if view.session.held_by else ""


def ago(at: datetime, now: datetime, language: str) -> str:
    """How long since, in one unit."""
    seconds = (now - at).total_seconds()
    for length, name in ((_DAY, "days"), (_HOUR, "hours"), (_MINUTE, "minutes")):
        if seconds >= length:
            return text(language, f"list.ago_{name}", count=int(seconds // length))
    return text(language, "list.ago_now")
