"""A small world around one session for exhaustive search: a person, an agent, clocks and crashes, all bounded.

`World` is a value: `moves` says what can happen next, `after` what the world is then. It holds what `decide` owes, so
that what an agent hears and what the table says are compared at every step.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final, TypeVar

from phonework.fsm import effects as order
from phonework.fsm import events as happened
from phonework.fsm.draft import Arm, TimerChange
from phonework.fsm.effects import Effect
from phonework.fsm.events import Event
from phonework.fsm.guards import MOST_FILES
from phonework.fsm.machine import Decide, Decision
from phonework.fsm.types import (
    Answer,
    Ask,
    Attachment,
    Prompt,
    PromptId,
    PromptStatus,
    Request,
    RequestId,
    RequestKind,
    RequestStatus,
    Session,
    SessionId,
    State,
    UserId,
    Verdict,
)

T = TypeVar("T")

NOW: Final = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
MORNING: Final = NOW + timedelta(hours=8)
"""When the quiet hours end, where there are any."""
OWNER, STRANGER = UserId("owner"), UserId("stranger")
BYPASS: Final = "bypass"
"""The mode in which nothing is asked."""
YES, NO = Answer(verdict=Verdict.ALLOW), Answer(verdict=Verdict.DENY)
AGENT_ORDERS: Final = (
    order.StartTurn,
    order.SteerTurn,
    order.AnswerAgent,
    order.InterruptTurn,
    order.KillAgent,
    order.CloseAgent,
    order.SetMode,
)


class BrokenPromiseError(AssertionError):
    """A property does not hold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """How much may happen on one path."""

    prompts: int = 2
    asks: int = 2
    crashes: int = 1
    clicks: int = 3
    modes: int = 0
    asking: tuple[str, ...] = ("rm", "ls", "in")


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """One instant. running: the turn the agent works on, 0 for none. hearing: requests it waits for.

    owed: orders to the agent not yet carried out. consents: (request, fingerprint) the person said yes to.
    cards: every form of a request's card that showed others: of which, its generation, which others.
    agent_mode: the one the agent works in. told: requests the agent was given an answer for. quiet: a person who does nothing is not to be disturbed.
    """

    session: Session
    running: int = 0
    hearing: tuple[RequestId, ...] = ()
    owed: tuple[Effect, ...] = ()
    timers: tuple[Arm, ...] = ()
    requests: tuple[Request, ...] = ()
    prompts: tuple[Prompt, ...] = ()
    consents: tuple[tuple[str, str], ...] = ()
    told: tuple[RequestId, ...] = ()
    answers: tuple[tuple[RequestId, str], ...] = ()
    asked: int = 0
    crashes: int = 0
    clicks: int = 0
    modes: int = 0
    agent_mode: str = ""
    cards: tuple[tuple[RequestId, int, tuple[RequestId, ...]], ...] = ()
    quiet: bool = False


def begin(*, can_steer: bool = False, quiet: bool = False) -> World:
    """quiet: the person is not to be disturbed until they do something."""
    session = Session(
        session_id=SessionId("fizz-top"),
        user_id=OWNER,
        backend="any",
        cwd="/",
        state=State.IDLE,
        version=1,
        since=NOW,
        can_steer=can_steer,
    )
    return World(session=session, quiet=quiet)


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """Something that can happen. event: None when the world moves without the session hearing of it."""

    name: str
    event: Event | None = None
    world: World


def moves(world: World, bounds: Bounds) -> Iterator[Move]:
    """Everything that can happen next."""
    yield from _person(world, bounds)
    yield from _agent(world, bounds)
    yield from _clock(world)
    yield from _morning(world)
    yield from _orders(world)
    if world.crashes < bounds.crashes:
        yield from _crash(world)


