"""What every kind of agent reports alike: a glimpse of the turn that runs, and events that must not stop it."""

from typing import Final

import structlog

from phonework.backends.base import Progress, Sink, Step, end_of
from phonework.fsm.events import AgentEvent
from phonework.fsm.types import Sentence, SessionId, Usage

log = structlog.get_logger(__name__)

LONGEST_GLIMPSE: Final = 4000
"""Characters of streamed text in a progress report."""
MOST_STEPS: Final = 30


class Glimpse:
    """What a person sees of the turn while it runs. note: what it does beside words and steps; usage: so far."""

    def __init__(self) -> None:
        self.note: str | Sentence = ""
        self.usage = Usage()
        self._text = ""
        self._steps: dict[str, Step] = {}

    def stream(self, text: str) -> None:
        self._text = end_of(self._text + text, LONGEST_GLIMPSE)
        self.note = ""

    def paragraph(self) -> None:
        if self._text:
            self._text += "\n\n"

    def begin(self, step: str, title: str) -> None:
        """step: its id with the agent. The oldest steps are forgotten when there are too many."""
        self._steps[step] = Step(title=title)
        self.note = ""
        while len(self._steps) > MOST_STEPS:
            del self._steps[next(iter(self._steps))]

    def finish(self, step: str, *, ok: bool, output: str = "", title: str = "") -> None:
        """title: of one whose beginning was not seen, or is forgotten; without it such a step is left out."""
        begun = self._steps.get(step)
        if shown := begun.title if begun else title:
            self._steps[step] = Step(title=shown, state="ok" if ok else "failed", output=output)

    def progress(self) -> Progress:
        return Progress(text=self._text.strip(), steps=tuple(self._steps.values()), usage=self.usage, note=self.note)


async def emitted(sink: Sink, session_id: SessionId, event: AgentEvent, key: str) -> bool:
    """Whether it was stored. If not, it is logged and the agent goes on: the next fact may be stored again."""
    try:
        await sink.emit(session_id, event, key=key)
    except Exception:
        log.exception("event not stored", session_id=session_id, event_type=type(event).__name__, key=key)
        return False
    return True
