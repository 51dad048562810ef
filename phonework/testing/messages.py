"""Messages for tests, as a person would have sent them."""

import uuid
from datetime import UTC, datetime

from phonework.fsm.types import Prompt, PromptId


def message(text: str, *, verbatim: bool = True) -> Prompt:
    """Return a message sent just now."""
    return Prompt(prompt_id=PromptId(str(uuid.uuid4())), text=text, sent_at=datetime.now(UTC), verbatim=verbatim)
