"""The card of a request: what the agent asks, how to answer, and what became of it."""

from dataclasses import dataclass, replace
from datetime import tzinfo
from typing import Final

from phonework.channels.cards import danger
from phonework.channels.cards.answering import (
    asked,
    controls,
    everything_asked,
    for_all,
    is_typed,
    typing_hint,
    until_key,
)
from phonework.channels.cards.decisions import decision, reason
from phonework.channels.cards.modes import banner
from phonework.channels.cards.parts import (
    MAX_BYTES,
    Card,
    Element,
    Head,
    card,
    clock_time,
    code_elements,
    fitted,
    line,
    markdown,
    markdown_elements,
    panel,
    plain,
    quote,
    size_bytes,
    small,
)
from phonework.channels.cards.people import mention, who
from phonework.channels.cards.subject import Subject, subject_of
from phonework.channels.cards.turn import actor, called
from phonework.channels.markdown import escape, inline_code
from phonework.channels.split import wire_bytes
from phonework.fsm.types import Ask, Request, RequestKind, RequestStatus, State, Verdict
from phonework.texts import text
from phonework.views import RequestView

_COLORS: Final = {
    RequestStatus.QUEUED: "grey",
    RequestStatus.OPEN: "orange",
    RequestStatus.ANSWERED: "blue",
    RequestStatus.DELIVERED: "green",
    RequestStatus.REFUSED: "grey",
    RequestStatus.EXPIRED: "yellow",
    RequestStatus.VOID: "yellow",
    RequestStatus.WITHDRAWN: "grey",
    RequestStatus.RESUMED: "blue",
}
_LATE: Final = frozenset({RequestStatus.EXPIRED, RequestStatus.VOID})
_FOLD_LINES: Final = 6
_MOST_REASONS: Final = 8
_MOST_ANSWERS: Final = 12
_FILE_NAMES: Final = {
    "bash": "command.sh",
    "diff": "changes.diff",
    "text": "message.txt",
    "json": "input.json",
    "": "plan.md",
}


def request_card(view: RequestView, language: str, *, tz: tzinfo | None = None) -> Card:
    """The card as it has to look now. tz: the zone of the times shown; None: the machine's own."""
    return _made(view, language, tz)[0]


def request_file(view: RequestView, language: str) -> tuple[str, bytes] | None:
    """Name and content of the file to send along, if the card cannot show all that is asked; else None."""
    ask = view.request.ask
    if is_typed(ask):
        whole = everything_asked(ask, language)
        fits = wire_bytes(whole) <= max(_made(view, language, None)[1], 200)
        return None if fits else ("questions.md", whole.encode("utf-8", "replace"))
    subject = subject_of(ask)
    if subject is None or wire_bytes(subject.text) <= _made(view, language, None)[1]:
        return None
    return _FILE_NAMES.get(subject.language, "request.txt"), subject.text.encode("utf-8", "replace")


def _made(view: RequestView, language: str, tz: tzinfo | None) -> tuple[Card, int]:
    made, budget = fitted(_Painter(view=view, language=language, tz=tz).card)
    if view.together and size_bytes(made) > MAX_BYTES:  # nothing of the others is shown but in full
        made, budget = fitted(_Painter(view=replace(view, together=()), language=language, tz=tz).card)
    return made, budget


