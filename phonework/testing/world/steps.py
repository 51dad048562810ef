"""One step: the world once what happened was decided."""

from collections.abc import Callable
from dataclasses import replace
from typing import Final, TypeVar

from phonework.fsm import effects as order
from phonework.fsm import events as happened
from phonework.fsm.draft import Arm, TimerChange
from phonework.fsm.events import Event
from phonework.fsm.machine import Decide, Decision
from phonework.fsm.types import (
    PromptStatus,
    RequestId,
    RequestKind,
    RequestStatus,
    Session,
)
from phonework.testing.world.instant import MORNING, NOW, OWNER, Move, World
from phonework.testing.world.rules import check, check_files, check_lives, check_taken_back

T = TypeVar("T")

AGENT_ORDERS: Final = (
    order.StartTurn,
    order.SteerTurn,
    order.AnswerAgent,
    order.InterruptTurn,
    order.KillAgent,
    order.CloseAgent,
    order.SetMode,
)


def after(move: Move, decide: Decide) -> World:
    """The world once the event was decided. Raises BrokenPromiseError when a property does not hold."""
    world = move.world
    if move.event is None:
        return world
    before = _named(world, move.event)
    decision = decide(before, move.event, NOW)
    if not decision.applied:
        return world
    check_lives(world, move.event, decision)
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
    check_files(world, before, move.event)
    check_taken_back(move.world, world, before, move.event)
    return world


def _named(world: World, event: Event) -> Session:
    """The session with what the event names, as the store loads it."""
    request_id, prompt_id = getattr(event, "request_id", ""), getattr(event, "prompt_id", "")
    last = tuple(
        one for one in world.prompts if one.turn == world.session.turn and one.turn and one.status is PromptStatus.TAKEN
    )
    disturbs = world.quiet and not hasattr(event, "by")
    return replace(
        world.session,
        quiet_until=MORNING if disturbs else None,
        last=last,
        named_request=next((one for one in world.requests if one.request_id == request_id), None),
        named_prompt=next((one for one in world.prompts if one.prompt_id == prompt_id), None),
    )


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
        case happened.MessageReceived(by=by, prompt=prompt, stale=stale) if event.answers:
            earlier = opened is None or opened.opened_at is None or prompt.sent_at <= opened.opened_at
            if opened and by == OWNER and not stale and not earlier and not prompt.attachments:
                return ((opened.request_id, opened.ask.fingerprint),)
        case _:
            pass
    return ()


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


def _timers(world: World, changes: tuple[TimerChange, ...]) -> World:
    timers = {one.name: one for one in world.timers}
    for change in changes:
        timers.pop(change.name, None)
        if isinstance(change, Arm):
            timers[change.name] = change
    return replace(world, timers=tuple(sorted(timers.values(), key=lambda one: one.name)))
