"""The card of a turn: live while the agent works, then its result."""

from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from pathlib import PurePath
from typing import Final

from phonework.backends.base import Progress, Step
from phonework.channels.cards.clicks import TurnOp
from phonework.channels.cards.modes import banner
from phonework.channels.cards.parts import (
    Card,
    Element,
    Head,
    amount,
    button,
    card,
    clip,
    clock_time,
    cost,
    duration,
    fitted,
    late_words,
    line,
    markdown,
    panel,
    plain,
    row,
    small,
    words,
    written,
)
from phonework.channels.cards.people import mention, who
from phonework.channels.cards.values import fetch_value, turn_value
from phonework.channels.markdown import escape, normalise
from phonework.channels.split import wire_bytes
from phonework.fsm.events import RESTART
from phonework.fsm.types import Sentence, State, Turn, TurnStatus, Usage
from phonework.texts import text
from phonework.views import SessionView, TurnView, Verbosity

MAX_STEPS: Final = 8
WORDS: Final = "words"
"""The `element_id` of a live card's text, which grows."""
_STEP_MARKS: Final = {"running": "⏳", "ok": "✅", "failed": "❌"}
_TAIL_BYTES: Final = 4_000
_BEFORE_TAIL_BYTES: Final = 10
_ROOM_FOR_STEPS: Final = 4_000
_WAITING: Final = frozenset({State.WAITING_CONFIRM, State.WAITING_INPUT})
_RESULT_COLORS: Final = {
    TurnStatus.LIVE: "blue",
    TurnStatus.DONE: "green",
    TurnStatus.STOPPED: "grey",
    TurnStatus.FAILED: "red",
    TurnStatus.LOST: "red",
}


def why_not_done(turn: Turn, language: str) -> str:
    """What went wrong in a turn: in the person's language if it is a sentence of ours, else as it was said."""
    if turn.error == RESTART:
        return text(language, "turn.restart")
    return text(language, turn.problem.key, **turn.problem.params).strip() if turn.problem else turn.error


def ended(turn: Turn, language: str) -> str:
    """How it ended, or that it is at work, in a word or two."""
    if turn.status is TurnStatus.DONE and turn.outcome is not None:
        return text(language, turn.outcome.key, **turn.outcome.params)
    return text(language, f"turn.{turn.status}")


def _color(turn: Turn) -> str:
    """Green is for what came to a good end."""
    if turn.status is not TurnStatus.DONE or turn.outcome is None:
        return _RESULT_COLORS[turn.status]
    return "red" if turn.unwell else "grey"


def progress_card(
    view: TurnView,
    progress: Progress,
    language: str,
    now: datetime,
    *,
    tz: tzinfo | None = None,
    verbosity: Verbosity = Verbosity.NORMAL,
) -> Card:
    """The live card: what the agent did, its words so far, time, tokens, cost, and Stop.

    verbosity: quiet shows neither what it did nor its words, verbose everything it did, folded, with what came of it.
    """
    painter = _Live(view=view, language=language, verbosity=verbosity, progress=progress, now=now, tz=tz)
    return fitted(painter.card)[0]


def live_words(progress: Progress) -> str:
    """What the text of a live card says, which shows it, as Markdown; may be empty."""
    return normalise(_tail(progress.text.strip(), _TAIL_BYTES))


def result_card(
    view: TurnView,
    language: str,
    *,
    tz: tzinfo | None = None,
    with_answer: bool = True,
    elsewhere: bool = False,
    verbosity: Verbosity = Verbosity.NORMAL,
) -> Card:
    """How the turn ended and what can be done next.

    with_answer: show what the agent said, if the card can hold all of it (see `holds_answer`).
    elsewhere: only that it is over, because a newer message has the rest.
    """
    return _result(view, language, tz, with_answer, elsewhere, verbosity)[0]


def holds_answer(view: TurnView, language: str, *, verbosity: Verbosity = Verbosity.NORMAL) -> bool:
    """Whether the result card shows the agent's words whole; False: they have to be sent besides."""
    return bool(view.turn.text.strip()) and _result(view, language, None, True, False, verbosity)[1]


