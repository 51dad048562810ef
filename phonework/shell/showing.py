"""How a command went, in Markdown: what a person sees while it runs and when it has ended."""

import signal
from dataclasses import dataclass, replace
from typing import Final

from phonework.channels.cards.parts import cut
from phonework.channels.markdown import escape, fence
from phonework.fsm.types import Sentence
from phonework.shell.run import Finished
from phonework.shell.terminal import plain
from phonework.shell.verdicts import Judgement
from phonework.texts import text

CARD_BYTES: Final = 6_000
CARD_LINES: Final = 60
HEAD_LINES: Final = 20
LIVE_CHARACTERS: Final = 1_500
LIVE_LINES: Final = 15


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """How it went, as it is stored. markdown: for the card. file: all that was kept of the output, if the card does not hold it.

    stopped: by a person, before its end. outcome, unwell: of the turn.
    """

    markdown: str
    file: str = ""
    stopped: bool = False
    outcome: Sentence | None = None
    unwell: bool = False


def glimpse(output: str) -> str:
    """The end of an output that is still coming; empty when there is nothing to see."""
    lines = plain(output[-4 * LIVE_CHARACTERS :]).strip("\n").split("\n")
    end = "\n".join(lines[-LIVE_LINES:])[-LIVE_CHARACTERS:]
    return fence(end) if end.strip() else ""


def result(finished: Finished, language: str) -> Shown:
    """How it ended, and its output: in full, or its beginning and end, and the rest in a file."""
    output = plain(finished.output).strip("\n")
    head = f"{how(finished, language)} · {finished.seconds:.1f} s"
    outcome = _outcome(finished)
    ended = Shown(markdown=head, stopped=finished.stopped, outcome=outcome, unwell=outcome is not None)
    if not output.strip():
        return replace(ended, markdown=f"{head}\n\n{text(language, 'shell.no_output')}")
    first, last = _ends(output)
    if not last and not finished.truncated:
        return replace(ended, markdown=f"{head}\n\n{fence(first)}")
    left_out = text(language, "shell.truncated" if finished.truncated else "shell.more_in_file")
    blocks = [head, fence(first), left_out, *([fence(last)] if last else [])]
    return replace(ended, markdown="\n\n".join(blocks), file=output)


def refusal(found: Judgement, language: str) -> Shown:
    """That a command is not run whoever asks, and why."""
    why = "\n".join(f"- {escape(text(language, one.key, **one.params))}" for one in reasons(found))
    said = text(language, "say.command_refused", reasons=why)
    return Shown(markdown=said, outcome=Sentence(key="ended.refused"), unwell=True)


def not_run(language: str, *, stopped: bool = False) -> Shown:
    """Nobody said yes to it."""
    return Shown(markdown=text(language, "shell.not_run"), stopped=stopped, outcome=Sentence(key="ended.not_run"))


def how(finished: Finished, language: str) -> str:
    """Its exit code, or what ended it."""
    if finished.stopped:
        return f"⏹ {text(language, 'shell.stopped')}"
    if finished.timed_out:
        return f"⏱ {text(language, 'shell.timed_out')}"
    if finished.exit_code is not None:
        mark = "✅" if finished.exit_code == 0 else "❌"
        return f"{mark} {text(language, 'shell.exit_code', code=finished.exit_code)}"
    return f"❌ {text(language, 'shell.signal', signal=_name(finished.signal))}"


def _outcome(finished: Finished) -> Sentence | None:
    """Its end in a word or two; None when it is as it should be, or a person wanted it."""
    if finished.stopped or (finished.exit_code == 0 and not finished.timed_out):
        return None
    if finished.timed_out:
        return Sentence(key="ended.timed_out")
    if finished.exit_code is not None:
        return Sentence(key="ended.exit_code", params={"code": str(finished.exit_code)})
    return Sentence(key="ended.signal", params={"signal": _name(finished.signal)})


def reasons(found: Judgement) -> tuple[Sentence, ...]:
    """Why a command asks or is refused."""
    return tuple(Sentence(key=f"guard.{each.key.value}", params=each.params) for each in found.reasons)


def listed(found: Judgement, language: str) -> str:
    """The same, a line each."""
    return "\n".join(f"- {text(language, one.key, **one.params)}" for one in reasons(found))


def _ends(output: str) -> tuple[str, str]:
    """The output as one, or its beginning and its end, as much as a card may hold."""
    lines = output.split("\n")
    if len(lines) <= CARD_LINES:
        whole = cut(output, CARD_BYTES)
        return whole.head, whole.tail
    head = cut("\n".join(lines[:HEAD_LINES]), CARD_BYTES // 2).head
    tail = cut("\n".join(lines[HEAD_LINES - CARD_LINES :]), CARD_BYTES // 2)
    return head, tail.tail if tail.omitted else tail.head


def _name(number: int | None) -> str:
    try:
        return signal.Signals(number or 0).name
    except ValueError:
        return str(number)
