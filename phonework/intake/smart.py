"""Messages that are no command: what is known when one comes, whom it is for by the rules, and handing it over."""

from dataclasses import replace
from datetime import datetime
from typing import Final

from phonework import commands
from phonework.channels.base import Said
from phonework.fsm import effects as order
from phonework.fsm.effects import Effect
from phonework.fsm.types import Prompt, Request, RequestStatus, SessionId
from phonework.intake.companions import companion, companion_of
from phonework.intake.hand import Hand, Taken, active, is_smart
from phonework.intake.messages import is_spoken, prompt_of, reply, to_session
from phonework.intake.routing import PERMISSIONS, Known, Route, Situation, Way, is_known_answer, route
from phonework.intake.shell import in_shell, is_shell
from phonework.intake.which import in_topic, replied_to
from phonework.store import dialogue, prompts, requests, sessions, topics, turns, users, views
from phonework.texts import text
from phonework.views import SessionView

LONGEST_ANSWER: Final = 40
"""Characters of what can be a bare yes or no."""
_UNSAID: Final = (Way.DIRECT, Way.ANSWER, Way.CONTINUED)
"""The person did not say whom they mean."""


def routed(hand: Hand, said: Said) -> Taken:
    """Hand a person's words to the session they are for, or to their assistant."""
    found = route(said.text, situation(hand, said))
    hand.desk.routed[found.way] += 1
    if found.which:
        return reply(hand, said, _which(hand, found))
    session_id = found.session_id
    if found.way is Way.MODEL:
        assert hand.desk.assistant
        session_id = companion(hand, hand.desk.assistant, said.chat)
    if found.way in _UNSAID and session_id is not None and (words := _asked_elsewhere(hand, said, session_id)):
        return reply(hand, said, words)
    if found.way is Way.DIRECT and (words := _meant_elsewhere(hand, said, session_id)):
        return reply(hand, said, words)
    if is_shell(hand, session_id):
        return in_shell(hand, said, found.text, may_answer=True)
    return to_session(hand, said, prompt_of(hand, said, found.text), session_id)


def _asked_elsewhere(hand: Hand, said: Said, session_id: SessionId) -> Effect | None:
    """In a topic that is about something else, perhaps somebody else's, words are no answer to what is asked elsewhere."""
    asks = in_topic(hand, said) and requests.waiting(hand.connection, session_id)
    if not asks or sessions.chat_of(hand.connection, session_id) == said.chat:
        return None
    if session_id == topics.session_in(hand.connection, hand.user_id, said.chat):
        return None
    view = views.session(hand.connection, session_id)
    who = _helper(hand, session_id) if view.companion else f"{view.project} ({session_id})"
    return order.Say(text="say.asked_elsewhere", params={"who": who})


def _meant_elsewhere(hand: Hand, said: Said, session_id: SessionId | None) -> Effect | None:
    """A bare yes or no, where nothing is asked, while one question is open in another session: it is no work for this one."""
    here = session_id is not None and requests.waiting(hand.connection, session_id)
    if here or said.attachments or len(said.text) > LONGEST_ANSWER:
        return None
    asking = views.pending(hand.connection, hand.user_id).requests
    if len(asking) != 1 or (asked := asking[0]).request.ask.kind not in PERMISSIONS or asked.session.companion:
        return None
    opened = asked.request.opened_at
    if opened is None or opened >= said.sent_at or not is_known_answer(asked.request.ask, said.text):
        return None
    params = {
        "words": said.text.strip(),
        "project": asked.session.project,
        "session_id": asked.session.session_id,
        "number": str(asked.session.number),
    }
    return order.Say(text="say.meant_elsewhere", params=params)


def situation(hand: Hand, said: Said) -> Situation:
    """What the rules look at. Outside smart mode little of it is needed."""
    if (replied := replied_to(hand, said)) is not None:
        return Situation(sent_at=said.sent_at, smart=is_smart(hand), replied=replied)
    if not is_smart(hand):
        return _directly(hand, said)
    helper = companion_of(hand.user_id, hand.desk.assistant)
    known = _companion(hand, said, hand.desk.assistant)
    return Situation(
        sent_at=said.sent_at,
        smart=True,
        sessions=_open(hand, said),
        assistant=known,
        shell=_companion(hand, said, hand.desk.shell) if hand.desk.shell else None,
        spoke_at=turns.last_end(hand.connection, helper) if known else None,
        files=bool(said.attachments),
        only_files=bool(said.attachments) and not said.text.strip() and not is_spoken(hand, said),
    )


def _directly(hand: Hand, said: Said) -> Situation:
    """The active session is all that matters, unless a helper asks something."""
    current = active(hand)
    assistant, shell = (_asking(hand, said, backend) for backend in (hand.desk.assistant, hand.desk.shell))
    if assistant is None and shell is None:
        own = _open(hand, said, only=current) if current else ()
        return Situation(sent_at=said.sent_at, smart=False, sessions=own, replied=None if own else current)
    return Situation(
        sent_at=said.sent_at,
        smart=False,
        sessions=_open(hand, said),
        assistant=assistant,
        shell=shell,
        spoke_at=turns.last_end(hand.connection, current) if current else None,
        files=bool(said.attachments),
    )


