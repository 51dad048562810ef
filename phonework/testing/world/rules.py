"""What must hold after each step, told from the rules alone."""

from typing import Final

from phonework.fsm import effects as order
from phonework.fsm import events as happened
from phonework.fsm.events import Event
from phonework.fsm.guards import MOST_FILES
from phonework.fsm.machine import Decision
from phonework.fsm.types import (
    Answer,
    Prompt,
    PromptId,
    PromptStatus,
    RequestId,
    RequestKind,
    RequestStatus,
    Session,
    State,
    TurnStatus,
    Verdict,
)
from phonework.testing.world.instant import BYPASS, NOW, OWNER, World


class BrokenPromiseError(AssertionError):
    """A property does not hold."""


def check_heard(world: World, request_id: RequestId, answer: Answer) -> None:
    """The agent hears a yes only to what a person said yes to; and hears one answer."""
    if request_id in world.told:
        raise BrokenPromiseError(f"{request_id} was answered twice")
    if answer.verdict is Verdict.DENY:
        return
    fingerprint = next(one.ask.fingerprint for one in world.requests if one.request_id == request_id)
    if not any(fingerprint == agreed for _, agreed in world.consents):
        raise BrokenPromiseError(f"{request_id}: a yes that nobody gave")


def check_wanted(world: World, prompt_ids: tuple[PromptId, ...]) -> None:
    """No agent is given what was dropped, or taken back in time."""
    if any(one.prompt_id in prompt_ids and one.status is not PromptStatus.TAKEN for one in world.prompts):
        raise BrokenPromiseError(f"{prompt_ids} run though nobody wants that any more")


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
    RequestStatus.ANSWERED: {RequestStatus.DELIVERED, RequestStatus.VOID, RequestStatus.WITHDRAWN},
    RequestStatus.EXPIRED: {RequestStatus.RESUMED},
    RequestStatus.VOID: {RequestStatus.RESUMED},
}
_PROMPT_LIFE: Final = {
    PromptStatus.QUEUED: set(PromptStatus),
    PromptStatus.HELD: set(PromptStatus),
    PromptStatus.TAKEN: {PromptStatus.HELD},  # given to a running turn that could not take it
}


def check_lives(world: World, event: Event, decision: Decision) -> None:
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
        in_time = isinstance(event, happened.MessageTakenBack) and event.unheard
        if before is not None and not heard and not in_time and prompt.status not in _PROMPT_LIFE.get(before, set()):
            raise BrokenPromiseError(f"{prompt.prompt_id} went from {before} to {prompt.status}")
    lives = {
        one.turn: one.status is TurnStatus.LIVE for one in (world.session.live, *decision.turns) if one is not None
    }
    if sum(lives.values()) > 1:
        raise BrokenPromiseError("two turns live at once")


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


def check_files(world: World, before: Session, event: Event) -> None:
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


def check_taken_back(earlier: World, world: World, before: Session, event: Event) -> None:
    """What was taken back in time is nowhere to be run, all else stays; what the agent has stays with it."""
    if not isinstance(event, happened.MessageTakenBack) or (named := before.named_prompt) is None:
        return
    was, now = _to_run(before, earlier), _to_run(world.session, world)
    in_time, problems = event.unheard or named.status is not PromptStatus.TAKEN, []
    if in_time and any(_holds(one, event.message_id) for one in now):
        problems.append("a message that was taken back in time is still to be run")
    if not in_time and (world.session.live, now) != (before.live, was):
        problems.append("what the agent has already was changed")
    carried = named.message_id != event.message_id or not (named.text or named.spoken)
    stay = {one for other in was if carried or other.prompt_id != named.prompt_id for one in other.attachments}
    left = {one for other in now for one in other.attachments}
    if in_time and {one for one in stay if one.message_id != event.message_id} - left:
        problems.append("a file that was not taken back is gone")
    others = {one.prompt_id for one in was if one.message_id != event.message_id and (one.text or one.spoken)}
    if in_time and others - {one.prompt_id for one in now}:
        problems.append("a message that was not taken back is gone")
    if problems:
        raise BrokenPromiseError("; ".join(problems))


def _to_run(session: Session, world: World) -> list[Prompt]:
    live = session.live.prompt_ids if session.live is not None else ()
    again = {  # run again on a wish of its own
        one.prompt_id
        for place, one in enumerate(world.prompts)
        if any(one.message_id == other.message_id for other in world.prompts[:place])
    }
    taken = [one for one in world.prompts if one.prompt_id in live and one.status is PromptStatus.TAKEN]
    to_run = [*session.queue, *session.held, *taken]
    return [one for one in to_run if one.prompt_id not in again]


def _holds(prompt: Prompt, message_id: str) -> bool:
    """The words of the message, or a file of it."""
    words = prompt.message_id == message_id and (prompt.text or prompt.spoken)
    return bool(words) or any(one.message_id == message_id for one in prompt.attachments)
