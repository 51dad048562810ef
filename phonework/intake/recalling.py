"""A message that was taken back: what of it still waits is dropped; what runs goes on."""

from typing import Final

from phonework.channels.base import Recalled
from phonework.engine import Happened, Outcome, ingest
from phonework.fsm import events as happened
from phonework.fsm.reasons import Reason
from phonework.fsm.types import Prompt, SessionId
from phonework.intake.hand import Hand, Taken
from phonework.store import prompts, sessions
from phonework.store.events import Status

_PARTS: Final = ("", ":then")
"""What a message's key ends with when its words are handed on: as they are, or after a change of mode."""


def take_back(hand: Hand, recalled: Recalled) -> Taken:
    """As *Drop* on its card. One that is nobody's, or came to no words for an agent, changes nothing."""
    found = next(filter(None, (_waiting(hand, f"{recalled.key}{part}") for part in _PARTS)), None)
    if found is None:
        return Taken(outcome=Outcome(status=Status.IGNORED, reason=Reason.NO_SUCH_MESSAGE))
    session_id, prompt = found
    one = Happened(
        source="message",
        key=f"{recalled.key}:recalled",
        session_id=session_id,
        event=happened.DropAsked(prompt_id=prompt.prompt_id, by=hand.user_id),
        occurred_at=recalled.recalled_at,
        user_id=hand.user_id,
    )
    outcome = ingest(hand.connection, one, hand.now, claim=True)
    return Taken(outcome=outcome, owed=outcome.owed)


def _waiting(hand: Hand, key: str) -> tuple[SessionId, Prompt] | None:
    """What was made of the message. Files without words are on the card of the first of them, and go with it."""
    found = prompts.find(hand.connection, hand.derive(key, "message"))
    if found is None or sessions.run_of(hand.connection, found[0]).user_id != hand.user_id:
        return None
    together = prompts.find(hand.connection, found[1].joined) if found[1].joined else None
    return together if together is not None and together[1].kept else found
