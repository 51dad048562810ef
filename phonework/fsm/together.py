"""Several permissions on one card: which of those behind the open one its card shows, and which of them a tap answers.

What a card shows has to be known when a tap is judged, so it is decided here and stored with the open request. A card shows
nothing of them but in full; what is too long for that is asked by itself.
"""

import json
from typing import Final

from phonework.fsm import events as happened
from phonework.fsm.events import Event
from phonework.fsm.types import Ask, Request, RequestId, RequestKind, RequestStatus, Session, Verdict

MOST: Final = 8  # shown beside the open one
ROOM: Final = 6_000  # bytes that what they are about takes in a card, all together
FOR_ALL: Final = (Verdict.ALLOW, Verdict.DENY)
"""What several requests can be told at once; a rule or a reason is for one."""


def shown_with(opened: Request, waiting: tuple[Request, ...]) -> tuple[RequestId, ...]:
    """Those of the waiting requests that the open one's card shows, in full."""
    found: list[RequestId] = []
    room = ROOM
    for request in waiting:
        size = size_bytes(request.ask)
        if _is_alike(opened, request) and size <= room and len(found) < MOST:
            found.append(request.request_id)
            room -= size
    return tuple(found)


def answered_with(session: Session, event: Event) -> tuple[Request, ...]:
    """The waiting requests that the tap answers beside the open one: its card showed them, and it names them."""
    opened = session.open
    if opened is None or not isinstance(event, happened.CardAnswered) or event.answer.verdict not in FOR_ALL:
        return ()
    meant = set(event.also) & set(opened.shown_with)
    return tuple(one for one in session.waiting if one.request_id in meant and _is_alike(opened, one))


def left_behind(session: Session, event: Event) -> tuple[Request, ...]:
    """What is still to be asked when the event has settled the open request."""
    answered = answered_with(session, event)
    return tuple(one for one in session.waiting if one not in answered)


def size_bytes(ask: Ask) -> int:
    """What the request is about, as JSON inside a JSON string; an input is shown with its lines indented."""
    about = ask.command or ask.diff or ask.plan or ask.words or ask.input_json * 2
    return len(json.dumps(json.dumps(about, ensure_ascii=False), ensure_ascii=False).encode("utf-8", "replace"))


def _is_alike(opened: Request, request: Request) -> bool:
    """Both ask for a permission, of the same turn."""
    confirms = opened.ask.kind is request.ask.kind is RequestKind.CONFIRM
    return confirms and request.status is RequestStatus.QUEUED and request.turn == opened.turn
