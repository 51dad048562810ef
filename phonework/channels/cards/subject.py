"""What a request is about: the one long text in it, and how to show it."""

import json
from dataclasses import dataclass

from phonework.fsm.types import Ask
from phonework.texts import text


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """A command, a diff, a plan, words to hand on or an input. language: of the code; empty for Markdown."""

    text: str
    name: str
    language: str = ""

    @property
    def is_markdown(self) -> bool:
        return not self.language

    def title(self, language: str) -> str:
        """For the fold it is put away in: its kind, or its first line."""
        return text(language, "card.plan_title") if self.is_markdown else self.name


def subject_of(ask: Ask) -> Subject | None:
    """What the person decides about, whole; None when the prompt says it all."""
    if ask.command:
        return Subject(text=ask.command, name=_first_line(ask.command), language="bash")
    if ask.diff:
        return Subject(text=ask.diff, name=ask.path or "diff", language="diff")
    if ask.plan:
        return Subject(text=ask.plan, name="plan")
    if ask.words:
        return Subject(text=ask.words, name=_first_line(ask.words), language="text")
    if ask.input_json:
        return Subject(text=_pretty(ask.input_json), name=ask.tool or "input", language="json")
    return None


def _first_line(whole: str) -> str:
    return next((each.strip() for each in whole.splitlines() if each.strip()), "…")


def _pretty(raw: str) -> str:
    """The JSON with its lines indented; as it came when it is none, or huge."""
    if len(raw) > 1_000_000:
        return raw
    try:
        return json.dumps(json.loads(raw), ensure_ascii=False, indent=2)
    except (ValueError, RecursionError):
        return raw