@dataclass(frozen=True, slots=True, kw_only=True)
class _Painter:
    view: RequestView
    language: str
    tz: tzinfo | None

    def say(self, key: str, **params: object) -> str:
        return text(self.language, key, **params)

    @property
    def is_open(self) -> bool:
        return self.view.request.status is RequestStatus.OPEN

    @property
    def is_late(self) -> bool:
        """It can be answered still, and a new turn takes it from there."""
        return self.view.request.status in _LATE and self.view.session.state is not State.CLOSED

    def card(self, budget: int) -> Card:
        request = self.view.request
        elements: list[Element | None] = [
            self.banner(),
            self.prompt(),
            self.dangers(),
            *self.subject(budget),
            self.why(),
            self.fate(),
            self.picked(),
        ]
        if self.is_open or self.is_late:
            elements += controls(request, self.language, late=self.is_late, budget=budget)
        elements += self.others()
        elements.append(self.footer())
        return card(self.head(), elements)

    def banner(self) -> Element | None:
        return banner(self.view.session, self.language, self.tz) if self.is_open else None

    def head(self) -> Head:
        request, session = self.view.request, self.view.session
        kind = self.say(self.kind_key())
        about = plain(asked(request.ask, self.language), 60)
        return Head(
            title=f"{plain(called(session, self.language), 40)} · {kind}",
            subtitle=self.where(),
            color=self.color(),
            tag=self.say(self.status_key()),
            summary=f"{self.say(self.status_key())} · {plain(called(session, self.language), 30)}: {about}",
        )

    def kind_key(self) -> str:
        """Where others read along, the heading tells and does not ask: it cannot name the person."""
        kind = self.view.request.ask.kind
        return f"kind.{kind}_group" if self.view.person and kind is not RequestKind.CONFIRM else f"kind.{kind}"

    def where(self) -> str:
        """The session, after the tool that wants to run; what asks a question is no news to anybody.

        A companion is known by what it is: its session and its tools are nobody's business.
        """
        ask, session = self.view.request.ask, self.view.session
        task = [self.say("turn.task", number=self.view.task)] if self.view.task else []
        if session.companion:
            return "".join(task)
        named = [ask.tool] if ask.tool and ask.kind is RequestKind.CONFIRM else []
        return plain(" · ".join([*task, *named, session.session_id]), 80)

    def color(self) -> str:
        request = self.view.request
        asks = (request.ask, *(one.ask for one in self.view.together))
        if self.is_open and (any(map(danger.marks, asks)) or self.view.session.mode_until):
            return "red"
        if request.status is RequestStatus.DELIVERED and request.answer and request.answer.verdict is Verdict.DENY:
            return "grey"
        return "grey" if request.status in _LATE and not self.is_late else _COLORS[request.status]

    def status_key(self) -> str:
        """Only what the agent has is called allowed, denied, approved or answered."""
        request = self.view.request
        if self.is_open:
            return "status.open_group" if self.view.person else "status.open"
        if self.view.unknown:
            return "status.unknown"
        if request.status is not RequestStatus.DELIVERED or request.answer is None:
            return f"status.{request.status}"
        if request.ask.kind is RequestKind.PLAN:
            return "status.kept_planning" if request.answer.verdict is Verdict.DENY else "status.approved"
        return {Verdict.DENY: "status.denied", Verdict.ANSWER: "status.answered_done"}.get(
            request.answer.verdict, "status.allowed"
        )

    def prompt(self) -> Element:
        ask = self.view.request.ask
        bold = f"**{line(asked(ask, self.language)) or line(ask.tool, 80) or '…'}**"
        if self.view.person is None or not (self.is_open or self.is_late):
            return markdown(bold)
        return markdown(f"{self.say('card.for', who=mention(self.view.person))}\n{bold}")

    def dangers(self) -> Element | None:
        marks = danger.marks(self.view.request.ask) if self.is_open or self.is_late else ()
        if not marks:
            return None
        named = "\n".join(f"- {self.say(mark)}" for mark in marks)
        title, note = self.say("card.danger_title"), self.say("card.danger_note")
        return markdown(f"<font color='red'>⚠ **{title}**</font> <font color='grey'>{note}</font>\n{named}")

    def why(self) -> Element | None:
        """Why it asks at all, as long as that matters."""
        reasons = self.view.request.ask.reasons if self.is_open or self.is_late else ()
        if not reasons:
            return None
        named = [f"- {line(self.say(one.key, **one.params), 300)}" for one in reasons[:_MOST_REASONS]]
        more = len(reasons) - _MOST_REASONS
        rest = [f"- {escape(self.say('card.more_reasons', count=more))}"] if more > 0 else []
        return markdown("\n".join([escape(self.say("card.reasons")), *named, *rest]), "why")

    def subject(self, budget: int) -> list[Element]:
        """What it is about, in full or as much as fits; folded away once there is nothing to decide."""
        ask, subject = self.view.request.ask, subject_of(self.view.request.ask)
        where = [
            small(f"{escape(self.say('card.in_path'))} {inline_code(plain(ask.path or self.view.session.cwd, 400))}")
        ]
        if subject is None:
            return where if ask.path else []
        if self.view.session.companion and not ask.path:
            where = []
        shown = self.shown(subject, budget)
        settled = not (self.is_open or self.is_late)
        if settled and (subject.text.count("\n") >= _FOLD_LINES or len(subject.text) > 600):
            lines = self.say("card.lines", count=subject.text.count("\n") + 1)
            shown = [panel(escape(f"{plain(subject.title(self.language), 60)} ({lines})"), shown)]
        return [*shown, *(where if ask.kind is RequestKind.CONFIRM else [])]

    def shown(self, subject: Subject, budget: int) -> list[Element]:
        def omitted(count: int) -> str:
            return self.say("card.cut", omitted=f"{count:,}")

        if subject.is_markdown:
            return markdown_elements(subject.text, budget, omitted)
        return code_elements(subject.text, subject.language, budget, omitted)

    def others(self) -> list[Element]:
        """Those behind it in full, with buttons for all of them; afterwards those answered with it, each with its fate."""
        if not self.view.together:
            return []
        if not self.is_open:
            answered = [
                _Painter(view=replace(self.view, request=one, together=()), language=self.language, tz=self.tz)
                for one in self.view.together
            ]
            return [
                markdown(
                    "\n".join(f"- {line(one.named(), 200)}: {escape(one.say(one.status_key()))}" for one in answered)
                )
            ]
        shown = [each for number, one in enumerate(self.view.together, 2) for each in self.other(number, one)]
        return [{"tag": "hr"}, *shown, for_all(self.view.request, self.view.together, self.language)]

    def other(self, number: int, request: Request) -> list[Element]:
        """One of those behind it."""
        ask, subject = request.ask, subject_of(request.ask)
        marks = "".join(f"\n<font color='red'>⚠ {escape(self.say(mark))}</font>" for mark in danger.marks(ask))
        title = markdown(f"**{number}. {line(asked(ask, self.language)) or line(ask.tool, 80) or '…'}**{marks}")
        about = self.shown(subject, wire_bytes(subject.text)) if subject else []
        return [title, *about, *([small(inline_code(plain(ask.path, 400)))] if ask.path else [])]

    def named(self) -> str:
        ask = self.view.request.ask
        return ask.command or ask.path or ask.prompt or ask.tool

    def fate(self) -> Element | None:
        """What became of it, in a sentence; nothing while it waits."""
        request = self.view.request
        if self.is_open:
            return None
        said = self.say(
            self.fate_key(),
            time=clock_time(request.answered_at, self.tz) if request.answered_at else "",
            who=who(self.view.person and request.answered_by, self.language),
            what=line(decision(request.ask.kind, request.answer, self.language), 400) if request.answer else "?",
            **actor(self.view.session, self.language),
        ).strip()
        because = reason(request.answer) if request.answer else ""
        added = f"\n{escape(self.say('fate.because'))}\n{quote(because, 600)}" if because else ""
        return markdown(f"{said}{added}", "fate")

    def fate_key(self) -> str:
        """A no the agent has is no less than that: what it asked for is not done."""
        request = self.view.request
        status = "unknown" if self.view.unknown else request.status
        if request.status in _LATE and not self.is_late:
            return f"fate.{status}_closed"
        no = request.answer is not None and request.answer.verdict is Verdict.DENY
        if no and request.status is RequestStatus.DELIVERED and request.ask.kind is RequestKind.CONFIRM:
            return "fate.denied_command" if request.ask.command else "fate.denied"
        return f"fate.{status}"

    def picked(self) -> Element | None:
        """What was answered to which of several questions: they are no longer shown."""
        questions, answer = self.view.request.ask.questions, self.view.request.answer
        if len(questions) < 2 or answer is None or not answer.picks:
            return None
        pairs = list(zip(questions, answer.picks, strict=False))[:_MOST_ANSWERS]
        return markdown("\n".join(f"- {line(one.text, 150)} **{line(', '.join(picks), 150)}**" for one, picks in pairs))

    def typing_hint(self) -> str:
        """A companion is not who plain words are for: only what plainly answers it is taken without a reply."""
        ask = self.view.request.ask
        hint = typing_hint(ask, self.language)
        return self.say(_how_to_reply(ask), hint=hint) if hint and self.view.session.companion else hint

    def footer(self) -> Element:
        request = self.view.request
        lines: list[str] = []
        if self.is_open:
            lines += [hint] if (hint := self.typing_hint()) else []
            lines += [self.say("card.typing_group")] if self.view.person else []
        facts = [self.say("card.asked_at", time=clock_time(request.asked_at, self.tz))]
        if self.is_open and request.expires_at:
            facts.append(self.say(until_key(request.ask), time=clock_time(request.expires_at, self.tz)))
        if self.is_open and (behind := self.view.behind - len(self.view.together)) > 0:
            facts.append(self.say("card.behind", count=behind))
        lines.append(" · ".join(facts))
        return small("\n".join(escape(each) for each in lines))


def _how_to_reply(ask: Ask) -> str:
    """The sentence that says what a companion takes without a reply to its card: yes and no, a number, an option."""
    if ask.kind is RequestKind.CONFIRM:
        return "card.typing_alone"
    one_with_options = len(ask.questions) == 1 and ask.questions[0].options
    return "card.typing_alone_choice" if ask.kind is RequestKind.CHOICE and one_with_options else "card.typing_reply"
