"""What can happen next in the world: what people, the agent, clocks and crashes do, and orders carried out."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

from phonework.fsm import effects as order
from phonework.fsm import events as happened
from phonework.fsm.events import Event
from phonework.fsm.types import (
    Ask,
    Attachment,
    Prompt,
    PromptId,
    Request,
    RequestId,
    RequestKind,
    State,
)
from phonework.testing.world.instant import BYPASS, MORNING, NOW, OWNER, STRANGER, YES, Bounds, Move, World
from phonework.testing.world.rules import check_heard, check_wanted


def moves(world: World, bounds: Bounds) -> Iterator[Move]:
    """Everything that can happen next."""
    yield from _person(world, bounds)
    yield from _agent(world, bounds)
    yield from _clock(world)
    yield from _morning(world)
    yield from _orders(world)
    if world.crashes < bounds.crashes:
        yield from _crash(world)


def calm(world: World) -> Iterator[Move]:
    """What happens if people do nothing more: orders are carried out, deadlines pass, the agent goes on."""
    yield from _orders(world)
    yield from _agent(world, Bounds(asks=0))
    yield from _clock(world)
    yield from _morning(world)


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
            prompt = Prompt(prompt_id=PromptId(f"p{number}"), text=words, sent_at=sent, message_id=f"om{number}")
            kind = "stale" if stale else "fresh" if sent > NOW else "earlier"
            event = happened.MessageReceived(prompt=prompt, by=OWNER, stale=stale)
            yield Move(name=f"message {kind}", event=event, world=world)
        prompt = replace(prompt, text="yes", sent_at=NOW + timedelta(seconds=1))
        event = happened.MessageReceived(prompt=prompt, by=OWNER, answers=False)
        yield Move(name="message program", event=event, world=world)
        for kind, count, stale in (("image", 12, False), ("image", 12, True), ("audio", 1, False)):
            files = tuple(
                Attachment(kind=kind, key=f"{number}.{one}", message_id=f"om{number}") for one in range(count)
            )
            spoken = kind == "audio"
            prompt = replace(prompt, text="", sent_at=NOW, attachments=files, spoken=spoken)
            name = "message stale" if stale else "voice" if spoken else "files"
            event = happened.MessageReceived(prompt=prompt, by=OWNER, stale=stale)
            yield Move(name=name, event=event, world=world)
        yield Move(name="retry", event=happened.RetryAsked(by=OWNER, prompt_id=PromptId(f"p{number}")), world=world)
        prompt = Prompt(prompt_id=PromptId(f"p{number}"), text="continue", sent_at=NOW)
        event_continue = happened.ContinueAsked(by=OWNER, turn=world.session.turn, prompt=prompt)
        yield Move(name="continue", event=event_continue, world=world)
    yield Move(name="stop", event=happened.StopAsked(by=OWNER), world=world)
    for by in (OWNER, STRANGER):
        yield Move(name=f"kill {by}", event=happened.KillAsked(by=by), world=world)
    yield Move(name="close", event=happened.CloseAsked(by=OWNER), world=world)
    for by in (OWNER, STRANGER):
        yield Move(name=f"model {by}", event=happened.ModelChosen(by=by, model=world.session.model), world=world)
    for prompt in world.prompts:
        yield Move(name="drop", event=happened.DropAsked(prompt_id=prompt.prompt_id, by=OWNER), world=world)
        if prompt.message_id == f"om{prompt.prompt_id[1:]}":
            yield Move(name="take back", event=_taken_back(world, prompt), world=world)
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


def _taken_back(world: World, prompt: Prompt) -> Event:
    """As intake tells it: of the message that carries it now, and whether its order was begun."""
    carrier = prompt
    while carrier.joined:
        carrier = next(one for one in world.prompts if one.prompt_id == carrier.joined)
    unheard = any(
        (isinstance(one, order.StartTurn) and one.turn == carrier.turn)
        or (isinstance(one, order.SteerTurn) and one.prompt_id == carrier.prompt_id)
        for one in world.owed
    )
    return happened.MessageTakenBack(
        prompt_id=carrier.prompt_id, message_id=prompt.message_id, by=OWNER, unheard=unheard
    )


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


# What the agent does


def _agent(world: World, bounds: Bounds) -> Iterator[Move]:
    if world.session.turn > 1:
        # An echo of a turn that is over: a process that died late, a report that was slow.
        yield Move(name="echo", event=happened.TurnFinished(turn=world.session.turn - 1), world=world)
    turn = world.running
    if not turn:
        yield from _terminal(world, bounds)
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


def _terminal(world: World, bounds: Bounds) -> Iterator[Move]:
    """Somebody writes to an agent at rest at its own terminal; where the session is not at rest nothing comes of it."""
    if world.typed < bounds.typed:
        prompt = Prompt(prompt_id=PromptId(f"t{world.typed + 1}"), text="typed", sent_at=NOW)
        at_rest = world.session.state is State.IDLE
        typed = replace(world, typed=world.typed + 1, running=world.session.turn + 1 if at_rest else 0)
        yield Move(name="typed at the terminal", event=happened.TurnBegan(prompt=prompt), world=typed)


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
            check_wanted(world, prompt_ids)
            begun = replace(done, running=turn, hearing=(), agent_mode=world.session.mode)
            yield Move(name="start", event=happened.TurnStarted(turn=turn), world=begun)
            yield Move(name="start fails", event=happened.TurnFailed(turn=turn, error="x"), world=done)
        case order.SteerTurn(turn=turn, prompt_id=prompt_id):
            taken = {one.prompt_id for one in world.prompts if one.turn == turn}
            if prompt_id not in taken:
                yield Move(name="steer superseded", world=done)
                yield Move(name="steer fails late", event=happened.SteerFailed(prompt_id=prompt_id), world=done)
                return
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
                check_heard(world, request_id, answer)
                yield Move(name="answer", event=happened.AnswerDelivered(request_id=request_id), world=heard)
            else:
                yield Move(name="answer lost", event=happened.AnswerLost(request_id=request_id), world=done)
                if world.running:
                    elsewhere = happened.AnswerLost(request_id=request_id, withdrawn=True)
                    yield Move(name="answered elsewhere", event=elsewhere, world=done)
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


# What time and accidents do


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
