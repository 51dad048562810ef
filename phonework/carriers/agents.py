"""Orders to agents: claimed first where a repeat would do harm, then handed to the backend."""

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import structlog

from phonework import attachments, engine
from phonework.backends.base import Backend, ModeSetter, TurnStart
from phonework.carriers.beginnings import Beginnings
from phonework.carriers.retry import Retry
from phonework.carriers.rules import RuleCarrier
from phonework.clock import Clock
from phonework.errors import BackendError, NoLongerAskedError, NotFetchedError, RequestGoneError, StoreError
from phonework.fsm import effects as order
from phonework.fsm import events as happened
from phonework.fsm.effects import AgentEffect
from phonework.fsm.events import Event
from phonework.fsm.types import Attachment, Prompt, PromptId, PromptStatus, Sentence, SessionId, State
from phonework.link.base import Outlet
from phonework.store import effects, prompts, requests, sessions, turns
from phonework.store.effects import Ended, Job, Owed
from phonework.store.writer import Writer

log = structlog.get_logger(__name__)

WITHIN: Final = timedelta(seconds=60)
"""How long a backend may take to take an order."""
KILL_WITHIN: Final = timedelta(seconds=10)
FETCHED_WITHIN: Final = timedelta(minutes=1)
LOOKED_FOR: Final = timedelta(seconds=1)
"""So long what was seen of a directory counts: somebody may lead it elsewhere at any time."""
"""How long what came with a message is tried for after the first failure: somebody looks at a card that says it starts."""


Hear = Callable[[str], Awaitable[str]]
"""Puts the voice message in a file into words. Raises BackendError."""


