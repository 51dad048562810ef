"""A command for the person's shell: it runs where they are working at that moment."""

from dataclasses import replace

from phonework.channels.base import Said
from phonework.fsm import effects as order
from phonework.fsm.types import SessionId
from phonework.intake.companions import companion, companion_of
from phonework.intake.hand import Hand, Taken
from phonework.intake.messages import prompt_of, reply, to_session
from phonework.intake.which import looked_at
from phonework.store import sessions


def in_shell(hand: Hand, said: Said, line: str, *, may_answer: bool = False) -> Taken:
    """Give it to the shell, for the directory of the session at hand; without one, for the working root.

    may_answer: it may be the answer to what the shell asks.
    """
    if not hand.desk.shell:
        return reply(hand, said, order.Say(text="say.no_shell"))
    session_id, current = companion(hand, hand.desk.shell, said.chat), looked_at(hand, said)
    cwd = sessions.run_of(hand.connection, current).cwd if current else str(hand.desk.root)
    # What comes with files is about them, and answers nothing; a command has no use for them.
    prompt = prompt_of(hand, said, line, verbatim=may_answer and not said.attachments)
    return to_session(hand, said, replace(prompt, cwd=cwd, attachments=()), session_id)


def is_shell(hand: Hand, session_id: SessionId | None) -> bool:
    """Whether it is the person's shell, so that words for it are a command or an answer."""
    return bool(hand.desk.shell) and session_id == companion_of(hand.user_id, hand.desk.shell)
