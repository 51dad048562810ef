"""What becomes of a decision about a call whose agent has ended meanwhile: the next agent makes the call again."""

from pathlib import Path

from phonework.backends.base import TurnStart
from phonework.backends.claude import asks, transcript
from phonework.fsm.types import PromptId


def repeat_call(record: Path, start: TurnStart) -> bool:
    """Let the agent make the very call again that the late decision is about, if its process died while it waited.

    Why this way: a plain prompt leaves it to the model to make the same call again, and it seldom repeats the input to
    the letter, so that the person would be asked a second time. With the mark (see transcript.mark_deferred) Claude Code
    itself repeats the call, under the same id, without asking the model; it is reported as asked, the state machine
    answers it from the decision, and the turn goes on from there. It takes one call only, so with several unanswered calls,
    or any other end of the record (the wait had expired and the call was refused), the prompt has to do, which tells of
    the decision; so it has when the CLI does not react to the mark.
    """
    carry = start.carry
    if carry is None or carry.used or not start.prompts:
        return False
    calls = transcript.unanswered(record)
    if len(calls) != 1:
        return False
    call = calls[0]
    same = call.tool_use_id == carry.ask.agent_ref
    if not same or asks.fingerprint(call.tool, call.tool_input) != carry.ask.fingerprint:
        return False
    try:
        transcript.mark_deferred(record, call, PromptId(start.prompts[0].prompt_id))
    except OSError:
        return False
    return True