def after(move: Move, decide: Decide) -> World:
    """The world once the event was decided. Raises BrokenPromiseError when a property does not hold."""
    world = move.world
    if move.event is None:
        return world
    before = _named(world, move.event)
    decision = decide(before, move.event, NOW)
    if not decision.applied:
        return world
    _check_lives(world, move.event, decision)
    world = replace(world, session=decision.session)
    world = _timers(world, decision.timers)
    world = replace(
        world,
        requests=_upserted(world.requests, decision.requests, lambda one: one.request_id),
        prompts=_upserted(world.prompts, decision.prompts, lambda one: one.prompt_id),
        owed=(*world.owed, *(one for one in decision.effects if isinstance(one, AGENT_ORDERS))),
        consents=(*world.consents, *_consented(before, move.event), *_consented_too(world, before, move.event)),
        answers=(
            *world.answers,
            *(
                (one.request_id, one.answer.verdict.value)
                for one in decision.effects
                if isinstance(one, order.AnswerAgent)
            ),
        ),
    )
    world = replace(world, cards=_forms(world, decision))
    check(world, before, move.event)
    _check_files(world, before, move.event)
    return world


def _forms(world: World, decision: Decision) -> tuple[tuple[RequestId, int, tuple[RequestId, ...]], ...]:
    """A card shows the permissions behind it that are short, as they were when it was brought up to date."""
    opened = decision.session.open
    shown = [one for one in decision.effects if isinstance(one, order.ShowRequest | order.UpdateRequest)]
    if opened is None or opened.request_id not in {one.request_id for one in shown}:
        return world.cards
    confirms = opened.ask.kind is RequestKind.CONFIRM
    behind = [one for one in decision.session.waiting if confirms and one.ask.kind is RequestKind.CONFIRM]
    form = (opened.request_id, opened.generation, tuple(one.request_id for one in behind if len(one.ask.command) < 99))
    return world.cards if form in world.cards or not form[2] else (*world.cards, form)


def _consented_too(world: World, before: Session, event: Event) -> tuple[tuple[str, str], ...]:
    """The yes a person gave to further requests: those that the card they tapped had shown."""
    if not isinstance(event, happened.CardAnswered) or not _consented(before, event):
        return ()
    shown = {
        one
        for card, number, ids in world.cards
        for one in ids
        if (card, number) == (event.request_id, event.generation)
    }
    return tuple(
        (one.request_id, one.ask.fingerprint)
        for one in before.waiting
        if one.request_id in event.also and one.request_id in shown
    )


def _upserted(old: tuple[T, ...], new: tuple[T, ...], key: Callable[[T], str]) -> tuple[T, ...]:
    changed = {key(one): one for one in new}
    kept = tuple(changed.pop(key(one), one) for one in old)
    return (*kept, *changed.values())


def seen_as(world: World) -> World:
    """What makes two instants the same: all but the count of steps."""
    return replace(world, session=replace(world.session, version=0))


def at_rest(world: World) -> bool:
    """Nothing runs, nothing is owed to an agent, nobody is asked."""
    return world.session.state in (State.IDLE, State.CLOSED) and not world.owed and not world.running


def calm(world: World) -> Iterator[Move]:
    """What happens if people do nothing more: orders are carried out, deadlines pass, the agent goes on."""
    yield from _orders(world)
    yield from _agent(world, Bounds(asks=0))
    yield from _clock(world)
    yield from _morning(world)


def _named(world: World, event: Event) -> Session:
    """The session with what the event names, as the store loads it."""
    request_id, prompt_id = getattr(event, "request_id", ""), getattr(event, "prompt_id", "")
    last = tuple(one for one in world.prompts if one.turn == world.session.turn and one.turn)
    disturbs = world.quiet and not hasattr(event, "by")
    return replace(
        world.session,
        quiet_until=MORNING if disturbs else None,
        last=last,
        named_request=next((one for one in world.requests if one.request_id == request_id), None),
        named_prompt=next((one for one in world.prompts if one.prompt_id == prompt_id), None),
    )


def _timers(world: World, changes: tuple[TimerChange, ...]) -> World:
    timers = {one.name: one for one in world.timers}
    for change in changes:
        timers.pop(change.name, None)
        if isinstance(change, Arm):
            timers[change.name] = change
    return replace(world, timers=tuple(sorted(timers.values(), key=lambda one: one.name)))


# What people do


