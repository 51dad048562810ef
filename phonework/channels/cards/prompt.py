"""The card of a message that waits: in line, or held for the person to decide."""

from datetime import tzinfo
from typing import Final

from phonework.channels.cards.clicks import PromptOp
from phonework.channels.cards.parts import (
    Card,
    Element,
    Head,
    along,
    button,
    card,
    clock_time,
    markdown,
    plain,
    quote,
    row,
    written,
)
from phonework.channels.cards.people import mention
from phonework.channels.cards.turn import actor, called
from phonework.channels.cards.values import prompt_value
from phonework.channels.markdown import escape
from phonework.fsm.types import PromptStatus, State
from phonework.texts import text
from phonework.views import PromptView

_COLORS: Final = {
    PromptStatus.QUEUED: "wathet",
    PromptStatus.HELD: "yellow",
    PromptStatus.TAKEN: "green",
    PromptStatus.DROPPED: "grey",
}


def prompt_card(view: PromptView, language: str, *, tz: tzinfo | None = None) -> Card:
    """The message with Send now / Drop while it is in line, Run / Drop while it is held, and nothing to press after.

    Files that wait for words say so, and can be sent as they are.
    """
    status, project = view.prompt.status, plain(called(view.session, language), 60)
    tag = text(language, _tag(view), **actor(view.session, language))
    said = written(view.prompt, language)
    head = Head(title=project, color=_COLORS[status], tag=tag, summary=f"{tag} · {project}: {plain(said, 60)}")
    by = f"{text(language, 'message.written_by', who=mention(view.person))}\n" if view.person else ""
    return card(head, [markdown(f"{by}{quote(said, 600)}"), _note(view, language, tz), _buttons(view, language)])


def _tag(view: PromptView) -> str:
    if _is_kept(view):
        return "message.kept"
    held = view.prompt.status is PromptStatus.HELD and view.person
    return "message.held_group" if held else f"message.{view.prompt.status}"


def _is_kept(view: PromptView) -> bool:
    return view.prompt.kept and view.prompt.status is PromptStatus.HELD


def _note(view: PromptView, language: str, tz: tzinfo | None) -> Element:
    who = actor(view.session, language)
    match view.prompt.status:
        case PromptStatus.QUEUED:
            way = "message.send_now_steer" if view.session.can_steer else "message.send_now_interrupt"
            asks = view.session.state in (State.WAITING_CONFIRM, State.WAITING_INPUT)
            note = "message.queued_asked_note" if asks else "message.queued_note"
            said = f"{text(language, note, position=view.position, **who)}\n{text(language, way)}"
        case PromptStatus.HELD if view.prompt.kept:
            said = text(language, "message.kept_note", files=along(view.prompt, language))
            if any(one.kind == "audio" for one in view.prompt.attachments):
                said = f"{text(language, 'message.kept_voice_note')} {said}"
        case PromptStatus.HELD:
            said = text(language, "message.held_note", time=clock_time(view.prompt.sent_at, tz))
        case PromptStatus.TAKEN:
            said = text(language, "message.joined_note" if view.prompt.joined else "message.taken_note", **who)
        case PromptStatus.DROPPED:
            said = text(language, "message.dropped_note")
    return markdown(escape(said))


def _buttons(view: PromptView, language: str) -> Element | None:
    waits = view.prompt.status in (PromptStatus.QUEUED, PromptStatus.HELD)
    if not waits or view.session.state is State.CLOSED:
        return None
    run = "message.run" if view.prompt.status is PromptStatus.HELD else "message.send_now"
    run = "message.send_as_is" if _is_kept(view) else run
    prompt_id = view.prompt.prompt_id
    return row(
        [
            button(
                text(language, run),
                prompt_value(PromptOp.SEND_NOW, prompt_id),
                kind="primary_filled",
                element_id="send_now",
            ),
            button(text(language, "message.drop"), prompt_value(PromptOp.DROP, prompt_id), element_id="drop"),
        ]
    )