def _result(
    view: TurnView, language: str, tz: tzinfo | None, with_answer: bool, elsewhere: bool, verbosity: Verbosity
) -> tuple[Card, bool]:
    answer = normalise(view.turn.text).strip() if with_answer else ""
    painter = _Result(view=view, language=language, verbosity=verbosity, tz=tz, answer=answer, elsewhere=elsewhere)
    made, budget = fitted(painter.card)
    return made, bool(answer) and wire_bytes(answer) <= budget


def called(session: SessionView, language: str) -> str:
    """What a person calls it: the project, or what the companion is."""
    return text(language, f"companion.{session.backend}") if session.companion else session.project


def actor(session: SessionView, language: str) -> dict[str, str]:
    """Who is at work, as parameters of a sentence: `agent` within it, `the_agent` where one begins."""
    named = text(language, f"actor.{session.backend if session.companion else 'agent'}")
    return {"agent": named, "the_agent": named[:1].upper() + named[1:]}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Turn:
    view: TurnView
    language: str
    verbosity: Verbosity

    def say(self, key: str, /, **params: object) -> str:
        return text(self.language, key, **params)

    def head(self, tag: str, color: str, about: str) -> Head:
        session = self.view.session
        name = called(session, self.language)
        return Head(
            title=plain(name, 60),
            subtitle="" if session.companion else plain(f"{session.backend} · {session.session_id}", 80),
            color=color,
            tag=tag,
            summary=f"{tag} · {plain(name, 30)}: {plain(about, 60)}",
        )

    def asked(self) -> Element | None:
        """What the person wanted, so that the card can be understood by itself."""
        prompts = self.view.prompts
        if not prompts:
            return None
        more = f" {self.say('turn.more_asked', count=len(prompts) - 1)}" if len(prompts) > 1 else ""
        late = prompts[0].late
        words_of = written(prompts[0], self.language) if late is None else late_words(late, self.language)
        said = clip(plain(words_of, 400), 120)
        key = "turn.asked" if late is None else "turn.answered_late"
        wanted = self.say(key, who=who(self.view.person, self.language), said=escape(f"{said}{more}"))
        # A name has a colour of its own.
        return {**markdown(wanted), "text_size": "notation"} if self.view.person else small(wanted)

    def folded(self, steps: Sequence[Step]) -> Element:
        """Everything the agent did, put away behind a line that counts it."""
        verbose = self.verbosity is Verbosity.VERBOSE
        lines = [_step(one, output=verbose) for one in steps]
        return panel(escape(self.say("turn.steps", count=len(steps))), [markdown("\n".join(lines), "steps")])

    def button(self, key: str, op: TurnOp, kind: str = "default") -> Element:
        session, turn = self.view.session, self.view.turn.turn
        return button(self.say(key), turn_value(op, session.session_id, turn), kind=kind, element_id=str(op))

    def figures(self, seconds: float, usage: Usage) -> str:
        facts = [self.say("turn.elapsed", time=duration(seconds))]
        tokens_in = usage.input_tokens + usage.cache_read_tokens + usage.cache_write_tokens
        if tokens_in or usage.output_tokens:
            facts.append(self.say("turn.tokens", input=amount(tokens_in), output=amount(usage.output_tokens)))
        if price := cost(usage):
            facts.append(price)
        if self.view.queued and self.view.turn.ended_at is None:
            facts.append(self.say("turn.queued", count=self.view.queued))
        return " · ".join(facts)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Live(_Turn):
    progress: Progress
    now: datetime
    tz: tzinfo | None

    def card(self, budget: int) -> Card:
        state = self.view.session.state
        key, color = "turn.live", "blue"
        if state in _WAITING:
            key, color = "turn.waiting_group" if self.view.person else "turn.waiting", "orange"
        elif state is State.STOPPING:
            key, color = "turn.stopping", "grey"
        about = written(self.view.prompts[0], self.language) if self.view.prompts else self.progress.text
        stoppable = self.view.actionable and state not in (State.STOPPING, State.CLOSED, State.IDLE)
        return card(
            self.head(self.say(key), "red" if self.view.session.mode_until else color, about),
            [
                banner(self.view.session, self.language, self.tz),
                self.asked(),
                self.steps(),
                self.words(min(budget, _TAIL_BYTES)),
                self.note(state),
                self.in_background(),
                self.footer(),
                row([self.button("turn.stop", TurnOp.STOP, "danger")]) if stoppable else None,
            ],
        )

    def footer(self) -> Element:
        seconds = (self.now - self.view.turn.started_at).total_seconds()
        return {**small(escape(self.figures(seconds, self.progress.usage))), "element_id": "figures"}

    def in_background(self) -> Element | None:
        """While it waits for the person nothing goes on; it is only told apart from others."""
        if not self.view.task:
            return None
        waits = self.view.session.state in _WAITING
        return small(escape(self.say("turn.task" if waits else "turn.in_background", number=self.view.task)))

    def steps(self) -> Element | None:
        steps = self.progress.steps if self.verbosity is not Verbosity.QUIET else ()
        if self.verbosity is Verbosity.VERBOSE and steps:
            return self.folded(steps)
        if not steps:
            starting = self.view.session.state is State.EXECUTING and not self.progress.text.strip()
            return markdown(escape(self.say("turn.starting")), "steps") if starting else None
        hidden = len(steps) - MAX_STEPS
        earlier = (
            [f"<font color='grey'>{escape(self.say('turn.earlier_steps', count=hidden))}</font>"] if hidden > 0 else []
        )
        return markdown("\n".join([*earlier, *(_step(one) for one in steps[-MAX_STEPS:])]), "steps")

    def words(self, budget: int) -> Element | None:
        """The end of what was streamed so far."""
        streamed = self.progress.text.strip()
        if not streamed or self.verbosity is Verbosity.QUIET:
            return None
        return markdown(normalise(_tail(streamed, budget)), WORDS)

    def note(self, state: State) -> Element | None:
        if state is State.STOPPING:
            return markdown(escape(self.say("turn.stopping_note", **actor(self.view.session, self.language))))
        if state in _WAITING:
            return self.see_request()
        note = self.progress.note
        shown = self.say(note.key, **note.params) if isinstance(note, Sentence) else note
        return small(f"⚠ {words(shown, 300)}") if shown.strip() else None

    def see_request(self) -> Element:
        person, who_asks = self.view.person, actor(self.view.session, self.language)
        if person is None:
            return markdown(f"**{escape(self.say('turn.see_request', **who_asks))}**")
        return markdown(self.say("turn.see_request_group", who=mention(person), **who_asks))