def _person(world: World, bounds: Bounds) -> Iterator[Move]:
    yield from (replace(_hear(world, one), name="hear again") for one in world.prompts if not one.spoken)
    if len(world.prompts) < bounds.prompts:
        number = len(world.prompts) + 1
        for words, sent, stale in (
            ("yes", NOW + timedelta(seconds=1), False),
            ("yes", NOW - timedelta(seconds=1), False),
            ("yes", NOW + timedelta(seconds=1), True),
        ):
            prompt = Prompt(prompt_id=PromptId(f"p{number}"), text=words, sent_at=sent)
            kind = "stale" if stale else "fresh" if sent > NOW else "earlier"
            event = happened.MessageReceived(prompt=prompt, by=OWNER, stale=stale)
            yield Move(name=f"message {kind}", event=event, world=world)
        for kind, count, stale in (("image", 12, False), ("image", 12, True), ("audio", 1, False)):
            files = tuple(Attachment(kind=kind, key=f"{number}.{one}", message_id="om") for one in range(count))
            spoken = kind == "audio"
            prompt = Prompt(prompt_id=PromptId(f"p{number}"), text="", sent_at=NOW, attachments=files, spoken=spoken)
            name = "message stale" if stale else "voice" if spoken else "files"
            event = happened.MessageReceived(prompt=prompt, by=OWNER, stale=stale)
            yield Move(name=name, event=event, world=world)
        yield Move(name="retry", event=happened.RetryAsked(by=OWNER, prompt_id=PromptId(f"p{number}")), world=world)
        prompt = Prompt(prompt_id=PromptId(f"p{number}"), text="continue", sent_at=NOW)
        event_continue = happened.ContinueAsked(by=OWNER, turn=world.session.turn, prompt=prompt)
        yield Move(name="continue", event=event_continue, world=world)
    yield Move(name="stop", event=happened.StopAsked(by=OWNER), world=world)
    yield Move(name="close", event=happened.CloseAsked(by=OWNER), world=world)
    for by in (OWNER, STRANGER):
        yield Move(name=f"model {by}", event=happened.ModelChosen(by=by, model=world.session.model), world=world)
    for prompt in world.prompts:
        yield Move(name="drop", event=happened.DropAsked(prompt_id=prompt.prompt_id, by=OWNER), world=world)
        yield Move(name="send now", event=happened.SendNowAsked(prompt_id=prompt.prompt_id, by=OWNER), world=world)
    if world.modes < bounds.modes:
        chosen = replace(world, modes=world.modes + 1)
        for mode, limit in ((BYPASS, timedelta(minutes=15)), ("plan", None)):
            for by in (OWNER, STRANGER):
                event_mode = happened.ModeChosen(by=by, mode=mode, limit=limit)
                yield Move(name=f"mode {mode} {by}", event=event_mode, world=chosen)
    if world.clicks < bounds.clicks:
        clicked = replace(world, clicks=world.clicks + 1)
        for request in world.requests:
            yield from _clicks(clicked, request)
        yield from _clicks_for_all(clicked)


def _clicks(world: World, request: Request) -> Iterator[Move]:
    prompt = Prompt(prompt_id=PromptId(f"late{world.clicks}"), text="late", sent_at=NOW)
    for generation in {request.generation, request.generation - 1}:
        for by in (OWNER, STRANGER):
            yield Move(
                name=f"click {by}",
                event=happened.CardAnswered(request_id=request.request_id, generation=generation, answer=YES, by=by),
                world=world,
            )
            yield Move(
                name=f"late {by}",
                event=happened.LateAnswered(
                    request_id=request.request_id, generation=generation, answer=YES, by=by, prompt=prompt
                ),
                world=world,
            )


def _clicks_for_all(world: World) -> Iterator[Move]:
    """A form of a card is tapped for all it showed, then or later; and one that names whatever waits, shown or not."""
    everything = tuple(one.request_id for one in world.session.waiting)
    for request_id, generation, ids in world.cards:
        for also in {ids, everything} - {()}:
            event = happened.CardAnswered(request_id=request_id, generation=generation, answer=YES, by=OWNER, also=also)
            yield Move(name="click for all", event=event, world=world)


