"""A message that was taken back: what waits is dropped, what the agent has not got yet is not run, what runs goes on."""

from typing import Final

from phonework.channels.base import Recalled
from phonework.engine import Happened, Outcome, ingest
from phonework.fsm import events as happened
from phonework.fsm.reasons import Reason
from phonework.fsm.types import Prompt, SessionId
from phonework.intake.hand import Hand, Taken
from phonework.store import effects, prompts, sessions
from phonework.store.events import Status

_PARTS: Final = ("", ":then")
"""What a message's key ends with when its words are handed on: as they are, or after a change of mode."""


def take_back(hand: Hand, recalled: Recalled) -> Taken:
    """One that is nobody's, or came to no words for an agent, changes nothing."""
    found = next(filter(None, (_made_of(hand, f"{recalled.key}{part}") for part in _PARTS)), None)
    if found is None:
        return Taken(outcome=Outcome(status=Status.IGNORED, reason=Reason.NO_SUCH_MESSAGE))
    session_id, prompt = found
    carrier = _carrier(hand, session_id, prompt)
    event = happened.MessageTakenBack(
        prompt_id=carrier.prompt_id,
        message_id=prompt.message_id,
        by=hand.user_id,
        unheard=effects.is_unheard(hand.connection, session_id, carrier),
    )
    one = Happened(
        source="message",
        key=f"{recalled.key}:recalled",
        session_id=session_id,
        event=event,
        occurred_at=recalled.recalled_at,
        user_id=hand.user_id,
    )
    outcome = ingest(hand.connection, one, hand.now, claim=True)
    return Taken(outcome=outcome, owed=outcome.owed)


def _made_of(hand: Hand, key: str) -> tuple[SessionId, Prompt] | None:
    """What was made of the message of this key, if it is theirs."""
    found = prompts.find(hand.connection, hand.derive(key, "message"))
    if found is None or sessions.run_of(hand.connection, found[0]).user_id != hand.user_id:
        return None
    return found


def _carrier(hand: Hand, session_id: SessionId, prompt: Prompt) -> Prompt:
    """Itself, or the message that its files went along with; those without words gather on the first, and all go on from there."""
    after = prompts.get(hand.connection, prompt.joined, session_id) if prompt.joined else None
    return _carrier(hand, session_id, after) if after is not None else prompt
