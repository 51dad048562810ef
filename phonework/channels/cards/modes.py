"""The cards about how much an agent asks, and the banner of those cards while it asks nothing."""

from collections.abc import Mapping
from datetime import tzinfo
from typing import Final

from phonework.backends.base import PermissionMode
from phonework.channels.cards.note import rich
from phonework.channels.cards.parts import (
    Card,
    Element,
    Head,
    button,
    card,
    clock_time,
    line,
    markdown,
    plain,
    row,
    small,
)
from phonework.channels.cards.values import mode_value
from phonework.channels.markdown import escape, inline_code
from phonework.texts import keys, text
from phonework.views import ModeView, SessionView

USUAL: Final = "default"
"""As agents call the mode that holds when none was chosen, if they have a name for it."""


def mode_card(view: ModeView, language: str, *, tz: tzinfo | None = None) -> Card:
    """The mode that holds, and a button for each other one that is not dangerous; how to get the dangerous ones."""
    session = view.session
    listed = any(one.name == USUAL for one in view.modes)
    now = session.mode or (USUAL if listed else text(language, "mode.usual"))
    head = Head(
        title=plain(session.project, 60),
        color="red" if session.mode_until else "blue",
        tag=text(language, "mode.title"),
        subtitle=plain(session.session_id, 64),
    )
    lines = [f"{escape(text(language, 'mode.now'))} **{line(now, 60)}**"]
    lines += [_line(one, language) for one in view.modes]
    buttons = [
        button(plain(one.name, 40), mode_value(session.session_id, one.name), element_id=f"mode_{number}")
        for number, one in enumerate(view.modes)
        if not one.dangerous and (one.name != session.mode or session.mode_until)
    ]
    dangerous = [one.name for one in view.modes if one.dangerous]
    how = [small(rich(text(language, "mode.how_dangerous", mode=name))) for name in dangerous[:1]]
    return card(head, [banner(session, language, tz), markdown("\n".join(lines)), row(buttons), *how])


def earlier_card(session: SessionView, tag: str, language: str) -> Card:
    """What a card that was asked for again becomes: it says nothing that may no longer be true. tag: its text's key."""
    head = Head(title=plain(session.project, 60), color="grey", tag=text(language, tag))
    return card(head, [small(escape(text(language, "mode.newer")))])


def _line(mode: PermissionMode, language: str) -> str:
    key = f"mode.{mode.name}"
    said = text(language, key) if key in keys() else ""  # the others are named only
    mark = "🔴 " if mode.dangerous else ""
    return f"- {mark}{inline_code(plain(mode.name, 40))}" + (f" {escape(said)}" if said else "")


def offer_card(session: SessionView, params: Mapping[str, str], language: str) -> Card:
    """Asks whether the agent may ask nothing for so long. params: see reports/mode.py."""
    mode, minutes = params["mode"], params["minutes"]
    head = Head(title=plain(session.project, 60), color="red", tag=text(language, "mode.confirm"))
    value = mode_value(
        session.session_id, mode, minutes=int(minutes), offer=params["offer"], offered_at=int(params["at"])
    )
    said = rich(text(language, "mode.offer", mode=mode, minutes=minutes, directory=plain(session.cwd, 200)))
    press = button(text(language, "mode.yes", minutes=minutes), value, kind="danger_filled", element_id="mode_yes")
    return card(head, [markdown(said), row([press]), small(rich(text(language, "mode.or_not")))])


def banner(session: SessionView, language: str, tz: tzinfo | None) -> Element | None:
    """Says, in red, that nothing is asked, and until when; nothing otherwise."""
    if session.mode_until is None:
        return None
    said = text(language, "mode.banner", mode=plain(session.mode, 40), time=clock_time(session.mode_until, tz))
    return markdown(f"<font color='red'>🔴 **{escape(said)}**</font>")