def _consented(before: Session, event: Event) -> tuple[tuple[str, str], ...]:
    """The yes a person gave with this event, told from the rules alone and not from what was decided."""
    opened, named = before.open, before.named_request
    match event:
        case happened.CardAnswered(by=by, request_id=request_id, generation=generation):
            if opened and (by, request_id, generation) == (OWNER, opened.request_id, opened.generation):
                return ((opened.request_id, opened.ask.fingerprint),)
        case happened.LateAnswered(by=by, generation=generation):
            resumable = named and named.status in (RequestStatus.EXPIRED, RequestStatus.VOID)
            if named and resumable and (by, generation) == (OWNER, named.generation):
                return ((named.request_id, named.ask.fingerprint),)
        case happened.MessageReceived(by=by, prompt=prompt, stale=stale):
            earlier = opened is None or opened.opened_at is None or prompt.sent_at <= opened.opened_at
            if opened and by == OWNER and not stale and not earlier and not prompt.attachments:
                return ((opened.request_id, opened.ask.fingerprint),)
        case _:
            pass
    return ()


# What the agent does


def _agent(world: World, bounds: Bounds) -> Iterator[Move]:
    if world.session.turn > 1:
        # An echo of a turn that is over: a process that died late, a report that was slow.
        yield Move(name="echo", event=happened.TurnFinished(turn=world.session.turn - 1), world=world)
    turn = world.running
    if not turn:
        return
    if world.asked < bounds.asks:
        for fingerprint in bounds.asking:
            request_id = RequestId(f"r{world.asked + 1}")
            kind = RequestKind.INPUT if fingerprint == "in" else RequestKind.CONFIRM
            command = "x" * 10_000 if fingerprint == "big" else ""  # too long for another one's card
            ask = Ask(
                request_id=request_id, kind=kind, agent_ref="t", fingerprint=fingerprint, prompt="?", command=command
            )
            asking = replace(world, asked=world.asked + 1, hearing=(*world.hearing, request_id))
            yield Move(name=f"ask {fingerprint}", event=happened.AgentAsked(turn=turn, ask=ask), world=asking)
    for request_id in world.hearing:
        silent = replace(world, hearing=tuple(one for one in world.hearing if one != request_id))
        event = happened.RequestWithdrawn(turn=turn, request_id=request_id)
        yield Move(name="withdraw", event=event, world=silent)
    if not world.hearing:
        gone = replace(world, running=0)
        yield Move(name="finish", event=happened.TurnFinished(turn=turn), world=gone)
        yield Move(name="fail", event=happened.TurnFailed(turn=turn, error="x"), world=gone)
    dead = replace(world, running=0, hearing=())
    yield Move(name="die", event=happened.AgentLost(turn=turn, reason="x"), world=dead)