def set_mode(hand: Hand, said: Said, command: commands.SetMode) -> Taken:
    """Remember what they chose; what they say with it is handed over right away."""
    if command.mode == "smart" and not hand.desk.assistant:
        return reply(hand, said, order.Say(text="say.no_assistant"))
    users.choose_mode(hand.connection, hand.user_id, command.mode)
    words = order.Say(text="say.mode_smart" if command.mode == "smart" else "say.mode_direct")
    taken = reply(hand, said, words, applied=True)
    if not command.message:
        return taken
    later = routed(hand, replace(said, text=command.message, key=f"{said.key}:then"))
    return replace(later, owed=(*taken.owed, *later.owed))


def is_for_assistant(hand: Hand, said: Said, command: commands.Clear) -> bool:
    """Named, replied to, or nobody else there to be meant."""
    if not hand.desk.assistant:
        return False
    replied = replied_to(hand, said)
    if command.assistant or replied is not None:
        return command.assistant or replied == companion_of(hand.user_id, hand.desk.assistant)
    return is_smart(hand) and active(hand) is None


def forget(hand: Hand, said: Said) -> Taken:
    """Forget what was said with the assistant; a turn at work keeps its own."""
    helper = companion_of(hand.user_id, hand.desk.assistant)
    live = turns.live(hand.connection, helper)
    dialogue.forget(hand.connection, helper, live.turn if live else dialogue.EVER)
    return reply(hand, said, order.Say(text="say.forgotten"), applied=True)


def _which(hand: Hand, found: Route) -> order.Say:
    if len(found.which) == 1:
        one = found.which[0]
        helper = "say.answer_shell" if is_shell(hand, one.session_id) else "say.answer_assistant"
        key = "say.answer_plainly" if one.number else helper
        return order.Say(text=key, params={"project": one.project, "session_id": one.session_id})
    named = "\n".join(f"{one.number}. {one.project} ({one.session_id})" for one in found.which if one.number)
    helpers = "\n".join(_helper(hand, one.session_id) for one in found.which if not one.number)
    listed = "\n".join(one for one in (named, helpers) if one)
    return order.Say(text="say.which_session" if is_smart(hand) else "say.which_question", params={"sessions": listed})


def _helper(hand: Hand, session_id: SessionId) -> str:
    return text(hand.language, "companion.shell" if is_shell(hand, session_id) else "companion.assistant")


def _open(hand: Hand, said: Said, *, only: SessionId | None = None) -> tuple[Known, ...]:
    found = views.status(hand.connection, hand.user_id, said.chat).sessions
    return tuple(_known(hand, said, one, number=one.number) for one in found if only is None or one.session_id == only)


def _known(hand: Hand, said: Said, view: SessionView, *, number: int) -> Known:
    """number: 0 for a companion, which nobody goes to."""
    opened = _question(hand, view) if view.asking else None
    asked = opened if opened and opened.opened_at and opened.opened_at < said.sent_at else None
    written = max((one.sent_at for one in _written(hand, view)), default=None)
    began = view.last_activity if number > 0 and view.turn == 0 and written is None else None
    chosen = view.session_id == users.active_session(hand.connection, hand.user_id)
    unspoken_since = (_gone_to(hand, said, written) if chosen else None) or began
    return Known(
        session_id=view.session_id,
        number=number,
        project=view.project,
        used_at=view.last_activity,
        active=view.active,
        unspoken=unspoken_since is not None,
        asks=asked.ask if asked else None,
        asked_at=asked.opened_at if asked else None,
        written_at=unspoken_since or written,
    )


def _gone_to(hand: Hand, said: Said, written: datetime | None) -> datetime | None:
    """When the person went to the active session, if that was before this message and they wrote nothing to it since."""
    at = users.switched_at(hand.connection, hand.user_id)
    if at is None or at > said.sent_at or (written is not None and written > at):
        return None
    return at


def _companion(hand: Hand, said: Said, backend: str) -> Known | None:
    """One of the person's helpers, if they have met it."""
    session_id = companion_of(hand.user_id, backend)
    if not sessions.exists(hand.connection, session_id):
        return None
    return _known(hand, said, views.session(hand.connection, session_id), number=0)


def _asking(hand: Hand, said: Said, backend: str) -> Known | None:
    """One of the person's helpers, if it waits for an answer."""
    waits = backend and requests.waiting(hand.connection, companion_of(hand.user_id, backend))
    return _companion(hand, said, backend) if waits else None


def _question(hand: Hand, view: SessionView) -> Request | None:
    found = requests.waiting(hand.connection, view.session_id)
    return next((one for one in found if one.status is RequestStatus.OPEN), None)


def _written(hand: Hand, view: SessionView) -> tuple[Prompt, ...]:
    """The newest messages of the person to the session: those its last turn took, and those that wait."""
    queue, held = prompts.waiting(hand.connection, view.session_id)
    return (*prompts.of_turn(hand.connection, view.session_id, view.turn), *queue, *held)
