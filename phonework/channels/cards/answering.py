"""The buttons and forms that answer a request, and how to answer by typing."""

from collections.abc import Sequence
from typing import Final

from phonework.channels.cards.clicks import Press
from phonework.channels.cards.danger import is_broad, marks, widened
from phonework.channels.cards.parts import (
    Element,
    button,
    cut,
    form,
    input_row,
    line,
    markdown,
    plain,
    row,
    select,
    submit,
    text_input,
    words,
)
from phonework.channels.cards.values import Value, answer_value, pick
from phonework.channels.markdown import escape, inline_code
from phonework.fsm.types import Ask, Question, Request, RequestKind, Scope
from phonework.texts import text

ONE_TAP_OPTIONS: Final = 4
_MAX_SELECTABLE: Final = 60  # options in all selects of a card: each counts as an element
_MAX_FORM_QUESTIONS: Final = 8
_TYPING: Final = {
    (): "card.typing_confirm",
    (Scope.SESSION,): "card.typing_confirm_session",
    (Scope.ALWAYS,): "card.typing_confirm_rule",
    (Scope.SESSION, Scope.ALWAYS): "card.typing_confirm_scopes",
}


def controls(request: Request, language: str, *, late: bool, budget: int) -> list[Element]:
    """What answers the request with a tap or a form. late: answering resumes the work in a new turn."""
    panel = _Controls(request, language, late=late)
    match request.ask.kind:
        case RequestKind.CONFIRM:
            return panel.confirm()
        case RequestKind.PLAN:
            return panel.plan()
        case RequestKind.CHOICE:
            return panel.choice(budget)
        case RequestKind.INPUT:
            return panel.input()


def for_all(request: Request, others: Sequence[Request], language: str) -> Element:
    """One tap for the open request and all the others that its card shows; it names every one of them."""
    also = [one.request_id for one in others]

    def one_for_all(key: str, press: Press, kind: str) -> Element:
        value = answer_value(request.request_id, request.generation, press, also=also)
        return button(text(language, key, count=1 + len(also)), value, kind=kind, element_id=f"{press}_all")

    return row(
        [one_for_all("card.allow_all", Press.ALLOW, "default"), one_for_all("card.deny_all", Press.DENY, "danger")]
    )


def typing_hint(ask: Ask, language: str) -> str:
    """How to answer without touching the card; empty when the card has said so, as there is no other way."""
    if is_typed(ask):
        return ""
    match ask.kind:
        case RequestKind.CONFIRM:
            return text(language, _TYPING[ask.offered])
        case RequestKind.PLAN:
            return text(language, "card.typing_plan")
        case RequestKind.INPUT:
            return text(language, "card.typing_input")
        case RequestKind.CHOICE:
            return _typing_choice(ask.questions, language)


def until_key(ask: Ask) -> str:
    """What silence comes to: no permission; but to a choice or a text it is no answer, and the turn stops."""
    return "card.until_stops" if ask.kind in (RequestKind.CHOICE, RequestKind.INPUT) else "card.until"


def _typing_choice(questions: tuple[Question, ...], language: str) -> str:
    if len(questions) != 1:
        return text(language, "card.typing_form", count=len(questions))
    one = questions[0]
    if not one.options:
        return text(language, "card.typing_input")
    key = "card.typing_many" if one.multiple else "card.typing_one"
    return text(language, key if one.free_text else f"{key}_only")


def is_typed(ask: Ask) -> bool:
    """Whether it is too much for a form, so that it can be answered by typing only."""
    selectable = sum(len(one.options) for one in ask.questions)
    too_much = not ask.questions or len(ask.questions) > _MAX_FORM_QUESTIONS or selectable > _MAX_SELECTABLE
    return ask.kind is RequestKind.CHOICE and too_much


def asked(ask: Ask, language: str) -> str:
    """What it is about, in a line: how many questions, where the line would only repeat the first of several."""
    if len(ask.questions) > 1 and plain(ask.prompt) == plain(ask.questions[0].text):
        return text(language, "card.questions", count=len(ask.questions))
    line = text(language, ask.sentence.key, **ask.sentence.params) if ask.sentence else ask.prompt
    notes = " · ".join(text(language, one.key, **one.params) for one in ask.notes)
    return text(language, "card.noted", asked=line, notes=notes) if notes else line