def _orders(world: World) -> Iterator[Move]:
    """The next order is carried out; one that was claimed when we crashed is not repeated."""
    if not world.owed:
        return
    effect, *rest = world.owed
    done = replace(world, owed=tuple(rest))
    match effect:
        case order.StartTurn(turn=turn, prompt_ids=prompt_ids):
            if world.session.live is None or world.session.turn != turn:
                yield Move(name="start superseded", world=done)
                return
            if unheard := [one for one in world.prompts if one.prompt_id in prompt_ids and one.spoken]:
                yield _hear(world, unheard[0])
                yield Move(name="start fails", event=happened.TurnFailed(turn=turn, error="x"), world=done)
                return
            begun = replace(done, running=turn, hearing=(), agent_mode=world.session.mode)
            yield Move(name="start", event=happened.TurnStarted(turn=turn), world=begun)
            yield Move(name="start fails", event=happened.TurnFailed(turn=turn, error="x"), world=done)
        case order.SteerTurn(turn=turn, prompt_id=prompt_id):
            if unheard := [one for one in world.prompts if one.prompt_id == prompt_id and one.spoken]:
                yield _hear(world, unheard[0])
            elif world.running == turn:
                yield Move(name="steer", event=happened.PromptsTaken(turn=turn, prompt_ids=(prompt_id,)), world=done)
            yield Move(name="steer fails", event=happened.SteerFailed(prompt_id=prompt_id), world=done)
        case order.AnswerAgent(request_id=request_id, answer=answer):
            if request_id in world.hearing:
                heard = replace(
                    done,
                    hearing=tuple(one for one in world.hearing if one != request_id),
                    told=(*world.told, request_id),
                )
                _check_heard(world, request_id, answer)
                yield Move(name="answer", event=happened.AnswerDelivered(request_id=request_id), world=heard)
            else:
                yield Move(name="answer lost", event=happened.AnswerLost(request_id=request_id), world=done)
        case order.InterruptTurn(turn=turn):
            if world.running == turn:
                stopped = replace(done, running=0, hearing=())
                event = happened.TurnFinished(turn=turn, interrupted=True)
                yield Move(name="interrupt", event=event, world=stopped)
            yield Move(name="interrupt unheard", world=done)
        case order.SetMode(mode=mode, before=before):
            if world.session.mode != mode:
                yield Move(name="mode superseded", world=done)
                late = happened.ModeRefused(mode=mode, before=before, reason="x")
                yield Move(name="mode refused late", event=late, world=done)
                return
            yield Move(name="mode set", world=replace(done, agent_mode=mode if world.running else ""))
            # An agent that does not stop asking nothing is ended by its backend.
            ended = replace(done, running=0, hearing=()) if world.agent_mode == BYPASS else done
            event_refused = happened.ModeRefused(mode=mode, before=before, reason="x")
            if ended.running == world.running:
                yield Move(name="mode refused", event=event_refused, world=done)
            else:
                lost = happened.AgentLost(turn=world.running, reason="x")
                yield Move(name="mode refused and ended", event=lost, world=ended)
        case order.KillAgent() | order.CloseAgent():
            yield Move(name="kill", world=replace(done, running=0, hearing=()))
        case _:
            raise TypeError(f"{type(effect).__name__} is no order to an agent")


def _hear(world: World, prompt: Prompt) -> Move:
    return Move(name="hear", event=happened.PromptHeard(prompt_id=prompt.prompt_id, text="heard"), world=world)


def _clock(world: World) -> Iterator[Move]:
    """Each deadline may pass; so may a copy of it that names an older turn or question."""
    for timer in world.timers:
        if timer.name == "mode":
            for until in (timer.due, timer.due - timedelta(seconds=1)):
                yield Move(name="timer mode", event=happened.ModeExpired(until=until), world=world)
            continue
        for turn, generation in {(timer.turn, timer.generation), (timer.turn - 1, timer.generation - 1)}:
            event = _rung(timer.name, turn, generation)
            yield Move(name=f"timer {timer.name}", event=event, world=world)


def _rung(name: str, turn: int, generation: int) -> Event:
    match name:
        case "wait":
            return happened.WaitExpired(generation=generation)
        case "remind":
            return happened.WaitReminderDue(generation=generation)
        case "turn":
            return happened.TurnExpired(turn=turn)
        case "background":
            return happened.TurnWentLong(turn=turn)
        case "stop":
            return happened.StopExpired(turn=turn)
        case _:
            return happened.IdleExpired(turn=turn)


def _morning(world: World) -> Iterator[Move]:
    """What was kept back for the quiet hours is seen; so may be a question that is not the open one any more."""
    for request in world.requests:
        if request.opened_at == MORNING:
            event = happened.RequestShown(request_id=request.request_id, generation=request.generation)
            yield Move(name="shown", event=event, world=world)


def _crash(world: World) -> Iterator[Move]:
    """We die and come back: the agent is gone; an order that had been claimed is given up or was never begun."""
    fallen = replace(world, running=0, hearing=(), crashes=world.crashes + 1)
    session = world.session
    if session.live is None:
        yield Move(name="crash", world=fallen)
        return
    if any(isinstance(one, order.StartTurn) and one.turn == session.turn for one in world.owed):
        yield Move(name="crash before start", world=fallen)
    lost = happened.AgentLost(turn=session.turn, reason="restart", restart=True)
    kept = tuple(one for one in world.owed if not (isinstance(one, order.StartTurn) and one.turn == session.turn))
    yield Move(name="crash", event=lost, world=replace(fallen, owed=kept))


# What must always hold