def _step(step: Step, *, output: bool = False) -> str:
    came_of_it = f"\n<font color='grey'>{line(step.output, 120)}</font>" if output and step.output.strip() else ""
    return f"{_STEP_MARKS.get(step.state, '•')} {line(step.title, 120)}{came_of_it}"


def _tail(streamed: str, budget: int) -> str:
    """The end of it within so many wire bytes, begun where it was begun before as often as can be: it is seen to grow."""
    if len(streamed) <= budget and wire_bytes(streamed) <= budget:
        return streamed
    start = max(0, len(streamed) // budget - 2) * budget
    start += _past(streamed[start:], budget)
    inside_fence = streamed[:start].count("```") % 2 == 1
    return f"```\n{streamed[start:]}" if inside_fence else f"…\n{streamed[start:]}"


def _past(text: str, budget: int) -> int:
    """Where the end of the text begins, after the end of a line where there is one."""
    step = budget // 2
    dropped = -((budget - _BEFORE_TAIL_BYTES - wire_bytes(text)) // step) * step
    start = bisect_right(range(1, len(text) + 1), dropped - 1, key=lambda count: wire_bytes(text[:count])) + 1
    newline = text.find("\n", start, start + step // 4)
    return newline + 1 if newline >= 0 else start


@dataclass(frozen=True, slots=True, kw_only=True)
class _Result(_Turn):
    tz: tzinfo | None
    answer: str
    elsewhere: bool

    def card(self, budget: int) -> Card:
        turn = self.view.turn
        return card(
            self.head(ended(turn, self.language), _color(turn), self._about()),
            [
                self.asked(),
                self.note(),
                self.steps(budget),
                self.said(budget),
                self.files(),
                self.footer(),
                self.actions(),
            ],
        )

    def files(self) -> Element | None:
        """A button for each file that the answer names."""
        session_id, turn = self.view.session.session_id, self.view.turn
        if not turn.files or self.elsewhere:
            return None
        bases = Counter(PurePath(path).name for path in turn.files)
        labels = (name if bases[name := PurePath(path).name] == 1 else path for path in turn.files)
        return row(
            [
                button(f"⬇ {plain(label, 40)}", fetch_value(session_id, turn.turn, number))
                for number, label in enumerate(labels)
            ]
        )

    def steps(self, budget: int) -> Element | None:
        """What the agent did; where the room is scarce it goes first."""
        steps = self.view.turn.steps
        hidden = not steps or self.elsewhere or self.verbosity is Verbosity.QUIET or budget < _ROOM_FOR_STEPS
        return None if hidden else self.folded(steps)

    @property
    def taken_back(self) -> bool:
        """Its message is none of it any more, so it was called off before the agent had it."""
        return self.view.turn.status is TurnStatus.STOPPED and not self.view.prompts

    def _about(self) -> str:
        said = "" if self.elsewhere else self._why() or self.view.turn.text
        return said or self._prompt()

    def _prompt(self) -> str:
        return written(self.view.prompts[0], self.language) if self.view.prompts else ""

    def _why(self) -> str:
        return why_not_done(self.view.turn, self.language)

    def note(self) -> Element | None:
        """Why it is no ordinary end."""
        turn = self.view.turn
        if self.elsewhere:
            return None
        match turn.status:
            case TurnStatus.STOPPED if self.taken_back:
                return markdown(escape(self.say("turn.taken_back")))
            case TurnStatus.STOPPED:
                key = "turn.stopped_waiting" if self.view.unanswered else "turn.stopped_note"
                return markdown(escape(self.say(key)))
            case TurnStatus.FAILED:
                return markdown(f"**{escape(self.say('turn.failed_note'))}**\n{words(self._why(), 1_000)}")
            case TurnStatus.LOST:
                key = "turn.lost_waiting" if self.view.unanswered and self.view.actionable else "turn.lost_note"
                return markdown(f"**{escape(self.say(key))}**\n{words(self._why(), 1_000)}")
            case _:
                return None

    def said(self, budget: int) -> Element | None:
        """The agent's words whole, or where they are; never a piece that could be taken for the whole."""
        if self.elsewhere:
            return small(escape(self.say("turn.result_below")))
        if self.answer and wire_bytes(self.answer) <= budget:
            return markdown(self.answer, "answer")
        if self.view.turn.text.strip():
            return small(escape(self.say("turn.answer_below")))
        if self.view.turn.status is not TurnStatus.DONE:
            return None
        return small(escape(self.say("turn.empty_answer", **actor(self.view.session, self.language))))

    def footer(self) -> Element:
        turn = self.view.turn
        ended = turn.ended_at or turn.started_at
        task = f"{self.say('turn.task', number=self.view.task)} · " if self.view.task else ""
        figures = self.figures((ended - turn.started_at).total_seconds(), turn.usage)
        return small(escape(f"{task}{clock_time(ended, self.tz)} · {figures}"))

    def actions(self) -> Element | None:
        status, state = self.view.turn.status, self.view.session.state
        if (
            not self.view.actionable
            or state is State.CLOSED
            or status is TurnStatus.LIVE
            or self.elsewhere
            or self.taken_back
        ):
            return None
        if self.view.session.companion:
            unwell = status in (TurnStatus.FAILED, TurnStatus.LOST)
            return row([self.button("turn.retry_failed", TurnOp.RETRY)]) if unwell else None
        if status in (TurnStatus.FAILED, TurnStatus.LOST):
            first = [
                self.button("turn.retry_failed", TurnOp.RETRY, "primary_filled"),
                self.button("turn.continue", TurnOp.CONTINUE),
            ]
        else:
            first = [
                self.button("turn.continue", TurnOp.CONTINUE, "primary_filled"),
                self.button("turn.retry", TurnOp.RETRY),
            ]
        return row([*first, self.button("turn.close", TurnOp.CLOSE)])