class AgentCarrier:
    """Carries out StartTurn, SteerTurn, AnswerAgent, InterruptTurn, KillAgent and CloseAgent, and what comes before them."""

    def __init__(
        self,
        *,
        writer: Writer,
        backends: Mapping[str, Backend],
        outlet: Outlet,
        retry: Retry,
        beginnings: Beginnings,
        clock: Clock,
        root: Path,
        hear: Hear | None = None,
    ) -> None:
        """root: the working root; no agent is given words in a directory outside of it, whoever began it there."""
        self._writer, self._backends, self._outlet, self._retry = writer, backends, outlet, retry
        self._beginnings, self._root, self._hear = beginnings, root, hear
        self._clock, self._inside = clock, dict[str, datetime]()  # directories, and when they were looked at
        self._rules = RuleCarrier(writer=writer, backends=backends)

    async def carry_out(self, owed: Owed) -> timedelta | None:
        match owed.effect:
            case order.TakeBase():
                await self._beginnings.take_base(owed)
                return None
            case order.TakeOver():
                await self._beginnings.take_over(owed, owed.effect)
                return None
            case order.RemoveRule():
                await self._rules.remove(owed, owed.effect)
                return None
            case _:
                return await self._told(owed)

    async def _told(self, owed: Owed) -> timedelta | None:
        job, claimed = owed.job, owed.claimed
        if job is None:
            job, claimed = await self._writer.run(lambda connection, now: begin(connection, owed, now))
        if job is None or not job.current:
            await self._end(owed, Ended.SUPERSEDED)
            return None
        backend = self._backends.get(job.run.backend)
        if backend is None:
            await self._fail(owed, BackendError("agent.unknown", backend=job.run.backend))
            return None
        images: dict[str, tuple[str, ...]] = {}
        if job.has_attachments:
            if job.stopping and not claimed:
                await self._fail(owed, BackendError("agent.turn_over"))
                return None
            try:
                then, claimed = await self._with_files(owed, job, images)
            except (NotFetchedError, BackendError) as error:
                return await self._not_had(owed, job, error)
            self._retry.forget(owed)
            if then is None or not then.current:
                await self._end(owed, Ended.SUPERSEDED)
                return None
            job = then
        if owed.once and not claimed:
            return None  # somebody has it already
        await self._perform(owed, backend, job, images)
        return None

    def give_back(self, owed: Sequence[Owed]) -> None:
        """Orders that their commits claimed and that were not begun: the next start carries them out."""
        self._writer.post(lambda connection, _now: effects.owe_again(connection, owed))

    async def _with_files(self, owed: Owed, job: Job, images: dict[str, tuple[str, ...]]) -> tuple[Job | None, bool]:
        """Fetch what came with the prompts, before anything is claimed; voice messages become words, which are told.

        images: is filled with the paths. Returns the job as it is after all the time that took, and whether it is claimed:
        a message, or a file of it, that was taken back meanwhile does not go along.
        """
        fetched: dict[Attachment, str] = {}
        for prompt in job.prompts:
            if prompt.attachments:
                paths = await attachments.store(prompt, job.run.cwd, self._outlet.fetch)
                fetched.update(zip(prompt.attachments, paths, strict=True))
            if prompt.spoken:
                await self._hear_one(owed, prompt, fetched)
        then, claimed = await self._writer.run(lambda connection, now: take(connection, owed, now))
        for prompt in then.prompts if then is not None else ():
            images[prompt.prompt_id] = tuple(fetched[one] for one in prompt.attachments)
        return then, claimed

    async def _not_had(self, owed: Owed, job: Job, error: NotFetchedError | BackendError) -> timedelta | None:
        """What came with a prompt is missing: it is tried again or given up, unless it was taken back meanwhile."""
        then = await self._writer.run(lambda connection, now: read(connection, owed, now))
        if then is None or not then.current or then.prompts != job.prompts:
            return await self._told(owed)
        if isinstance(error, BackendError):
            await self._fail(owed, error)
            return None
        again = await self._retry.later(owed, error, within=FETCHED_WITHIN)
        if again is None:
            await self._fail(owed, attachments.given_up(error))
        return again

    async def _hear_one(self, owed: Owed, prompt: Prompt, fetched: Mapping[Attachment, str]) -> None:
        if self._hear is None:
            raise BackendError("agent.cannot_hear")
        words = [await self._hear(fetched[one]) for one in prompt.attachments if one.kind == "audio"]
        event = happened.PromptHeard(prompt_id=prompt.prompt_id, text="\n\n".join(words))
        await self._writer.run(
            lambda connection, now: engine.on_the_way(connection, owed, event, prompt.prompt_id, now)
        )

    async def _perform(self, owed: Owed, backend: Backend, job: Job, images: Mapping[str, tuple[str, ...]]) -> None:
        try:
            async with asyncio.timeout(WITHIN.total_seconds()):
                event = await self._order(owed, backend, job, images)
        except (StoreError, asyncio.CancelledError):
            raise  # it stays claimed; the next start finds out what became of it
        except BackendError as error:
            await self._fail(owed, error)
        except TimeoutError:
            await self._end_agent(owed, backend)
            await self._fail(owed, BackendError("agent.silent", seconds=f"{WITHIN.total_seconds():.0f}"))
        except Exception as error:
            log.exception("a backend raised", session_id=owed.session_id, effect=type(owed.effect).__name__)
            await self._fail(owed, BackendError("agent.broke", problem=f"{type(error).__name__}: {error}"))
        else:
            await self._complete(owed, event)

    async def _end_agent(self, owed: Owed, backend: Backend) -> None:
        """An agent that hangs while it starts may still begin to work: no turn that failed may have one."""
        if not isinstance(owed.effect, order.StartTurn) or owed.session_id is None:
            return
        try:
            async with asyncio.timeout(KILL_WITHIN.total_seconds()):
                await backend.kill(owed.session_id)
        except (BackendError, TimeoutError) as error:
            log.warning("an agent that hung could not be ended", session_id=owed.session_id, why=str(error))

    async def _order(
        self, owed: Owed, backend: Backend, job: Job, images: Mapping[str, tuple[str, ...]]
    ) -> Event | None:
        session_id = owed.session_id
        assert session_id is not None
        match owed.effect:
            case order.StartTurn():
                await self._check(job.run.cwd)
                await backend.start_turn(turn_start(session_id, owed.effect, job, images))
            case order.SteerTurn(turn=turn):
                await self._check(job.run.cwd)
                prompt = job.prompts[0]
                await backend.steer(session_id, turn, prompt, images.get(prompt.prompt_id, ()))
            case order.AnswerAgent():
                return await self._answer(backend, session_id, owed.effect, job)
            case order.InterruptTurn(turn=turn):
                await backend.interrupt(session_id, turn)
            case order.KillAgent():
                await backend.kill(session_id)
            case order.SetMode(mode=mode):
                if isinstance(backend, ModeSetter):  # the others begin with it at the next turn
                    await backend.set_mode(session_id, mode)
            case order.CloseAgent():
                await backend.close(session_id)
                await self._beginnings.forget(session_id)
            case _:
                raise TypeError(f"{type(owed.effect).__name__} is no order to an agent")
        return None

    async def _check(self, directory: str) -> None:
        """Raises BackendError when it lies outside the working root. Once a second at most: the look takes a tenth of a round."""
        now = self._clock.now()
        before = self._inside.get(directory)
        if before is None or not timedelta(0) <= now - before < LOOKED_FOR:
            await asyncio.to_thread(check_inside, directory, self._root)
            self._inside[directory] = now

    async def _answer(
        self, backend: Backend, session_id: SessionId, effect: order.AnswerAgent, job: Job
    ) -> Event | None:
        assert job.request is not None
        try:
            await backend.answer(session_id, job.request.ask, effect.answer)
        except RequestGoneError as error:
            withdrawn = isinstance(error, NoLongerAskedError)
            return happened.AnswerLost(request_id=effect.request_id, reason=str(error), withdrawn=withdrawn)
        return happened.AnswerDelivered(request_id=effect.request_id)

    async def _complete(self, owed: Owed, event: Event | None) -> None:
        await self._writer.run(lambda connection, now: engine.complete(connection, owed, event, now))

    async def _end(self, owed: Owed, how: Ended) -> None:
        await self._writer.run(lambda connection, now: effects.end(connection, owed, how, "", now))

    async def _fail(self, owed: Owed, error: BackendError) -> None:
        """The order cannot be carried out; the session hears what that means for it."""
        why = f"{error}\n{error.hint}".strip()
        log.warning("an order failed", session_id=owed.session_id, effect=type(owed.effect).__name__, why=why)
        event = failed(owed.effect, why, error.problem)
        await self._writer.run(lambda connection, now: engine.give_up(connection, owed, why, event, now))


