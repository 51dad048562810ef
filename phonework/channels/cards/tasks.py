"""The card of a person's tasks: turns that went to the background, what became of them, and where to go from there."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from phonework.channels.cards.clicks import TurnOp
from phonework.channels.cards.parts import (
    Card,
    Element,
    Head,
    button,
    card,
    clip,
    duration,
    fitted,
    line,
    markdown,
    plain,
    row,
    written,
)
from phonework.channels.cards.turn import called, ended
from phonework.channels.cards.values import switch_value, turn_value
from phonework.channels.markdown import escape
from phonework.fsm.types import State, TurnStatus
from phonework.texts import text
from phonework.views import TurnView

_MARKS: Final = {
    TurnStatus.LIVE: "🔵",
    TurnStatus.DONE: "🟢",
    TurnStatus.STOPPED: "⚪️",
    TurnStatus.FAILED: "🔴",
    TurnStatus.LOST: "🔴",
}
_WAITING: Final = frozenset({State.WAITING_CONFIRM, State.WAITING_INPUT})


def tasks_card(tasks: Sequence[TurnView], language: str, now: datetime) -> Card:
    """Those at work first. A task has buttons as long as its session has had no newer turn."""

    def build(budget: int) -> Card:
        shown = tasks[: max(1, budget // 1_000)]
        running = sum(one.turn.status is TurnStatus.LIVE for one in tasks)
        head = Head(
            title=text(language, "tasks.title"),
            subtitle=text(language, "tasks.running", count=running),
            color="orange" if any(_waits(one) for one in tasks) else "blue",
        )
        elements = [element for place, one in enumerate(shown) for element in _task(one, place, language, now)]
        return card(head, elements or [markdown(escape(text(language, "tasks.none")))])

    return fitted(build)[0]


def _waits(task: TurnView) -> bool:
    return task.turn.status is TurnStatus.LIVE and task.session.state in _WAITING


def _task(task: TurnView, place: int, language: str, now: datetime) -> list[Element | None]:
    turn = task.turn
    words = clip(plain(written(task.prompts[0], language), 200), 100) if task.prompts else ""
    title = text(
        language,
        "tasks.line",
        number=task.task,
        project=line(called(task.session, language), 60),
        state=escape(_state(task, language)),
        time=escape(duration(((turn.ended_at or now) - turn.started_at).total_seconds())),
    )
    asking = f"\n> {line(task.session.asking, 120)}" if _waits(task) else ""
    shown = markdown(
        f"{'🔴' if turn.unwell else _MARKS[turn.status]} {title}\n<font color='grey'>{escape(words)}</font>{asking}"
    )
    return [{"tag": "hr"} if place else None, shown, _buttons(task, place, language)]


def _state(task: TurnView, language: str) -> str:
    if task.turn.status is TurnStatus.LIVE:
        return text(language, f"state.{task.session.state.value}")
    return ended(task.turn, language)


def _buttons(task: TurnView, place: int, language: str) -> Element | None:
    session, turn = task.session, task.turn
    buttons = []
    if not session.companion and not session.active and session.state is not State.CLOSED:
        go = switch_value(session.session_id)
        buttons.append(button(text(language, "tasks.open"), go, kind="primary", element_id=f"open_{place}"))
    if task.actionable and turn.status is TurnStatus.LIVE and session.state is not State.STOPPING:
        stop = turn_value(TurnOp.STOP, session.session_id, turn.turn)
        buttons.append(button(text(language, "tasks.stop"), stop, kind="danger", element_id=f"stop_{place}"))
    if task.actionable and turn.status is not TurnStatus.LIVE:
        again = turn_value(TurnOp.RETRY, session.session_id, turn.turn)
        buttons.append(button(text(language, "tasks.retry"), again, element_id=f"retry_{place}"))
    return row(buttons) if buttons else None
