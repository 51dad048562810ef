"""The card of a person's sessions: where each stands, and the buttons to go there or close it."""

from datetime import datetime, tzinfo
from typing import Final

from phonework.channels.cards.clicks import TurnOp
from phonework.channels.cards.note import rich
from phonework.channels.cards.parts import (
    Card,
    Element,
    Head,
    button,
    card,
    clock_time,
    fitted,
    line,
    markdown,
    plain,
    row,
    small,
)
from phonework.channels.cards.people import mention
from phonework.channels.cards.values import switch_value, turn_value
from phonework.channels.markdown import escape, inline_code
from phonework.fsm.types import State
from phonework.texts import text
from phonework.views import SessionView, StatusView

MAX_SESSIONS: Final = 10
_DOTS: Final = {
    State.IDLE: "🟢",
    State.EXECUTING: "🔵",
    State.WAITING_INPUT: "🟠",
    State.WAITING_CONFIRM: "🟠",
    State.STOPPING: "🟤",
    State.CLOSED: "⚫️",
}


def status_card(view: StatusView, language: str, now: datetime, *, tz: tzinfo | None = None) -> Card:
    """All sessions; the active one first, with everything about it, the others in short."""
    ordered = sorted(view.sessions, key=lambda one: (not one.active, one.number))

    def build(budget: int) -> Card:
        count = max(1, min(MAX_SESSIONS, budget // 2_000))
        whose = [markdown(mention(view.person))] if view.person else []
        return card(_head(view, language), [*whose, *_elements(ordered, count, language, now, tz, view.sandboxed)])

    return fitted(build)[0]


def _head(view: StatusView, language: str) -> Head:
    active = next((one for one in view.sessions if one.active), None)
    where = [text(language, "list.count", count=len(view.sessions)), _mode(view.mode, language), plain(view.node, 40)]
    title = text(language, "list.title")
    current = f"{plain(active.project, 40)} · {text(language, f'state.{active.state}')}" if active else ""
    waiting = any(one.state in (State.WAITING_CONFIRM, State.WAITING_INPUT) for one in view.sessions)
    return Head(
        title=title,
        subtitle=" · ".join(one for one in where if one),
        color="orange" if waiting else "blue",
        summary=f"{title} · {current or where[0]}",
    )


def _mode(mode: str, language: str) -> str:
    """Only what is out of the ordinary is named."""
    if mode == "direct":
        return ""
    return text(language, "list.mode_smart") if mode == "smart" else plain(mode, 30)


def _elements(
    sessions: list[SessionView],
    count: int,
    language: str,
    now: datetime,
    tz: tzinfo | None,
    sandboxed: frozenset[str],
) -> list[Element | None]:
    if not sessions:
        return [markdown(rich(text(language, "list.empty")))]
    elements: list[Element | None] = []
    for place, session in enumerate(sessions[:count]):
        if place:
            elements.append({"tag": "hr"})
        elements += [markdown(_session(session, language, now, tz, sandboxed)), _buttons(session, place, language)]
    if len(sessions) > count:
        elements.append(small(rich(text(language, "list.more", count=len(sessions) - count))))
    return elements


def _session(session: SessionView, language: str, now: datetime, tz: tzinfo | None, sandboxed: frozenset[str]) -> str:
    active = f" <text_tag color='green'>{escape(text(language, 'list.active'))}</text_tag>" if session.active else ""
    state = escape(text(language, f"state.{session.state}"))
    title = f"{_DOTS[session.state]} **{session.number}. {_called(session)}** · {state}{active}"
    if session.active:
        facts = _facts(session, language, now, tz, sandboxed=session.backend in sandboxed)
    else:
        facts = _short(session, language, now, tz)
    return f"{title}\n{facts}"


def _called(session: SessionView) -> str:
    """By its project, and by its name where it has one."""
    project = line(session.project, 60)
    return f"{project} · {line(session.name, 64)}" if session.name else project


def _facts(session: SessionView, language: str, now: datetime, tz: tzinfo | None, *, sandboxed: bool) -> str:
    rows = [
        ("directory", inline_code(plain(session.cwd, 300))),
        ("backend", line(session.backend, 40)),
        ("model", line(session.model, 60)),
        ("mode", _permissions(session, tz)),
        ("sandbox", escape(text(language, "list.sandbox_on" if sandboxed else "list.sandbox_off"))),
        ("session", inline_code(plain(session.session_id, 64))),
        ("agent_session", inline_code(plain(session.agent_session_id, 64)) if session.agent_session_id else ""),
        ("last_activity", escape(_when(session.last_activity, language, now, tz))),
        ("node", line(session.node, 60)),
        ("queue", str(session.queued) if session.queued else ""),
        ("asking", line(session.asking, 200)),
    ]
    return "\n".join(_fact(key, value, language) for key, value in rows if value)


def _fact(key: str, value: str, language: str) -> str:
    return text(language, "list.fact", label=escape(text(language, f"list.{key}")), value=value)


def _short(session: SessionView, language: str, now: datetime, tz: tzinfo | None) -> str:
    facts = [
        inline_code(plain(session.session_id, 64)),
        inline_code(plain(session.cwd, 120)),
        line(session.backend, 40),
        escape(_when(session.last_activity, language, now, tz)),
    ]
    asking = f"\n{_fact('asking', line(session.asking, 120), language)}" if session.asking else ""
    unasked = f"\n{_fact('mode', _permissions(session, tz), language)}" if session.mode_until else ""
    return f"<font color='grey'>{' · '.join(facts)}</font>{unasked}{asking}"


def _when(at: datetime, language: str, now: datetime, tz: tzinfo | None) -> str:
    minutes = int((now - at).total_seconds() // 60)
    if minutes < 1:
        ago = text(language, "list.ago_now")
    elif minutes < 60:
        ago = text(language, "list.ago_minutes", count=minutes)
    elif minutes < 48 * 60:
        ago = text(language, "list.ago_hours", count=minutes // 60)
    else:
        ago = text(language, "list.ago_days", count=minutes // (24 * 60))
    return f"{clock_time(at, tz)} ({ago})"


def _buttons(session: SessionView, place: int, language: str) -> Element | None:
    if session.state is State.CLOSED:
        return None
    session_id = session.session_id
    close = button(
        text(language, "list.close"), turn_value(TurnOp.CLOSE, session_id, session.turn), element_id=f"close_{place}"
    )
    if session.active:
        return row([close])
    switch = button(
        text(language, "list.switch"), switch_value(session_id), kind="primary", element_id=f"switch_{place}"
    )
    return row([switch, close])


def _permissions(session: SessionView, tz: tzinfo | None) -> str:
    """In red, and with its end, while nothing is asked."""
    mode = line(session.mode, 40)
    return f"<font color='red'>🔴 {mode} → {clock_time(session.mode_until, tz)}</font>" if session.mode_until else mode
