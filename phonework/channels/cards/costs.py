"""The card of what turns used."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from phonework.channels.cards.parts import Card, Head, amount, card, cost, fitted, line, markdown, small
from phonework.channels.markdown import escape, inline_code
from phonework.fsm.types import Usage
from phonework.texts import text
from phonework.views import Spent

MAX_SESSIONS: Final = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """What was used in a stretch of time. title: its key in the catalogue."""

    title: str
    spent: tuple[Spent, ...]


def cost_card(periods: Sequence[Period], language: str) -> Card:
    """Each period with its sum and its sessions."""

    def build(budget: int) -> Card:
        shown = max(1, min(MAX_SESSIONS, budget // 1_000))
        head = Head(title=text(language, "cost.title"), color="blue")
        note = small(escape(text(language, "cost.note")))
        return card(head, [*(markdown(_period(one, shown, language)) for one in periods), note])

    return fitted(build)[0]


def _period(period: Period, shown: int, language: str) -> str:
    title = f"**{escape(text(language, period.title))}**"
    if not period.spent:
        return f"{title}\n{escape(text(language, 'cost.nothing'))}"
    lines = [f"{title} · {escape(_figures(period.spent, language))}"]
    lines += [f"- {_named(one, language)}: {escape(_figures((one,), language))}" for one in period.spent[:shown]]
    if len(period.spent) > shown:
        lines.append(escape(text(language, "cost.more", count=len(period.spent) - shown)))
    return "\n".join(lines)


def _named(one: Spent, language: str) -> str:
    if one.companion:
        return escape(text(language, f"companion.{one.backend}"))
    return f"{line(one.project, 60)} {inline_code(one.session_id)}"


def _figures(spent: Sequence[Spent], language: str) -> str:
    known = [one.cost_usd for one in spent if one.cost_usd is not None]
    price = cost(Usage(cost_usd=sum(known))) if known else ""
    used = text(
        language,
        "cost.used",
        turns=sum(one.turns for one in spent),
        input=amount(sum(one.input_tokens for one in spent)),
        output=amount(sum(one.output_tokens for one in spent)),
    )
    return f"{price} · {used}" if price else used
