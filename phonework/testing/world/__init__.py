"""A small world around one session for exhaustive search: a person, an agent, clocks and crashes, all bounded.

`World` is a value: `moves` says what can happen next, `after` what the world is then. It holds what `decide` owes, so
that what an agent hears and what the table says are compared at every step.
"""

from phonework.testing.world.instant import (
    BYPASS,
    MORNING,
    NOW,
    OWNER,
    STRANGER,
    Bounds,
    Move,
    World,
    at_rest,
    begin,
    seen_as,
)
from phonework.testing.world.moves import calm, moves
from phonework.testing.world.rules import BrokenPromiseError
from phonework.testing.world.steps import after

__all__ = [
    "BYPASS", "MORNING", "NOW", "OWNER", "STRANGER", "Bounds", "BrokenPromiseError", "Move", "World",
    "after", "at_rest", "begin", "calm", "moves", "seen_as",
]  # fmt: skip
