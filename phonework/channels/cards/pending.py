"""The card of everything that is asked of a person, in all sessions, to be answered in place."""

from datetime import datetime, tzinfo
from typing import Final

from phonework.channels.cards import danger
from phonework.channels.cards.answering import asked, is_one_tap, until_key
from phonework.channels.cards.clicks import Press
from phonework.channels.cards.desk import ago
from phonework.channels.cards.modes import banner
from phonework.channels.cards.note import rich
from phonework.channels.cards.parts import (
    Card,
    Element,
    Head,
    button,
    card,
    clock_time,
    code_elements,
    fitted,
    line,
    markdown,
    markdown_elements,
    plain,
    row,
    small,
)
from phonework.channels.cards.subject import subject_of
from phonework.channels.cards.turn import called
from phonework.channels.cards.values import answer_value, pick
from phonework.channels.markdown import escape
from phonework.channels.split import wire_bytes
from phonework.fsm.types import Ask, RequestKind
from phonework.texts import text
from phonework.views import PendingView, RequestView

MOST: Final = 9


def pending_card(view: PendingView, language: str, *, now: datetime, tz: tzinfo | None = None) -> Card:
    """The question asked first stands first; below them those that can still be answered, newest first.

    One that cannot be shown in full is answered on its own card.
    """

    def build(budget: int) -> Card:
        most = max(1, min(MOST, budget // 1_500))
        shown = view.requests[:most]
        late = view.late[: most - len(shown)]
        room = budget // max(1, len(shown) + len(late))
        elements: list[Element | None] = []
        for number, one in enumerate(shown):
            if number:
                elements.append({"tag": "hr"})
            elements += _question(one, number, room, language, tz)
        if not shown and not late:
            elements.append(markdown(escape(text(language, "pending.none"))))
        if len(view.requests) > len(shown):
            elements.append(small(escape(text(language, "pending.more", count=len(view.requests) - len(shown)))))
        if late:
            elements.append(markdown(f"**{escape(text(language, 'pending.late'))}**"))
        for number, one in enumerate(late, start=len(shown)):
            elements += [
                {"tag": "hr"},
                *_question(one, number, room, language, tz, since=ago(one.request.asked_at, now, language)),
            ]
        return card(head, elements)

    count = sum(1 + one.behind for one in view.requests)
    head = Head(
        title=text(language, "pending.title"),
        color="orange" if count else "green",
        tag=text(language, "pending.count", count=count),
    )
    return fitted(build)[0]


def _question(
    view: RequestView, number: int, room: int, language: str, tz: tzinfo | None, *, since: str = ""
) -> list[Element | None]:
    """since: how long ago it was asked, of one whose wait is over."""
    request, session = view.request, view.session
    ask, subject = request.ask, subject_of(request.ask)
    where = f"{line(called(session, language), 60)} · {escape(text(language, f'kind.{ask.kind}'))}"
    fits = subject is None or wire_bytes(subject.text) <= room
    elements: list[Element | None] = [
        None if since else banner(session, language, tz),
        markdown(f"**{where}**\n{line(asked(ask, language)) or line(ask.tool, 80) or '…'}"),
        _each(ask, room, language),
        *(markdown(f"<font color='red'>⚠ {escape(text(language, mark))}</font>") for mark in danger.marks(ask)),
    ]
    if subject is not None and fits:
        elements += (
            markdown_elements(subject.text, room, str)
            if subject.is_markdown
            else code_elements(subject.text, subject.language, room, str)
        )
    elements.append(small(escape(since or _since(view, language, tz))))
    if ask.path:
        elements.append(small(line(ask.path, 300)))
    if view.unknown:
        elements.append(small(escape(text(language, "pending.unknown"))))
    buttons = _buttons(view, number, language, late=bool(since)) if fits else []
    way = "pending.elsewhere_reply" if session.companion or since else "pending.elsewhere"
    how = rich(text(language, way, number=session.number))
    return [*elements, row(buttons) if buttons else small(how)]


def _each(ask: Ask, room: int, language: str) -> Element | None:
    """The texts of several questions, numbered; those there is no room for are counted."""
    if len(ask.questions) < 2:
        return None
    lines: list[str] = []
    for number, one in enumerate(ask.questions, start=1):
        lines.append(f"**{number}.** {line(one.text or one.header)}")
        if wire_bytes("\n".join(lines)) > room:
            left = len(ask.questions) - number + 1
            return markdown("\n".join([*lines[:-1], escape(text(language, "pending.more_questions", count=left))]))
    return markdown("\n".join(lines))


def _since(view: RequestView, language: str, tz: tzinfo | None) -> str:
    request = view.request
    facts = [text(language, "card.asked_at", time=clock_time(request.opened_at or request.asked_at, tz))]
    if request.expires_at is not None:
        facts.append(text(language, until_key(request.ask), time=clock_time(request.expires_at, tz)))
    if view.behind:
        facts.append(text(language, "card.behind", count=view.behind))
    return " · ".join(facts)


def _buttons(view: RequestView, number: int, language: str, *, late: bool) -> list[Element]:
    """One tap for what one tap answers; none where words or several choices are wanted. late: answering resumes the work."""
    request, ask = view.request, view.request.ask

    def press(label: str, choice: str, kind: str = "default", name: str = "") -> Element:
        value = answer_value(request.request_id, request.generation, choice, late=late, listed=True)
        return button(label, value, kind=kind, element_id=f"p{number}_{name or choice}".replace(":", "_"))

    if ask.kind is RequestKind.CHOICE and is_one_tap(ask):
        options = enumerate(ask.questions[0].options)
        return [press(f"{at + 1}. {plain(option.label, 80)}", pick(0, at)) for at, option in options]
    yes, no = {
        RequestKind.CONFIRM: ("card.late_allow", "card.late_deny") if late else ("card.allow", "card.deny"),
        RequestKind.PLAN: ("card.late_approve" if late else "card.approve", "card.keep_planning"),
    }.get(ask.kind, ("", ""))
    if not yes:
        return []
    return [
        press(text(language, yes), Press.ALLOW, "primary" if danger.marks(ask) else "primary_filled"),
        press(text(language, no), Press.DENY, "danger"),
    ]
