"""What a small world around one session is at one instant, and how much may happen in it."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final

from phonework.fsm.draft import Arm
from phonework.fsm.effects import Effect
from phonework.fsm.events import Event
from phonework.fsm.types import (
    Answer,
    Prompt,
    Request,
    RequestId,
    Session,
    SessionId,
    State,
    UserId,
    Verdict,
)

NOW: Final = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
MORNING: Final = NOW + timedelta(hours=8)
"""When the quiet hours end, where there are any."""
OWNER, STRANGER = UserId("owner"), UserId("stranger")
BYPASS: Final = "bypass"
"""The mode in which nothing is asked."""
YES, NO = Answer(verdict=Verdict.ALLOW), Answer(verdict=Verdict.DENY)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """How much may happen on one path. typed: how often somebody writes to the agent at its own terminal."""

    prompts: int = 2
    asks: int = 2
    crashes: int = 1
    clicks: int = 3
    modes: int = 0
    typed: int = 0
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
    typed: int = 0
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


def seen_as(world: World) -> World:
    """What makes two instants the same: all but the count of steps."""
    return replace(world, session=replace(world.session, version=0))


def at_rest(world: World) -> bool:
    """Nothing runs, nothing is owed to an agent, nobody is asked."""
    return world.session.state in (State.IDLE, State.CLOSED) and not world.owed and not world.running