def _check_heard(world: World, request_id: RequestId, answer: Answer) -> None:
    """The agent hears a yes only to what a person said yes to; and hears one answer."""
    if request_id in world.told:
        raise BrokenPromiseError(f"{request_id} was answered twice")
    if answer.verdict is Verdict.DENY:
        return
    fingerprint = next(one.ask.fingerprint for one in world.requests if one.request_id == request_id)
    if not any(fingerprint == agreed for _, agreed in world.consents):
        raise BrokenPromiseError(f"{request_id}: a yes that nobody gave")


_REQUEST_LIFE: Final = {
    RequestStatus.QUEUED: {
        RequestStatus.OPEN,
        RequestStatus.ANSWERED,  # on the card of another one
        RequestStatus.WITHDRAWN,
        RequestStatus.REFUSED,
        RequestStatus.VOID,
    },
    RequestStatus.OPEN: {
        RequestStatus.OPEN,  # waited for anew, and still the same question
        RequestStatus.ANSWERED,
        RequestStatus.WITHDRAWN,
        RequestStatus.REFUSED,
        RequestStatus.EXPIRED,
        RequestStatus.VOID,
    },
    RequestStatus.ANSWERED: {RequestStatus.DELIVERED, RequestStatus.VOID},
    RequestStatus.EXPIRED: {RequestStatus.RESUMED},
    RequestStatus.VOID: {RequestStatus.RESUMED},
}
_PROMPT_LIFE: Final = {
    PromptStatus.QUEUED: set(PromptStatus),
    PromptStatus.HELD: set(PromptStatus),
    PromptStatus.TAKEN: {PromptStatus.HELD},  # given to a running turn that could not take it
}


def _check_lives(world: World, event: Event, decision: Decision) -> None:
    """Requests and messages move forward only: nothing is answered or run twice."""
    requests = {one.request_id: one.status for one in world.requests}
    shown = {one.request_id: one.generation for one in world.requests if one.status is RequestStatus.OPEN}
    for request in decision.requests:
        status = requests.get(request.request_id)
        if shown.get(request.request_id, request.generation) != request.generation:
            raise BrokenPromiseError(f"{request.request_id} is not the question that was shown")
        if status is not None and request.status not in _REQUEST_LIFE.get(status, set()):
            raise BrokenPromiseError(f"{request.request_id} went from {status} to {request.status}")
    prompts = {one.prompt_id: one.status for one in world.prompts}
    for prompt in decision.prompts:
        before = prompts.get(prompt.prompt_id)
        heard = isinstance(event, happened.PromptHeard) and prompt.status is before
        if before is not None and not heard and prompt.status not in _PROMPT_LIFE.get(before, set()):
            raise BrokenPromiseError(f"{prompt.prompt_id} went from {before} to {prompt.status}")