def check_inside(directory: str, root: Path) -> None:
    """Raises BackendError when the directory, its links followed, lies outside the working root. Blocks on the disk."""
    try:
        inside = Path(directory).resolve().is_relative_to(root.expanduser().resolve())
    except (OSError, RuntimeError, ValueError):  # a loop of links, a NUL
        inside = False
    if not inside:
        raise BackendError("agent.outside_root", directory=directory, root=str(root))


def begin(connection: sqlite3.Connection, owed: Owed, now: datetime) -> tuple[Job | None, bool]:
    """What the order is about, and whether it is claimed: in the same commit, unless pictures must be fetched before."""
    job = read(connection, owed, now)
    if job is not None and job.has_attachments:
        return job, owed.claimed
    return take(connection, owed, now)


def take(connection: sqlite3.Connection, owed: Owed, now: datetime) -> tuple[Job | None, bool]:
    """What the order is about and whether it is claimed, in one commit: from here on no message of it can be held back."""
    job = read(connection, owed, now)
    if owed.claimed or job is None or not job.current or not owed.once:
        return job, owed.claimed
    return job, effects.claim(connection, owed, now)


def read(connection: sqlite3.Connection, owed: Owed, now: datetime) -> Job | None:
    """What the order is about; None when its session is gone."""
    session_id, effect = owed.session_id, owed.effect
    if session_id is None or not sessions.exists(connection, session_id):
        return None
    run = sessions.run_of(connection, session_id, now)
    match effect:
        case order.StartTurn(turn=turn, prompt_ids=prompt_ids):
            live = turns.live(connection, session_id)
            current = live is not None and live.turn == turn
            job = Job(run=run, prompts=_prompts(connection, session_id, prompt_ids), current=current)
            return replace(job, stopping=job.has_attachments and _is_stopping(connection, session_id))
        case order.SteerTurn(turn=turn, prompt_id=prompt_id):  # taken back, it is none of the turn any more
            found = _prompts(connection, session_id, (prompt_id,))
            return Job(
                run=run,
                prompts=found,
                current=all(one.status is PromptStatus.TAKEN and one.turn == turn for one in found),
            )
        case order.SetMode(mode=mode):
            return Job(run=run, current=run.mode == mode)
        case order.AnswerAgent(request_id=request_id):
            return Job(run=run, request=requests.get(connection, request_id, session_id))
        case _:
            return Job(run=run)


