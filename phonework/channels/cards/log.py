"""The card of the last turns of a session."""

from collections.abc import Sequence
from datetime import tzinfo
from typing import Final

from phonework.channels.cards.parts import (
    Card,
    Head,
    card,
    clip,
    clock_time,
    cost,
    duration,
    fitted,
    line,
    markdown,
    plain,
    words,
    written,
)
from phonework.channels.cards.turn import ended, why_not_done
from phonework.channels.markdown import escape
from phonework.texts import text
from phonework.views import PastTurn, SessionView

ASKED_CHARS: Final = 200
ANSWER_LINES: Final = 4
_MARKS: Final = {"live": "⏳", "done": "✅", "stopped": "⏹", "failed": "❌", "lost": "❌"}


def log_card(session: SessionView, turns: Sequence[PastTurn], language: str, *, tz: tzinfo | None = None) -> Card:
    """Each turn with what was asked, how it ended, and the first lines of the answer; shorter when there are many."""

    def build(budget: int) -> Card:
        each = max(40, budget // (6 * max(1, len(turns))))
        head = Head(title=plain(session.project, 60), color="blue", tag=text(language, "log.title"))
        shown = [markdown(_turn(one, language, tz, min(each, 600))) for one in turns]
        return card(head, shown or [markdown(escape(text(language, "log.nothing")))])

    return fitted(build)[0]


def _turn(past: PastTurn, language: str, tz: tzinfo | None, answer_chars: int) -> str:
    turn = past.turn
    asked = " / ".join(line(written(one, language), ASKED_CHARS) for one in past.prompts[:3])
    facts = [clock_time(turn.started_at, tz), ended(turn, language)]
    if turn.ended_at is not None:
        facts.append(duration((turn.ended_at - turn.started_at).total_seconds()))
    facts += [cost(turn.usage)] if cost(turn.usage) else []
    said = _beginning(turn.text or why_not_done(turn, language), answer_chars)
    return "\n".join(
        [
            f"{'❌' if turn.unwell else _MARKS[turn.status]} **{turn.turn}** · {escape(' · '.join(facts))}",
            f"> {asked}",
            *(["", said] if said else []),  # or the answer would go on with the quotation
        ]
    )


def _beginning(answer: str, chars: int) -> str:
    lines = [one for one in answer.strip().splitlines() if one.strip()]
    more = "\n…" if len(lines) > ANSWER_LINES else ""
    return words(clip("\n".join(lines[:ANSWER_LINES]), chars) + more, chars + 2)