def check(world: World, before: Session, event: Event) -> None:
    """The invariants of one session, after each step."""
    session, problems = world.session, []
    waiting = session.state in (State.WAITING_CONFIRM, State.WAITING_INPUT)
    opened = [one for one in world.requests if one.status is RequestStatus.OPEN]
    if waiting != (session.open is not None) or len(opened) != int(waiting):
        problems.append("waiting if and only if one request is open")
    if (
        waiting
        and session.open
        and (session.state is State.WAITING_INPUT) != (session.open.ask.kind is RequestKind.INPUT)
    ):
        problems.append("the state says what kind of answer is waited for")
    if session.version != before.version + 1:
        problems.append("the version grows by one")
    names = {one.name for one in world.timers}
    busy = session.state in (State.EXECUTING, State.WAITING_CONFIRM, State.WAITING_INPUT)
    if (busy and "turn" not in names) or (session.state is State.STOPPING and "stop" not in names):
        problems.append("busy states have a deadline")
    if "background" in names and not busy:
        problems.append("only a turn at work can go to the background")
    if session.open and any(one.name == "wait" and one.due < (session.open.opened_at or NOW) for one in world.timers):
        problems.append("nobody is waited for before they are asked")
    if isinstance(event, happened.RequestShown) and before.open and event.request_id != before.open.request_id:
        problems.append("a question is not shown by another's card")
    if (waiting and "wait" not in names) or (not waiting and {"wait", "remind"} & names):
        problems.append("a wait has a deadline, and nothing else has one")
    if session.state in (State.IDLE, State.CLOSED) and {"turn", "stop"} & names:
        problems.append("rest has no deadline of a turn")
    if (session.live is not None) != (session.state not in (State.IDLE, State.CLOSED)):
        problems.append("a turn is live if and only if the session is busy")
    if (session.mode == BYPASS) != ("mode" in names) or (session.mode_until is not None) != ("mode" in names):
        problems.append("what is not asked about has an end, and nothing else has one")
    if session.mode_after == BYPASS:
        problems.append("it is asked again after it")
    coming = any(isinstance(one, order.SetMode | order.KillAgent | order.CloseAgent) for one in world.owed)
    if world.running and world.agent_mode == BYPASS and session.mode != BYPASS and not coming:
        problems.append("the agent asks nothing though its time is over")
    if isinstance(event, happened.ModeRefused) and event.mode != before.mode:
        problems.append("the refusal of another mode changed something")
    if isinstance(event, happened.ModeExpired) and event.until != before.mode_until:
        problems.append("a deadline of an earlier mode changed something")
    if session.state is State.CLOSED and (session.queue or session.held or names):
        problems.append("a closed session keeps nothing waiting")
    ending = any(isinstance(one, order.InterruptTurn | order.KillAgent | order.CloseAgent) for one in world.owed)
    if session.state in (State.IDLE, State.CLOSED) and world.running and not ending:
        problems.append("no agent is at work while the session rests")
    if session.state is State.IDLE and session.queue:
        problems.append("nothing is queued at rest")
    if getattr(event, "by", OWNER) != OWNER:
        problems.append("a stranger changed something")
    decided = [request for request, _ in world.answers]
    if any(decided.count(one) > 1 for one in decided):
        problems.append("a request has one answer")
    allowed = sum(1 for _, verdict in world.answers if verdict == Verdict.ALLOW.value)
    if allowed > len(world.consents):
        problems.append("more yeses than were given")
    if isinstance(event, happened.WaitExpired | happened.WaitReminderDue) and event.generation != before.generation:
        problems.append("a deadline of an older question changed something")
    if (
        isinstance(event, happened.TurnWentLong | happened.TurnExpired | happened.StopExpired | happened.IdleExpired)
        and event.turn != before.turn
    ):
        problems.append("a deadline of an older turn changed something")
    if problems:
        raise BrokenPromiseError(f"{'; '.join(problems)} (after {type(event).__name__})")


def _check_files(world: World, before: Session, event: Event) -> None:
    """What comes along with messages: nothing of it is lost, run unasked, or more than one message may have."""
    session, problems = world.session, []
    waiting = (*session.queue, *session.held)
    if any(len(one.attachments) > MOST_FILES for one in (*waiting, *session.last)):
        problems.append("a message has too many files")
    if sum(one.kept for one in session.held) > 1 or any(one.kept for one in (*session.queue, *session.last)):
        problems.append("only files on hold wait for words")
    match event:
        case happened.MessageReceived(prompt=prompt) if prompt.attachments and not (event.stale or prompt.spoken):
            if session.turn != before.turn or session.queue != before.queue:
                problems.append("files without words were not kept for them")
        case happened.MessageReceived(prompt=prompt):
            taken = next((one for one in (*waiting, *session.last) if one.prompt_id == prompt.prompt_id), prompt)
            kept = [one for held in before.held if held.kept for one in held.attachments]
            sent = [*prompt.attachments] if event.stale else [*kept, *prompt.attachments]
            if taken is not prompt and list(taken.attachments) != sent:
                problems.append("a message goes with all files that were kept for it, in order")
        case happened.SendNowAsked():
            named = before.named_prompt
            if named and named.kept and before.state is not State.IDLE and session.state is not before.state:
                problems.append("files without words stopped the agent")
        case happened.PromptHeard() if before.named_prompt and not before.named_prompt.spoken:
            problems.append("words were heard twice")
        case _:
            pass
    if problems:
        raise BrokenPromiseError(f"{'; '.join(problems)} (after {type(event).__name__})")