def _is_stopping(connection: sqlite3.Connection, session_id: SessionId) -> bool:
    found = sessions.find(connection, session_id)
    return found is not None and found.session.state is State.STOPPING


def _prompts(
    connection: sqlite3.Connection, session_id: SessionId, prompt_ids: tuple[PromptId, ...]
) -> tuple[Prompt, ...]:
    found = (prompts.get(connection, one, session_id) for one in prompt_ids)
    return tuple(one for one in found if one is not None)


def turn_start(
    session_id: SessionId, effect: order.StartTurn, job: Job, images: Mapping[str, tuple[str, ...]]
) -> TurnStart:
    return TurnStart(
        session_id=session_id,
        turn=effect.turn,
        cwd=job.run.cwd,
        prompts=job.prompts,
        agent_session_id=job.run.agent_session_id,
        fork_of=job.run.fork_of if not job.run.agent_session_id else "",
        model=job.run.model,
        mode=job.run.mode,
        container=job.run.container,
        images=images,
        carry=effect.carry,
    )


def turn_of(connection: sqlite3.Connection, session_id: SessionId, turn: int) -> TurnStart | None:
    """The live turn as it was handed over, pictures aside; None when another one runs or none."""
    live = turns.live(connection, session_id)
    if live is None or live.turn != turn:
        return None
    job = Job(run=sessions.run_of(connection, session_id), prompts=_prompts(connection, session_id, live.prompt_ids))
    return turn_start(session_id, order.StartTurn(turn=turn, prompt_ids=live.prompt_ids), job, {})


def failed(effect: object, why: str, problem: Sentence | None = None) -> Event | None:
    """What it means for the session that an order could not be carried out. problem: why, when it is a sentence of ours."""
    match effect:
        case order.StartTurn(turn=turn):
            return happened.TurnFailed(turn=turn, error=why, problem=problem)
        case order.SteerTurn(prompt_id=prompt_id):
            return happened.SteerFailed(prompt_id=prompt_id, reason=why)
        case order.AnswerAgent(request_id=request_id):
            return happened.AnswerLost(request_id=request_id, reason=why)
        case order.SetMode(mode=mode, before=before):
            return happened.ModeRefused(mode=mode, before=before, reason=why, problem=problem)
        case _:
            return None  # a stop that fails is finished by its deadline


def unknown(effect: AgentEffect) -> Event | None:
    """What it means that nobody knows whether an order was carried out when we died."""
    match effect:
        case order.StartTurn(turn=turn):
            return happened.AgentLost(turn=turn, reason=happened.RESTART, restart=True)
        case _:
            return failed(effect, happened.RESTART)


def give_up_claimed(connection: sqlite3.Connection, owed: Owed, now: datetime) -> engine.Outcome | None:
    """An order of an earlier process whose outcome is not known: the person is asked, it is not repeated."""
    event = unknown(owed.effect)  # type: ignore[arg-type]  # only orders to agents are claimed
    return engine.give_up(connection, owed, "the program ended in the middle", event, now, unknown=True)
