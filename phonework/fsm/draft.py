"""The decision while it is being made: actions write on it, nothing else sees it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from phonework.fsm import effects as order
from phonework.fsm.change import replace
from phonework.fsm.effects import Effect
from phonework.fsm.events import Event
from phonework.fsm.reasons import Reason
from phonework.fsm.together import shown_with
from phonework.fsm.types import (
    Answer,
    Carry,
    Prompt,
    PromptStatus,
    Request,
    RequestStatus,
    Session,
    State,
    Turn,
    TurnStatus,
    UserId,
    Verdict,
)

E = TypeVar("E", bound=Event)


@dataclass(frozen=True, slots=True, kw_only=True)
class Arm:
    """Set the timer `name`; it replaces one of the same name. turn, generation: what it is about."""

    name: str
    due: datetime
    turn: int
    generation: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Disarm:
    """Remove the timer `name`, if it is set."""

    name: str


TimerChange = Arm | Disarm


class Draft:
    """The session as it will be, and what the step owes. `state` is moved by the machine alone."""

    __slots__ = ("effects", "event", "now", "prompts", "reason", "requests", "session", "state", "timers", "turns")

    def __init__(self, session: Session, event: Event, now: datetime) -> None:
        self.session, self.event, self.now = session, event, now
        self.state: str = session.state.value
        self.reason: Reason | None = None
        self.effects: list[Effect] = []
        self.timers: dict[str, TimerChange] = {}
        self.requests: dict[str, Request] = {}
        self.prompts: dict[str, Prompt] = {}
        self.turns: dict[int, Turn] = {}

    def expect(self, kind: type[E]) -> E:
        """The event, of which the table's row says that it is of this kind."""
        assert isinstance(self.event, kind)
        return self.event

    def owe(self, *effects: Effect) -> None:
        self.effects.extend(effects)

    def arm(self, name: str, after: timedelta, since: datetime | None = None) -> None:
        """Zero means never: nothing is armed, and what was armed goes. since: when, if not now, the time begins."""
        if after > timedelta():
            turn, generation = self.session.turn, self.session.generation
            self.timers[name] = Arm(name=name, due=(since or self.now) + after, turn=turn, generation=generation)
        else:
            self.disarm(name)

    def disarm(self, *names: str) -> None:
        for name in names:
            self.timers[name] = Disarm(name=name)

    # Prompts

    def put_prompt(self, prompt: Prompt) -> None:
        self.prompts[prompt.prompt_id] = prompt

    def queue(self, prompt: Prompt, *, front: bool = False) -> None:
        prompt = replace(prompt, status=PromptStatus.QUEUED, kept=False)
        rest = tuple(one for one in self.session.queue if one.prompt_id != prompt.prompt_id)
        held = tuple(one for one in self.session.held if one.prompt_id != prompt.prompt_id)
        queue = (prompt, *rest) if front else (*rest, prompt)
        self.session = replace(self.session, queue=queue, held=held)
        self.put_prompt(prompt)

    def hold(self, prompt: Prompt) -> None:
        """Show it with Run / Drop instead of running it."""
        self.remove(prompt)
        prompt = replace(prompt, status=PromptStatus.HELD, turn=0)
        self.session = replace(self.session, held=(*self.session.held, prompt))
        self.put_prompt(prompt)

    def hold_queue(self) -> None:
        """What was queued behind a turn that failed is not run unasked."""
        for prompt in self.session.queue:
            self.hold(prompt)
            self.owe(order.UpdatePrompt(prompt_id=prompt.prompt_id))

    def join(self, prompt: Prompt, other: Prompt) -> None:
        """Its files go along with another message."""
        self.remove(prompt)
        self.put_prompt(replace(prompt, status=PromptStatus.TAKEN, kept=False, joined=other.prompt_id))

    def remove(self, prompt: Prompt) -> None:
        queue = tuple(one for one in self.session.queue if one.prompt_id != prompt.prompt_id)
        held = tuple(one for one in self.session.held if one.prompt_id != prompt.prompt_id)
        self.session = replace(self.session, queue=queue, held=held)

    def change_prompt(self, prompt: Prompt) -> None:
        """It stays where it is."""

        def changed(line: tuple[Prompt, ...]) -> tuple[Prompt, ...]:
            return tuple(prompt if one.prompt_id == prompt.prompt_id else one for one in line)

        session = self.session
        self.session = replace(
            session, queue=changed(session.queue), held=changed(session.held), last=changed(session.last)
        )
        self.put_prompt(prompt)

    def drop(self, prompt: Prompt) -> None:
        self.remove(prompt)
        self.put_prompt(replace(prompt, status=PromptStatus.DROPPED))
        self.owe(order.UpdatePrompt(prompt_id=prompt.prompt_id))

    # Turns

    def begin_turn(self, prompt: Prompt, carry: Carry | None = None) -> None:
        """The agent gets one prompt."""
        was_shown = prompt.prompt_id in {one.prompt_id for one in (*self.session.queue, *self.session.held)}
        self.remove(prompt)
        number = self.session.turn + 1
        self.owe(order.StartTurn(turn=number, prompt_ids=(prompt.prompt_id,), carry=carry))
        self.go_live(prompt, carry)
        if was_shown:
            self.owe(order.UpdatePrompt(prompt_id=prompt.prompt_id))

    def go_live(self, prompt: Prompt, carry: Carry | None = None) -> None:
        """The turn of one prompt has its deadline and its live card."""
        number = self.session.turn + 1
        prompt = replace(prompt, status=PromptStatus.TAKEN, kept=False, turn=number)
        turn = Turn(turn=number, status=TurnStatus.LIVE, started_at=self.now, prompt_ids=(prompt.prompt_id,))
        self.session = replace(self.session, turn=number, live=turn, last=(prompt,), carry=carry)
        self.put_prompt(prompt)
        self.turns[number] = turn
        self.owe(order.ShowTurn(turn=number))
        self.disarm("idle", "stop")
        self.arm("turn", self.session.timeouts.turn)
        self.arm("background", self.session.timeouts.background)

    def begin_next(self) -> None:
        self.begin_turn(self.session.queue[0])

    def add_to_turn(self, prompt: Prompt) -> None:
        """The running turn takes one more prompt."""
        self.remove(prompt)
        prompt = replace(prompt, status=PromptStatus.TAKEN, turn=self.session.turn)
        self.put_prompt(prompt)
        if self.session.live is not None:
            turn = replace(self.session.live, prompt_ids=(*self.session.live.prompt_ids, prompt.prompt_id))
            self.session = replace(self.session, live=turn, last=(*self.session.last, prompt))
            self.turns[turn.turn] = turn

    def change_turn(self, turn: Turn) -> None:
        self.turns[turn.turn] = turn
        self.session = replace(self.session, live=turn)

    def end_turn(self, status: TurnStatus) -> None:
        """The live turn is over; what it left open goes by `settle_open` before."""
        if self.session.live is not None:
            turn = replace(self.session.live, status=status, ended_at=self.now)
            self.turns[turn.turn] = turn
            self._owe_result(turn.turn)
        self.session = replace(self.session, live=None, carry=None)
        self.disarm("turn", "background", "wait", "remind", "stop")

    def _owe_result(self, turn: int) -> None:
        if self.session.quiet_until is None:
            self.owe(order.ShowResult(turn=turn))
        else:
            self.owe(order.ShowResult(turn=turn, silent=True), order.TellResult(turn=turn))

    def rest(self) -> None:
        """Nothing runs any more."""
        self.arm("idle", self.session.timeouts.idle)

    def interrupt(self) -> None:
        """An end was decided: the agent is asked to stop and given a while to do so."""
        self.owe(order.InterruptTurn(turn=self.session.turn))
        self.disarm("turn", "background", "wait", "remind")
        self.arm("stop", self.session.timeouts.stop)

    # Requests

    def put_request(self, request: Request) -> None:
        self.requests[request.request_id] = request

    def enqueue_request(self, request: Request) -> None:
        self.session = replace(self.session, waiting=(*self.session.waiting, request))
        self.put_request(request)

    def open_request(self, request: Request) -> None:
        """Show it to the person, with a deadline and a reminder before that; in quiet hours at their end."""
        generation, shown_at = self.session.generation + 1, self.session.quiet_until or self.now
        request = replace(request, status=RequestStatus.OPEN, generation=generation, opened_at=shown_at)
        self.session = replace(self.session, generation=generation)
        self.owe(order.ShowRequest(request_id=request.request_id))
        self.wait_for(replace(request, shown_with=shown_with(request, self.session.waiting)), since=shown_at)

    def wait_for(self, request: Request, *, since: datetime) -> None:
        """Its time begins then. A turn that stood still for the person's quiet hours has all of its own before it."""
        wait = self.session.timeouts.wait
        request = replace(request, expires_at=since + wait if wait > timedelta() else None)
        self.session = replace(self.session, open=request)
        self.put_request(request)
        self.arm("wait", wait, since)
        self.arm("remind", wait - self.session.timeouts.remind, since)
        if since > self.now:
            self.arm("turn", self.session.timeouts.turn, since)

    def open_next(self) -> None:
        """The open request is settled: ask the next one, or nobody waits any more."""
        self.session = replace(self.session, open=None)
        self.disarm("wait", "remind")
        if self.session.waiting:
            first, *rest = self.session.waiting
            self.session = replace(self.session, waiting=tuple(rest))
            self.open_request(first)

    def show_behind(self) -> None:
        """The card of the open request shows those behind it as they are now."""
        opened = self.session.open
        assert opened is not None
        behind = shown_with(opened, self.session.waiting)
        if behind != opened.shown_with:
            opened = replace(opened, shown_with=behind)
            self.session = replace(self.session, open=opened)
            self.put_request(opened)
            self.owe(order.UpdateRequest(request_id=opened.request_id))

    def answer_request(self, request: Request, answer: Answer, by: UserId) -> None:
        """Store the decision and owe it to the agent."""
        answered = replace(request, status=RequestStatus.ANSWERED, answer=answer, answered_by=by, answered_at=self.now)
        self.put_request(answered)
        self.owe(order.AnswerAgent(turn=request.turn, request_id=request.request_id, answer=answer))
        self.owe(order.UpdateRequest(request_id=request.together or request.request_id))

    def refuse_request(self, request: Request, status: RequestStatus, why: str) -> None:
        """Silence is never consent: the agent hears a no, with the reason."""
        self.put_request(replace(request, status=status))
        no = Answer(verdict=Verdict.DENY, text=why)
        self.owe(order.AnswerAgent(turn=request.turn, request_id=request.request_id, answer=no))
        self.owe(order.UpdateRequest(request_id=request.request_id))

    def refuse_all(self, status: RequestStatus, why: str) -> None:
        """status: of the open one; those behind it were never shown."""
        if self.session.open is not None:
            self.refuse_request(self.session.open, status, why)
        for request in self.session.waiting:
            self.refuse_request(request, RequestStatus.REFUSED, why)
        self.session = replace(self.session, open=None, waiting=())
        self.disarm("wait", "remind")

    def settle_all(self, status: RequestStatus) -> None:
        """Nobody hears an answer any more; the cards say so."""
        for request in (self.session.open, *self.session.waiting):
            if request is not None:
                self.put_request(replace(request, status=status))
                self.owe(order.UpdateRequest(request_id=request.request_id))
        self.session = replace(self.session, open=None, waiting=())
        self.disarm("wait", "remind")

    def finish(self) -> Session:
        """The session after the step."""
        state = State(self.state)
        since = self.now if state is not self.session.state else self.session.since
        return replace(
            self.session,
            state=state,
            version=self.session.version + 1,
            since=since,
            named_request=None,
            named_prompt=None,
            quiet_until=None,
        )
