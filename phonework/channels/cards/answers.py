"""What a click means for the request it is about: the decision it stands for, if it is one."""

from phonework.channels.cards.clicks import AnswerClick, Form, Press
from phonework.fsm.types import Answer, Ask, Question, RequestKind, Scope, Verdict


def answer_of(ask: Ask, click: AnswerClick) -> Answer | None:
    """The decision a click stands for; None when the request cannot be answered that way, or not all of it was."""
    match ask.kind:
        case RequestKind.CONFIRM:
            return _permission(click, ask.offered)
        case RequestKind.PLAN:
            return _plan(click)
        case RequestKind.CHOICE:
            return _choice(ask.questions, click)
        case RequestKind.INPUT:
            text = click.form.text
            return Answer(verdict=Verdict.ANSWER, text=text) if click.press is Press.FORM and text else None


def _permission(click: AnswerClick, scopes: tuple[Scope, ...]) -> Answer | None:
    """scopes: how long the proposed rule can hold; none: there is no rule."""
    if click.press is Press.ALLOW:
        return Answer(verdict=Verdict.ALLOW)
    if click.press is Press.ALLOW_SESSION and Scope.SESSION in scopes:
        return Answer(verdict=Verdict.ALLOW_SESSION)
    if click.press is Press.ALLOW_RULE and Scope.ALWAYS in scopes:
        return Answer(verdict=Verdict.ALLOW_RULE)
    return _denial(click)


def _plan(click: AnswerClick) -> Answer | None:
    if click.press is Press.ALLOW:
        return Answer(verdict=Verdict.ALLOW)
    if click.press is Press.ALLOW_EDITS:
        return Answer(verdict=Verdict.ALLOW_EDITS)
    return _denial(click)


def _denial(click: AnswerClick) -> Answer | None:
    return Answer(verdict=Verdict.DENY, text=click.form.reason) if click.press is Press.DENY else None


def _choice(questions: tuple[Question, ...], click: AnswerClick) -> Answer | None:
    if click.press is Press.PICK:
        return _tapped(questions, click.pick)
    if click.press is not Press.FORM or not questions:
        return None
    picks = tuple(_filled(question, number, click.form) for number, question in enumerate(questions))
    whole = tuple(one for one in picks if one)
    return Answer(verdict=Verdict.ANSWER, picks=whole) if len(whole) == len(questions) else None


def left_out(ask: Ask, click: AnswerClick) -> tuple[int, ...]:
    """The questions, from 0, that a sent form answers with nothing at all."""
    if ask.kind is not RequestKind.CHOICE or click.press is not Press.FORM:
        return ()
    filled = (_filled(question, number, click.form) for number, question in enumerate(ask.questions))
    return tuple(number for number, one in enumerate(filled) if one == ())


def _tapped(questions: tuple[Question, ...], chosen: tuple[int, int]) -> Answer | None:
    """One tap answers only a request with one question."""
    number, option = chosen
    if len(questions) != 1 or number != 0 or option >= len(questions[0].options):
        return None
    return Answer(verdict=Verdict.ANSWER, picks=((questions[0].options[option].label,),))


def _filled(question: Question, number: int, form: Form) -> tuple[str, ...] | None:
    indices = form.picks[number] if number < len(form.picks) else ()
    words = form.words[number] if number < len(form.words) else ""
    if any(index >= len(question.options) for index in indices):
        return None
    if (len(indices) > 1 and not question.multiple) or (words and question.options and not question.free_text):
        return None
    return (*(question.options[index].label for index in indices), *((words,) if words else ()))
