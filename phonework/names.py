"""Readable names for sessions, like `fizz-top`."""

import random
from typing import Final

from phonework.fsm.types import SessionId

FIRST: Final = tuple(
    """
    amber apt azure bold bonny brave brisk buzz calm candid cedar chief clear clever cobalt cool coral cosmic
    cozy crisp cyan dandy deep dewy eager early easy equal even fair fancy fast fine firm fizz fleet fluent fond
    formal frank fresh full gentle glad global good grand gray great green happy hardy hazel honest humble icy
    ideal indigo inner ivory jade jazzy jolly keen kind large lavish level light lilac linen lively lofty loyal
    lucid lucky lunar lush magic major maple mauve mellow merry mighty mild mint misty modest mossy navy neat
    nifty nimble noble novel olive onyx opal open orange pastel peach pearl peppy perky pink plain plum poised
    polite posh prime prompt proud pure quaint quartz quick quiet rapid rare ready regal rich robust rosy round
    ruby rural rustic safe salty satin serene sharp shiny silver simple sleek smart smooth snowy snug soft solar
    solid sonic spare spicy spry stable steady still stout sturdy sugar sunny super sweet swift tall tame teal
    tidy topaz trim true trusty ultra unique upbeat urban useful velvet violet vital vivid warm whole wide witty
    woolly zesty zippy
    """.split()  # noqa: SIM905 - for reading
)
SECOND: Final = tuple(
    """
    acorn alley anchor apple arch atlas badge bagel bamboo banjo barn basil bay beacon bear beetle bell bench
    berry birch bird bison boat book bread breeze bridge brush bucket cabin cactus camel camp candle canoe
    canyon cape carrot castle cello chalk cherry cliff cloud clover coast cocoa comet copper cove crane creek
    crown daisy dawn delta desk dragon drum eagle earth echo elk falcon farm fern fiddle field finch fjord flame
    flute forest fox frog galaxy garden garlic gate geyser ginger globe grove guitar gull hammer harbor harp
    hawk hedge heron hill honey island ivy jacket jaguar jungle kayak kernel kettle kite koala ladder lagoon
    lake laurel leaf lemon lily lion lizard llama lotus lynx magnet mango meadow melon meteor mirror moon moose
    moss mural nectar nest oak oasis ocean orbit orchid otter owl oyster paddle palm panda paper pebble pepper
    piano pigeon pilot pine planet plaza pond poppy puffin puzzle quail quill rabbit radar raft rain ranch raven
    reef river robin rocket rose sail salmon sand school sea shell ship shore sky sloop snow spruce squid star
    stone storm stream summit sun swan table tiger timber top torch tower trail tulip tunnel turtle violin wagon
    walnut walrus water whale wheat willow wind wolf wren yacht zebra zenith zinc
    """.split()  # noqa: SIM905 - for reading
)
"""Three to six letters, nothing rude or sad, and within a list no two that a slip of the finger would swap."""


class SessionNames:
    """Proposes names; the caller sees whether one is taken already and asks for the next.

    source: where the choice comes from; the same seed proposes the same names in the same order.
    """

    def __init__(self, source: random.Random | None = None) -> None:
        self._source = source or random.SystemRandom()

    def __call__(self) -> SessionId:
        """Return a name out of 38,665."""
        return SessionId(f"{self._source.choice(FIRST)}-{self._source.choice(SECOND)}")
