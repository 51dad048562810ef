"""What the adapters of agents share whose fake API says what they do: their messages carry it, and `done` is a file."""

from pathlib import Path

from phonework.fsm.events import TurnFinished
from phonework.testing.backend_contract import Need


class ScriptedAdapter:
    """The rest of a `BackendAdapter` but `make`. prompts: the message for each need."""

    prompts: dict[Need, str]

    def prompt(self, need: Need) -> str | None:
        return self.prompts[need]

    def done(self, cwd: Path) -> bool:
        return (cwd / "done").exists()

    def heard(self, reason: str, end: TurnFinished) -> bool:
        return reason in end.text

    def recalled(self, text: str, end: TurnFinished) -> bool:
        return text in end.text
