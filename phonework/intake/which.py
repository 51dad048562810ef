"""Which session a command means that names none: the one replied to, else the one its topic is about, else the active one.

A command that only looks may look elsewhere; one that changes something acts on nothing that its place is not about.
"""

from collections.abc import Iterator
from datetime import datetime

from phonework.channels.base import Said
from phonework.fsm import effects as order
from phonework.fsm.types import SessionId
from phonework.intake.companions import companion_of
from phonework.intake.hand import Hand, active, is_smart
from phonework.store import messages, prompts, sessions, topics, turns, users, views

Which = SessionId | order.Say
"""A session, or the sentence that says why there is none."""


def replied_to(hand: Hand, said: Said) -> SessionId | None:
    """The person's session that the message replied to belongs to, also one that is closed, and says so."""
    if said.reply_to and (shown := messages.shown_by(hand.connection, said.reply_to)):
        replied = SessionId(shown[1].split(":")[0])
        if (
            sessions.exists(hand.connection, replied)
            and sessions.run_of(hand.connection, replied).user_id == hand.user_id
        ):
            return replied
    return None


def session_for(hand: Hand, said: Said) -> SessionId | None:
    """The session that words are for, or the helper whose message they reply to."""
    return replied_to(hand, said) or active(hand)


def looked_at(hand: Hand, said: Said) -> SessionId | None:
    """The session that a command looks at. Helpers have nothing to look at: a reply to one is about no session."""
    replied = replied_to(hand, said)
    return replied if replied is not None and not is_helper(hand, replied) else active(hand)


def acted_on(hand: Hand, said: Said, command: str) -> Which:
    """The session that a command changes. command: as people type it, with its slash."""
    replied = replied_to(hand, said)
    if replied is not None:
        helps = is_helper(hand, replied)
        return order.Say(text="say.not_for_helper", params={"command": command}) if helps else replied
    return _here(hand, said) or _nothing_here(hand, said, command)


def at_hand(hand: Hand, said: Said, command: str, *, running: bool = False) -> Which:
    """The session whose turn a command changes; it may be a helper's. Of several it is the one the person was at last.

    running: one at work comes first, a command that runs among them.
    """
    if (replied := replied_to(hand, said)) is not None:
        return replied
    found = [one for one in (_here(hand, said), *_helpers(hand, said, running)) if one is not None]
    if not found:
        return _nothing_here(hand, said, command)
    return max(found, key=lambda one: _at_work(hand, one, running))


def is_helper(hand: Hand, session_id: SessionId) -> bool:
    return views.session(hand.connection, session_id).companion


def in_topic(hand: Hand, said: Said) -> bool:
    """Whether it was said in a topic that was there before: what begins one can be about anything."""
    tapped = hand.envelope.clicked
    begins = (said.message_id, tapped.message_id if tapped is not None else "")
    return bool(said.chat.root) and said.chat.root not in begins


def _here(hand: Hand, said: Said) -> SessionId | None:
    if in_topic(hand, said):
        return topics.session_in(hand.connection, hand.user_id, said.chat)
    return active(hand)


def _helpers(hand: Hand, said: Said, running: bool) -> list[SessionId]:
    """Those of the person's helpers that a turn can be of; in a topic those that are shown there."""
    assistant = hand.desk.assistant if is_smart(hand) else ""
    names = (assistant, hand.desk.shell if running else "")
    met = [one for name in names if name and sessions.exists(hand.connection, one := companion_of(hand.user_id, name))]
    if not in_topic(hand, said):
        return met
    return [one for one in met if sessions.chat_of(hand.connection, one) == said.chat]


def _at_work(hand: Hand, session_id: SessionId, running: bool) -> tuple[bool, float]:
    """Whether it is at work, if that counts, and when the person was last at it."""
    live = running and turns.live(hand.connection, session_id) is not None
    return live, max((at.timestamp() for at in _attended(hand, session_id)), default=0.0)


def _attended(hand: Hand, session_id: SessionId) -> Iterator[datetime]:
    """When the person wrote to it, and went to it. When a turn began says little: words may have waited for it."""
    view = views.session(hand.connection, session_id)
    queue, held = prompts.waiting(hand.connection, session_id)
    yield from (one.sent_at for one in (*prompts.of_turn(hand.connection, session_id, view.turn), *queue, *held))
    if not view.turn and not view.companion:
        yield view.last_activity
    at = users.switched_at(hand.connection, hand.user_id)
    if at is not None and session_id == users.active_session(hand.connection, hand.user_id):
        yield at


def _nothing_here(hand: Hand, said: Said, command: str) -> order.Say:
    """Nothing is done to a session elsewhere; what would do it is said."""
    if not in_topic(hand, said):
        return order.Say(text="say.no_session")
    elsewhere = users.active_session(hand.connection, hand.user_id)
    if elsewhere is None:
        return order.Say(text="say.not_in_topic", params={"command": command})
    project = views.session(hand.connection, elsewhere).project
    key = "say.not_in_topic_close" if command == "/close" else "say.not_in_topic_switch"
    return order.Say(text=key, params={"command": command, "session_id": elsewhere, "project": project})