def everything_asked(ask: Ask, language: str) -> str:
    """All questions with all their options, as Markdown."""
    blocks = [_question_lines(ask, number, one, language) for number, one in enumerate(ask.questions)]
    return "\n\n".join(block for block in blocks if block)


def _only_typing(ask: Ask, language: str, *, late: bool) -> str:
    """How to answer what is too much for a form, exactly."""
    if late:
        return text(language, "card.only_typing_late")
    if len(ask.questions) == 1:
        one = ask.questions[0]
        how = text(language, f"card.how_{'many' if one.multiple else 'one'}{'' if one.free_text else '_only'}")
    else:
        how = text(language, "card.how_lines", count=len(ask.questions))
    return text(language, "card.only_typing", how=how)


def is_one_tap(ask: Ask) -> bool:
    """Whether each option can be a button of its own."""
    if len(ask.questions) != 1:
        return False
    one = ask.questions[0]
    return not one.multiple and 0 < len(one.options) <= ONE_TAP_OPTIONS


class _Controls:
    def __init__(self, request: Request, language: str, *, late: bool) -> None:
        self._request, self._ask, self._language, self._late = request, request.ask, language, late

    def _say(self, key: str, **params: object) -> str:
        return text(self._language, key, **params)

    def _value(self, choice: str) -> Value:
        return answer_value(self._ask.request_id, self._request.generation, choice, late=self._late)

    def confirm(self) -> list[Element]:
        scopes = self._ask.offered if not self._late else ()
        allow = "card.late_allow" if self._late else "card.allow"
        buttons = [self._button(allow, Press.ALLOW, "primary" if marks(self._ask) else "primary_filled")]
        if Scope.SESSION in scopes:
            buttons.append(self._button("card.allow_session", Press.ALLOW_SESSION, "default"))
        if Scope.ALWAYS in scopes:
            buttons.append(self._button("card.allow_rule", Press.ALLOW_RULE, "default"))
        buttons.append(self._button("card.late_deny" if self._late else "card.deny", Press.DENY, "danger"))
        shown = [self._rule(scopes)] if scopes else []
        return [*shown, row(buttons), self._reason_form("card.reason_hint", "card.deny_reason")]

    def _rule(self, scopes: tuple[Scope, ...]) -> Element:
        """The rule in full, where each button keeps it, and how much more it allows than what is asked."""
        lines = [f"{escape(self._say('card.rule_line'))} {inline_code(self._ask.rule)}"]
        if Scope.SESSION in scopes:
            lines.append(escape(self._say("card.rule_session")))
        if Scope.ALWAYS in scopes:
            place = inline_code(self._ask.kept_in) if self._ask.kept_in else escape(self._say("card.rule_records"))
            lines.append(f"{escape(self._say('card.rule_always'))} {place}")
        if wider := widened(self._ask):
            lines.append(f"{escape(self._say('card.rule_wider'))} {', '.join(map(inline_code, wider))}")
        marked = f"\n<font color='red'>⚠ {escape(self._say('danger.broad_rule'))}</font>" if is_broad(self._ask) else ""
        return markdown(f"<font color='grey'>{chr(10).join(lines)}</font>{marked}")

    def plan(self) -> list[Element]:
        approve = self._button("card.late_approve" if self._late else "card.approve", Press.ALLOW, "primary_filled")
        edits = self._button("card.approve_edits", Press.ALLOW_EDITS, "default")
        return [row([approve, edits]), self._reason_form("card.feedback_hint", "card.keep_planning")]

    def input(self) -> list[Element]:
        field = text_input("text", self._say("card.input_hint"), lines=3)
        return [form("answer", [field, self._submit("card.send_answer", Press.FORM, "primary_filled")])]

    def choice(self, budget: int) -> list[Element]:
        questions = self._ask.questions
        if is_typed(self._ask):
            return self._typed(budget)
        listed = _listing(self._ask, self._language, budget)
        if is_one_tap(self._ask):
            return [*listed, *self._taps(questions[0]), *self._own_words(questions[0])]
        fields: list[Element] = []
        for number, question in enumerate(questions):
            fields += _listing(self._ask, self._language, budget // len(questions), only=number)
            fields += self._fields(number, question)
        return [form("answer", [*fields, self._submit("card.send_answer", Press.FORM, "primary_filled")])]

    def _typed(self, budget: int) -> list[Element]:
        """All of it to read, and how to type the answer; what does not fit is sent as a file."""
        shown = cut(everything_asked(self._ask, self._language), max(budget, 200))
        note = escape(self._say("card.cut", omitted=f"{shown.omitted:,}"))
        listed = f"{shown.head}\n\n{note}\n\n{shown.tail}" if shown.omitted else shown.head
        how = f"**{escape(_only_typing(self._ask, self._language, late=self._late))}**"
        return [*([markdown(listed)] if listed else []), markdown(how)]

    def _taps(self, question: Question) -> list[Element]:
        return [
            button(
                f"{number}. {plain(option.label, 80)}",
                self._value(pick(0, number - 1)),
                element_id=f"pick_0_{number - 1}",
                wide=True,
            )
            for number, option in enumerate(question.options, 1)
        ]

    def _own_words(self, question: Question) -> list[Element]:
        if not question.free_text:
            return []
        field = text_input("t0", self._say("card.words_hint"))
        return [form("answer", [input_row(field, self._submit("card.send_answer", Press.FORM, "default"))])]

    def _fields(self, number: int, question: Question) -> list[Element]:
        fields: list[Element] = []
        if question.options:
            hint = self._say("card.choose_many" if question.multiple else "card.choose")
            labels = [f"{place}. {option.label}" for place, option in enumerate(question.options, 1)]
            fields.append(select(f"q{number}", hint, labels, multiple=question.multiple))
        if question.free_text or not question.options:
            hint = self._say("card.words_hint" if question.options else "card.words_only_hint")
            fields.append(text_input(f"t{number}", hint))
        return fields

    def _button(self, key: str, press: Press, kind: str) -> Element:
        return button(self._say(key), self._value(press), kind=kind, element_id=str(press))

    def _submit(self, key: str, press: Press, kind: str) -> Element:
        label = "card.late_answer" if self._late and press is Press.FORM else key
        return submit(self._say(label), self._value(press), f"send_{press}", kind=kind)

    def _reason_form(self, hint: str, label: str) -> Element:
        field = text_input("reason", self._say(hint))
        return form("reason_form", [input_row(field, self._submit(label, Press.DENY, "default"))])


def _listing(ask: Ask, language: str, budget: int, only: int | None = None) -> list[Element]:
    """The questions with their numbered options, as much as fits in the budget."""
    chosen = [(number, one) for number, one in enumerate(ask.questions) if only is None or number == only]
    blocks = [_question_lines(ask, number, one, language) for number, one in chosen]
    whole = "\n\n".join(block for block in blocks if block)
    if not whole:
        return []
    shown = cut(whole, max(budget, 200))
    if not shown.omitted:
        return [markdown(whole)]
    note = escape(text(language, "card.cut_plain", omitted=f"{shown.omitted:,}"))
    return [markdown(f"{shown.head}\n\n{note}\n\n{shown.tail}")]


def _question_lines(ask: Ask, number: int, question: Question, language: str) -> str:
    several = len(ask.questions) > 1
    title: list[str] = []
    if several:
        title.append(escape(text(language, "card.question_of", number=number + 1, count=len(ask.questions))))
    if question.header:
        title.append(line(question.header, 60))
    many = f" ({escape(text(language, 'card.multiple'))})" if question.multiple else ""
    heading = f"**{' · '.join(title)}**{many}\n" if title else f"{many.strip()}\n"
    asked = "" if plain(question.text) == plain(ask.prompt) and not several else words(question.text, 2_000)
    described = any(option.description for option in question.options)
    needs_list = described or several or not is_one_tap(ask) or any(len(one.label) > 80 for one in question.options)
    options = _option_lines(question) if needs_list else ""
    return f"{heading}{asked}\n{options}".strip("\n").replace("\n\n", "\n")


def _option_lines(question: Question) -> str:
    return "\n".join(
        f"**{number}. {line(option.label)}**" + (f" — {line(option.description, 500)}" if option.description else "")
        for number, option in enumerate(question.options, 1)
    )
