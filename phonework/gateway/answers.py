"""The decision that a program's answer stands for: never more than what was asked offers, never one made of silence."""

from collections.abc import Sequence

from phonework.fsm.replies import interpret
from phonework.fsm.types import Answer, Ask, Question, RequestKind, Scope, Verdict
from phonework.gateway.shapes import NewAnswer
from phonework.intake.messages import clean

_ALLOWED = {
    RequestKind.CONFIRM: (Verdict.ALLOW, Verdict.DENY),
    RequestKind.PLAN: (Verdict.ALLOW, Verdict.ALLOW_EDITS, Verdict.DENY),
}


def answer_of(ask: Ask, given: NewAnswer) -> Answer | None:
    """None when the request cannot be answered that way, or not all of it was."""
    words, picks = clean(given.text).strip(), [[clean(one).strip() for one in each] for each in given.picks]
    if ask.kind in _ALLOWED:
        return None if picks else _permission(ask, given.verdict, words)
    if given.verdict is not Verdict.ANSWER:
        return None
    if ask.kind is RequestKind.INPUT:
        return Answer(verdict=Verdict.ANSWER, text=words) if words and not picks else None
    if picks:
        return _choice(ask.questions, picks) if not words else None
    return interpret(ask, words)


def _permission(ask: Ask, verdict: Verdict, words: str) -> Answer | None:
    offered = list(_ALLOWED[ask.kind])
    if ask.kind is RequestKind.CONFIRM:
        offered += [Verdict.ALLOW_SESSION] if Scope.SESSION in ask.offered else []
        offered += [Verdict.ALLOW_RULE] if Scope.ALWAYS in ask.offered else []
    if verdict not in offered or (words and verdict is not Verdict.DENY):
        return None
    return Answer(verdict=verdict, text=words)


def _choice(questions: Sequence[Question], picks: list[list[str]]) -> Answer | None:
    if len(picks) != len(questions):
        return None
    chosen = tuple(_picked(question, pick) for question, pick in zip(questions, picks, strict=True))
    whole = tuple(one for one in chosen if one)
    return Answer(verdict=Verdict.ANSWER, picks=whole) if len(whole) == len(questions) else None


def _picked(question: Question, pick: list[str]) -> tuple[str, ...]:
    """Labels as they stand there, and own words where those are taken; empty when it is no answer."""
    labels = {option.label.strip(): option.label for option in question.options}
    own = [one for one in pick if one not in labels]
    if not all(pick) or (len(pick) > 1 and not question.multiple) or len(own) > 1:
        return ()
    if own and labels and not question.free_text:
        return ()
    return tuple(labels.get(one, one) for one in pick)
